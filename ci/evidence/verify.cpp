// SPDX-License-Identifier: Apache-2.0
#include "ci/evidence/verify.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ci/evidence/signed_statements.hpp"
#include "ci/publish/record.hpp"
#include "harness/sign/simple_signing.hpp"

namespace rtfx::evidence {
namespace {

using registry::Document;

bool is_interruption(const Error& error) { return error.code() == ExitCode::interrupted; }

/// Where the images of a record are: "PREFIX/ORG/releases" -> "PREFIX/".
std::string prefix_of(const std::string& repository, const publish::Record& record) {
  for (const publish::RecordImage& image : record.images) {
    const std::string ours = publish::record_repository(image.ref.substr(0, image.ref.find('/')));
    if (repository.ends_with(ours)) return repository.substr(0, repository.size() - ours.size());
  }
  return "";
}

std::string platform_text(const oci::Descriptor& child) {
  if (!child.platform) return child.digest.str();
  const oci::Platform& platform = *child.platform;
  return platform.os + "/" + platform.architecture +
         (platform.variant.empty() ? "" : "/" + platform.variant);
}

/// Attestations that builders add to indexes are no images (buildkit, "unknown/unknown").
bool is_image(const oci::Descriptor& child) {
  return !child.platform || child.platform->os != "unknown";
}

std::string arch_of(const oci::Descriptor& child) {
  return child.platform ? child.platform->architecture : "";
}

class Verifier {
 public:
  Verifier(publish::Target& target, const sign::PublicKey& key) : target_(target), key_(key) {}

  std::vector<Check> take() { return std::move(checks_); }

  void verify_index(const std::string& repository, const std::string& name, const Document& index,
                    const std::vector<std::string>& arches) {
    repository_ = repository;
    subject_ = name;
    check("signature", [&] { return check_signature(index.descriptor.digest); });
    const std::vector<oci::Descriptor> children = chosen(index, arches);
    for (const oci::Descriptor& child : children)
      check("signature of " + platform_text(child), [&] { return check_signature(child.digest); });
    verify_statements(index.descriptor.digest, children);
  }

  void verify_record(const std::string& repository, const std::string& name,
                     const Document& document, const std::vector<std::string>& arches) {
    repository_ = repository;
    subject_ = name;
    check("signature", [&] { return check_signature(document.descriptor.digest); });
    const oci::Manifest manifest = oci::parse_manifest(document.bytes);
    if (manifest.layers.size() != 1) throw Error(name + " is no release record");
    const publish::Record record = in_context(name, [&] {
      return publish::parse_record(target_.read_blob(repository, manifest.layers.front()));
    });
    const std::string prefix = prefix_of(repository, record);
    for (const publish::RecordImage& image : record.images) verify_image(prefix, image, arches);
  }

  /// An image without an index.
  void verify_manifest(const std::string& repository, const std::string& name,
                       const Document& manifest) {
    repository_ = repository;
    subject_ = name;
    check("signature", [&] { return check_signature(manifest.descriptor.digest); });
    bad("test result",
        "this is the image of one arch; its evidence is with the index that lists it: verify that, "
        "with --arch");
  }

 private:
  void good(const std::string& what, const std::string& detail) {
    checks_.push_back({subject_, what, true, detail});
  }
  void bad(const std::string& what, const std::string& detail) {
    checks_.push_back({subject_, what, false, detail});
  }

  /// `body` returns what was found; an Error that it throws is what is wrong.
  template <typename Body>
  void check(const std::string& what, const Body& body) {
    try {
      good(what, body());
    } catch (const Error& error) {
      if (is_interruption(error) || error.code() == ExitCode::host) throw;
      bad(what, error.what());
    }
  }

  std::string check_signature(const Digest& digest) {
    const std::string tag = sign::signature_tag(digest);
    const std::optional<Document> manifest = target_.current(repository_, tag);
    if (!manifest) throw Error("not signed: there is no " + tag);
    const std::vector<sign::SignedPayload> layers =
        in_context(tag, [&] { return sign::parse_signatures(manifest->bytes); });
    std::string problem = "not signed: " + tag + " holds no signature";
    for (const sign::SignedPayload& layer : layers) {
      std::string payload;
      try {
        payload = target_.read_blob(repository_, layer.payload);
      } catch (const Error& error) {
        if (is_interruption(error) || error.code() == ExitCode::host) throw;
        problem = "the signed payload cannot be read: " + std::string(error.what());
        continue;
      }
      if (!key_.verify(payload, layer.signature)) {
        problem = "signed by another key, or the signature or its payload was changed";
        continue;
      }
      const sign::Claim claim = sign::parse_claim(payload);
      if (claim.digest == digest) return "by this key, as " + claim.reference;
      problem = "the signature is that of another image: " + claim.digest.str();
    }
    throw Error(problem);
  }

