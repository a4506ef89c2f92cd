// SPDX-License-Identifier: Apache-2.0
#include "harness/image/sbom.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/tree.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

using Json = nlohmann::ordered_json;

/// The lists of a document, in the order that SPDX tools write them in.
constexpr std::array lists = {
    "externalDocumentRefs", "packages",    "files",   "hasExtractedLicensingInfos",
    "relationships",        "annotations", "snippets"};

/// Before what each part brings to the lists.
constexpr std::string_view parts_comment = "Parts, each with its number of items in the lists: ";

/// Go's path.Join: one path without ".", "..", doubled slashes and a slash at the end.
std::string join_paths(const std::string& prefix, const std::string& name) {
  const std::string both = prefix + (prefix.empty() || name.empty() ? "" : "/") + name;
  const bool absolute = both.starts_with('/');
  std::vector<std::string> parts;
  for (const std::string& part : text::split(both, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (!absolute) {
      parts.push_back(part);
    }
  }
  return (absolute ? "/" : "") + text::join(parts, "/");
}

std::string string_of(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return "";
  if (!value->is_string()) throw Error(std::string("\"") + key + "\" is not a string");
  return value->get<std::string>();
}

/// Relations that a document may tell in two ways, in the one that this SPDX version prefers.
class Relations {
 public:
  explicit Relations(Json& document) : list_(document["relationships"]) {
    if (!list_.is_array()) list_ = Json::array();
    for (const Json& relation : list_)
      if (relation.is_object()) known_.insert(key_of(relation));
  }
  void add(const std::string& from, const char* type, const std::string& to) {
    Json relation;
    relation["spdxElementId"] = from;
    relation["relatedSpdxElement"] = to;
    relation["relationshipType"] = type;
    if (known_.insert(key_of(relation)).second) list_.push_back(std::move(relation));
  }

 private:
  static std::string key_of(const Json& relation) {
    std::string from = string_of(relation, "spdxElementId"),
                to = string_of(relation, "relatedSpdxElement"),
                type = string_of(relation, "relationshipType");
    if (type == "CONTAINED_BY" || type == "DESCRIBED_BY") {
      type = type == "CONTAINED_BY" ? "CONTAINS" : "DESCRIBES";
      std::swap(from, to);
    }
    return from + " " + type + " " + to;
  }
  Json& list_;
  std::set<std::string> known_;
};

Json parse_document(const std::string& text) {
  const auto shallow = [](int depth, Json::parse_event_t, Json&) {
    if (depth > 64) throw Error("the SPDX document is nested too deeply");
    return true;
  };
  Json document = Json::parse(text, shallow, false);
  if (!document.is_object()) throw Error("the SPDX document is not a JSON object");
  for (const char* list : lists) {
    Json& items = document[list];
    if (items.is_null()) items = Json::array();
    if (!items.is_array()) throw Error(std::string("the SPDX document's ") + list + " is no list");
    std::erase_if(items.get_ref<Json::array_t&>(), [](const Json& item) { return item.is_null(); });
    for (const Json& item : items) {
      if (!item.is_object())
        throw Error(std::string("the SPDX document has an item of ") + list + " that is no object");
    }
  }
  return document;
}

/// What is said of the whole document, as it can be said in a document of several.
void normalise(Json& document) {
  const std::string version = string_of(document, "spdxVersion");
  if (version != "SPDX-2.3" && version != "SPDX-2.2" && version != "SPDX-2.1")
    throw Error("the SPDX document is of version \"" + text::one_line(version) +
                "\"; known: SPDX-2.1, SPDX-2.2, SPDX-2.3");
  Relations relations(document);
  const auto each_string = [](const Json& owner, const char* key, const auto& use) {
    const auto ids = owner.find(key);
    if (ids == owner.end() || !ids->is_array()) return;
    for (const Json& id : *ids)
      if (id.is_string()) use(id.get<std::string>());
  };
  each_string(document, "documentDescribes",
              [&](const std::string& id) { relations.add("SPDXRef-DOCUMENT", "DESCRIBES", id); });
  for (Json& package : document["packages"]) {
    const std::string owner = string_of(package, "SPDXID");
    each_string(package, "hasFiles",
                [&](const std::string& id) { relations.add(owner, "CONTAINS", id); });
    package.erase("hasFiles");
    if (!package.contains("filesAnalyzed")) package["filesAnalyzed"] = true;
    const auto references = package.find("externalRefs");
    if (references == package.end() || !references->is_array()) continue;
    for (Json& reference : *references) {
      if (!reference.is_object()) continue;
      std::string category = string_of(reference, "referenceCategory");
      for (char& c : category) c = c == '_' ? '-' : c;
      reference["referenceCategory"] = category;
    }
  }
}

void set_prefix(Json& document, const std::string& prefix) {
  for (Json& file : document["files"])
    file["fileName"] = join_paths(prefix, string_of(file, "fileName"));
  for (Json& package : document["packages"]) {
    const std::string name = join_paths(prefix, string_of(package, "packageFileName"));
    package.erase("packageFileName");
    if (!name.empty()) package["packageFileName"] = name;
  }
}

std::string format_time(std::time_t time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time));
}

