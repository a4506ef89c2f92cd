// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/ending.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::vm {

std::string boot_ending_name(BootEnding ending) {
  switch (ending) {
    case BootEnding::expected:
      return "expected";
    case BootEnding::powered_off:
      return "powered off";
    case BootEnding::panicked:
      return "kernel panic";
    case BootEnding::oops:
      return "oops";
    case BootEnding::bug:
      return "bug";
    case BootEnding::warning:
      return "warning";
    case BootEnding::hung:
      return "hung task";
    case BootEnding::out_of_memory:
      return "out of memory";
    case BootEnding::rejected:
      return "rejected";
    case BootEnding::tests_failed:
      return "tests failed";
    case BootEnding::guest_failed:
      return "guest failed";
    case BootEnding::reset:
      return "reset";
    case BootEnding::early_exit:
      return "early exit";
    case BootEnding::silent:
      return "silent";
    case BootEnding::timed_out:
      return "timed out";
    case BootEnding::probe_failed:
      return "probe failed";
    case BootEnding::cancelled:
      return "cancelled";
  }
  return {};
}

const std::set<BootEnding>& allowable_endings() {
  using enum BootEnding;
  static const std::set<BootEnding> endings = {oops, bug, warning, hung, out_of_memory};
  return endings;
}

BootEnding parse_allowed(const std::string& given) {
  std::vector<std::string> names;
  for (const BootEnding ending : allowable_endings()) {
    const std::string name = boot_ending_name(ending);
    std::string word = name;
    std::replace(word.begin(), word.end(), ' ', '-');
    if (given == name || given == word) return ending;
    names.push_back(word);
  }
  throw Error("cannot allow \"" + given + "\"" + text::did_you_mean(given, names) +
                  "; expected one of: " + text::join(names, ", "),
              ExitCode::usage);
}

}  // namespace rtfx::vm
