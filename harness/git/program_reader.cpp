// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/git/reader.hpp"
#include "harness/process/process.hpp"

namespace rtfx::git {

namespace {

constexpr std::chrono::seconds time_limit{120};
constexpr std::size_t kept_output = std::size_t{64} << 20;  // process::Captured drops what is more

/// This process's environment without what would point git to another repository (`git rev-parse
/// --local-env-vars`): hooks set these, and the directory alone says which repository is meant.
/// Configuration in variables (GIT_CONFIG_COUNT) stays: safe.directory may be there.
std::map<std::string, std::string> git_environment() {
  static const std::set<std::string, std::less<>> local{"GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                                        "GIT_OBJECT_DIRECTORY",
                                                        "GIT_DIR",
                                                        "GIT_WORK_TREE",
                                                        "GIT_IMPLICIT_WORK_TREE",
                                                        "GIT_GRAFT_FILE",
                                                        "GIT_INDEX_FILE",
                                                        "GIT_NO_REPLACE_OBJECTS",
                                                        "GIT_REPLACE_REF_BASE",
                                                        "GIT_PREFIX",
                                                        "GIT_SHALLOW_FILE",
                                                        "GIT_COMMON_DIR",
                                                        "GIT_EXTERNAL_DIFF"};
  std::map<std::string, std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || local.contains(text.substr(0, equals))) continue;
    result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  result["LC_ALL"] = "C";
  result["GIT_LITERAL_PATHSPECS"] = "1";
  result["GIT_OPTIONAL_LOCKS"] = "0";
  result["GIT_TERMINAL_PROMPT"] = "0";
  return result;
}

process::Captured run(const fs::path& directory, std::vector<std::string> arguments) {
  process::require_program("git", "git");
  process::Command command;
  command.argv = {"git", "-C", directory.string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = git_environment();
  command.clear_env = true;
  command.timeout = time_limit;
  process::Captured captured = process::run_captured(process::system_runner(), command);
  if (captured.outcome.ending != process::Ending::exited)
    throw Error("git " + arguments.front() + " in " + directory.string() + ": " +
                captured.outcome.str());
  if (captured.out.size() >= kept_output)
    throw Error("git " + arguments.front() + " in " + directory.string() +
                " prints more than can be read; narrow it down to a smaller directory");
  return captured;
}

Error failure(const std::string& doing, const process::Captured& captured) {
  const std::string first = text::split(text::trim(captured.err), '\n').front();
  const bool foreign = first.find("dubious ownership") != std::string::npos;
  return Error(doing + ": git says: " + (first.empty() ? captured.outcome.str() : first) +
               (foreign ? "; git config --global --add safe.directory DIR accepts it" : ""));
}

std::string output(const fs::path& directory, std::vector<std::string> arguments,
                   const std::string& doing) {
  process::Captured captured = run(directory, std::move(arguments));
  if (!captured.outcome.ok()) throw failure(doing, captured);
  return std::move(captured.out);
}

/// The parts of an output with -z, each of which ends in a zero byte.
std::vector<std::string> records(const std::string& output, char end = '\0') {
  std::vector<std::string> parts = text::split(output, end);
  parts.pop_back();
  return parts;
}

/// For commands that take pathspecs: nothing for the root.
void add_path(std::vector<std::string>& arguments, const std::string& path) {
  arguments.emplace_back("--");
  if (!path.empty()) arguments.push_back(path);
}

class ProgramReader : public Reader {
 public:
  explicit ProgramReader(const fs::path& path) {
    const std::string doing = "opening the git repository of " + path.string();
    const auto lines = records(
        output(path, {"rev-parse", "--is-inside-work-tree", "--absolute-git-dir"}, doing), '\n');
    if (lines.size() != 2 || lines[0] != "true")
      throw Error(path.string() + " is in a bare git repository, which has no work tree");
    git_directory_ = fs::canonical(lines[1]);
    std::string root = output(path, {"rev-parse", "--show-toplevel"}, doing);
    if (root.ends_with('\n')) root.pop_back();
    root_ = fs::canonical(root);
  }

  const fs::path& root() const override { return root_; }
  fs::path git_directory() const override { return git_directory_; }
  std::optional<std::string> tree_hash(const std::string& path, const std::string& commit) override;
  Differences differences(const std::string& path) override;
  std::vector<Tracked> tracked(const std::string& path) override;
  std::string blob_id(const std::string& path) override;
  bool quotes_high_bytes() override;
  std::optional<Commit> head() override;
  std::optional<Commit> last_change(const std::vector<std::string>& paths) override;
  std::vector<NamedCommit> tags() override;
  bool head_descends_from(const std::string& commit) override;

 private:
  /// The object that an expression names.
  std::optional<std::string> parse(const std::string& expression) const;

  fs::path root_, git_directory_;
};

std::optional<std::string> ProgramReader::parse(const std::string& expression) const {
  const auto captured =
      run(root_, {"rev-parse", "--verify", "--quiet", "--end-of-options", expression});
  if (!captured.outcome.ok()) return std::nullopt;
  return std::string(text::trim(captured.out));
}

std::optional<std::string> ProgramReader::tree_hash(const std::string& path,
                                                    const std::string& commit) {
  if (commit == "HEAD" && !head())
    throw Error(root_.string() + " has no commits yet; commit the package first");
  const auto tree = parse(commit + "^{tree}");
  if (!tree) throw Error(root_.string() + " has no commit " + commit);
  if (path.empty()) return tree;
  const std::string doing = "reading " + (root_ / path).string() + " at " + commit;
  const auto found =
      records(output(root_, {"ls-tree", "-z", "--full-tree", *tree, "--", path}, doing));
  // "040000 tree <hash>\tpath"
  if (found.empty()) return std::nullopt;
  const auto words = text::split(found.front().substr(0, found.front().find('\t')), ' ');
  if (words.size() != 3 || words[1] != "tree") return std::nullopt;
  return words[2];
}

Differences ProgramReader::differences(const std::string& path) {
  const std::string doing = "comparing " + (root_ / path).string() + " with HEAD";
  Differences result;
  std::vector<std::string> changed{"diff",         "--name-only",   "-z",
                                   "--no-renames", "--no-ext-diff", "HEAD"};
  // Without commits everything that is tracked is new.
  if (!head()) changed = {"ls-files", "-z"};
  add_path(changed, path);
  result.changed = records(output(root_, changed, doing));
  std::vector<std::string> untracked{"ls-files", "-z", "--others", "--exclude-standard"};
  add_path(untracked, path);
  result.untracked = records(output(root_, untracked, doing));
  std::sort(result.untracked.begin(), result.untracked.end());
  return result;
}

std::vector<Tracked> ProgramReader::tracked(const std::string& path) {
  // "H 100644 <hash> 0\tpath"; a lower-case letter is assume-unchanged, S is skip-worktree.
  std::vector<std::string> arguments{"ls-files", "-z", "-v", "--stage"};
  add_path(arguments, path);
  std::vector<Tracked> result;
  for (const std::string& record :
       records(output(root_, arguments, "reading the index of " + root_.string()))) {
    const std::size_t tab = record.find('\t');
    const auto words = text::split(record.substr(0, tab), ' ');
    if (tab == std::string::npos || words.size() != 4)
      throw Error("git ls-files prints what is not understood: " + text::one_line(record));
    result.push_back({record.substr(tab + 1), words[1] == "160000", words[2],
                      words[0] == "h" || words[0] == "S" || words[0] == "s"});
  }
  return result;
}

std::string ProgramReader::blob_id(const std::string& path) {
  const fs::path file = root_ / path;
  const std::string doing = "reading " + file.string();
  std::error_code error;
  if (!fs::is_symlink(file, error))
    return std::string(text::trim(output(root_, {"hash-object", "--", path}, doing)));
  process::Command command;
  command.argv = {"git", "-C", root_.string(), "hash-object", "--stdin"};
  command.env = git_environment();
  command.clear_env = true;
  command.stdin_text = fs::read_symlink(file).string();
  command.timeout = time_limit;
  const auto captured = process::run_captured(process::system_runner(), command);
  if (!captured.outcome.ok()) throw failure(doing, captured);
  return std::string(text::trim(captured.out));
}

bool ProgramReader::quotes_high_bytes() {
  const auto captured = run(root_, {"config", "--type=bool", "core.quotePath"});
  return text::trim(captured.out) != "false";
}

std::optional<Commit> ProgramReader::head() {
  const auto captured = run(root_, {"rev-parse", "--verify", "--quiet", "HEAD"});
  if (!captured.outcome.ok()) {
    // An unborn branch is no error; a HEAD that cannot be read is one.
    if (run(root_, {"symbolic-ref", "--quiet", "HEAD"}).outcome.ok()) return std::nullopt;
    throw failure("reading HEAD of " + root_.string(), captured);
  }
  Commit head{std::string(text::trim(captured.out)), 0};
  const std::string time = output(root_, {"show", "--no-patch", "--format=%ct", head.id},
                                  "reading HEAD of " + root_.string());
  std::from_chars(time.data(), time.data() + time.size(), head.time);
  return head;
}

std::optional<Commit> ProgramReader::last_change(const std::vector<std::string>& paths) {
  if (!head()) return std::nullopt;
  std::vector<std::string> arguments{"log", "--first-parent", "-1", "--format=%H %ct", "HEAD",
                                     "--"};
  for (const std::string& path : paths) arguments.push_back(path.empty() ? "." : path);
  const std::string found(
      text::trim(output(root_, arguments, "reading the history of " + root_.string())));
  if (found.empty()) return head();
  Commit commit{found.substr(0, found.find(' ')), 0};
  const std::string time = found.substr(found.find(' ') + 1);
  std::from_chars(time.data(), time.data() + time.size(), commit.time);
  return commit;
}

std::vector<NamedCommit> ProgramReader::tags() {
  std::vector<NamedCommit> result;
  const std::string list = output(root_,
                                  {"for-each-ref",
                                   "--format=%(refname:lstrip=2)%09%(objecttype)%09%(objectname)%"
                                   "09%(*objecttype)%09%(*objectname)",
                                   "refs/tags"},
                                  "reading the tags of " + root_.string());
  for (const std::string& line : records(list, '\n')) {
    const auto parts = text::split(line, '\t');
    if (parts.size() != 5) continue;
    if (parts[1] == "commit") result.push_back({parts[0], parts[2]});
    if (parts[1] == "tag" && parts[3] == "commit") result.push_back({parts[0], parts[4]});
  }
  return result;
}

bool ProgramReader::head_descends_from(const std::string& commit) {
  const auto captured = run(root_, {"merge-base", "--is-ancestor", commit, "HEAD"});
  if (captured.outcome.exit_code > 1)
    throw failure("reading the history of " + root_.string(), captured);
  return captured.outcome.ok();
}

}  // namespace

std::unique_ptr<Reader> open_with_program(const fs::path& path) {
  return std::make_unique<ProgramReader>(path);
}

std::set<std::string> changed_for_program(const fs::path& root, const std::string& path) {
  const Differences found = ProgramReader(root).differences(path);
  return {found.changed.begin(), found.changed.end()};
}

}  // namespace rtfx::git
