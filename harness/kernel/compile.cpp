// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/compile.hpp"

#include <ctime>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/kernel/configuration.hpp"
#include "harness/kernel/kernel_dev.hpp"
#include "harness/kernel/make_output.hpp"
#include "harness/kernel/tar_files.hpp"
#include "harness/kernel/toolchain.hpp"
#include "harness/kernel/unused.hpp"

namespace rtfx::kernel {

namespace {

/// As date(1) prints it in C; the kernel shows it in `uname -v` as it is.
std::string date_of(std::int64_t timestamp) {
  const std::time_t time = timestamp;
  std::tm parts{};
  char buffer[64];
  if (::gmtime_r(&time, &parts) == nullptr ||
      std::strftime(buffer, sizeof buffer, "%a %b %e %H:%M:%S UTC %Y", &parts) == 0)
    throw Error("the time " + std::to_string(timestamp) + " has no date");
  return buffer;
}

bool has_modules(const std::string& config) { return parse_config(config).contains("MODULES"); }

class Compilation {
 public:
  /// `folder` gets the configuration and the result.
  Compilation(const CompileJob& job, const SourceTree& source, const fs::path& objects,
              const fs::path& folder, const pkg::Steps& steps)
      : job_(job),
        source_(source),
        steps_(steps),
        tools_(find_toolchain(job.arch, job.host_uname, !job.afresh, steps.runner)),
        folder_(folder),
        objects_(objects) {}

  Result run() {
    const std::string config =
        configuration(job_.series, job_.flavour, job_.arch, source_, tools_, folder_, steps_);
    const std::string key = key_of(config);
    const fs::path done = folder_ / "result";
    std::error_code error;
    if (fs::is_regular_file(done / "key", error) && read_file(done / "key") == key)
      return {done, read_file(done / "release")};
    write_config(config);
    make(has_modules(config) ? std::vector<std::string>{target(), "modules"}
                             : std::vector<std::string>{target()});
    return publish(key, done);
  }

 private:
  std::string target() const {
    const auto own = job_.flavour.targets.find(job_.arch.name);
    return own == job_.flavour.targets.end() ? job_.arch.kernel_target : own->second;
  }

  /// Everything that the result is a function of.
  std::string key_of(const std::string& config) const {
    return Digest::of(text::join({"rtfx kernel 2", config, source_.key, tools_.identity, target(),
                                  std::to_string(job_.timestamp)},
                                 "\n"))
        .hex();
  }

  /// make compares times, so that an unchanged configuration is left as it is.
  void write_config(const std::string& config) const {
    const fs::path file = objects_ / ".config";
    fs::create_directories(objects_);
    std::error_code error;
    if (!fs::is_regular_file(file, error) || read_file(file) != config)
      write_file_atomically(file, config);
  }

  process::Command command(const std::vector<std::string>& targets) const {
    process::Command command = make_command(tools_, source_.path, objects_, targets);
    command.env["KBUILD_BUILD_TIMESTAMP"] = date_of(job_.timestamp);
    command.env["KBUILD_BUILD_USER"] = "rtfx";
    command.env["KBUILD_BUILD_HOST"] = "rtfx";
    command.env["KBUILD_BUILD_VERSION"] = "1";
    command.env["SOURCE_DATE_EPOCH"] = std::to_string(job_.timestamp);
    if (job_.afresh) command.env["CCACHE_DISABLE"] = "1";
    return command;
  }

