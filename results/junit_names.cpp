// SPDX-License-Identifier: Apache-2.0
#include "results/junit_names.hpp"

namespace rtfx::results {
namespace {

/// Names of groups may have dots in their last word, so it cannot be told from those before it.
JunitName script_name(const std::string& prefix, const std::string& name) {
  const auto colons = name.rfind("::");
  if (colons == std::string::npos) return {prefix + "group", name};
  return {prefix + name.substr(0, colons), "group.sh " + name.substr(colons + 2)};
}

JunitName split_name(const UnitId& unit) {
  const std::string prefix = unit.arch.empty() ? "" : unit.arch + ".";
  if (unit.kind == "group") return script_name(prefix, unit.name);
  if (unit.kind != "case") return {prefix + unit.kind, unit.name};
  const auto dot = unit.name.rfind('.');
  if (dot == std::string::npos) return {prefix + unit.kind, unit.name};
  return {prefix + unit.name.substr(0, dot), unit.name.substr(dot + 1)};
}

}  // namespace

JunitName junit_name(const UnitId& unit) {
  JunitName name = split_name(unit);
  if (unit.kind != "case" || name.test.find_first_not_of("0123456789") != std::string::npos)
    return name;
  const auto dot = name.suite.rfind('.');
  if (dot == std::string::npos || name.suite.substr(0, dot) == unit.arch) return name;
  return {name.suite.substr(0, dot), name.suite.substr(dot + 1) + "." + name.test};
}

}  // namespace rtfx::results