/// A name of its own for every content (RFC 9562, "UUID Version 8").
std::string uuid_of(const Digest& digest) {
  const std::string hex = digest.hex();
  return fmt::format("{}-{}-8{}-a{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 3),
                     hex.substr(15, 3), hex.substr(18, 12));
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_attestation_of(const oci::Descriptor& entry, const Digest& manifest) {
  const auto is = [&](const char* name, const std::string& value) {
    const auto it = entry.annotations.find(name);
    return it != entry.annotations.end() && it->second == value;
  };
  return is("vnd.docker.reference.type", "attestation-manifest") &&
         is("vnd.docker.reference.digest", manifest.str());
}

/// The SPDX documents of an attestation manifest (in-toto, "Statement": what is said is its
/// predicate).
void read_statements(const oci::Store& store, const oci::Descriptor& attestation,
                     std::vector<std::string>& documents) {
  constexpr const char* spdx = "https://spdx.dev/Document";
  for (const oci::Descriptor& layer : oci::parse_manifest(store.read(attestation)).layers) {
    const auto type = layer.annotations.find("in-toto.io/predicate-type");
    if (layer.media_type != "application/vnd.in-toto+json" || type == layer.annotations.end() ||
        type->second != spdx)
      continue;
    in_context("attestation " + layer.digest.str(), [&] {
      const Json statement = Json::parse(store.read(layer), nullptr, false);
      if (!statement.is_object()) throw Error("not a JSON object");
      const auto said = statement.find("predicateType"), predicate = statement.find("predicate");
      if (said == statement.end() || *said != spdx || predicate == statement.end())
        throw Error(std::string("not a statement about ") + spdx);
      documents.push_back(dump(*predicate));
    });
  }
}

}  // namespace

std::vector<std::string> attached_sboms(const oci::Store& store, const std::string& ref,
                                        const std::string& arch, const oci::Descriptor& manifest) {
  std::vector<std::string> documents;
  for (const oci::Descriptor& root : indexes_of(store, ref, arch)) {
    for (const oci::Descriptor& entry : oci::parse_index(store.read(root)).manifests) {
      if (is_attestation_of(entry, manifest.digest)) read_statements(store, entry, documents);
    }
    if (!documents.empty()) break;
  }
  return documents;
}

std::string merge_sboms(const std::vector<SbomPart>& parts, const SbomOptions& options) {
  Json merged;
  for (const char* list : lists) merged[list] = Json::array();
  std::vector<std::string> counts;
  for (const SbomPart& part : parts) {
    std::vector<std::size_t> before;
    for (const char* list : lists) before.push_back(merged[list].size());
    for (const std::string& text : part.documents) {
      in_context(part.location, [&] {
        Json document = parse_document(text);
        normalise(document);
        set_prefix(document, part.prefix);
        for (const char* list : lists) {
          for (Json& item : document[list]) merged[list].push_back(std::move(item));
        }
      });
    }
    std::string count = part.location;
    for (std::size_t i = 0; i < lists.size(); ++i)
      count += " " + std::to_string(merged[lists[i]].size() - before[i]);
    counts.push_back(std::move(count));
  }
  Json document;
  document["spdxVersion"] = "SPDX-2.3";
  document["dataLicense"] = "CC0-1.0";
  document["SPDXID"] = "SPDXRef-DOCUMENT";
  document["name"] = "sbom";
  Json body;
  for (const char* list : lists) {
    if (!merged[list].empty()) body[list] = std::move(merged[list]);
  }
  document["documentNamespace"] = "urn:uuid:" + uuid_of(Digest::of(dump(body)));
  // So that the parts can be told apart again (--input-tar).
  if (!counts.empty()) document["comment"] = std::string(parts_comment) + text::join(counts, "; ");
  Json& creation = document["creationInfo"];
  creation["licenseListVersion"] = "3.20";
  creation["creators"] = {"Organization: LinuxKit", "Tool: rtfx"};
  creation["created"] =
      format_time(options.current_time ? std::time(nullptr) : std::time_t(generated_mtime));
  for (auto& [list, items] : body.items()) document[list] = std::move(items);
  return dump(document) + "\n";
}

std::optional<std::string> part_of_sbom(const std::string& sbom, const std::string& location,
                                        const std::string& prefix) {
  const Json merged = Json::parse(sbom, nullptr, false);
  const Error foreign("the SBOM does not tell its parts apart");
  if (!merged.is_object()) throw foreign;
  const std::string comment = string_of(merged, "comment");
  if (comment.empty()) return std::nullopt;
  if (!comment.starts_with(parts_comment)) throw foreign;
  std::array<std::size_t, lists.size()> start{};
  for (const std::string& part : text::split(comment.substr(parts_comment.size()), ';')) {
    const std::vector<std::string> words = text::split(std::string(text::trim(part)), ' ');
    if (words.size() != lists.size() + 1) throw foreign;
    Json document;
    document["spdxVersion"] = "SPDX-2.3";
    for (std::size_t i = 0; i < lists.size(); ++i) {
      std::size_t count = 0;
      const std::string& word = words[i + 1];
      const auto [stop, problem] = std::from_chars(word.data(), word.data() + word.size(), count);
      const Json items = merged.value(lists[i], Json::array());
      if (problem != std::errc() || stop != word.data() + word.size() || !items.is_array() ||
          count > items.size() || start[i] > items.size() - count)
        throw foreign;
      document[lists[i]] = Json::array();
      for (std::size_t k = start[i]; k < start[i] + count; ++k)
        document[lists[i]].push_back(items[k]);
      start[i] += count;
    }
    if (words[0] != location) continue;
    const auto strip = [&](Json& item, const char* key) {
      const std::string name = string_of(item, key);
      if (prefix.empty() || !name.starts_with(prefix)) return;
      item[key] = name.size() > prefix.size() ? name.substr(prefix.size() + 1) : "";
    };
    for (Json& file : document["files"]) strip(file, "fileName");
    for (Json& package : document["packages"]) strip(package, "packageFileName");
    return dump(document);
  }
  return std::nullopt;
}

}  // namespace rtfx::image
