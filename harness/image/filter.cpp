// SPDX-License-Identifier: Apache-2.0
#include "harness/image/filter.hpp"

namespace rtfx::image {

namespace {

constexpr std::string_view hosts =
    "127.0.0.1       localhost\n"
    "::1     localhost ip6-localhost ip6-loopback\n"
    "fe00::0 ip6-localnet\n"
    "ff00::0 ip6-mcastprefix\n"
    "ff02::1 ip6-allnodes\n"
    "ff02::2 ip6-allrouters\n";
constexpr std::string_view no_resolv = "\n# no resolv.conf configured\n";

}  // namespace

void drop_leftovers(Tree& tree) {
  for (const char* path :
       {".dockerenv", "Dockerfile", "dev/console", "dev/pts", "dev/shm", "etc/hostname"})
    tree.remove(path);
}

void add_basics(Tree& tree, Resolv resolv, Spool& spool, std::uint32_t origin) {
  for (const char* path : {"dev", "dev/pts", "dev/shm", "etc", "proc", "sys"}) {
    if (tree.find(path) != nullptr) continue;
    Inode directory;
    directory.type = FileType::directory;
    directory.mode = 0755;
    directory.origin = origin;
    tree.put(path, std::move(directory));
  }
  const auto put_link = [&](const char* path, const char* target) {
    Inode link;
    link.type = FileType::symlink;
    link.mode = 0755;
    link.target = target;
    link.origin = origin;
    tree.put(path, std::move(link));
  };
  const auto put_text = [&](const char* path, std::string_view text) {
    Inode file;
    file.data = spool.add(text);
    file.origin = origin;
    tree.put(path, std::move(file));
  };
  if (tree.find("etc/mtab") == nullptr) put_link("etc/mtab", "/proc/mounts");
  put_text("etc/hosts", hosts);
  if (resolv == Resolv::text) {
    put_text("etc/resolv.conf", no_resolv);
  } else {
    put_link("etc/resolv.conf", "/run/resolvconf/resolv.conf");
  }
}

}  // namespace rtfx::image
