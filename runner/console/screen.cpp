// SPDX-License-Identifier: Apache-2.0
#include "runner/console/screen.hpp"

#include <utility>

namespace rtfx::console {
namespace {

constexpr auto between_looks = std::chrono::milliseconds(100);
constexpr auto between_draws = std::chrono::seconds(1);  ///< when only the clock has changed
constexpr std::size_t most_text = 64 * 1024;

}  // namespace

Screen::Screen(int fd) : fd_(fd), writer_(fd) {}

Screen::~Screen() { detach(); }

void Screen::say(const std::string& text) {
  if (!lines_) return writer_.write(text);
  text_ += text;
  if (text_.size() > most_text) draw(true);
}

void Screen::attach(process::Loop& loop, Lines lines, int keys, std::function<void(char)> pressed) {
  writer_.attach(loop);
  if (!lines) return;
  loop_ = &loop;
  lines_ = std::move(lines);
  stop_guard_ = std::make_unique<StopGuard>();
  if (keys >= 0) keyboard_ = std::make_unique<Keyboard>(loop, keys, std::move(pressed));
  timer_ = loop.after(between_looks, [this] { tick(); });
}

void Screen::detach() {
  writer_.detach();
  if (loop_ == nullptr) return;
  if (timer_) loop_->cancel(*timer_);
  timer_.reset();
  keyboard_.reset();
  stop_guard_.reset();
  draw(false);
  lines_ = nullptr;
  loop_ = nullptr;
}

void Screen::tick() {
  timer_ = loop_->after(between_looks, [this] { tick(); });
  if (keyboard_) keyboard_->refresh();
  if (writer_.behind()) return;
  if (changed_ || !text_.empty() || terminal_size(fd_) != size_ ||
      loop_->now() - drawn_ >= between_draws)
    draw(true);
}

/// Erases the area, writes the text and draws the area again, in one piece so that nothing flickers.
void Screen::draw(bool with_area) {
  size_ = terminal_size(fd_);
  if (erased_meanwhile()) area_ = {};
  std::string all = area_.erase(size_) + std::exchange(text_, {});
  if (with_area && !writer_.behind() && in_foreground(fd_)) all += area_.draw(lines_(size_));
  erase_on_exit(writer_.fd(), area_.erasing(size_));
  writer_.write(all);
  changed_ = false;
  drawn_ = loop_->now();
}

}  // namespace rtfx::console
