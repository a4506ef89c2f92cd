// SPDX-License-Identifier: Apache-2.0
#include "harness/image/layout.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/filter.hpp"
#include "harness/image/gunzip.hpp"
#include "harness/image/kernel_binary.hpp"
#include "harness/image/layers.hpp"
#include "harness/image/oci_config.hpp"
#include "harness/image/sbom.hpp"
#include "harness/oci/reference.hpp"

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
  Builder(const ImageSpec& spec, const SourceImages& images, Spool& spool, const LayoutParts& parts)
      : spec_(spec), images_(images), spool_(spool), parts_(parts) {}
  Layout build();

 private:
  void add_kernel(const Kernel& kernel);
  void add_modules(const Extent& tar, std::uint32_t origin);
  void put_decompressed_kernel(const Inode& binary, const SourceImage& image);
  void add_init();
  void merge_package_databases(std::uint32_t origin);
  void add_volume(const Volume& volume, const std::string& location);
  void add_containers(const char* section, const std::vector<Container>& containers, bool numbered);
  void add_container(const Container& container, const std::string& location,
                     const std::string& prefix);
  void add_sbom();
  void put_text(const std::string& path, std::string_view text, std::uint32_t origin);
  void note_sbom(const std::string& location, const SourceImage& image, const std::string& prefix) {
    if (!image.sboms.empty()) sboms_.push_back({location, prefix, image.sboms});
  }
  std::uint32_t origin(const std::string& location, const std::string& source) {
    return layout_.root.add_origin({location, source});
  }
  std::uint32_t origin(const std::string& location, const SourceImage& image) {
    return layout_.root.add_origin(
        {location, image.full_ref, parts_.arch + " " + image.manifest.digest.str()});
  }
  void add_again(const std::vector<LaidOut>& entries);

  const ImageSpec& spec_;
  const SourceImages& images_;
  Spool& spool_;
  const LayoutParts& parts_;
  Layout layout_;
  std::vector<SbomPart> sboms_;
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
  note_sbom("kernel", image, "");
  layout_.cmdline = kernel.cmdline;
  if (parts_.kernel) {
    add_again(*parts_.kernel);
    const Inode* binary = layout_.root.find("boot/kernel");
    const Inode* ucode = layout_.root.find("boot/ucode.cpio");
    if (binary != nullptr) layout_.kernel = binary->data;
    if (ucode != nullptr) layout_.ucode = ucode->data;
    put_text("boot/cmdline", kernel.cmdline, origin("kernel", image));
    return;
  }
  const std::uint32_t from = origin("kernel", image);
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
  put_boot("boot/kernel", binary);
  if (parts_.decompress_kernel) put_decompressed_kernel(binary, image);
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

/// Layout::kernel stays as it is: formats that want the kernel apart decompress it themselves.
void Builder::put_decompressed_kernel(const Inode& binary, const SourceImage& image) {
  spool_.fetch(binary.data);
  const auto packed = in_context("--decompress-kernel", [&] {
    const auto gzip = find_gzip(binary.data, spool_);
    if (!gzip) throw Error("the kernel is not compressed by gzip");
    return *gzip;
  });
  Inode file;
  file.mode = binary.mode;
  std::uint64_t size = 0;
  gunzip(packed, spool_, [&](std::string_view bytes) { size += bytes.size(); }, {});
  file.data = spool_.reserve(size);
  std::uint64_t at = file.data.offset;
  gunzip(packed, spool_,
         [&](std::string_view bytes) {
           spool_.write_at(at, bytes);
           at += bytes.size();
         },
         {});
  file.origin = layout_.root.add_origin(
      {"kernel", image.full_ref, parts_.arch + " " + image.manifest.digest.str(), true});
  layout_.root.put("boot/kernel", std::move(file));
}

void Builder::add_modules(const Extent& tar, std::uint32_t origin) {
  layout_.root.merge(read_members(tar, spool_), "", origin);
}