  /// The children to be verified; asked for and not there is a bad check.
  std::vector<oci::Descriptor> chosen(const Document& index,
                                      const std::vector<std::string>& arches) {
    std::vector<oci::Descriptor> children;
    for (const oci::Descriptor& child : oci::parse_index(index.bytes).manifests) {
      const bool wanted =
          arches.empty() || std::find(arches.begin(), arches.end(), arch_of(child)) != arches.end();
      if (is_image(child) && wanted) children.push_back(child);
    }
    for (const std::string& arch : arches) {
      const bool there = std::any_of(children.begin(), children.end(),
                                     [&](const auto& child) { return arch_of(child) == arch; });
      if (!there) bad("has " + arch, "the index lists no image for it");
    }
    if (arches.empty() && children.empty()) bad("has images", "the index lists none");
    return children;
  }

  void verify_statements(const Digest& index, const std::vector<oci::Descriptor>& children) {
    const SignedStatements found = read_statements(target_, repository_, index, key_);
    const std::vector<Statement> results = found.of(predicate_test_result);
    if (results.empty()) {
      bad("test result", found.why_none(predicate_test_result));
    } else {
      // Several are of several publishers with one key, or of repeated tests; none of them may tell a failure.
      for (const Statement& statement : results)
        check("test result", [&] { return outcome_of(statement); });
    }
    for (const oci::Descriptor& child : children) check_coverage(results, child);
    if (found.of(predicate_provenance).empty()) {
      bad("provenance", found.why_none(predicate_provenance));
    } else {
      good("provenance", "by this key: " + origin_of(found.of(predicate_provenance).front()));
    }
  }

  void check_coverage(const std::vector<Statement>& results, const oci::Descriptor& child) {
    const std::string what = "covers " + platform_text(child);
    const bool covered = std::any_of(results.begin(), results.end(), [&](const Statement& result) {
      return result.passed && result.subjects.contains(child.digest.hex());
    });
    if (covered) return good(what, child.digest.str());
    bad(what, "no test result of this key that passed names " + child.digest.str() +
                  "; it may be of another publisher (--arch leaves it out)");
  }

  void verify_image(const std::string& prefix, const publish::RecordImage& image,
                    const std::vector<std::string>& wanted) {
    const std::string repository = prefix + image.ref.substr(0, image.ref.rfind(':'));
    const std::optional<Document> index = target_.current(repository, image.index.str());
    subject_ = image.ref;
    if (!index)
      return bad("is there", "the record lists " + image.index.str() + ", which is not there");
    std::vector<std::string> arches;
    for (const auto& [arch, digest] : image.tested) {
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), arch) == wanted.end())
        continue;
      arches.push_back(arch);
      check_listed(*index, arch, digest);
    }
    if (!arches.empty()) verify_index(repository, image.ref, *index, arches);
  }

  /// The record and the index must mean the same image.
  void check_listed(const Document& index, const std::string& arch, const Digest& digest) {
    for (const oci::Descriptor& child : oci::parse_index(index.bytes).manifests) {
      if (arch_of(child) == arch && is_image(child) && child.digest == digest) return;
    }
    bad("lists " + arch, "the index has not the image that the record names: " + digest.str());
  }

  publish::Target& target_;
  const sign::PublicKey& key_;
  std::string repository_, subject_;
  std::vector<Check> checks_;
};

bool is_record(const Document& document) {
  const auto json = nlohmann::json::parse(document.bytes, nullptr, false);
  return json.is_object() && json.contains("artifactType") &&
         json["artifactType"] == publish::media_type_record;
}

}  // namespace

std::vector<Check> verify(publish::Target& target, const std::string& repository,
                          const std::string& tag_or_digest, const sign::PublicKey& key,
                          const std::vector<std::string>& arches) {
  const std::string name = target.ref(repository, tag_or_digest);
  const std::optional<Document> document = target.current(repository, tag_or_digest);
  if (!document) throw Error(name + " is not there");
  Verifier verifier(target, key);
  if (document->descriptor.media_type == oci::media_type_index ||
      document->descriptor.media_type ==
          "application/vnd.docker.distribution.manifest.list.v2+json") {
    verifier.verify_index(repository, name, *document, arches);
  } else if (is_record(*document)) {
    verifier.verify_record(repository, name, *document, arches);
  } else {
    verifier.verify_manifest(repository, name, *document);
  }
  return verifier.take();
}

}  // namespace rtfx::evidence
