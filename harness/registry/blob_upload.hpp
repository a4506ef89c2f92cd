// SPDX-License-Identifier: Apache-2.0
//
// One blob on its way into a repository (OCI distribution-spec, "Pushing blobs"): all at once; and in pieces when the
// registry, or what stands in front of it, does not take that.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "harness/registry/client_state.hpp"

namespace rtfx::registry {

/// Throws Error when a registry that names the digest of what it got names another.
void check_taken(const std::string& what, const Response& response, const Digest& digest);
/// Token scopes.
std::string pull_scope(const Endpoint& endpoint, const oci::Reference& repository);
std::string push_scope(const Endpoint& endpoint, const oci::Reference& repository);

class BlobUpload {
 public:
  BlobUpload(Client::State& state, const oci::Reference& repository, const oci::Descriptor& blob);

  /// Mounts the blob from `from` when that is given and the registry does it, else sends the file, for which
  /// `file` is then called. What broke off goes on where the registry says that it ended; after a few tries
  /// without getting on, throws Error.
  Client::Given run(std::optional<oci::Reference> from,
                    const std::function<std::filesystem::path()>& file);

 private:
  /// Opens a session. False: the registry has mounted the blob.
  bool open();
  bool open(const oci::Reference* from);
  /// After a failure: what became of it. True: the registry has the blob, only its answer was lost.
  bool recover();
  /// These return false when it was too much at once; the session is to be looked at then.
  bool send_whole();
  bool send_pieces();
  bool send_piece();
  void finish();

  Question question(const std::string& method, const std::string& url) const;
  void follow(const Question& question, const Response& response);
  /// How many bytes the registry has, as its answer says.
  std::optional<std::uint64_t> received(const Response& response) const;
  void progress(std::uint64_t received);
  bool smaller_pieces();
  /// Where connections end after so many bytes, less at once gets through; and the session is lost when libcurl sends a
  /// piece again by itself, on finding that a connection that it used before is closed.
  void cut();
  /// An answer that is not success: throws, and forgets a session that is over.
  [[noreturn]] void refused(const Question& question, const Response& response);

  Client::State& state_;
  const oci::Reference& repository_;
  const oci::Descriptor& blob_;
  Endpoint endpoint_;
  std::string what_;
  std::optional<oci::Reference> from_;
  std::filesystem::path file_;
  std::optional<std::string> address_;  // where the next bytes go
  std::uint64_t offset_ = 0;            // what the registry has of it
  std::uint64_t furthest_ = 0;          // what it has had at most
  std::uint64_t piece_, least_piece_;
  unsigned failures_ = 0, sessions_ = 0, whole_tries_ = 0;
  bool broken_ = false, in_pieces_ = false, own_connections_ = false;
};

}  // namespace rtfx::registry
