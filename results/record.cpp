// SPDX-License-Identifier: Apache-2.0
#include "results/record.hpp"

namespace rtfx::results {
const UnitRecord* RunRecord::find(const UnitId& unit) const {
  for (const auto& record : units) {
    if (record.planned.unit == unit) return &record;
  }
  return nullptr;
}

Counts count(const RunRecord& run) {
  Counts counts;
  for (const auto& unit : run.units) {
    if (unit.planned.unit.kind != "case") continue;
    if (!unit.finished) {
      ++counts.missing;
      continue;
    }
    switch (unit.finished->result) {
      case Result::pass:
        ++counts.passed;
        if (unit.flaky()) ++counts.flaky;
        if (!unit.finished->reused_from.empty()) ++counts.cached;
        break;
      case Result::fail:
        ++counts.failed;
        break;
      case Result::error:
        ++counts.errored;
        break;
      case Result::timeout:
        ++counts.timed_out;
        break;
      case Result::skip:
        ++counts.skipped;
        break;
      case Result::cancel:
        ++counts.cancelled;
        break;
    }
  }
  return counts;
}

}  // namespace rtfx::results
