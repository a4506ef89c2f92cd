// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/configuration.hpp"

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::kernel {

namespace {

/// What the fragments ask for. Throws all that is wrong with them.
std::vector<Request> requests_of(const std::vector<fs::path>& fragments, Diagnostics& diagnostics) {
  std::vector<std::vector<Request>> all;
  for (const fs::path& fragment : fragments) all.push_back(read_fragment(fragment, diagnostics));
  diagnostics.throw_if_any();
  return merge(all);
}

/// What a configuration is a function of.
Digest digest_of(const std::vector<fs::path>& fragments, const SourceTree& source,
                 const Toolchain& tools) {
  std::string words = source.key + "\n" + tools.identity + "\n";
  for (const fs::path& fragment : fragments) words += Digest::of(read_file(fragment)).hex() + "\n";
  return Digest::of(words);
}

/// As the kernel's own scripts make it, in `work`, which is an empty folder.
std::string merged(const std::vector<fs::path>& fragments, const SourceTree& source,
                   const Toolchain& tools, const fs::path& work, const pkg::Steps& steps) {
  const auto make = [&](const char* target) {
    steps.run(std::string("make ") + target, make_command(tools, source.path, work, {target}));
  };
  make("tinyconfig");
  process::Command merge = make_command(tools, source.path, work, {});
  merge.argv = {(source.path / "scripts/kconfig/merge_config.sh").string(), "-m", "-O",
                work.string(), (work / ".config").string()};
  for (const fs::path& fragment : fragments) merge.argv.push_back(fragment.string());
  merge.cwd = work;
  steps.run("merge_config.sh", merge);
  make("olddefconfig");
  return read_file(work / ".config");
}

}  // namespace

std::vector<fs::path> fragments_of(const Series& series, const Flavour& flavour,
                                   const std::string& arch, Diagnostics& diagnostics) {
  std::vector<std::string> names{"base", arch};
  names.insert(names.end(), flavour.configs.begin(), flavour.configs.end());
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    const std::size_t before = files.size();
    std::vector<std::string> folders;
    for (const fs::path& folder : series.config_folders) {
      const fs::path file = folder / (name + ".config");
      std::error_code error;
      if (fs::is_regular_file(file, error)) files.push_back(file);
      folders.push_back(folder.string());
    }
    if (files.size() == before)
      diagnostics.error({series.file, 0}, "flavour " + flavour.name + " for " + arch + " needs " +
                                              name + ".config, which is not in " +
                                              text::join(folders, " or "));
  }
  return files;
}

std::string configuration(const Series& series, const Flavour& flavour, const Arch& arch,
                          const SourceTree& source, const Toolchain& tools, const fs::path& folder,
                          const pkg::Steps& steps) {
  Diagnostics diagnostics;
  const std::vector<fs::path> fragments = fragments_of(series, flavour, arch.name, diagnostics);
  diagnostics.throw_if_any();
  const fs::path kept = folder / ("config-" + digest_of(fragments, source, tools).hex());
  std::error_code error;
  if (fs::is_regular_file(kept, error)) return read_file(kept);

  const std::vector<Request> requests = requests_of(fragments, diagnostics);
  const TemporaryDirectory work("config", folder);
  const std::string text = merged(fragments, source, tools, work.path(), steps);
  std::vector<std::string> lost = unmet(requests, parse_config(text));
  if (lost.empty()) {
    write_file_atomically(kept, text);
    return text;
  }
  lost.push_back(
      "what these depend on is missing, or something else selects them: see `make ARCH=" +
      tools.arch + " menuconfig` of Linux " + source.version);
  throw Error(text::join(lost, "\n"), ExitCode::usage);
}

}  // namespace rtfx::kernel
