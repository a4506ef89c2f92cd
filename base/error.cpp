// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <cstring>

namespace rtfx {

std::string Location::str() const {
  if (line == 0) return file.string();
  return file.string() + ":" + std::to_string(line);
}

Error::Error(const std::string& message, ExitCode code)
    : std::runtime_error(message), code_(code) {}

Error Error::with_context(const std::string& context) const {
  return Error(context + ": " + what(), code_);
}

Error system_error(const std::string& doing, int error_number) {
  return Error(doing + ": " + std::strerror(error_number));
}

void Diagnostics::error(const Location& where, const std::string& message) {
  messages_.push_back(where.file.empty() ? message : where.str() + ": " + message);
}

void Diagnostics::throw_if_any() const {
  if (messages_.empty()) return;
  std::string all;
  for (const std::string& message : messages_) {
    if (!all.empty()) all += '\n';
    all += message;
  }
  throw Error(all, ExitCode::usage);
}

}  // namespace rtfx
