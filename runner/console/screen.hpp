// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/process/loop.hpp"
#include "runner/console/live_area.hpp"
#include "runner/console/terminal.hpp"
#include "runner/console/writer.hpp"

namespace rtfx::console {

/// Standard error: text that scrolls by and, on a terminal, a live area below it. With the area, text
/// comes up to a tenth of a second late, so that much of it is drawn at once.
class Screen {
 public:
  /// The lines of the area; asked for when it is drawn.
  using Lines = std::function<std::vector<LiveArea::Line>(Size size)>;

  explicit Screen(int fd);
  ~Screen();

  /// `text` is whole lines.
  void say(const std::string& text);

  /// From now on what the descriptor does not take at once is written as time goes by; with `lines`,
  /// a live area is shown. `keys` is a terminal to read keys from while it is, or -1.
  void attach(process::Loop& loop, Lines lines, int keys, std::function<void(char)> pressed);
  /// Erases the area. Nothing of the loop is used afterwards.
  void detach();
  /// Something that the area shows is different.
  void changed() { changed_ = true; }
  /// Waits for the reader, as Writer::finish().
  void finish() { writer_.finish(); }

 private:
  void tick();
  void draw(bool with_area);

  int fd_;
  Writer writer_;
  process::Loop* loop_ = nullptr;
  std::optional<process::Loop::Timer> timer_;
  Lines lines_;
  LiveArea area_;
  std::unique_ptr<StopGuard> stop_guard_;
  std::unique_ptr<Keyboard> keyboard_;
  std::string text_;  ///< said, but not yet written
  bool changed_ = false;
  Size size_;
  process::Loop::TimePoint drawn_{};
};

}  // namespace rtfx::console
