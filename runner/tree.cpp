// SPDX-License-Identifier: Apache-2.0
//
// What is a case and what is a group, and what they are called, is rtf's (linuxkit/rtf,
// local/group.go and local/test.go): a directory with test.sh is a case; a directory with group.sh
// or with directories in it is a group, and can be both; "_name" is left out; "020_name" is "name"
// and comes after "010_other"; equal numbers go by file name.
#include "runner/tree.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "runner/headers.hpp"

namespace rtfx::runner {
namespace {

namespace fs = std::filesystem;

struct Entry {
  fs::path path;
  std::string file_name, name;
  long order = 0;
};

/// The number in front of the first '_', as Go's strconv.Atoi reads it; 0 when it is none.
long parse_order(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return 0;
  long value = 0;
  constexpr long limit = std::numeric_limits<long>::max() / 10 - 1;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    value = std::min(value, limit) * 10 + (c - '0');
  }
  return negative ? -value : value;
}

/// Names go into tables, logs and file names: one line of UTF-8 each, whatever the directory is
/// called.
std::string display_name(const std::string& file_name) {
  std::string name;
  for (const char c : text::printable(file_name)) {
    switch (c) {
      case '\n':
        name += "\\x0a";
        break;
      case '\r':
        name += "\\x0d";
        break;
      case '\t':
        name += "\\x09";
        break;
      default:
        name += c;
    }
  }
  return name;
}

std::optional<fs::path> script_in(const fs::path& directory, const char* name) {
  for (const char* suffix : {".sh", ".ps1"}) {
    const fs::path script = directory / (std::string(name) + suffix);
    std::error_code ignored;
    if (fs::exists(script, ignored)) return script;
  }
  return std::nullopt;
}

class TreeLoader {
 public:
  explicit TreeLoader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::unique_ptr<Group> root(const fs::path& directory) {
    auto group = std::make_unique<Group>();
    group->directory = directory;
    group->script = script_in(directory, "group");
    group->pre_test = script_in(directory, "pre-test");
    group->post_test = script_in(directory, "post-test");
    if (group->script) group->headers = read_headers(*group->script, diagnostics_);
    group->name = group->headers.name;
    group->labels = group->headers.labels;
    children(*group);
    return group;
  }

 private:
  void children(Group& group) {
    for (const Entry& entry : entries(group.directory)) {
      if (is_group(entry.path)) group.children.push_back({nullptr, subgroup(group, entry)});
      if (const auto script = script_in(entry.path, "test"))
        group.children.push_back({test(group, entry, *script), nullptr});
    }
  }

  /// The directories in it in order. Links to directories do not count, so there are no loops.
  std::vector<Entry> entries(const fs::path& directory) {
    std::vector<Entry> found;
    std::error_code failed;
    for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
         it.increment(failed)) {
      const std::string file_name = it->path().filename().string();
      if (!it->is_symlink() && it->is_directory(failed) && !file_name.starts_with('_'))
        found.push_back(make_entry(it->path(), file_name));
    }
    if (failed) diagnostics_.error({directory, 0}, "cannot be read: " + failed.message());
    std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) {
      return a.order != b.order ? a.order < b.order : a.file_name < b.file_name;
    });
    return found;
  }

  static Entry make_entry(const fs::path& path, const std::string& file_name) {
    const auto bar = file_name.find('_');
    if (bar == std::string::npos) return {path, file_name, display_name(file_name), 0};
    return {path, file_name, display_name(file_name.substr(bar + 1)),
            parse_order(std::string_view(file_name).substr(0, bar))};
  }

  bool is_group(const fs::path& directory) {
    if (script_in(directory, "group")) return true;
    std::error_code failed;
    for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
         it.increment(failed)) {
      if (!it->is_symlink() && it->is_directory(failed)) return true;
    }
    if (failed) diagnostics_.error({directory, 0}, "cannot be read: " + failed.message());
    return false;
  }

  std::unique_ptr<Group> subgroup(const Group& parent, const Entry& entry) {
    auto group = std::make_unique<Group>();
    group->parent = &parent;
    group->name = full_name(parent, entry);
    group->directory = entry.path;
    group->script = script_in(entry.path, "group");
    group->pre_test = parent.pre_test;
    group->post_test = parent.post_test;
    if (group->script) group->headers = read_headers(*group->script, diagnostics_);
    group->labels = group->headers.labels;
    children(*group);
    return group;
  }

  std::unique_ptr<Case> test(const Group& group, const Entry& entry, const fs::path& script) {
    auto test = std::make_unique<Case>();
    test->name = full_name(group, entry);
    test->directory = entry.path;
    test->script = script;
    test->headers = read_headers(script, diagnostics_);
    test->labels = test->headers.labels;
    test->labels.inherit(group.labels);
    test->group = &group;
    const auto [other, is_new] = cases_.try_emplace(test->name, script);
    if (!is_new) {
      diagnostics_.error({script, 0}, "this case is called " + test->name + ", and so is " +
                                          other->second.string() +
                                          ": rename one of the directories");
    }
    return test;
  }

  static std::string full_name(const Group& parent, const Entry& entry) {
    return parent.name.empty() ? entry.name : parent.name + "." + entry.name;
  }

  Diagnostics& diagnostics_;
  std::map<std::string, fs::path> cases_;
};

void collect(const Group& group, std::vector<const Case*>& cases) {
  for (const auto& child : group.children) {
    if (child.test) cases.push_back(child.test.get());
    if (child.group) collect(*child.group, cases);
  }
}

}  // namespace

std::unique_ptr<Group> load_tree(const fs::path& root, Diagnostics& diagnostics) {
  fs::path directory = fs::absolute(root).lexically_normal();
  if (!directory.has_filename() && directory.has_relative_path())
    directory = directory.parent_path();
  std::error_code failed;
  if (!fs::is_directory(directory, failed)) {
    diagnostics.error({root, 0}, "is not a directory with test cases; name one with -c DIR");
    auto nothing = std::make_unique<Group>();
    nothing->directory = directory;
    return nothing;
  }
  return TreeLoader(diagnostics).root(directory);
}

std::vector<const Case*> all_cases(const Group& group) {
  std::vector<const Case*> cases;
  collect(group, cases);
  return cases;
}

}  // namespace rtfx::runner