  /// Of a failure, the lines that say why.
  void make(std::vector<std::string> targets) const {
    using namespace std::chrono;
    if (steps_.stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
    targets.push_back("-j" + std::to_string(job_.processes));
    process::Command command = this->command(targets);
    command.timeout = std::max(duration_cast<milliseconds>(steps_.deadline - steady_clock::now()),
                               milliseconds(1));
    MakeOutput output;
    const process::Outcome outcome = steps_.runner.run(
        command,
        [&](process::Stream, std::string_view bytes) {
          output.add(bytes);
          if (steps_.log) steps_.log(bytes);
        },
        steps_.stop);
    if (outcome.ending == process::Ending::cancelled)
      throw Error("cancelled", ExitCode::interrupted);
    if (!outcome.ok())
      throw Error("make " + targets.front() + ": " + outcome.str() + "\n" +
                  text::join(output.reasons(), "\n") + no_room());
  }

  /// Programs tell of a full disk in many ways, or not at all.
  std::string no_room() const {
    constexpr std::uintmax_t next_to_nothing = 1 << 20;
    std::error_code error;
    const bool full = fs::space(folder_, error).available < next_to_nothing && !error;
    return full ? "\n" + folder_.string() + ": No space left on device" : "";
  }

  /// The files beside each other in a new folder, which takes the place of the old one.
  Result publish(const std::string& key, const fs::path& done) const {
    const TemporaryDirectory work("result", folder_);
    Result result{work.path(),
                  std::string(text::trim(read_file(objects_ / "include/config/kernel.release")))};
    copy_image(result.image());
    install_modules(result);
    const std::string modules = "lib/modules/" + result.release;
    write_tar_file(result.modules_tar(), files_below(result.modules(), "lib/modules"), {modules},
                   job_.timestamp);
    write_dev_tar(result);
    write_file_atomically(result.folder / "release", result.release);
    write_file_atomically(result.folder / "key", key);
    std::error_code ignored;
    fs::remove_all(done, ignored);
    fs::rename(work.path(), done);
    return {done, result.release};
  }

  void write_dev_tar(const Result& result) const {
    const TemporaryDirectory scratch("dev", folder_);
    const Strip strip = [this](const fs::path& program, const fs::path& copy) {
      process::Command command;
      command.argv = {"objcopy", "--strip-all", "--remove-section=.note.gnu.build-id",
                      program.string(), copy.string()};
      steps_.run("objcopy", command);
    };
    const auto files = kernel_dev_files(
        source_.path, objects_, "usr/src/linux-headers-" + result.release, scratch.path(), strip);
    write_tar_file(result.dev_tar(), files, {}, job_.timestamp);
  }

  void copy_image(const fs::path& to) const {
    fs::path from = objects_ / target();
    std::error_code error;
    if (!fs::is_regular_file(from, error)) {
      for (const fs::directory_entry& arch : fs::directory_iterator(objects_ / "arch")) {
        if (fs::is_regular_file(arch.path() / "boot" / target(), error))
          from = arch.path() / "boot" / target();
      }
    }
    if (!fs::is_regular_file(from, error))
      throw Error("make left no " + target() + " in " + objects_.string());
    if (target() != "vmlinux") {
      fs::copy_file(from, to);
      return;
    }
    // Symbols are a third of it, and for debuggers only.
    process::Command strip;
    strip.argv = {tools_.prefix + "objcopy", "--strip-all", from.string(), to.string()};
    steps_.run("objcopy", strip);
  }

  void install_modules(const Result& result) const {
    const fs::path modules = result.modules() / result.release;
    fs::create_directories(modules);
    if (!has_modules(read_file(objects_ / ".config"))) return;
    const fs::path root = result.folder / "root";
    make({"modules_install", "INSTALL_MOD_PATH=" + root.string(), "INSTALL_MOD_STRIP=1"});
    std::error_code ignored;
    fs::remove_all(modules, ignored);
    fs::rename(root / "lib/modules" / result.release, modules);
    fs::remove_all(root, ignored);
    // Links to this host's folders.
    for (const char* link : {"build", "source"}) fs::remove(modules / link, ignored);
  }

  const CompileJob& job_;
  const SourceTree& source_;
  const pkg::Steps& steps_;
  const Toolchain tools_;
  const fs::path folder_, objects_;
};

}  // namespace

fs::path folder_of(const fs::path& folder, const Series& series, const Flavour& flavour,
                   const Arch& arch, const SourceTree& source) {
  const fs::path shared =
      folder / "build" /
      (series.directory.filename().string() + "-" + arch.name + "-" + source.key);
  fs::create_directories(shared / flavour.name);
  mark_used(shared);
  return shared / flavour.name;
}

Result compile(const CompileJob& job, const SourceTree& source, const fs::path& folder,
               const pkg::Steps& steps) {
  const fs::path own = folder_of(folder, job.series, job.flavour, job.arch, source);
  if (!job.afresh) return Compilation(job, source, own.parent_path() / "objects", own, steps).run();
  const TemporaryDirectory work("afresh", folder);
  // At another place, so that a kernel that knows its folders is found out.
  const SourceTree elsewhere{work.path() / "source", source.key, source.version};
  fs::copy(source.path, elsewhere.path,
           fs::copy_options::recursive | fs::copy_options::create_hard_links |
               fs::copy_options::copy_symlinks);
  Compilation(job, elsewhere, work.path() / "objects", work.path(), steps).run();
  const fs::path kept = own.string() + "-afresh";
  std::error_code ignored;
  fs::remove_all(kept, ignored);
  fs::rename(work.path() / "result", kept);
  return {kept, read_file(kept / "release")};
}

}  // namespace rtfx::kernel
