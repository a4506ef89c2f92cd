// SPDX-License-Identifier: Apache-2.0
#include "harness/image/layout.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/archive.hpp"
#include "harness/image/filter.hpp"
#include "harness/image/oci_config.hpp"

namespace rtfx::image {

namespace {

Inode directory(std::uint32_t origin) {
  Inode inode;
  inode.type = FileType::directory;
  inode.mode = 0755;
  inode.origin = origin;
  return inode;
}

class Builder {
 public:
  Builder(const ImageSpec& spec, const SourceImages& images, Spool& spool)
      : spec_(spec), images_(images), spool_(spool) {}
  Layout build();

 private:
  void add_kernel(const Kernel& kernel);
  void add_modules(const Extent& tar, std::uint32_t origin);
  void add_init();
  void merge_package_databases(std::uint32_t origin);
  void add_volume(const Volume& volume, const std::string& location);
  void add_containers(const char* section, const std::vector<Container>& containers, bool numbered);
  void add_container(const Container& container, const std::string& location,
                     const std::string& prefix);
  void put_text(const std::string& path, std::string_view text, std::uint32_t origin);
  std::uint32_t origin(const std::string& location, const std::string& source) {
    return layout_.root.add_origin({location, source});
  }

  const ImageSpec& spec_;
  const SourceImages& images_;
  Spool& spool_;
  Layout layout_;
  std::map<Digest, std::string> placed_;  ///< images that are on disk for a container: where
};

void Builder::put_text(const std::string& path, std::string_view text, std::uint32_t origin) {
  Inode file;
  file.data = spool_.add(text);
  file.origin = origin;
  layout_.root.put(path, std::move(file));
}

const Inode& regular_file(const Tree& tree, const std::string& name, const char* what) {
  const Inode* found = tree.find(tree.resolve_parents(normalise_path(name)));
  if (found == nullptr || found->type != FileType::regular)
    throw Error(std::string("the image has no ") + what + ": no file /" + name);
  return *found;
}

void Builder::add_kernel(const Kernel& kernel) {
  const SourceImage& image = images_.at(kernel.image);
  const std::uint32_t from = origin("kernel", image.full_ref);
  const auto put_boot = [&](const char* path, const Inode& inode) {
    Inode copy;
    copy.mode = inode.mode;
    copy.data = inode.data;
    copy.origin = from;
    layout_.root.put(path, std::move(copy));
  };
  const Inode& binary = regular_file(*image.files, kernel.binary, "kernel");
  layout_.root.put("boot", directory(from));
  layout_.kernel = binary.data;
  layout_.cmdline = kernel.cmdline;
  put_boot("boot/kernel", binary);
  put_text("boot/cmdline", kernel.cmdline, from);
  if (!kernel.ucode.empty()) {
    const Inode& ucode = regular_file(*image.files, kernel.ucode, "microcode");
    layout_.ucode = ucode.data;
    put_boot("boot/ucode.cpio", ucode);
  }
  if (!kernel.tar.empty()) {
    const Extent tar = regular_file(*image.files, kernel.tar, "kernel tar").data;
    in_context("/" + kernel.tar, [&] { add_modules(tar, from); });
  }
}

void Builder::add_modules(const Extent& tar, std::uint32_t origin) {
  Tree members;
  members.add_origin({});
  const auto read_at = [&](std::uint64_t offset, char* buffer, std::size_t size) {
    return spool_.read_at(tar, offset, buffer, size);
  };
  read_tar(read_at, spool_, {}, [&](ArchiveMember member) {
    if (member.hard_link) {
      members.link(member.path, *member.hard_link);
    } else {
      members.put(member.path, std::move(member.inode));
    }
  });
  layout_.root.merge(members, "", origin);
}

void Builder::add_init() {
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < spec_.init.size(); ++i) {
    const std::string location = fmt::format("init[{}]", i);
    const SourceImage& image = images_.at(spec_.init[i]);
    in_context(location + " (" + spec_.init[i] + ")", [&] {
      Tree files = *image.files;
      drop_leftovers(files);
      last = origin(location, image.full_ref);
      layout_.root.merge(files, "", last);
    });
  }
  if (spec_.init.empty()) return;
  merge_package_databases(last);
  add_basics(layout_.root, Resolv::link, spool_, last);
}

/// Each init image made with apk has its own list of packages; the root has all of them.
void Builder::merge_package_databases(std::uint32_t origin) {
  const std::string path = "lib/apk/db/installed";
  std::vector<Extent> databases;
  for (const std::string& ref : spec_.init) {
    const Inode* database = images_.at(ref).files->find(path);
    if (database != nullptr && database->type == FileType::regular)
      databases.push_back(database->data);
  }
  if (databases.size() < 2) return;
  std::string all;
  for (const Extent& database : databases) {
    spool_.copy_to(database, [&](std::string_view bytes) { all += bytes; });
    all += "\n\n";
  }
  put_text(path, all, origin);
}

void Builder::add_volume(const Volume& volume, const std::string& location) {
  const std::string prefix = "containers/volumes/" + volume.name;
  const std::uint32_t own = origin(location, "linuxkit.volumes");
  if (volume.image.empty()) {
    layout_.root.put(prefix + "/lower", directory(origin(location, "empty")));
  } else {
    const SourceImage& image = images_.at(volume.image);
    Tree files = *image.files;
    const std::uint32_t from = origin(location, image.full_ref);
    drop_leftovers(files);
    add_basics(files, Resolv::link, spool_, 0);
    layout_.root.put(prefix + "/lower", directory(from));
    layout_.root.merge(files, prefix + "/lower", from);
  }
  layout_.root.put(prefix + "/tmp", directory(own));
  layout_.root.put(prefix + "/merged", directory(own));
}

void Builder::add_container(const Container& container, const std::string& location,
                            const std::string& prefix) {
  const SourceImage& image = images_.at(container.image);
  const ResolvedContainer resolved = resolve_container(container, image.config, spec_);
  const std::uint32_t from = origin(location, image.full_ref);
  // A read-only container runs from its files, another one from an overlay over them.
  const std::string own_files = prefix + (resolved.readonly ? "/rootfs" : "/lower");
  const auto [place, first] = placed_.emplace(image.manifest.digest, own_files);
  const std::string& files_at = place->second;
  if (first) {
    Tree files = *image.files;
    drop_leftovers(files);
    add_basics(files, Resolv::text, spool_, 0);
    layout_.root.put(own_files, directory(from));
    layout_.root.merge(files, own_files, from);
  }
  put_text(prefix + "/config.json", resolved.config_json, from);
  std::vector<Mount> mounts;
  if (resolved.readonly) {
    if (!first) layout_.root.put(prefix + "/rootfs", directory(from));
    // Also onto itself: runtimes want the root of a container to be a mount point.
    mounts.push_back({"/" + prefix + "/rootfs", "", "/" + files_at, {"bind"}, {}});
  } else {
    layout_.root.put(prefix + "/tmp", directory(from));
    layout_.root.put(prefix + "/rootfs", directory(from));
    const std::string tmp = "/" + prefix + "/tmp";
    mounts.push_back({tmp, "tmpfs", "tmpfs", {}, {}});
    mounts.push_back({tmp, "", "", {"remount", "private"}, {}});
    mounts.push_back(
        {"/" + prefix + "/rootfs",
         "overlay",
         "overlay",
         {"lowerdir=/" + files_at, "upperdir=" + tmp + "/upper", "workdir=" + tmp + "/work"},
         {}});
  }
  put_text(prefix + "/runtime.json", format_runtime(resolved.runtime, mounts), from);
}

void Builder::add_containers(const char* section, const std::vector<Container>& containers,
                             bool numbered) {
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Container& container = containers[i];
    const std::string location = fmt::format("{}[{}]", section, i);
    const std::string number = numbered ? fmt::format("{:03}-", i) : "";
    in_context(container.where.str() + ": " + location + " (" + container.name + ")", [&] {
      add_container(container, location,
                    fmt::format("containers/{}/{}{}", section, number, container.name));
    });
  }
}

Layout Builder::build() {
  origin("", "");
  if (spec_.kernel)
    in_context("kernel (" + spec_.kernel->image + ")", [&] { add_kernel(*spec_.kernel); });
  add_init();
  for (std::size_t i = 0; i < spec_.volumes.size(); ++i) {
    // The word is singular here, as linuxkit writes it.
    const std::string location = fmt::format("volume[{}]", i);
    in_context(location + " (" + spec_.volumes[i].name + ")",
               [&] { add_volume(spec_.volumes[i], location); });
  }
  add_containers("onboot", spec_.onboot, true);
  add_containers("onshutdown", spec_.onshutdown, true);
  add_containers("services", spec_.services, false);
  add_files(spec_, layout_.root, spool_);
  return std::move(layout_);
}

}  // namespace

Layout lay_out(const ImageSpec& spec, const SourceImages& images, Spool& spool) {
  return Builder(spec, images, spool).build();
}

}  // namespace rtfx::image
