// SPDX-License-Identifier: Apache-2.0
#include "results/event.hpp"

#include <array>
#include <functional>
#include <utility>

#include "base/error.hpp"

namespace rtfx::results {
namespace {

constexpr std::array<std::pair<Result, const char*>, 6> names{{
    {Result::pass, "pass"},
    {Result::fail, "fail"},
    {Result::error, "error"},
    {Result::timeout, "timeout"},
    {Result::skip, "skip"},
    {Result::cancel, "cancel"},
}};

}  // namespace

std::size_t UnitId::hash() const {
  const std::hash<std::string> hash_of;
  return hash_of(name) ^ (hash_of(arch) * 31) ^ (hash_of(kind) * 131);
}

std::string result_name(Result result) {
  for (const auto& [value, name] : names) {
    if (value == result) return name;
  }
  throw Error("a result without a name");
}

Result parse_result(const std::string& name) {
  for (const auto& [value, known] : names) {
    if (name == known) return value;
  }
  throw Error("\"" + name +
              "\" is not a result: expected pass, fail, error, timeout, skip or cancel");
}

int rtf_result(Result result) {
  switch (result) {
    case Result::pass:
      return 0;
    case Result::fail:
    case Result::error:
    case Result::timeout:
      return 1;
    case Result::skip:
      return 2;
    case Result::cancel:
      return 3;
  }
  return 1;
}

std::string rtf_result_name(Result result) {
  constexpr std::array<const char*, 4> words{"Pass", "Fail", "Skip", "Cancel"};
  return words[static_cast<std::size_t>(rtf_result(result))];
}

}  // namespace rtfx::results
