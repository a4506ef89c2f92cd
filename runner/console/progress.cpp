// SPDX-License-Identifier: Apache-2.0
#include "runner/console/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace rtfx::console {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Less says nothing about the rest.
constexpr std::size_t enough_done = 3;
constexpr auto enough_time = seconds(2);

bool is_case(const results::UnitId& unit) { return unit.kind == "case"; }

std::string joined(const std::array<const std::string*, 5>& pieces) {
  std::string line;
  for (const std::string* piece : pieces) {
    if (piece->empty()) continue;
    if (!line.empty()) line += ", ";
    line += *piece;
  }
  return line;
}

}  // namespace

std::string format_clock(nanoseconds duration) {
  const auto all = std::max<std::int64_t>(0, duration_cast<seconds>(duration).count());
  if (all < 60) return fmt::format("{}s", all);
  if (all < 3600) return fmt::format("{}m{:02}s", all / 60, all % 60);
  return fmt::format("{}h{:02}m", all / 3600, all / 60 % 60);
}

std::string format_about(nanoseconds duration) {
  const double all = std::chrono::duration<double>(duration).count();
  const auto up_to = [&](double step) {
    return seconds(static_cast<std::int64_t>(std::ceil(all / step) * step));
  };
  if (all < 5) return "a few seconds";
  if (all <= 55) return "about " + format_clock(up_to(all <= 30 ? 5 : 10));
  if (all <= 600) return fmt::format("about {}m", up_to(60).count() / 60);
  if (all <= 3600) return fmt::format("about {}m", up_to(300).count() / 60);
  return "about " + format_clock(up_to(600));
}

std::string Progress::Summary::str() const {
  return joined({&done, &failed, &running, &elapsed, &left});
}

std::string Progress::Summary::str(std::size_t columns) const {
  Summary shorter = *this;
  for (std::string* piece : {&shorter.running, &shorter.elapsed, &shorter.left, &shorter.failed}) {
    if (shorter.str().size() <= columns) break;
    piece->clear();
  }
  return shorter.str();
}

void Progress::start(const runner::RunInfo& run, TimePoint now) {
  total_ = run.cases;
  expected_ = run.expected;
  start_ = now;
}

void Progress::event(const results::Event& event, TimePoint now) {
  if (const auto* unit = std::get_if<results::UnitStarted>(&event.what)) {
    started_ = true;
    running_[unit->unit] = {unit->unit, unit->attempt, now};
  } else if (const auto* retried = std::get_if<results::UnitRetried>(&event.what)) {
    running_.erase(retried->unit);
  } else if (const auto* ended = std::get_if<results::UnitFinished>(&event.what)) {
    finished(*ended);
  }
}

void Progress::finished(const results::UnitFinished& unit) {
  running_.erase(unit.unit);
  if (results::rtf_result(unit.result) == 1) ++failed_;
  // What ends before anything is started is not among the cases that this run starts.
  if (started_ && is_case(unit.unit)) ++done_;
}

Progress::Summary Progress::summary(TimePoint now) const {
  Summary summary;
  const auto cases_running = static_cast<std::size_t>(
      std::count_if(running_.begin(), running_.end(),
                    [](const auto& running) { return is_case(running.first); }));
  summary.done = fmt::format("{}/{} done", done_, std::max(total_, done_ + cases_running));
  if (failed_ > 0) summary.failed = fmt::format("{} failed", failed_);
  if (!running_.empty()) summary.running = fmt::format("{} running", running_.size());
  summary.elapsed = format_clock(now - start_);
  if (const auto rest = left(now)) summary.left = format_about(*rest) + " left";
  return summary;
}

/// By what earlier runs took, and, the more is done, by how fast this one is.
std::optional<nanoseconds> Progress::left(TimePoint now) const {
  if (total_ <= done_) return std::nullopt;
  const auto elapsed = std::chrono::duration<double>(now - start_).count();
  const double share = static_cast<double>(done_) / static_cast<double>(total_);
  const double by_speed = done_ == 0 ? 0 : elapsed * (1 - share) / share;
  double rest = by_speed;
  if (expected_) {
    const double known = std::chrono::duration<double>(*expected_).count();
    rest = (1 - share) * std::max(0.0, known - elapsed) + share * by_speed;
  } else if (done_ < enough_done || now - start_ < enough_time) {
    return std::nullopt;
  }
  return duration_cast<nanoseconds>(std::chrono::duration<double>(rest));
}

std::vector<Progress::Running> Progress::running() const {
  std::vector<Running> all;
  for (const auto& [unit, running] : running_) all.push_back(running);
  std::stable_sort(all.begin(), all.end(),
                   [](const Running& a, const Running& b) { return a.since < b.since; });
  return all;
}

}  // namespace rtfx::console
