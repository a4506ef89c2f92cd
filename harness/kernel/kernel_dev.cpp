// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/kernel_dev.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/files.hpp"
#include "harness/kernel/fragment.hpp"

namespace rtfx::kernel {

namespace {

bool starts_with_any(const std::string& path, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return path.starts_with(prefix); });
}

/// Files by their place; a later one, of the objects, takes that of a source.
class Collection {
 public:
  explicit Collection(std::string prefix) : prefix_(std::move(prefix)) {}

  void add(const fs::path& root, const std::string& path) {
    files_[prefix_ + "/" + path] = root / path;
  }
  void add_if_there(const fs::path& root, const std::string& path) {
    std::error_code error;
    if (fs::is_regular_file(root / path, error)) add(root, path);
  }
  /// All below a folder for which `wanted` (given the path from `root`) is true.
  template <typename Wanted>
  void add_below(const fs::path& root, const std::string& folder, const Wanted& wanted) {
    std::error_code error;
    if (!fs::is_directory(root / folder, error)) return;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = entry.path().lexically_relative(root).string();
      if ((entry.is_symlink() || entry.is_regular_file()) && wanted(path)) add(root, path);
    }
  }

  std::vector<TarFile> take() const {
    std::vector<TarFile> files;
    for (const auto& [path, from] : files_) files.push_back({path, from});
    return files;
  }

 private:
  const std::string prefix_;
  std::map<std::string, fs::path> files_;
};

/// Left over from building: nothing reads them again, and some name folders of this host.
bool is_by_product(const std::string& path) {
  const fs::path name = fs::path(path).filename();
  return name.extension() == ".o" || name.extension() == ".cmd" || name.extension() == ".d" ||
         name.extension() == ".a" || name.string().starts_with(".tmp");
}

/// "x86" of objects that have arch/x86.
std::vector<std::string> arches_of(const fs::path& objects) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(objects / "arch"))
    names.push_back("arch/" + entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void add_source(const fs::path& source, const std::string& arch, Collection& files) {
  files.add(source, "Makefile");
  files.add_below(source, "include", [](const std::string&) { return true; });
  files.add_below(source, "scripts", [](const std::string& path) {
    return !starts_with_any(path, {"scripts/dtc/", "scripts/kconfig/", "scripts/package/",
                                   "scripts/atomic/", "scripts/coccinelle/", "scripts/gdb/"});
  });
  files.add_below(source, arch, [&](const std::string& path) {
    const std::string rest = path.substr(arch.size() + 1);
    const bool top = rest.find('/') == std::string::npos && rest.starts_with("Makefile");
    return top || rest == "Kbuild.platforms" || path.ends_with("/Platform") ||
           path.find("/include/") != std::string::npos ||
           path.find("/scripts/") != std::string::npos;
  });
}

/// A file that the build of modules reads or runs.
struct Wanted {
  const char* file;
  const char* option;  ///< with which it is there; "" for always
};

void add_objects(const fs::path& objects, const std::string& arch, Collection& files) {
  static constexpr std::array wanted{
      Wanted{".config", ""},
      Wanted{"Module.symvers", ""},
      Wanted{"include/config/auto.conf", ""},
      Wanted{"include/config/kernel.release", ""},
      Wanted{"scripts/basic/fixdep", ""},
      Wanted{"scripts/mod/modpost", ""},
      Wanted{"scripts/module.lds", ""},
      Wanted{"scripts/genksyms/genksyms", "MODVERSIONS"},
      Wanted{"scripts/recordmcount", "FTRACE_MCOUNT_USE_RECORDMCOUNT"},
      Wanted{"scripts/sign-file", "MODULE_SIG"},
      Wanted{"tools/objtool/objtool", "OBJTOOL"},
      Wanted{"tools/bpf/resolve_btfids/resolve_btfids", "DEBUG_INFO_BTF_MODULES"},
  };
  const Config config = parse_config(read_file(objects / ".config"));
  const auto has = [&](const char* option) {
    const auto found = config.find(option);
    return found != config.end() && found->second != "n";
  };
  for (const auto& [file, option] : wanted) {
    if (*option == '\0' || has(option)) files.add_if_there(objects, file);
  }
  const auto generated = [](const std::string& path) { return !is_by_product(path); };
  files.add_below(objects, "include/generated", generated);
  files.add_below(objects, arch + "/include/generated", generated);
  if (has("GCC_PLUGINS")) {
    files.add_below(objects, "scripts/gcc-plugins",
                    [](const std::string& path) { return path.ends_with(".so"); });
  }
  // Linked into every module of this arch.
  if (has("EXPOLINE_EXTERN")) files.add_if_there(objects, arch + "/lib/expoline/expoline.o");
}

}  // namespace

std::vector<TarFile> kernel_dev_files(const fs::path& source, const fs::path& objects,
                                      const std::string& prefix) {
  Collection files(prefix);
  for (const std::string& arch : arches_of(objects)) {
    add_source(source, arch, files);
    add_objects(objects, arch, files);
  }
  return files.take();
}

}  // namespace rtfx::kernel
