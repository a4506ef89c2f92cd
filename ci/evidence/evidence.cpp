// SPDX-License-Identifier: Apache-2.0
#include "ci/evidence/evidence.hpp"

#include <algorithm>
#include <utility>

#include "base/files.hpp"
#include "harness/oci/reference.hpp"
#include "harness/sign/bundle.hpp"
#include "harness/sign/simple_signing.hpp"

namespace rtfx::evidence {
namespace {

using publish::Attachment;

/// What the signature says the image is called: the repository in full, without tag, as podman and skopeo compare it. A
/// layout is in no registry; what is in it is called as docker would call it.
std::string repository_name(const publish::Target& target, const std::string& repository,
                            const Digest& digest) {
  if (target.name().starts_with("oci:")) return oci::parse_reference(repository).name();
  const std::string ref = target.ref(repository, digest.str());
  return ref.substr(0, ref.find('@'));
}

/// The image's name as a file name: "linuxkit/redis:abc" -> "linuxkit-redis".
std::string file_name(const std::string& repository) {
  std::string name = repository;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == ':'; }, '-');
  return name;
}

/// Makes the attachments of one index or record.
class Maker {
 public:
  Maker(publish::Target& target, oci::Store& store, std::string repository,
        const sign::PrivateKey& key)
      : target_(target), store_(store), repository_(std::move(repository)), key_(key) {}

  /// The signature of that manifest, beside those of others.
  void sign(const Digest& digest) {
    const std::string payload =
        sign::format_claim({repository_name(target_, repository_, digest), digest});
    std::vector<sign::SignedPayload> layers = existing_signatures(digest);
    const Digest payload_digest = Digest::of(payload);
    for (const sign::SignedPayload& layer : layers) {
      if (layer.payload.digest == payload_digest &&
          key_.public_key().verify(payload, layer.signature))
        return;  // it is there, and the tag shows it
    }
    for (const sign::SignedPayload& layer : layers)
      store_.put(target_.read_blob(repository_, layer.payload), layer.payload.media_type);
    layers.push_back(sign::signed_payload(payload, key_.sign(payload)));
    store_.put(payload, sign::media_type_simple_signing);
    store_.put(sign::signature_config(layers), sign::media_type_image_config);
    made_.push_back({store_.put(sign::signature_manifest(layers), oci::media_type_manifest), digest,
                     sign::signature_tag(digest)});
  }

  /// The statement, signed, as a referrer of the index.
  void attest(const registry::Document& index, const std::string& statement,
              std::string_view predicate_type) {
    if (attested(index.descriptor.digest, statement)) return;
    const oci::Descriptor bundle = store_.put(
        sign::make_bundle(key_, sign::media_type_in_toto, statement), sign::media_type_bundle);
    store_.put(sign::empty_config, sign::media_type_empty);
    made_.push_back({store_.put(sign::bundle_manifest(bundle, index.descriptor, predicate_type),
                                oci::media_type_manifest),
                     index.descriptor.digest, ""});
  }

  std::vector<Attachment> made() { return std::move(made_); }

 private:
  std::vector<sign::SignedPayload> existing_signatures(const Digest& digest) {
    const std::optional<registry::Document> there =
        target_.current(repository_, sign::signature_tag(digest));
    if (!there || there->descriptor.media_type != oci::media_type_manifest) return {};
    return sign::parse_signatures(there->bytes);
  }

  /// Whether the target has this very statement, signed by this key.
  bool attested(const Digest& subject, const std::string& statement) {
    if (!bundles_) bundles_ = existing_bundles(subject);
    return std::any_of(bundles_->begin(), bundles_->end(), [&](const sign::Bundle& bundle) {
      return bundle.payload == statement && bundle.payload_type == sign::media_type_in_toto &&
             bundle.signed_by(key_.public_key());
    });
  }

  std::vector<sign::Bundle> existing_bundles(const Digest& subject) {
    std::vector<sign::Bundle> bundles;
    for (const oci::Descriptor& referrer :
         target_.referrers(repository_, subject, std::string(sign::media_type_bundle))) {
      const std::optional<registry::Document> manifest =
          target_.current(repository_, referrer.digest.str());
      if (!manifest) continue;
      for (const oci::Descriptor& layer : oci::parse_manifest(manifest->bytes).layers) {
        try {
          bundles.push_back(sign::parse_bundle(target_.read_blob(repository_, layer)));
        } catch (const Error& error) {
          // What is damaged, or of another form, is not ours to keep; but an interruption is no damage.
          if (error.code() != ExitCode::failed) throw;
        }
      }
    }
    return bundles;
  }

  publish::Target& target_;
  oci::Store& store_;
  std::string repository_;
  const sign::PrivateKey& key_;
  std::vector<Attachment> made_;
  std::optional<std::vector<sign::Bundle>> bundles_;
};

}  // namespace

publish::Evidence make_evidence(const gate::Decision& decision,
                                std::shared_ptr<const sign::PrivateKey> key, const Facts& facts,
                                const std::filesystem::path& receipts) {
  return [decision, key = std::move(key), facts, receipts](
             publish::Target& target, oci::Store& store, const std::string& repository,
             const registry::Document& document, const std::vector<oci::Descriptor>& tested) {
    const Subject subject{name_of(decision, repository, tested), document.descriptor.digest,
                          tested};
    const bool about_index = !tested.empty();
    std::string result, origin;
    if (about_index) {
      result = test_result(decision, subject);
      origin = provenance(decision, subject, facts);
      if (!receipts.empty()) {
        const fs::path base = receipts / file_name(repository);
        write_file_atomically(base.string() + ".test-result.json", result + "\n");
        write_file_atomically(base.string() + ".provenance.json", origin + "\n");
      }
    }
    if (!key) return std::vector<Attachment>{};
    Maker maker(target, store, repository, *key);
    return in_context("signing " + target.ref(repository, document.descriptor.digest.str()), [&] {
      maker.sign(document.descriptor.digest);
      for (const oci::Descriptor& manifest : tested) maker.sign(manifest.digest);
      if (about_index) {
        maker.attest(document, result, predicate_test_result);
        maker.attest(document, origin, predicate_provenance);
      }
      return maker.made();
    });
  };
}

}  // namespace rtfx::evidence