/// Entries that were merged before need no merging among themselves.
void Builder::add_again(const std::vector<LaidOut>& entries) {
  std::map<std::pair<std::string, std::string>, std::uint32_t> origins;
  for (const LaidOut& entry : entries) {
    if (entry.hard_link) {
      layout_.root.link(entry.path, *entry.hard_link);
      continue;
    }
    const auto [known, is_new] = origins.try_emplace({entry.origin.location, entry.origin.source});
    if (is_new) known->second = layout_.root.add_origin(entry.origin);
    Inode inode = entry.inode;
    inode.origin = known->second;
    layout_.root.merge_entry(entry.path, std::move(inode));
  }
}

void Builder::add_init() {
  if (parts_.init) {
    for (std::size_t i = 0; i < spec_.init.size(); ++i)
      note_sbom(fmt::format("init[{}]", i), images_.at(spec_.init[i]), "");
    add_again(*parts_.init);
    return;
  }
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < spec_.init.size(); ++i) {
    const std::string location = fmt::format("init[{}]", i);
    const SourceImage& image = images_.at(spec_.init[i]);
    in_context(location + " (" + spec_.init[i] + ")", [&] {
      Tree files = *image.files;
      drop_leftovers(files);
      last = origin(location, image);
      note_sbom(location, image, "");
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
    spool_.fetch(database);
    spool_.copy_to(database, [&](std::string_view bytes) { all += bytes; });
    all += "\n\n";
  }
  put_text(path, all, origin);
}

void Builder::add_volume(const Volume& volume, const std::string& location) {
  const std::string prefix = "containers/volumes/" + volume.name;
  const std::uint32_t own = origin(location, "linuxkit.volumes");
  if (volume.holds_layout()) {
    const std::uint32_t from = origin(location, oci::expand_reference(volume.image));
    layout_.root.put(prefix + "/lower", directory(from));
    layout_.root.merge(*parts_.volumes.at(volume.name), prefix + "/lower", from);
  } else if (volume.image.empty()) {
    layout_.root.put(prefix + "/lower", directory(origin(location, "empty")));
  } else {
    const SourceImage& image = images_.at(volume.image);
    Tree files = *image.files;
    const std::uint32_t from = origin(location, image);
    drop_leftovers(files);
    add_basics(files, Resolv::link, spool_, 0);
    layout_.root.put(prefix + "/lower", directory(from));
    layout_.root.merge(files, prefix + "/lower", from);
    note_sbom(location, image, prefix + "/lower");
  }
  layout_.root.put(prefix + "/tmp", directory(own));
  layout_.root.put(prefix + "/merged", directory(own));
}

void Builder::add_container(const Container& container, const std::string& location,
                            const std::string& prefix) {
  const SourceImage& image = images_.at(container.image);
  const auto before = parts_.containers.find(location);
  const ResolvedContainer resolved = before != parts_.containers.end()
                                         ? before->second
                                         : resolve_container(container, image.config, spec_);
  const std::uint32_t from = origin(location, image);
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
    note_sbom(location, image, own_files);
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

void Builder::add_sbom() {
  in_context("the SBOM", [&] {
    Inode file;
    file.data = spool_.add(merge_sboms(sboms_, parts_.sbom));
    const std::string path = layout_.root.resolve_parents(normalise_path(parts_.sbom.path));
    const bool replaces = layout_.root.find(path) != nullptr || parts_.hidden.contains(path);
    file.origin = layout_.root.add_origin({"sbom", "linuxkit.sbom", "", replaces});
    layout_.root.merge_entry(path, std::move(file));
  });
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
  add_files(spec_, layout_.root, spool_, parts_.hidden);
  if (!parts_.sbom.path.empty()) add_sbom();
  return std::move(layout_);
}

}  // namespace

Layout lay_out(const ImageSpec& spec, const SourceImages& images, Spool& spool,
               const LayoutParts& parts) {
  return Builder(spec, images, spool, parts).build();
}

}  // namespace rtfx::image
