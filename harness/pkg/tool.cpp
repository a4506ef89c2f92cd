// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/tool.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace {

constexpr std::size_t shown_lines = 20;
constexpr std::size_t kept_bytes = 16384;

/// The last lines of a stream of output.
class Tail {
 public:
  void add(std::string_view bytes) {
    text_ += bytes;
    if (text_.size() > 2 * kept_bytes) text_.erase(0, text_.size() - kept_bytes);
  }
  std::string lines() const {
    std::vector<std::string> all = text::split(text::printable(text_), '\n');
    while (!all.empty() && text::trim(all.back()).empty()) all.pop_back();
    if (all.size() > shown_lines) all.erase(all.begin(), all.end() - shown_lines);
    return text::join(all, "\n");
  }

 private:
  std::string text_;
};

}  // namespace

void Steps::run(const std::string& name, process::Command command) const {
  using namespace std::chrono;
  const auto left = duration_cast<milliseconds>(deadline - steady_clock::now());
  if (stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
  command.timeout = std::max(left, milliseconds(1));
  Tail tail;
  const process::Outcome outcome = runner.run(
      command,
      [&](process::Stream, std::string_view bytes) {
        tail.add(bytes);
        if (log) log(bytes);
      },
      stop);
  if (outcome.ok()) return;
  if (outcome.ending == process::Ending::cancelled) throw Error("cancelled", ExitCode::interrupted);
  const std::string lines = tail.lines();
  throw Error(name + ": " + outcome.str() + (lines.empty() ? "" : "\n" + lines));
}

}  // namespace rtfx::pkg
