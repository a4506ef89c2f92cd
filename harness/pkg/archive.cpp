// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/pkg/archive_index.hpp"
#include "harness/pkg/archive_retry.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr const char* keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// How long files stay that nothing has asked for.
constexpr auto kept = std::chrono::hours(24 * 30);

/// Opens and locks a file (flock); while somebody else has it, waits until the deadline of `steps`.
FileDescriptor locked(const fs::path& path, const Steps& steps) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file) throw system_error("opening " + path.string(), errno);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw system_error("locking " + path.string(), errno);
    if (steps.stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
    if (std::chrono::steady_clock::now() > steps.deadline)
      throw Error("another build still fetches packages: it has locked " + path.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return file;
}

/// "trixie-arm64-0123abcd": for people, and different for every source.
std::string directory_name(const ArchiveSource& source) {
  const std::string all =
      text::join({source.uri, source.suite, text::join(source.components, " "), source.arch}, "\n");
  return source.suite + "-" + source.arch + "-" + Digest::of(all).hex().substr(0, 8);
}

/// Output of a short command of apt; what it said when it fails is the error.
std::string captured(const Steps& steps, process::Command command, const std::string& doing) {
  using namespace std::chrono;
  const auto left = duration_cast<milliseconds>(steps.deadline - steady_clock::now());
  command.timeout = std::max(left, milliseconds(1));
  const process::Captured result = process::run_captured(steps.runner, command, steps.stop);
  if (result.outcome.ending == process::Ending::cancelled)
    throw Error("cancelled", ExitCode::interrupted);
  if (steps.log) steps.log(result.err);
  if (!result.outcome.ok())
    throw Error(doing + ": " + result.outcome.str() + "\n" +
                std::string(text::trim(text::printable(result.out + result.err))));
  return result.out;
}

/// The names of files in "'URI' NAME SIZE HASH", which apt prints for each package that it would download. (To simulate the
/// installation tells the same and takes three times as long.)
std::set<std::string, std::less<>> planned_files(const std::string& output) {
  std::set<std::string, std::less<>> names;
  for (const std::string& line : text::split(output, '\n')) {
    const auto words = text::split(line, ' ');
    if (words.size() >= 3 && words[0].starts_with("'")) names.insert(words[1]);
  }
  return names;
}

/// The name that apt gives to a package file: that of the archive, but with the version's epoch.
std::string file_name(const IndexEntry& entry) {
  std::string version;
  for (const char c : entry.version) version += c == ':' ? std::string("%3a") : std::string(1, c);
  return std::string(entry.name) + "_" + version + "_" + std::string(entry.architecture) + ".deb";
}

bool is_as_expected(const ArchivePackage& package) {
  std::error_code error;
  return fs::is_regular_file(package.path, error) &&
         Digest::of_file(package.path).hex() == package.sha256;
}

/// The sources whose index this process has asked for.
class Updated {
 public:
  bool contains(const fs::path& directory) {
    const std::lock_guard lock(mutex_);
    return directories_.contains(directory);
  }
  void add(const fs::path& directory) {
    const std::lock_guard lock(mutex_);
    directories_.insert(directory);
  }

 private:
  std::mutex mutex_;
  std::set<fs::path> directories_;
};
Updated& updated() {
  static Updated all;
  return all;
}

/// The files that apt has of a source, by the end of their names.
std::vector<fs::path> lists(const fs::path& directory, std::string_view end) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory / "lists")) {
    if (entry.path().filename().string().ends_with(end)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The host's own settings of how to reach servers: proxies, certificates.
std::string network_settings(const Steps& steps) {
  process::Command command;
  command.argv = {"apt-config", "dump", "Acquire"};
  std::string settings;
  for (const std::string& line :
       text::split(captured(steps, command, "reading the host's apt configuration"), '\n')) {
    if (line.starts_with("Acquire::http") || line.starts_with("Acquire::ftp"))
      settings += line + "\n";
  }
  return settings;
}

}  // namespace

Archive::Archive(const fs::path& cache, ArchiveSource source, const Steps& steps)
    : source_(std::move(source)),
      steps_(steps),
      directory_(fs::absolute(cache).lexically_normal() / directory_name(source_)),
      lock_(locked((fs::create_directories(directory_), directory_ / "lock"), steps)) {
  process::require_program("apt-get", "apt");
  if (!fs::exists(keyring))
    throw Error(std::string(keyring) + " is missing: apt-get install debian-archive-keyring",
                ExitCode::host);
  if (updated().contains(directory_)) return;
  configure();
  update();
  updated().add(directory_);
}

void Archive::configure() const {
  for (const char* name : {"lists/partial", "archives/partial", "none/partial", "wanted"})
    fs::create_directories(directory_ / name);
  write_file_atomically(directory_ / "sources.list",
                        "deb [signed-by=" + std::string(keyring) + "] " + source_.uri + " " +
                            source_.suite + " " + text::join(source_.components, " ") + "\n");
  std::string settings;
  const auto set = [&](const std::string& name, const std::string& value) {
    settings += name + " \"" + value + "\";\n";
  };
  // apt reads this file before the host's ones, which main and parts therefore keep out.
  for (const char* name : {"main", "parts", "preferences", "preferencesparts", "sourceparts"})
    set(std::string("Dir::Etc::") + name, "/dev/null");
  const std::string at = directory_.string();
  set("Dir::Etc::sourcelist", at + "/sources.list");
  set("Dir::State", at);
  set("Dir::State::lists", at + "/lists");
  set("Dir::State::status", at + "/status");
  set("Dir::Cache", at);
  set("Dir::Cache::archives", at + "/archives");
  set("APT::Architecture", source_.arch);
  set("APT::Architectures::", source_.arch);
  set("APT::Install-Recommends", "false");
  set("APT::Sandbox::User", "root");
  set("APT::Get::Assume-Yes", "true");
  set("APT::Update::Error-Mode", "any");
  set("Acquire::Languages", "none");
  set("Acquire::GzipIndexes", "false");
  set("Acquire::PDiffs", "false");
  // run_download tries again, too, and waits longer.
  set("Acquire::Retries", "1");
  // Answers are kept in `wanted`, which is smaller and faster.
  set("Dir::Cache::pkgcache", "");
  set("Dir::Cache::srcpkgcache", "");
  set("quiet", "1");
  write_file_atomically(directory_ / "apt.conf", settings + network_settings(steps_), 0600);
}

process::Command Archive::apt(std::vector<std::string> arguments) const {
  process::Command command;
  command.argv = std::move(arguments);
  command.env = {{"APT_CONFIG", (directory_ / "apt.conf").string()},
                 {"DEBIAN_FRONTEND", "noninteractive"},
                 {"LC_ALL", "C.UTF-8"}};
  return command;
}

void Archive::update() const {
  write_file_atomically(directory_ / "status", "");
  in_context("reading the index of " + source_.uri + " " + source_.suite + " for " + source_.arch,
             [&] {
               run_download(steps_, "apt-get update", apt({"apt-get", "update"}));
             });
}

std::vector<std::string> Archive::chosen(const std::vector<std::string>& alternatives) const {
  std::set<std::string, std::less<>> wanted, there;
  bool any = false;
  for (const std::string& item : alternatives) {
    const auto names = text::split_list(item, '|');
    any = any || names.size() > 1;
    wanted.insert(names.begin(), names.end());
  }
  // Without alternatives, apt says better what it does not know.
  if (!any) return alternatives;
  for (const fs::path& index : lists(directory_, "_Packages")) {
    read_index(read_file(index), [&](const IndexEntry& entry) {
      if (wanted.contains(entry.name)) there.emplace(entry.name);
    });
  }
  std::vector<std::string> names;
  for (const std::string& item : alternatives) {
    const auto all = text::split_list(item, '|');
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const std::string& name) { return there.contains(name); });
    names.push_back(found == all.end() ? all.front() : *found);
  }
  return names;
}

