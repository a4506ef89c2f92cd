// SPDX-License-Identifier: Apache-2.0
#include "runner/script.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::runner {
namespace {

constexpr std::size_t kept_of_a_line = 4096;
constexpr std::size_t longest_last_words = 200;
constexpr std::size_t most_tests = 20'000;  // KUnit has about 6,000
constexpr std::string_view benchmark_mark = "RT_BENCHMARK_RESULT:";
constexpr int cancelled_by_script = 253;  // RT_TEST_CANCEL of rtf

}  // namespace

process::Command command_of(const Script& script) {
  process::Command command;
  if (script.path.extension() == ".ps1") {
    command.argv = {"pwsh", "-NoProfile", "-NonInteractive"};
  } else {
    command.argv = {"/bin/sh"};
    if (script.trace) command.argv.emplace_back("-x");
  }
  command.argv.push_back(script.path.string());
  command.argv.insert(command.argv.end(), script.arguments.begin(), script.arguments.end());
  command.cwd = script.directory;
  command.env = script.env;
  command.timeout = script.limit;
  command.grace = script.grace;
  command.serves = script.serves;
  return command;
}

Ending judge(const process::Outcome& outcome) {
  using results::Result;
  Ending ending;
  ending.elapsed = outcome.elapsed;
  ending.leaked = outcome.leaked;
  ending.serving = outcome.serving;
  switch (outcome.ending) {
    case process::Ending::exited:
      if (outcome.exit_code == 0) return ending;
      ending.result = outcome.exit_code == cancelled_by_script ? Result::cancel : Result::fail;
      ending.reason = outcome.exit_code == cancelled_by_script
                          ? "cancelled by the script (exit 253)"
                          : outcome.str();
      return ending;
    case process::Ending::signalled:
      ending.result = Result::fail;
      ending.reason = outcome.str();
      return ending;
    case process::Ending::timed_out:
      ending.result = Result::timeout;
      ending.reason = outcome.str();
      return ending;
    case process::Ending::cancelled:
      ending.result = Result::cancel;
      ending.reason = "interrupted";
      ending.interrupted = true;
      return ending;
  }
  return ending;
}

Ending judge(std::exception_ptr failure) {
  Ending ending;
  ending.result = results::Result::error;
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const Error& error) {
    ending.reason = text::printable(error.what());
  }
  return ending;
}

UnitLog::UnitLog(const std::filesystem::path& path)
    : name_(path.string()),
      file_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (!file_) problem_ = system_error("writing " + name_, errno).what();
}

template <typename OnLine>
void UnitLog::Lines::feed(std::string_view bytes, OnLine on_line) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    line.append(part.substr(0, kept_of_a_line - std::min(kept_of_a_line, line.size())));
    if (end == std::string_view::npos) return;
    on_line(line);
    line.clear();
    bytes.remove_prefix(end + 1);
  }
}

void UnitLog::write(process::Stream stream, std::string_view bytes) {
  Lines& lines = stream == process::Stream::out ? out_ : err_;
  lines.feed(bytes, [&](const std::string& line) { on_line(stream, line); });
  if (!problem_.empty()) return;
  try {
    write_all(file_.get(), bytes, name_);
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

void UnitLog::on_line(process::Stream stream, const std::string& line) {
  if (stream == process::Stream::out) {
    if (line.starts_with(benchmark_mark))
      benchmark_ =
          text::printable(text::trim(std::string_view(line).substr(benchmark_mark.size())));
    // A serial console ends its lines with CR LF.
    ktap_.line(std::string_view(line).substr(0, line.find_last_not_of('\r') + 1));
  } else if (!line.starts_with("+") && !text::trim(line).empty()) {
    last_words_ = line;
  }
}

std::string UnitLog::benchmark() {
  if (!out_.line.empty()) on_line(process::Stream::out, std::exchange(out_.line, ""));
  return benchmark_;
}

std::vector<KtapTest> UnitLog::tests() {
  if (!out_.line.empty()) on_line(process::Stream::out, std::exchange(out_.line, ""));
  std::vector<KtapTest> tests = ktap_.tests();
  if (tests.size() > most_tests) tests.resize(most_tests);
  return tests;
}

std::string UnitLog::last_words() {
  if (!err_.line.empty()) on_line(process::Stream::err, std::exchange(err_.line, ""));
  std::string words;
  for (const char c : text::printable(text::trim(last_words_)))
    words += c == '\r' || c == '\t' ? ' ' : c;
  if (words.size() <= longest_last_words) return words;
  std::size_t end = longest_last_words;
  while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0) == 0x80)
    --end;  // not within a character
  return words.substr(0, end) + "...";
}

}  // namespace rtfx::runner
