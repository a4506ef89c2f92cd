// SPDX-License-Identifier: Apache-2.0
//
// `resources:` in the spelling of linuxkit's schema, as linux.resources of the OCI runtime-spec.
// The schema is a table.
#include <nlohmann/json.hpp>

#include "harness/image/spec.hpp"

namespace rtfx::image {

namespace {

using Json = nlohmann::ordered_json;
using yaml::Node;

struct Field {
  enum class Kind { integer, boolean, string, map, list };
  const char* key;
  Kind kind;
  std::vector<Field> fields{};    ///< of the map, or of each item of the list
  const char* oci_key = nullptr;  ///< when it is spelt differently there
};

const std::vector<Field>& schema() {
  using enum Field::Kind;
  static const std::vector<Field> rate = {
      {"major", integer}, {"minor", integer}, {"rate", integer}};
  static const std::vector<Field> fields = {
      {"devices",
       list,
       {{"allow", boolean},
        {"type", string},
        {"major", integer},
        {"minor", integer},
        {"access", string}}},
      {"memory",
       map,
       {{"limit", integer},
        {"reservation", integer},
        {"swap", integer},
        {"kernel", integer},
        {"kernelTCP", integer},
        {"swappiness", integer},
        {"disableOOMKiller", boolean}}},
      {"cpu",
       map,
       {{"shares", integer},
        {"quota", integer},
        {"period", integer},
        {"realtimeRuntime", integer},
        {"realtimePeriod", integer},
        {"cpus", string},
        {"mems", string}}},
      {"pids", map, {{"limit", integer}}},
      {"blockio",
       map,
       {{"weight", integer},
        {"leafWeight", integer},
        {"weightDevice",
         list,
         {{"major", integer}, {"minor", integer}, {"weight", integer}, {"leafWeight", integer}}},
        {"throttleReadBpsDevice", list, rate},
        {"throttleWriteBpsDevice", list, rate},
        {"throttleReadIOPSDevice", list, rate},
        {"throttleWriteIOPSDevice", list, rate}},
       "blockIO"},
      {"hugepageLimits", list, {{"pageSize", string}, {"limit", integer}}},
      {"network",
       map,
       {{"classID", integer}, {"priorities", list, {{"name", string}, {"priority", integer}}}}},
  };
  return fields;
}

Json read_map(const Node& node, const std::vector<Field>& fields, const std::string& what,
              Diagnostics& diagnostics) {
  Json result = Json::object();
  yaml::MapReader reader(node, what, diagnostics);
  for (const Field& field : fields) {
    const std::string key = field.oci_key != nullptr ? field.oci_key : field.key;
    const Node* value = node.find(field.key);
    const std::string name = what + "." + field.key;
    switch (field.kind) {
      case Field::Kind::integer:
        if (const auto number = reader.integer(field.key)) result[key] = *number;
        break;
      case Field::Kind::boolean:
        if (const auto flag = reader.boolean(field.key)) result[key] = *flag;
        break;
      case Field::Kind::string:
        if (const auto text = reader.string(field.key)) result[key] = *text;
        break;
      case Field::Kind::map:
        reader.get(field.key);
        if (value != nullptr && value->kind != Node::Kind::null)
          result[key] = read_map(*value, field.fields, name, diagnostics);
        break;
      case Field::Kind::list: {
        const auto items = reader.list(field.key);
        for (std::size_t i = 0; i < items.size(); ++i)
          result[key].push_back(
              read_map(*items[i], field.fields, name + "[" + std::to_string(i) + "]", diagnostics));
        break;
      }
    }
  }
  reader.finish();
  return result;
}

}  // namespace

std::string read_resources(const Node& node, const std::string& what, Diagnostics& diagnostics) {
  return read_map(node, schema(), what, diagnostics)
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rtfx::image
