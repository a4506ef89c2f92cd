// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "harness/process/process.hpp"
#include "harness/vm/devices.hpp"

namespace rtfx::vm {

/// The virtiofsd of each shared directory of a guest. They end with this object, or when this process does.
class Virtiofs {
 public:
  /// `failed` is told, from another thread, when one of them ends before it is asked to.
  Virtiofs(const std::vector<std::filesystem::path>& directories,
           const std::filesystem::path& program, process::Runner& runner,
           std::function<void(const std::string&)> failed);
  ~Virtiofs();
  Virtiofs(const Virtiofs&) = delete;
  Virtiofs& operator=(const Virtiofs&) = delete;

  std::vector<Share> shares() const;

 private:
  struct Server;
  void serve(Server& server);

  std::filesystem::path program_;
  process::Runner& runner_;
  std::function<void(const std::string&)> failed_;
  std::stop_source end_;
  std::vector<std::unique_ptr<Server>> servers_;
};

/// The program to use: `wished`, or where distributions have it. Throws Error: ExitCode::host when there is none.
std::filesystem::path find_virtiofsd(const std::filesystem::path& wished);

}  // namespace rtfx::vm
