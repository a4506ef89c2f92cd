// SPDX-License-Identifier: Apache-2.0
#include "runner/console/width.hpp"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

#include "base/text.hpp"

namespace rtfx::console {
namespace {

/// wcwidth(3) asks the locale of the thread, which is that of the user only by chance.
class Utf8Locale {
 public:
  Utf8Locale() {
    static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 != nullptr) before_ = ::uselocale(utf8);
  }
  ~Utf8Locale() {
    if (before_ != nullptr) ::uselocale(before_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t before_ = nullptr;
};

struct Character {
  std::size_t bytes, columns;
};

/// The first character of valid UTF-8.
Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = std::min<std::size_t>(text.size(), lead < 0xC0   ? 1
                                                               : lead < 0xE0 ? 2
                                                               : lead < 0xF0 ? 3
                                                                             : 4);
  if (bytes == 1) return {1, 1};
  auto code = static_cast<wchar_t>(lead & (0x7F >> bytes));
  for (std::size_t i = 1; i < bytes; ++i) code = static_cast<wchar_t>(code << 6 | (text[i] & 0x3F));
  const int columns = ::wcwidth(code);
  return {bytes, columns < 0 ? 1 : static_cast<std::size_t>(columns)};
}

/// How many bytes of the text fit.
std::size_t fitting(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (std::size_t used = 0; bytes < text.size();) {
    const Character next = first_of(text.substr(bytes));
    used += next.columns;
    if (used > columns) break;
    bytes += next.bytes;
  }
  return bytes;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const Utf8Locale locale;
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (text.size() <= columns) return std::string(text);  // no character has more columns than bytes
  const Utf8Locale locale;
  if (fitting(text, columns) == text.size()) return std::string(text);
  const std::string_view rest =
      std::string_view("...").substr(0, std::min<std::size_t>(columns, 3));
  return std::string(text.substr(0, fitting(text, columns - rest.size()))).append(rest);
}

}  // namespace rtfx::console
