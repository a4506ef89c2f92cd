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

/// Files and symbolic links below a folder of `root` for which `wanted` (given the path from `root`) is true.
template <typename Wanted>
std::vector<std::string> paths_below(const fs::path& root, const std::string& folder,
                                     const Wanted& wanted) {
  std::vector<std::string> paths;
  std::error_code error;
  if (!fs::is_directory(root / folder, error)) return paths;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
    std::string path = entry.path().lexically_relative(root).string();
    if ((entry.is_symlink() || entry.is_regular_file()) && wanted(path))
      paths.push_back(std::move(path));
  }
  return paths;
}

/// Files by their place; a later one, of the objects, takes that of a source.
class Collection {
 public:
  explicit Collection(std::string prefix) : prefix_(std::move(prefix)) {}

  void add(const fs::path& root, const std::string& path) {
    files_[prefix_ + "/" + path] = root / path;
  }
  /// All below a folder for which `wanted` is true.
  template <typename Wanted>
  void add_below(const fs::path& root, const std::string& folder, const Wanted& wanted) {
    for (const std::string& path : paths_below(root, folder, wanted)) add(root, path);
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

/// The files of the objects folder, without the names of this host's folders in them: elsewhere, the same kernel would have
/// other bytes.
class Objects {
 public:
  Objects(const fs::path& source, const fs::path& folder, const fs::path& scratch,
          const Strip& strip)
      : names_{folder.string() + "/", source.string() + "/"},
        folder_(folder),
        scratch_(scratch),
        strip_(strip) {}

  const fs::path& folder() const { return folder_; }

  void add_if_there(const std::string& path, Collection& files) const {
    std::error_code error;
    if (fs::is_regular_file(folder_ / path, error)) files.add(root_of(path), path);
  }
  /// All below a folder for which `wanted` is true.
  template <typename Wanted>
  void add_below(const std::string& below, const Wanted& wanted, Collection& files) const {
    for (const std::string& path : paths_below(folder_, below, wanted))
      files.add(root_of(path), path);
  }

 private:
  /// Where the file is as it should be.
  const fs::path& root_of(const std::string& path) const {
    const fs::path file = folder_ / path;
    if (fs::is_symlink(file)) return folder_;
    std::string content = read_file(file);
    if (content.starts_with("\177ELF")) {
      fs::create_directories((scratch_ / path).parent_path());
      strip_(file, scratch_ / path);
      return scratch_;
    }
    if (!remove_names(content)) return folder_;
    write_file_atomically(scratch_ / path, content);
    return scratch_;
  }

  bool remove_names(std::string& text) const {
    const std::size_t size = text.size();
    for (const std::string& name : names_) {
      for (auto at = text.find(name); at != text.npos; at = text.find(name, at))
        text.erase(at, name.size());
    }
    return text.size() != size;
  }

  const std::array<std::string, 2> names_;
  const fs::path &folder_, &scratch_;
  const Strip& strip_;
};

void add_objects(const Objects& objects, const std::string& arch, Collection& files) {
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
  const Config config = parse_config(read_file(objects.folder() / ".config"));
  const auto has = [&](const char* option) {
    const auto found = config.find(option);
    return found != config.end() && found->second != "n";
  };
  for (const auto& [file, option] : wanted) {
    if (*option == '\0' || has(option)) objects.add_if_there(file, files);
  }
  const auto generated = [](const std::string& path) { return !is_by_product(path); };
  objects.add_below("include/generated", generated, files);
  objects.add_below(arch + "/include/generated", generated, files);
  if (has("GCC_PLUGINS")) {
    objects.add_below(
        "scripts/gcc-plugins", [](const std::string& path) { return path.ends_with(".so"); },
        files);
  }
  // Linked into every module of this arch.
  const std::string expoline = arch + "/lib/expoline/expoline.o";
  std::error_code error;
  if (has("EXPOLINE_EXTERN") && fs::is_regular_file(objects.folder() / expoline, error))
    files.add(objects.folder(), expoline);
}

}  // namespace

std::vector<TarFile> kernel_dev_files(const fs::path& source, const fs::path& objects,
                                      const std::string& prefix, const fs::path& scratch,
                                      const Strip& strip) {
  Collection files(prefix);
  const Objects made(source, objects, scratch, strip);
  for (const std::string& arch : arches_of(objects)) {
    add_source(source, arch, files);
    add_objects(made, arch, files);
  }
  return files.take();
}

}  // namespace rtfx::kernel
