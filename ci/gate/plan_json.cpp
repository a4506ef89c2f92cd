// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "ci/gate/json_reader.hpp"
#include "ci/gate/plan.hpp"

namespace rtfx::gate {
namespace {

constexpr int plan_format = 1;

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const Requirement& requirement) {
  Json json{{"kind", requirement.unit.kind},
            {"name", requirement.unit.name},
            {"arch", requirement.unit.arch}};
  if (!requirement.suites.empty()) json["suites"] = requirement.suites;
  if (!requirement.obstacle.empty()) json["obstacle"] = requirement.obstacle;
  return json;
}

Requirement parse_requirement(const Json& json, const std::string& where, const Plan& plan) {
  JsonReader reader(json, where);
  Requirement requirement;
  requirement.unit = {reader.text("kind"), reader.text("name"), reader.text("arch")};
  const results::UnitId& unit = requirement.unit;
  if (unit.kind != "package" && unit.kind != "image" && unit.kind != "case")
    reader.fail(fmt::format("\"kind\": expected package, image or case, got \"{}\"", unit.kind));
  requirement.blocking = contains(plan.first_class, unit.arch);
  if (!requirement.blocking && !contains(plan.candidates, unit.arch))
    reader.fail(fmt::format("\"arch\": \"{}\" is not an arch of the plan", unit.arch));
  if (reader.has("suites")) requirement.suites = reader.texts("suites");
  if (reader.has("obstacle")) requirement.obstacle = reader.text("obstacle");
  reader.finish();
  return requirement;
}

/// What one of the two requires and the other does not; or "".
std::string requirement_difference(const Plan& ours, const Plan& theirs) {
  const auto lacks = [](const Plan& has, const Plan& lacking) -> const Requirement* {
    std::vector<Requirement> sorted = lacking.requirements;
    std::sort(sorted.begin(), sorted.end());
    for (const Requirement& requirement : has.requirements) {
      if (!std::binary_search(sorted.begin(), sorted.end(), requirement)) return &requirement;
    }
    return nullptr;
  };
  const auto words = [](const Requirement& requirement) {
    const std::string obstacle =
        requirement.obstacle.empty() ? "" : " (" + requirement.obstacle + ")";
    return fmt::format("{} {} on {}{}", requirement.unit.kind, requirement.unit.name,
                       requirement.unit.arch, obstacle);
  };
  if (const Requirement* more = lacks(ours, theirs))
    return "only this one asks for " + words(*more);
  if (const Requirement* more = lacks(theirs, ours))
    return "only the other one asks for " + words(*more);
  return "the order of what is asked for";
}

}  // namespace

std::string plan_json(const Plan& plan) {
  Json head{
      {"format", plan_format},           {"commit", plan.commit},
      {"labels", plan.labels},           {"flaky", plan.flaky ? Json(*plan.flaky) : Json(nullptr)},
      {"first-class", plan.first_class}, {"candidates", plan.candidates},
      {"inputs", Json::object()}};
  for (const auto& [name, digest] : plan.inputs) head["inputs"][name] = digest;
  std::string text = "{\n";
  for (const auto& [key, value] : head.items())
    text += fmt::format("  \"{}\": {},\n", key, line(value));
  text += "  \"requirements\": [";
  const char* separator = "\n    ";
  for (const Requirement& requirement : plan.requirements) {
    text += separator + line(to_json(requirement));
    separator = ",\n    ";
  }
  return text + "\n  ]\n}\n";
}

Plan parse_plan(std::string_view text, const std::string& name) {
  const Json json = parse_json(text, name);
  JsonReader reader(json, name);
  reader.require_format(plan_format);
  Plan plan;
  plan.commit = reader.text("commit");
  plan.labels = reader.text("labels");
  plan.flaky = reader.number_or_null("flaky");
  plan.first_class = reader.texts("first-class");
  plan.candidates = reader.texts("candidates");
  for (const auto& [input, digest] : reader.object("inputs").items()) {
    if (!digest.is_string()) reader.fail("\"inputs\": expected digests");
    plan.inputs[input] = digest.get<std::string>();
  }
  std::size_t number = 0;
  for (const Json& item : reader.list("requirements")) {
    plan.requirements.push_back(
        parse_requirement(item, fmt::format("{}: requirements[{}]", name, number++), plan));
  }
  reader.finish();
  return plan;
}

Plan read_plan(const std::filesystem::path& file) {
  return parse_plan(read_file(file), file.string());
}

std::string difference(const Plan& ours, const Plan& theirs) {
  if (ours == theirs) return "";
  const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
  if (ours.commit != theirs.commit)
    return "commit " + or_none(ours.commit) + " and commit " + or_none(theirs.commit);
  if (ours.labels != theirs.labels)
    return "labels " + or_none(ours.labels) + " and labels " + or_none(theirs.labels);
  for (const auto& [name, digest] : ours.inputs) {
    const auto other = theirs.inputs.find(name);
    if (other == theirs.inputs.end() || other->second != digest) return "another " + name;
  }
  if (ours.inputs != theirs.inputs) return "inputs that only the other one has";
  if (ours.flaky != theirs.flaky) return "gate.flaky";
  if (ours.first_class != theirs.first_class || ours.candidates != theirs.candidates)
    return "arches " + text::join(ours.arches(), " ") + " and " + text::join(theirs.arches(), " ");
  return requirement_difference(ours, theirs);
}

}  // namespace rtfx::gate
