// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/version.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <compare>
#include <ctime>
#include <fstream>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && (text == "0" || text.front() != '0') &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Numbers of any length, without leading zeros.
std::strong_ordering compare_numbers(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() <=> b.size() : a <=> b;
}

/// A semantic version as Go has it: "v1.2.3", "v1.2.3-rc.1" (semver.org 2.0.0). Versions with "+"
/// are not for tags.
struct Version {
  std::array<std::string, 3> numbers;  ///< decimal, without leading zeros
  std::vector<std::string> pre_release;
  std::string text;
  std::string commit;

  const std::string& major() const { return numbers[0]; }
};

bool is_identifier(const std::string& text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), fits)) return false;
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return !std::all_of(text.begin(), text.end(), digit) || is_number(text);
}

std::optional<Version> parse_version(const std::string& text, const std::string& commit) {
  if (!text.starts_with('v')) return std::nullopt;
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto numbers = text::split(std::string_view(text).substr(1, dash - 1), '.');
  if (numbers.size() != 3 || !std::all_of(numbers.begin(), numbers.end(), is_number))
    return std::nullopt;
  Version version{{numbers[0], numbers[1], numbers[2]}, {}, text, commit};
  if (dash == text.size()) return version;
  version.pre_release = text::split(std::string_view(text).substr(dash + 1), '.');
  if (!std::all_of(version.pre_release.begin(), version.pre_release.end(), is_identifier))
    return std::nullopt;
  return version;
}

std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
  const bool a_number = is_number(a), b_number = is_number(b);
  if (a_number && b_number) return compare_numbers(a, b);
  if (a_number != b_number)
    return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  return a <=> b;
}

/// Semantic Versioning 2.0.0, 11.
bool is_lower(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < a.numbers.size(); ++i) {
    const auto order = compare_numbers(a.numbers[i], b.numbers[i]);
    if (order != 0) return order < 0;
  }
  // A version without a pre-release is above all that have one.
  if (a.pre_release.empty() || b.pre_release.empty())
    return !a.pre_release.empty() && b.pre_release.empty();
  return std::lexicographical_compare(
      a.pre_release.begin(), a.pre_release.end(), b.pre_release.begin(), b.pre_release.end(),
      [](const std::string& x, const std::string& y) { return compare_identifiers(x, y) < 0; });
}

/// "v0.0.0-20191109021931-daa7c04131f5" and its like are names of commits, which Go accepts as no
/// version of a tag.
bool is_pseudo(const Version& version) {
  if (version.pre_release.empty()) return false;
  const std::string& last = version.pre_release.back();
  const std::size_t dash = last.rfind('-');
  if (dash == std::string::npos || last.size() - dash != 13) return false;
  const std::string time = last.substr(0, dash);
  return time.size() == 14 && std::all_of(time.begin(), time.end(),
                                          [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// The Go module that a directory is part of.
struct Module {
  std::string prefix;  ///< of its tags, "" or "pkg/foo/"
  bool has_go_mod = false;
  std::string major;  ///< of the module path's "/v2"; "" for v0 and v1
};

/// "module example.org/x/v2" of a go.mod; the major version is "2".
std::string major_of(const fs::path& go_mod) {
  std::ifstream in(go_mod);
  for (std::string line; std::getline(in, line);) {
    std::string_view text = text::trim(line);
    if (!text.starts_with("module")) continue;
    text = text::trim(text.substr(6, text.find("//") - 6));
    if (text.starts_with('"') && text.ends_with('"') && text.size() > 1)
      text = text.substr(1, text.size() - 2);
    const std::size_t slash = text.rfind("/v");
    if (slash == std::string_view::npos) return "";
    const std::string major(text.substr(slash + 2));
    return is_number(major) && major != "0" && major != "1" ? major : "";
  }
  return "";
}

Module module_of(const fs::path& root, const fs::path& directory) {
  const auto prefix_of = [&](const fs::path& path) {
    const std::string relative = path.lexically_relative(root).generic_string();
    return relative == "." ? "" : relative + "/";
  };
  const fs::path start = fs::weakly_canonical(directory);
  std::error_code error;
  for (fs::path at = start; prefix_of(at).rfind("..", 0) != 0; at = at.parent_path()) {
    if (fs::is_regular_file(at / "go.mod", error))
      return {prefix_of(at), true, major_of(at / "go.mod")};
    if (at == root) break;
  }
  return {prefix_of(start), false, ""};
}

/// The versions that tags with a prefix give the commits that HEAD descends from, the highest
/// first.
std::vector<Version> versions(const std::vector<git::NamedCommit>& tags, const Module& module,
                              const std::string& prefix) {
  std::vector<Version> result;
  for (const git::NamedCommit& tag : tags) {
    if (!tag.name.starts_with(prefix)) continue;
    auto version = parse_version(tag.name.substr(prefix.size()), tag.commit);
    if (!version || is_pseudo(*version)) continue;
    const bool first = version->major() == "0" || version->major() == "1";
    // A go.mod says which major version it is; without one all are versions of it.
    if (module.has_go_mod && (module.major.empty() ? !first : version->major() != module.major))
      continue;
    result.push_back(std::move(*version));
  }
  std::sort(result.begin(), result.end(),
            [](const Version& a, const Version& b) { return is_lower(b, a); });
  return result;
}

/// A number, one higher.
std::string next(std::string digits) {
  std::size_t at = digits.size();
  while (at > 0 && digits[at - 1] == '9') digits[--at] = '0';
  if (at == 0) return "1" + digits;
  ++digits[at - 1];
  return digits;
}

std::string utc(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts);
  return text;
}

/// https://go.dev/ref/mod#pseudo-versions
std::string pseudo_version(const std::optional<Version>& base, const Module& module,
                           const std::string& commit, std::int64_t time) {
  const std::string revision = utc(time) + "-" + commit.substr(0, 12);
  if (!base) return "v" + (module.major.empty() ? "0" : module.major) + ".0.0-" + revision;
  if (!base->pre_release.empty()) return base->text + ".0." + revision;
  return "v" + base->numbers[0] + "." + base->numbers[1] + "." + next(base->numbers[2]) + "-0." +
         revision;
}

}  // namespace

std::string go_package_version(const git::Repository& repository, const fs::path& directory) {
  const auto head = repository.head_commit();
  if (!head) return "";
  const Module module = module_of(repository.root(), directory);
  const std::vector<git::NamedCommit> tags = repository.tags();
  std::optional<Version> base;
  for (const std::string& prefix : {module.prefix, std::string()}) {
    const auto candidates = versions(tags, module, prefix);
    const auto here = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const Version& v) { return v.commit == *head; });
    const auto before =
        here != candidates.end()
            ? here
            : std::find_if(candidates.begin(), candidates.end(), [&](const Version& v) {
                return repository.head_descends_from(v.commit);
              });
    if (before == candidates.end()) continue;
    base = *before;
    break;
  }
  const bool tagged = base && base->commit == *head;
  const std::string version =
      tagged ? base->text : pseudo_version(base, module, *head, repository.head_time());
  const bool incompatible =
      base && !module.has_go_mod && base->major() != "0" && base->major() != "1";
  return incompatible ? version + "+incompatible" : version;
}

}  // namespace rtfx::pkg
