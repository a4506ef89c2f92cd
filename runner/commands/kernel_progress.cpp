// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/kernel_progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::commands {

namespace {

constexpr std::chrono::milliseconds pause{100};
/// Fewer are a build in which nearly nothing was to be done.
constexpr std::size_t whole_build = 300;

std::size_t columns() {
  constexpr std::size_t usual = 80;
  struct winsize size {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

}  // namespace

KernelProgress::KernelProgress(std::filesystem::path steps) : file_(std::move(steps)) {
  std::error_code error;
  if (!fs::is_regular_file(file_, error)) return;
  const auto json = nlohmann::json::parse(read_file(file_), nullptr, false);
  if (!json.is_object()) return;
  for (const auto& [name, count] : json.items()) {
    if (count.is_number_unsigned()) known_[name] = count.get<std::size_t>();
  }
}

KernelProgress::~KernelProgress() { clear(); }

void KernelProgress::add(const std::string& kernel, std::string_view bytes) {
  output_.add(bytes);
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && now - shown_at_ < pause) return;
  shown_at_ = now;
  show(kernel);
}

void KernelProgress::show(const std::string& kernel) {
  const auto known = known_.find(kernel);
  std::string line = kernel + "  " + std::to_string(output_.steps());
  if (known != known_.end() && known->second >= output_.steps())
    line += " of about " + std::to_string(known->second);
  line += " steps";
  if (output_.warnings() > 0) line += fmt::format(", {} warnings", output_.warnings());
  line += "  " + output_.step();
  line = text::printable(line).substr(0, columns() - 1);
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
  shown_ = true;
}

void KernelProgress::clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

void KernelProgress::end(const std::string& kernel, bool built) {
  clear();
  if (built && output_.steps() >= whole_build) {
    known_[kernel] = output_.steps();
    write_file_atomically(file_, nlohmann::json(known_).dump(1) + "\n");
  }
  output_ = {};
}

}  // namespace rtfx::commands
