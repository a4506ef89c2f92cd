// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/media.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/disk_format.hpp"

namespace rtfx::vm {

namespace {

/// A root file system beside a kernel.
struct Root {
  const char* suffix;
  const char* device;  ///< what Linux calls it, beside a kernel; nullptr: an initrd
  const char* build;   ///< the format of `rtfx build` that has it
};
// linuxkit takes -squashfs.img before -initrd.img, and knows neither of the others here.
constexpr Root squashfs_root{"-squashfs.img", "/dev/vda", "kernel+squashfs"};
constexpr Root initrd_root{"-initrd.img", nullptr, "kernel+initrd"};
constexpr Root iso_root{".iso", "/dev/sr0", "kernel+iso"};
constexpr Root roots[] = {
    squashfs_root, initrd_root, {"-erofs.img", "/dev/vda", "kernel+erofs"}, iso_root};

bool is_there(const fs::path& path) {
  std::error_code none;
  return fs::exists(path, none);
}

fs::path beside(const fs::path& prefix, std::string_view suffix) {
  return fs::path(prefix.string() + std::string(suffix));
}

Error usage(const std::string& message) { return Error(message, ExitCode::usage); }

/// How files of disks and ISOs are called, by `rtfx build` and others.
bool is_image_name(const std::string& name) {
  constexpr const char* endings[] = {".img", ".iso", ".qcow2", ".vhd", ".vmdk", ".raw"};
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](const char* end) { return name.ends_with(end); });
}

bool belongs_to_kernel(const std::string& name) {
  return std::any_of(std::begin(roots), std::end(roots), [&](const Root& root) {
    return root.suffix != iso_root.suffix && name.ends_with(root.suffix);
  });
}

/// What `rtfx build` may have written for this prefix, or for one that is spelled nearly so.
std::string what_there_is(const fs::path& prefix) {
  const fs::path directory = prefix.has_parent_path() ? prefix.parent_path() : fs::path(".");
  const std::string wanted = prefix.filename().string();
  std::vector<std::string> prefixes, images;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename().string();
    const std::string full = (prefix.parent_path() / name).string();
    constexpr std::string_view kernel = "-kernel";
    if (name.ends_with(kernel)) prefixes.push_back(full.substr(0, full.size() - kernel.size()));
    if (wanted.empty() || !name.starts_with(wanted) || belongs_to_kernel(name)) continue;
    if (is_image_name(name)) images.push_back(full);
  }
  std::sort(images.begin(), images.end());
  if (!images.empty()) return "; there is " + text::join(images, ", ");
  std::erase(prefixes, prefix.string());  // it lacks something else
  return text::did_you_mean(prefix.string(), prefixes);
}

void add_root_word(std::string& cmdline, const std::string& device) {
  for (const std::string& word : text::split_list(cmdline, ' ')) {
    if (word.starts_with("root=")) return;
  }
  cmdline = std::string(text::trim(cmdline)) + " root=" + device;
}

Medium with_kernel(const fs::path& prefix, const Root& root) {
  Medium medium;
  std::vector<std::string> missing;
  for (const char* suffix : {"-kernel", root.suffix}) {
    if (!is_there(beside(prefix, suffix))) missing.push_back(beside(prefix, suffix).string());
  }
  if (!missing.empty()) {
    const std::string hint = what_there_is(prefix);
    if (is_image_name(prefix.string()) && missing.size() == 2)
      throw usage(fmt::format("no image \"{}\": no such file{}", prefix.string(), hint));
    throw usage(fmt::format(
        "no image \"{}\": missing {}{}", prefix.string(), text::join(missing, ", "),
        hint.empty() ? fmt::format("; rtfx build --format {} writes it", root.build) : hint));
  }
  medium.kernel = beside(prefix, "-kernel");
  const fs::path cmdline = beside(prefix, "-cmdline");
  if (is_there(cmdline)) {
    check_readable(cmdline, "command line");
    medium.cmdline = std::string(text::trim(read_file(cmdline)));
  }
  if (root.device == nullptr) {
    medium.initrd = beside(prefix, root.suffix);
    return medium;
  }
  medium.image = beside(prefix, root.suffix);
  medium.cdrom = look_into(medium.image, "root file system").iso;
  medium.format = "raw";
  medium.read_only = true;
  add_root_word(medium.cmdline, root.device);
  return medium;
}

Medium from_prefix(const fs::path& prefix) {
  const Root* chosen = nullptr;
  std::vector<std::string> others;
  if (is_there(beside(prefix, "-kernel"))) {
    for (const Root& root : roots) {
      if (!is_there(beside(prefix, root.suffix))) continue;
      if (chosen == nullptr) {
        chosen = &root;
      } else {
        others.push_back(beside(prefix, root.suffix).string());
      }
    }
  }
  Medium medium = with_kernel(prefix, chosen != nullptr ? *chosen : initrd_root);
  if (!others.empty()) {
    medium.note =
        fmt::format("{} has the root file system; not used: {} (--kernel takes the initrd)",
                    beside(prefix, chosen->suffix).string(), text::join(others, ", "));
  }
  return medium;
}

Medium from_file(const fs::path& image, bool as_iso) {
  const FileContent content = look_into(image, as_iso ? "ISO image" : "disk image");
  Medium medium;
  medium.image = image;
  medium.cdrom = as_iso || (content.iso && content.format == "raw");
  if (medium.cdrom && !content.iso)
    throw usage(fmt::format("{} is no ISO image: it has no ISO 9660 file system", image.string()));
  medium.format = content.format;
  medium.read_only = medium.cdrom;
  return medium;
}

}  // namespace

Medium find_medium(const fs::path& image, MediumChoice choice) {
  switch (choice) {
    case MediumChoice::kernel:
      return with_kernel(image, initrd_root);
    case MediumChoice::squashfs:
      return with_kernel(image, squashfs_root);
    case MediumChoice::iso:
      if (!is_there(image))
        throw usage(fmt::format("no ISO image {}{}", image.string(), what_there_is(image)));
      return from_file(image, true);
    case MediumChoice::found:
      break;
  }
  // A directory may be called as a prefix is.
  std::error_code none;
  const bool prefix =
      !is_there(image) || (fs::is_directory(image, none) && is_there(beside(image, "-kernel")));
  if (prefix) return from_prefix(image);
  return from_file(image, image.native().ends_with(".iso"));
}

bool needs_uefi(const Medium& medium, const Arch& arch) {
  if (!medium.kernel.empty()) return false;
  // A machine with neither BIOS nor UEFI starts disks in a way of its own.
  const bool only_uefi = !arch.bios && !arch.efi.empty();
  if (medium.cdrom || medium.format != "raw" || (!arch.bios && arch.efi.empty())) return only_uefi;
  if (!look_into(medium.image, "disk image").boot_sector) {
    throw usage(
        fmt::format("{} is no disk that a guest could start from: its first sector has no boot "
                    "signature (55 aa)",
                    medium.image.string()));
  }
  return only_uefi;
}

}  // namespace rtfx::vm
