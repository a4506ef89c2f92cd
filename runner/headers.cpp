// SPDX-License-Identifier: Apache-2.0
#include "runner/headers.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/text.hpp"

namespace rtfx::runner {
namespace {

std::optional<int> parse_number(std::string_view text) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The words of a value; commas count as blanks.
std::vector<std::string_view> words(std::string_view value, std::string_view separators = ", \t") {
  std::vector<std::string_view> found;
  for (auto start = value.find_first_not_of(separators); start != std::string_view::npos;) {
    const auto end = std::min(value.find_first_of(separators, start), value.size());
    found.push_back(value.substr(start, end - start));
    start = value.find_first_not_of(separators, end);
  }
  return found;
}

/// "1G", "512M", "64K" or bytes; nullopt for anything else, and for nothing at all.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view units = "KMG";
  const auto unit = text.empty() ? std::string_view::npos : units.find(text.back());
  if (unit != std::string_view::npos) text.remove_suffix(1);
  const int shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<int>(unit) + 1);
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value == 0 || value > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return value << shift;
}

class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& script, Diagnostics& diagnostics,
               RtfDifferences& differences)
      : script_(script), diagnostics_(diagnostics), differences_(differences) {}

  Headers read(std::string_view text) {
    const auto first = text.find('\n');
    headers_.crlf = first != std::string_view::npos && first > 0 && text[first - 1] == '\r';
    while (!text.empty()) {
      ++line_;
      const auto end = text.find('\n');
      line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::move(headers_);
  }

 private:
  using Read = void (HeaderReader::*)(std::string_view);

  static Read reader_of(std::string_view key) {
    static constexpr std::pair<std::string_view, Read> readers[] = {
        {"NAME", &HeaderReader::name},           {"SUMMARY", &HeaderReader::summary},
        {"AUTHOR", &HeaderReader::author},       {"ISSUE", &HeaderReader::issue},
        {"LABELS", &HeaderReader::labels},       {"REPEAT", &HeaderReader::repeat},
        {"TIMEOUT", &HeaderReader::timeout},     {"RETRIES", &HeaderReader::retries},
        {"RESOURCES", &HeaderReader::resources}, {"EXCLUSIVE", &HeaderReader::exclusive},
        {"INPUTS", &HeaderReader::inputs},       {"VARIANTS", &HeaderReader::variants},
    };
    for (const auto& [name, reader] : readers) {
      if (name == key) return reader;
    }
    return nullptr;
  }

  void line(std::string_view line) {
    if (!line.starts_with("# ")) return;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const Read reader = reader_of(line.substr(2, colon - 2));
    const std::string_view value = text::trim(line.substr(colon + 1));
    if (reader != nullptr && !value.empty()) (this->*reader)(text::printable(value));
  }

  void error(const std::string& message) { diagnostics_.error({script_, line_}, message); }

  void name(std::string_view value) { once(headers_.name, "NAME", value); }
  void summary(std::string_view value) { once(headers_.summary, "SUMMARY", value); }
  void author(std::string_view value) { append(headers_.author, value); }
  void issue(std::string_view value) { append(headers_.issue, value); }

  void once(std::string& field, const char* key, std::string_view value) {
    if (!field.empty())
      error(std::string(key) + " stands twice in this script: keep one of the lines");
    field = value;
  }

  static void append(std::string& field, std::string_view value) {
    if (!field.empty()) field += ' ';
    field += value;
  }

  void labels(std::string_view value) {
    if (!headers_.labels.empty()) {
      differences_.add(RtfDifferences::Kind::labels_again, {script_, line_},
                       "a second LABELS line adds to the first; rtf refuses it");
    }
    headers_.labels.add(value);
    const std::string label = blank_label(value);
    if (label.empty()) return;
    differences_.add(
        RtfDifferences::Kind::blanks_in_labels, {script_, line_},
        "LABELS: blanks around a label do not count; rtf takes \"" + label + "\" for the label");
  }

  /// The first label that rtf reads with a blank before or after it.
  static std::string blank_label(std::string_view value) {
    if (value.find_first_of(" \t") == std::string_view::npos) return "";
    for (const std::string& label : text::split(value, ',')) {
      const bool negative = label.starts_with('!');
      const std::string_view bare = std::string_view(label).substr(negative ? 1 : 0);
      if (!bare.empty() && text::trim(bare) != bare) return label;
    }
    return "";
  }

  /// "3", or "slow:3", or several of them with commas or blanks between.
  void repeat(std::string_view value) {
    for (const std::string_view part : words(value)) {
      const auto colon = part.rfind(':');
      const auto number =
          parse_number(part.substr(colon == std::string_view::npos ? 0 : colon + 1));
      if (!number || *number < 0 || colon == 0) {
        error("REPEAT: \"" + std::string(part) + "\" is neither a number from 0 nor LABEL:NUMBER");
      } else if (colon != std::string_view::npos) {
        headers_.repeat_labels.emplace_back(part.substr(0, colon), *number);
      } else if (*number > 0) {
        headers_.repeat = *number;
        headers_.repeated = true;
      }
    }
  }

  void timeout(std::string_view value) {
    headers_.timeout = parse_time_limit(value);
    if (!headers_.timeout)
      error("TIMEOUT: \"" + std::string(value) +
            "\" is not a time: expected seconds, or 30s, 5m or 1h");
  }

  void retries(std::string_view value) {
    const auto number = parse_number(value);
    if (!number || *number < 0 || *number > 100) {
      error("RETRIES: \"" + std::string(value) + "\": expected a number from 0 to 100");
    } else if (headers_.retries) {
      error("RETRIES stands twice in this script: keep one of the lines");
    }
    headers_.retries = number;
  }

  void resources(std::string_view value) {
    for (const std::string_view part : words(value)) {
      const auto equals = std::min(part.find('='), part.size());
      const std::string_view key = part.substr(0, equals);
      const std::string_view amount = part.substr(std::min(equals + 1, part.size()));
      const int cpus = key == "cpus" ? parse_number(amount).value_or(0) : 0;
      const auto memory = key == "mem" ? parse_size(amount) : std::nullopt;
      if (memory) {
        headers_.memory = *memory;
      } else if (cpus >= 1 && cpus <= 1024) {
        headers_.cpus = cpus;
      } else {
        error("RESOURCES: \"" + std::string(part) +
              "\": expected cpus=N with N from 1 to 1024, or mem=SIZE as in mem=512M or mem=2G");
      }
    }
  }

  void exclusive(std::string_view value) {
    for (const std::string_view name : words(value)) headers_.exclusive.emplace_back(name);
  }

  void inputs(std::string_view value) {
    for (const std::string_view item : words(value))
      headers_.inputs.push_back({std::string(item), line_});
  }

  void variants(std::string_view value) {
    for (const std::string_view item : words(value, " \t"))
      headers_.variants.push_back({std::string(item), line_});
  }

  const std::filesystem::path& script_;
  int line_ = 0;
  Diagnostics& diagnostics_;
  RtfDifferences& differences_;
  Headers headers_;
};

}  // namespace

std::optional<std::chrono::seconds> parse_time_limit(std::string_view text) {
  text = text::trim(text);
  int unit = 1;
  if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
    const char letter = text.back();
    if (letter != 's' && letter != 'm' && letter != 'h') return std::nullopt;
    unit = letter == 's' ? 1 : letter == 'm' ? 60 : 3600;
    text.remove_suffix(1);
  }
  const auto number = parse_number(text);
  constexpr int longest = 365 * 24 * 3600;
  if (!number || *number <= 0 || *number > longest / unit) return std::nullopt;
  return std::chrono::seconds(*number * unit);
}

Headers read_headers(std::string_view text, const std::filesystem::path& script,
                     Diagnostics& diagnostics, RtfDifferences& differences) {
  return HeaderReader(script, diagnostics, differences).read(text);
}

}  // namespace rtfx::runner
