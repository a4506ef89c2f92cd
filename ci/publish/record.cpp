// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/record.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rtfx::publish {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view media_type_empty = "application/vnd.oci.empty.v1+json";

Json descriptor_json(const oci::Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.str()},
          {"size", descriptor.size}};
}

Json image_json(const RecordImage& image) {
  Json tested = Json::object();
  for (const auto& [arch, digest] : image.tested) tested[arch] = digest.str();
  return {{"ref", image.ref},
          {"index", image.index.str()},
          {"size", image.size},
          {"tested", std::move(tested)}};
}

RecordImage parse_image(const Json& json) {
  RecordImage image{
      json.at("ref"), Digest::parse(json.at("index").get<std::string>()), json.at("size"), {}};
  for (const auto& [arch, digest] : json.at("tested").items())
    image.tested.emplace(arch, Digest::parse(digest.get<std::string>()));
  return image;
}

Json unit_json(const NotPassing& unit) {
  Json json = {
      {"kind", unit.kind}, {"name", unit.name}, {"arch", unit.arch}, {"result", unit.result}};
  if (!unit.why.empty()) json["why"] = unit.why;
  return json;
}

Record parse_fields(const Json& json) {
  Record record;
  for (const Json& image : json.at("images")) record.images.push_back(parse_image(image));
  Outcome& outcome = record.outcome;
  outcome.commit = json.value("commit", "");
  outcome.arches = json.at("arches").get<std::vector<std::string>>();
  outcome.candidates = json.at("candidates").get<std::vector<std::string>>();
  outcome.required = json.at("required");
  outcome.passed = json.at("passed");
  for (const Json& unit : json.at("units"))
    outcome.not_passing.push_back({unit.at("kind"), unit.at("name"), unit.at("arch"),
                                   unit.at("result"), unit.value("why", "")});
  return record;
}

}  // namespace

std::string format_record(const Record& record) {
  std::vector<RecordImage> images = record.images;
  std::sort(images.begin(), images.end(),
            [](const RecordImage& a, const RecordImage& b) { return a.ref < b.ref; });
  std::vector<NotPassing> units = record.outcome.not_passing;
  std::sort(units.begin(), units.end());
  Json json;
  json["format"] = 1;
  if (!record.outcome.commit.empty()) json["commit"] = record.outcome.commit;
  json["images"] = Json::array();
  for (const RecordImage& image : images) json["images"].push_back(image_json(image));
  json["arches"] = record.outcome.arches;
  json["candidates"] = record.outcome.candidates;
  json["required"] = record.outcome.required;
  json["passed"] = record.outcome.passed;
  json["complete"] = false;  // of a baseline: passes are left out of "units"
  json["units"] = Json::array();
  for (const NotPassing& unit : units) json["units"].push_back(unit_json(unit));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Record parse_record(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error("it is no release record; expected a JSON object");
  try {
    if (json.at("format") != 1)
      throw Error("it is a release record of format " + json.at("format").dump() +
                  "; this rtfx reads format 1; use a newer one");
    return parse_fields(json);
  } catch (const Json::exception& exception) {
    throw Error(std::string("it is no release record: ") + exception.what());
  }
}

oci::Descriptor put_record(oci::Store& store, const Record& record) {
  const oci::Descriptor config = store.put("{}", media_type_empty);
  const oci::Descriptor layer = store.put(format_record(record), media_type_record);
  const Json manifest = {{"schemaVersion", 2},
                         {"mediaType", oci::media_type_manifest},
                         {"artifactType", media_type_record},
                         {"config", descriptor_json(config)},
                         {"layers", Json::array({descriptor_json(layer)})}};
  return store.put(manifest.dump(), oci::media_type_manifest);
}

std::string record_repository(const std::string& org) { return org + "/releases"; }

std::string record_tag(const Digest& digest) { return "r-" + digest.hex().substr(0, 12); }

std::optional<Record> read_record(Target& target, const std::string& org, const std::string& name) {
  const std::string repository = record_repository(org);
  const std::optional<registry::Document> document = target.current(repository, name);
  if (!document) return std::nullopt;
  return in_context(target.ref(repository, name), [&] {
    const Json json = Json::parse(document->bytes, nullptr, false);
    if (json.value("artifactType", "") != media_type_record)
      throw Error("it is no release record; expected an artifact of type " +
                  std::string(media_type_record));
    const oci::Manifest manifest = oci::parse_manifest(document->bytes);
    if (manifest.layers.size() != 1) throw Error("it is no release record; expected one layer");
    return std::optional(parse_record(target.read_blob(repository, manifest.layers.front())));
  });
}

}  // namespace rtfx::publish
