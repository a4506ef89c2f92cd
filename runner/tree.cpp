// SPDX-License-Identifier: Apache-2.0
//
// What is a case and what is a group, and what they are called, is rtf's (linuxkit/rtf,
// local/group.go and local/test.go): a directory with test.sh is a case; a directory with group.sh
// or with directories in it is a group, and can be both; "_name" is left out; "020_name" is "name"
// and comes after "010_other"; equal numbers go by file name. Variants of groups are rtfx's own.
#include "runner/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "base/files.hpp"
#include "base/text.hpp"
#include "runner/headers.hpp"
#include "runner/variants.hpp"

namespace rtfx::runner {
namespace {

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

/// A directory in a directory.
struct Entry {
  explicit Entry(std::string name) : file_name(std::move(name)) {
    const auto bar = file_name.find('_');
    if (bar != std::string::npos) order = parse_order(std::string_view(file_name).substr(0, bar));
  }
  /// What it is called in the names of cases.
  std::string name() const {
    const auto bar = file_name.find('_');
    return text::one_line(bar == std::string::npos ? file_name : file_name.substr(bar + 1));
  }
  bool operator<(const Entry& other) const {
    return order != other.order ? order < other.order : file_name < other.file_name;
  }

  std::string file_name;
  long order = 0;
};

/// The scripts that mean something; the shell's goes before PowerShell's.
enum Script { test_script, group_script, pre_test_script, post_test_script, script_count };
struct ScriptName {
  const char* name;
  Script script;
};
constexpr ScriptName script_names[] = {
    {"test.sh", test_script},          {"group.sh", group_script},
    {"pre-test.sh", pre_test_script},  {"post-test.sh", post_test_script},
    {"test.ps1", test_script},         {"group.ps1", group_script},
    {"pre-test.ps1", pre_test_script}, {"post-test.ps1", post_test_script},
};

/// What one look at a directory tells.
struct Listing {
  std::vector<Entry> directories;  ///< in order, without "_name"
  std::array<const char*, script_count> scripts{};
  Headers test, group;  ///< of those scripts
  bool is_group = false;
};

/// Messages name a path in one line, and a path as long as a system allows by its two ends.
std::string path_to_tell(const std::string& path) {
  constexpr std::size_t longest = 300, end = 100;
  if (path.size() <= longest) return text::one_line(path);
  return text::one_line(path.substr(0, end)) + "..." +
         text::one_line(path.substr(path.size() - end));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using OpenDirectory = std::unique_ptr<DIR, CloseDirectory>;

/// Tells that the script must not have VARIANTS, and forgets them.
void refuse_variants(Headers& headers, const std::string& script, const std::string& why,
                     Diagnostics& diagnostics) {
  if (headers.variants.empty()) return;
  diagnostics.error({text::one_line(script), headers.variants.front().line}, "VARIANTS: " + why);
  headers.variants.clear();
}

class DirectoryReader {
 public:
  DirectoryReader(const std::string& path, Diagnostics& diagnostics, RtfDifferences& differences)
      : path_(path), diagnostics_(diagnostics), differences_(differences) {}

  Listing read() {
    directory_.reset(::opendir(path_.c_str()));
    if (!directory_) {
      problem("", errno);
      return {};
    }
    errno = 0;
    while (const dirent* entry = ::readdir(directory_.get())) {
      add(*entry);
      errno = 0;
    }
    if (errno != 0) problem("", errno);
    std::sort(listing_.directories.begin(), listing_.directories.end());
    if (const char* script = listing_.scripts[test_script]) {
      listing_.test = headers(script);
      refuse_variants(listing_.test, path_ + "/" + script,
                      "only a group.sh can have variants, not a case", diagnostics_);
    }
    if (const char* script = listing_.scripts[group_script]) listing_.group = headers(script);
    return std::move(listing_);
  }

 private:
  void add(const dirent& entry) {
    const std::string_view name = entry.d_name;
    if (name == "." || name == "..") return;
    unsigned char type = entry.d_type;
    if (type == DT_UNKNOWN) type = type_of(entry.d_name, AT_SYMLINK_NOFOLLOW);
    // Links to directories do not count, so there are no loops.
    if (type == DT_DIR) {
      listing_.is_group = true;
      if (!name.starts_with('_')) listing_.directories.emplace_back(std::string(name));
    }
    for (const ScriptName& known : script_names) {
      if (name == known.name) add_script(known, type);
    }
  }

  void add_script(const ScriptName& found, unsigned char type) {
    if (found.script == group_script) listing_.is_group = true;
    if (type == DT_LNK) type = type_of(found.name, 0);
    if (type == DT_UNKNOWN) return;  // told already
    if (type != DT_REG) {
      tell(found.name, type == DT_DIR ? "is a directory, not a script" : "is not a script");
      return;
    }
    const char*& script = listing_.scripts[found.script];
    if (script == nullptr || std::string_view(found.name).ends_with(".sh")) script = found.name;
  }

  /// As in dirent; DT_UNKNOWN after saying why it cannot be told.
  unsigned char type_of(const char* name, int flags) {
    struct stat status {};
    if (::fstatat(::dirfd(directory_.get()), name, &status, flags) == 0)
      return static_cast<unsigned char>(IFTODT(status.st_mode));
    problem(name, errno);
    return DT_UNKNOWN;
  }

  Headers headers(const char* script) {
    const FileDescriptor file(
        ::openat(::dirfd(directory_.get()), script, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::string& text = text_;
    text.clear();
    for (ssize_t got = 1; got > 0;) {
      std::array<char, 1 << 14> buffer;
      got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
      if (got < 0) {
        problem(script, errno);
        return {};
      }
      text.append(buffer.data(), static_cast<std::size_t>(got));
      if (static_cast<std::size_t>(got) < buffer.size()) break;  // the end, as it is a file
    }
    return read_headers(text, text::one_line(path_ + "/" + script), diagnostics_, differences_);
  }

  void problem(const char* name, int error) {
    if (error == ENAMETOOLONG) {
      tell(name, "the path is longer than this system allows (" + std::to_string(PATH_MAX) +
                     " bytes): nest the directories less deeply");
    } else if (error == ELOOP || (error == ENOENT && *name != '\0')) {
      tell(name, "is a link that leads nowhere");
    } else {
      tell(name, std::string("cannot be read: ") + std::strerror(error));
    }
  }

  void tell(const char* name, const std::string& what) {
    const std::string path = *name == '\0' ? path_ : path_ + "/" + name;
    diagnostics_.error({path_to_tell(path), 0}, what);
  }

  const std::string& path_;
  Diagnostics& diagnostics_;
  RtfDifferences& differences_;
  OpenDirectory directory_;
  Listing listing_;
  std::string text_;
};

/// Adds what is not there yet.
void add_names(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

/// Whether it is one of the groups that a directory with VARIANTS is.
bool is_variant(const Group& group) {
  return group.parent && group.variant != group.parent->variant;
}

std::string join_names(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "." + name;
}

class TreeLoader {
 public:
  TreeLoader(Diagnostics& diagnostics, RtfDifferences& differences)
      : diagnostics_(diagnostics), differences_(differences) {}

  std::unique_ptr<Group> root(const std::string& directory) {
    Listing listing = read(directory);
    auto group = std::make_unique<Group>();
    const auto script = [&](Script wanted) -> std::optional<fs::path> {
      const char* name = listing.scripts[wanted];
      if (name == nullptr) return std::nullopt;
      return fs::path(directory) / name;
    };
    group->directory = directory;
    group->script = script(group_script);
    if (group->script)
      refuse_variants(listing.group, group->script->string(),
                      "the topmost group cannot have variants: give them to a group below it",
                      diagnostics_);
    group->pre_test = script(pre_test_script);
    group->post_test = script(post_test_script);
    group->headers = std::move(listing.group);
    group->name = group->headers.name;
    group->labels = group->headers.labels;
    children(*group, directory, listing.directories);
    return group;
  }

 private:
  Listing read(const std::string& directory) {
    return DirectoryReader(directory, diagnostics_, differences_).read();
  }

  /// What is below a group with variants is read for the first of them only, so that its problems
  /// are told once.
  Listing read_below(const Group& parent, const std::string& directory) {
    if (parent.variant.empty()) return read(directory);
    const auto [kept, is_new] = below_variants_.try_emplace(directory);
    if (is_new) {
      kept->second = read(directory);
      if (const char* script = kept->second.scripts[group_script])
        refuse_variants(kept->second.group, directory + "/" + script,
                        "a group above has variants already, and they cannot be nested",
                        diagnostics_);
    }
    return kept->second;
  }

  /// Goes down as far as paths can be written: PATH_MAX / 2 directories at most.
  void children(Group& group, const std::string& directory, const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      const std::string path = directory + "/" + entry.file_name;
      Listing listing = read_below(group, path);
      if (listing.is_group) subgroups(group, entry, path, listing);
      if (listing.scripts[test_script])
        group.children.push_back({test(group, entry, path, listing), nullptr});
    }
  }

  /// The group of the directory, or one for each of its variants.
  void subgroups(Group& parent, const Entry& entry, const std::string& path,
                 const Listing& listing) {
    const char* script = listing.scripts[group_script];
    const std::string script_path = script ? text::one_line(path + "/" + script) : "";
    const std::vector<Variant> variants =
        read_variants(listing.group.variants, script_path, diagnostics_);
    if (variants.empty()) {
      const Variant none{parent.variant, {}};
      parent.children.push_back({nullptr, subgroup(parent, entry, path, listing, none)});
    }
    for (const Variant& variant : variants)
      parent.children.push_back({nullptr, subgroup(parent, entry, path, listing, variant)});
    if (!variants.empty()) below_variants_.clear();
  }

  std::unique_ptr<Group> subgroup(const Group& parent, const Entry& entry, const std::string& path,
                                  const Listing& listing, const Variant& variant) {
    auto group = std::make_unique<Group>();
    group->parent = &parent;
    group->variant = variant.name;
    group->name = join_names(parent.name, entry.name());
    if (is_variant(*group)) group->name += "." + variant.name;
    group->directory = path;
    if (const char* script = listing.scripts[group_script]) group->script = path + "/" + script;
    group->pre_test = parent.pre_test;
    group->post_test = parent.post_test;
    group->headers = listing.group;
    group->headers.labels.inherit(variant.labels);
    add_names(group->headers.exclusive, parent.headers.exclusive);
    group->labels = group->headers.labels;
    children(*group, path, listing.directories);
    return group;
  }

  std::unique_ptr<Case> test(const Group& group, const Entry& entry, const std::string& path,
                             Listing& listing) {
    auto test = std::make_unique<Case>();
    test->name = join_names(group.name, entry.name());
    test->directory = path;
    test->script = path + "/" + listing.scripts[test_script];
    test->headers = std::move(listing.test);
    add_names(test->headers.exclusive, group.headers.exclusive);
    test->labels = test->headers.labels;
    test->labels.inherit(group.labels);
    test->group = &group;
    if (!cases_.try_emplace(test->name, test.get()).second) rename(*test);
    return test;
  }

  /// Another case has its name: the directory's own names stand for the last words, as few of them
  /// as make it unique.
  void rename(Case& test) {
    const Case& other = *cases_.at(test.name);
    const std::string taken = test.name;
    std::string end = text::one_line(fs::path(test.directory).filename().string());
    for (const Group* group = test.group; group; group = group->parent) {
      test.name = join_names(group->name, end);
      end = own_words(*group) + "." + end;
      if (!cases_.try_emplace(test.name, &test).second) continue;
      differences_.add(RtfDifferences::Kind::equal_names, {text::one_line(test.script), 0},
                       "is called " + test.name + " here, as " + text::one_line(other.script) +
                           " is called " + taken +
                           " already; rtf mixes up the results of such cases");
      return;
    }
    diagnostics_.error({text::one_line(test.script), 0},
                       "this case is called " + taken + ", and so is " +
                           text::one_line(other.script) + ": rename one of the directories");
  }

  /// What stands for a group in the names of such cases.
  static std::string own_words(const Group& group) {
    const std::string directory = text::one_line(group.directory.filename().string());
    return is_variant(group) ? directory + "." + group.variant : directory;
  }

  Diagnostics& diagnostics_;
  RtfDifferences& differences_;
  std::unordered_map<std::string_view, const Case*> cases_;
  std::unordered_map<std::string, Listing> below_variants_;
};

void collect(const Group& group, std::vector<const Case*>& cases) {
  for (const auto& child : group.children) {
    if (child.test) cases.push_back(child.test.get());
    if (child.group) collect(*child.group, cases);
  }
}

}  // namespace

std::unique_ptr<Group> load_tree(const fs::path& root, Diagnostics& diagnostics,
                                 RtfDifferences* differences) {
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
  RtfDifferences unasked;
  return TreeLoader(diagnostics, differences ? *differences : unasked).root(directory.string());
}

std::vector<const Case*> all_cases(const Group& group) {
  std::vector<const Case*> cases;
  collect(group, cases);
  return cases;
}

}  // namespace rtfx::runner
