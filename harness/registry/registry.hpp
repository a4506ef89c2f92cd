// SPDX-License-Identifier: Apache-2.0
//
// A client of registries that speak the OCI distribution-spec. What it says of a registry is what the registry said: a
// name is "not there" only when the registry answers so, and everything else that is not success is an Error.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/oci/descriptor.hpp"
#include "harness/oci/reference.hpp"
#include "harness/oci/store.hpp"
#include "harness/registry/http.hpp"
#include "harness/registry/options.hpp"

namespace rtfx::registry {

/// A manifest or index as the registry keeps it: the bytes have the descriptor's digest and size.
struct Document {
  oci::Descriptor descriptor;
  std::string bytes;
};

struct PullOptions {
  /// GOARCH names to take from an index; empty: all that it has. One that it lacks is passed over.
  std::vector<std::string> arches{};
  /// What the store calls it; empty: Reference::familiar().
  std::string name{};
};

/// The clock, for unit tests: waits that long, or until `stop` is requested.
using Wait = std::function<void(std::chrono::milliseconds, const std::stop_token&)>;

/// Thread-safe. Every member function throws Error that names the registry, what was asked, what came and what to do;
/// and Error (ExitCode::interrupted) when `stop` is requested.
class Client {
 public:
  struct State;  ///< client_state.hpp; for the files of this folder

  /// With libcurl. Throws Error (ExitCode::usage) when an option is wrong.
  explicit Client(const RegistryOptions& options = {}, std::stop_token stop = {});
  /// The same over another Http, for unit tests.
  Client(std::unique_ptr<Http> http, Wait wait, const RegistryOptions& options,
         std::stop_token stop = {});
  ~Client();

  // ---- reading; a mirror may answer

  /// The manifest or index of that name; nullopt only when the registry says that it is not there.
  std::optional<oci::Descriptor> resolve(const oci::Reference& reference);
  /// The same with its bytes, checked against the digest (and against the reference's digest, if it has one).
  std::optional<Document> document(const oci::Reference& reference);
  /// The image manifest of one arch behind that name, with its platform: a child of an index, or an image whose
  /// configuration says that it is of this arch. No layers are fetched. nullopt: the name is not there, or not for
  /// this arch.
  std::optional<oci::Descriptor> find(const oci::Reference& reference, const std::string& arch);
  /// Takes an image into the store: first all blobs, each checked against its digest and size, then the names NAME
  /// (an index: merged with what the store has under that name) and NAME-ARCH of each arch. Attestations come with
  /// their image. Returns what NAME stands for now; nullopt: the name is not there, or has none of the arches.
  std::optional<oci::Descriptor> pull(const oci::Reference& reference, oci::Store& store,
                                      const PullOptions& options = {});

  // ---- writing; only the registry itself is asked (push.hpp says in which order)

  /// As document() and resolve(), from the registry itself.
  std::optional<Document> published(const oci::Reference& reference);
  std::optional<oci::Descriptor> published_descriptor(const oci::Reference& reference);
  /// Whether the registry has the blob in this repository.
  bool has_blob(const oci::Reference& repository, const oci::Descriptor& blob);
  /// Whether the registry has the manifest or index in this repository, with this size.
  bool has_manifest(const oci::Reference& repository, const oci::Descriptor& manifest);
  /// How a blob came to be in a repository.
  enum class Given {
    there,    ///< it was
    mounted,  ///< from another repository of the registry
    sent,
  };
  /// Brings the blob from the store into the repository unless it is there; a small one (64 KiB at most) that this client
  /// has not seen there is sent without asking. What this client knows another repository of the registry to have is
  /// mounted from there, where the registry does that. Memory does not grow with its size.
  Given give_blob(const oci::Reference& repository, const oci::Descriptor& blob,
                  const oci::Store& store);
  /// Gives the bytes to the registry under the reference's tag, or its digest. Throws Error when the registry takes
  /// them for something else. A tag is tried once only: what it stands for may have changed meanwhile (patiently()).
  /// Returns whether the registry says that it lists the document among the referrers of its subject.
  bool put_manifest(const oci::Reference& reference, const Document& document);
  /// Copies the blob between repositories of possibly two registries: mounted where the registry can, else through a
  /// file in `scratch`. Nothing happens when it is there.
  void copy_blob(const oci::Reference& from, const oci::Reference& to, const oci::Descriptor& blob,
                 const std::filesystem::path& scratch);

  /// A small blob (8 MiB at most), checked against digest and size. Throws Error when it is not there.
  std::string blob(const oci::Reference& repository, const oci::Descriptor& descriptor);
  /// What the registry lists as being about `subject`, with annotations; of one artifact type, or of all ("").
  /// (referrers.hpp; OCI distribution-spec, "Listing Referrers")
  std::vector<oci::Descriptor> referrers(const oci::Reference& repository, const Digest& subject,
                                         const std::string& artifact_type = "");
  /// put_referrers() (referrers.hpp) for one.
  void put_referrer(const oci::Reference& repository, const Document& manifest,
                    const Digest& subject, const std::filesystem::path& locks);
  /// Makes the tag go away; true also when it was not there. A registry that deletes by digest only is asked to do so
  /// when no other tag of the repository stands for that manifest, or for an index that lists it. False: the registry
  /// does not delete, or cannot without harm to another tag; the tag is there as before.
  /// `going`: tags of the repository that are to go away too, which therefore keep nothing.
  bool delete_tag(const oci::Reference& tag, const std::vector<std::string>& going = {});

  /// The platform of an image, as its configuration says.
  oci::Platform platform_of(const oci::Reference& repository, const Document& image);

  /// Runs it, and a few times again after a pause as long as it fails with what may pass by itself.
  void patiently(const std::function<void()>& attempt);
  void wait(std::chrono::milliseconds time);
  const std::stop_token& stop_token() const;

 private:
  /// Into a file that appears when it is whole and checked.
  void download(const oci::Reference& from, const oci::Descriptor& blob,
                const std::filesystem::path& file);

  std::unique_ptr<State> state_;
};

}  // namespace rtfx::registry
