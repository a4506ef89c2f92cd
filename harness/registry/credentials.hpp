// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "harness/process/process.hpp"
#include "harness/registry/options.hpp"

namespace rtfx::registry {

/// What proves who asks. Exactly one of the three kinds is set.
struct Credential {
  std::string user{};
  std::string password{};
  std::string
      identity_token{};  ///< exchanged for a token at the registry's authority (OAuth 2 refresh token)
  std::string bearer{};  ///< sent as it is
  std::string source{};  ///< for messages: "--registry-creds", the path of a file
};

std::string base64(std::string_view bytes);
/// Throws Error when the text is not base64.
std::string from_base64(std::string_view text);

/// Finds credentials: of the command line first, then docker's configuration (docker login; credential helpers are
/// run). Thread-safe; a helper is asked once for a registry.
class Credentials {
 public:
  /// Throws Error (ExitCode::usage) when an option or docker's configuration cannot be read.
  Credentials(const RegistryOptions& options, process::Runner& runner, std::stop_token stop);

  /// For a registry's name ("docker.io", "registry.example.org:5000"); nullopt: there are none.
  std::optional<Credential> find(const std::string& registry);

 private:
  std::optional<Credential> look_up(const std::string& registry) const;
  std::optional<Credential> ask_helper(const std::string& helper, const std::string& server) const;

  process::Runner& runner_;
  std::stop_token stop_;
  std::filesystem::path config_;
  std::map<std::string, Credential> given_, logged_in_;  // by registry
  std::map<std::string, std::string> helpers_;           // by registry
  std::string default_helper_;
  std::mutex mutex_;
  std::map<std::string, std::optional<Credential>> known_;
};

}  // namespace rtfx::registry
