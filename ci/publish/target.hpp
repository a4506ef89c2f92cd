// SPDX-License-Identifier: Apache-2.0
//
// Where a release is published. What is staged or attached is reachable by digest only; users see it when a tag is
// moved. What a target says of itself is what it said: something is "not there" only when the target answers so, and
// everything else that is no success is an Error.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/oci/store.hpp"
#include "harness/registry/options.hpp"
#include "harness/registry/registry.hpp"

namespace rtfx::publish {

/// A tag stands for something else than it did when it was looked at: somebody else has moved it, and nothing was
/// overwritten. Who reads again and goes on from there loses nothing.
class Conflict : public Error {
 public:
  using Error::Error;
};

/// A manifest about another one.
struct Referrer {
  std::string repository;
  oci::Descriptor manifest;
  Digest subject;
};

/// An OCI image layout or a registry. Repositories are named without the registry and its prefix ("linuxkit/redis").
/// Thread-safe. Every member function throws Error, and Error (ExitCode::interrupted) when `stop` of open_target() is
/// requested.
class Target {
 public:
  virtual ~Target() = default;

  /// For messages: "oci:/srv/release", "registry.example.org/linux".
  virtual std::string name() const = 0;
  /// What REPOSITORY:TAG (or REPOSITORY@DIGEST) is called there, in full; names the lock of a tag as well.
  virtual std::string ref(const std::string& repository,
                          const std::string& tag_or_digest) const = 0;

  /// The manifest or index of that tag or digest with its bytes, which have its digest. nullopt: the target says that
  /// it is not there. Tags that were moved in a layout are seen after commit().
  virtual std::optional<registry::Document> current(const std::string& repository,
                                                    const std::string& tag_or_digest) = 0;
  /// Its digest alone; cheaper.
  virtual std::optional<Digest> current_digest(const std::string& repository,
                                               const std::string& tag_or_digest) = 0;

  /// Makes the target have manifests or indexes with all that they refer to, untagged, children first; what it has
  /// already is not sent and need not be in `from`. Returns how many blobs and manifests were written.
  virtual std::size_t stage(const std::string& repository, const oci::Store& from,
                            const std::vector<oci::Descriptor>& descriptors) = 0;

  /// Makes the target have manifests that have the member `subject`, and list each among the referrers of its subject:
  /// by the referrers API, or under the tag sha256-<hex> where there is none (OCI distribution-spec, "Referrers Tag
  /// Schema"). What is listed is not written. The subjects must be staged. Returns how many were written.
  virtual std::size_t attach(const oci::Store& from, const std::vector<Referrer>& referrers) = 0;
  /// What refers to that subject; of one artifact type, or of all ("").
  virtual std::vector<oci::Descriptor> referrers(const std::string& repository,
                                                 const Digest& subject,
                                                 const std::string& artifact_type = "") = 0;
  /// A small blob, checked against its digest.
  virtual std::string read_blob(const std::string& repository, const oci::Descriptor& blob) = 0;

  /// Moves the tag, whatever it stands for, to something staged; visible at the latest after commit().
  virtual void tag(const std::string& repository, const std::string& tag,
                   const registry::Document& document) = 0;
  /// The same only if it stands for `from` (nullopt: is not there). Throws Conflict when it does not: a layout from
  /// commit(), and sees everything; a registry at once, and cannot see who writes in the moment between question and
  /// answer, which is why tags are looked at again afterwards.
  virtual void move(const std::string& repository, const std::string& tag,
                    const std::optional<Digest>& from, const registry::Document& document) = 0;
  /// Takes the tag away; what it stood for stays, but in a registry that deletes by digest only. `going`: tags of the
  /// repository that are to go away too. Returns false when this target cannot do that without harm to other tags. As
  /// move(), Conflict.
  virtual bool untag(const std::string& repository, const std::string& tag,
                     const std::optional<Digest>& from,
                     const std::vector<std::string>& going = {}) = 0;
  /// Makes everything visible. A layout: all or nothing, in one replacement of index.json. A registry has shown it already.
  virtual void commit() = 0;

  /// How long after moving a tag another host may still overwrite it with what it had read before; 0 where move() sees
  /// that. `window`: how long the slowest move() took.
  virtual std::chrono::milliseconds settling(std::chrono::milliseconds window) const = 0;
  /// Sleeps, or throws Error (ExitCode::interrupted).
  virtual void wait(std::chrono::milliseconds time) = 0;
};

struct TargetOptions {
  std::filesystem::path base{};  ///< what "oci:DIR" is relative to
  registry::RegistryOptions registry{};
  /// Where publishers of one host wait for each other: the folder locks/ beside the content store.
  std::filesystem::path locks{};
};

/// "oci:DIR", or "HOST[:PORT][/PREFIX]" of a registry (docs/registries.md says how it is spoken to). Throws Error
/// (ExitCode::usage) when it is neither. Nothing is asked or written yet.
std::unique_ptr<Target> open_target(const std::string& text, const TargetOptions& options,
                                    std::stop_token stop);

/// An OCI image layout; made by the first thing that is written.
std::unique_ptr<Target> make_layout_target(const std::filesystem::path& directory,
                                           std::stop_token stop);
/// A registry behind a client; `prefix` is HOST[:PORT][/PREFIX].
std::unique_ptr<Target> make_registry_target(const std::string& prefix,
                                             std::unique_ptr<registry::Client> client,
                                             const std::filesystem::path& locks);

}  // namespace rtfx::publish