ArchivePackage Archive::package_of(const IndexEntry& entry) const {
  return {std::string(entry.name),
          std::string(entry.version),
          std::string(entry.file),
          std::string(entry.stanza),
          directory_ / "archives" / file_name(entry),
          std::string(entry.sha256)};
}

std::vector<ArchivePackage> Archive::resolve(const ArchiveRequest& request) const {
  const std::vector<std::string> names = chosen(request.packages);
  // Without a place of downloads, apt names also the files that are there already.
  std::vector<std::string> arguments{"apt-get", "--print-uris", "-o",
                                     "Dir::Cache::archives=" + (directory_ / "none").string(),
                                     "install"};
  arguments.insert(arguments.end(), names.begin(), names.end());
  auto missing = planned_files(
      captured(steps_, apt(std::move(arguments)), "resolving " + text::join(names, " ")));
  std::vector<ArchivePackage> packages;
  for (const fs::path& index : lists(directory_, "_Packages")) {
    const std::string text = read_file(index);
    read_index(text, [&](const IndexEntry& entry) {
      // apt itself would refuse a package without a hash that it trusts.
      if (entry.sha256.size() != 64 || entry.file.empty() || missing.erase(file_name(entry)) == 0)
        return;
      packages.push_back(package_of(entry));
    });
  }
  if (!missing.empty())
    throw Error("the index of " + source_.suite + " does not have " + *missing.begin() +
                ", which apt wants");
  std::sort(packages.begin(), packages.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return packages;
}

std::vector<ArchivePackage> Archive::resolved(const ArchiveRequest& request) const {
  const std::string words =
      text::join(request.packages, " ") + "\n" + text::join(request.without, " ");
  const fs::path answer = directory_ / "wanted" / Digest::of(words).hex().substr(0, 16);
  // The answer holds for as long as the archive is as it was then, which its signed file tells.
  std::string state;
  for (const fs::path& release : lists(directory_, "Release"))
    state += Digest::of_file(release).hex() + " ";
  state += "\n\n";
  std::vector<ArchivePackage> packages;
  std::error_code error;
  if (std::string known;
      fs::exists(answer, error) && (known = read_file(answer)).starts_with(state)) {
    read_index(known, [&](const IndexEntry& entry) { packages.push_back(package_of(entry)); });
    fs::last_write_time(answer, fs::file_time_type::clock::now());
    return packages;
  }
  packages = resolve(request);
  for (const ArchivePackage& package : packages) state += package.stanza + "\n";
  write_file_atomically(answer, state);
  return packages;
}

void Archive::download(const std::vector<ArchivePackage>& packages) const {
  bool complete = true;
  for (const ArchivePackage& package : packages) {
    if (is_as_expected(package)) continue;
    complete = false;
    // apt takes a file of the right size for the right one.
    std::error_code error;
    fs::remove(package.path, error);
  }
  if (complete) return;
  std::vector<std::string> arguments{"apt-get", "install", "--download-only"};
  for (const ArchivePackage& package : packages)
    arguments.push_back(package.name + "=" + package.version);
  run_download(steps_, "apt-get", apt(std::move(arguments)));
  for (const ArchivePackage& package : packages) {
    if (!is_as_expected(package))
      throw Error("apt-get left no " + package.path.string() + " with the SHA256 of the index, " +
                  package.sha256);
  }
}

std::vector<ArchivePackage> Archive::fetch(const ArchiveRequest& request) {
  std::string status;
  for (const std::string& name : request.without)
    status += "Package: " + name + "\nStatus: install ok installed\nArchitecture: " + source_.arch +
              "\nVersion: 9999:0\nMaintainer: none\nDescription: left out\n\n";
  write_file_atomically(directory_ / "status", status);
  std::vector<ArchivePackage> packages = resolved(request);
  download(packages);
  forget_unused();
  return packages;
}

std::string Archive::codename() const {
  for (const fs::path& release : lists(directory_, "Release")) {
    for (const std::string& line : text::split(read_file(release), '\n')) {
      constexpr std::string_view field = "Codename:";
      if (line.starts_with(field)) return std::string(text::trim(line.substr(field.size())));
    }
  }
  return {};
}

void Archive::forget_unused() const {
  std::error_code error;
  std::set<std::string> wanted;
  for (const auto& entry : fs::directory_iterator(directory_ / "wanted")) {
    if (fs::file_time_type::clock::now() - entry.last_write_time() > kept) {
      fs::remove(entry.path(), error);
      continue;
    }
    read_index(read_file(entry.path()),
               [&](const IndexEntry& package) { wanted.insert(file_name(package)); });
  }
  for (const auto& entry : fs::directory_iterator(directory_ / "archives")) {
    const fs::path name = entry.path().filename();
    if (name.extension() == ".deb" && !wanted.contains(name.string()))
      fs::remove(entry.path(), error);
  }
}

}  // namespace rtfx::pkg
