// SPDX-License-Identifier: Apache-2.0
//
// For the tests of assemble(): a store with a few images, and a folder for outputs.
#pragma once

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "harness/image/fixture.hpp"
#include "harness/image/image.hpp"

namespace rtfx::image::fixture {

using nlohmann::json;

class AssembleFixture : public testing::Test {
 protected:
  AssembleFixture() {
    std::filesystem::create_directory(out);
    const std::string modules =
        make_tar({dir("lib"), dir("lib/modules"), file("lib/modules/x.ko", "module")});
    add_image(store, "docker.io/org/kernel:1",
              {make_tar({file("kernel", "vmlinuz", 0600), file("kernel.tar", modules),
                         file("kernel-dev.tar", "big"), file("u.cpio", "micro")},
                        Packing::gzip)},
              {}, Packing::gzip);
    add_image(
        store, "docker.io/org/init:1",
        {make_tar({file("init", "#!/bin/sh", 0755), dir("etc", 0700), file("etc/hostname", "build"),
                   link("etc/resolv.conf", "nowhere"), dir("boot"), file("boot/extra", "")})});
    add_image(store, "docker.io/org/a:1",
              {make_tar({dir("bin"),
                         file("bin/a", "a", 0755),
                         hard("bin/b", "bin/a"),
                         dir("dev"),
                         {"dev/console", 'c', "", 0600},
                         file(".dockerenv", "")})});
    add_image(
        store, "docker.io/org/ro:1", {make_tar({file("x", "x")})},
        json{{"Cmd", {"/x"}}, {"Labels", {{"org.mobyproject.config", "{\"readonly\": true}"}}}});
  }
  Assembled assemble(const std::string& yaml, Format format = Format::kernel_initrd,
                     const std::filesystem::path& cache = {}) {
    write_file_atomically(directory.path() / "x.yml", yaml);
    Diagnostics diagnostics;
    const auto spec = load_image({ImageFile{directory.path() / "x.yml"}}, nullptr, diagnostics);
    diagnostics.throw_if_any();
    AssembleOptions options;
    options.arch = ArchTable::builtin().find("amd64");
    options.formats = {format};
    options.directory = out;
    options.name = "x";
    options.cache = cache;
    options.compression = compression;
    options.accept = accept;
    return image::assemble(*spec, store, options);
  }
  /// "PERMISSIONS PATH" and link targets of the tar that the YAML gives.
  std::string listing(const std::string& yaml) {
    assemble(yaml, Format::tar);
    return shell("tar --warning=no-unknown-keyword -tvf " + (out / "x.tar").string() +
                 " | sed 's/^\\([^ ]*\\) .* [0-9][0-9]:[0-9][0-9] /\\1 /'");
  }
  std::string member(const std::string& path) {
    return shell("tar --warning=no-unknown-keyword -xOf " + (out / "x.tar").string() + " " + path);
  }
  std::string failure(const std::string& yaml) {
    try {
      assemble(yaml);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(out))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  TemporaryDirectory directory;
  std::filesystem::path out = directory.path() / "out";
  oci::Store store{directory.path() / "store"};
  std::function<void(const std::vector<UsedImage>&)> accept;
  Compression compression = Compression::gzip;
};

/// An image that uses everything.
inline const std::string whole = R"(
kernel: {image: org/kernel:1, cmdline: console=ttyS0 quiet}
init: [org/init:1]
onboot: [{name: one, image: org/a:1}, {name: two, image: org/ro:1}]
onshutdown: [{name: bye, image: org/ro:1}]
services: [{name: s, image: org/a:1, binds: ["v:/v"]}, {name: r, image: org/a:1, readonly: true}]
volumes: [{name: v}, {name: w, image: org/ro:1}]
files:
  - {path: etc/motd, contents: hello, mode: "0644"}
  - {path: etc/secret, contents: s}
  - {path: new/dir/f, contents: f, mode: "0640", uid: s, gid: 7}
  - {path: etc/localtime, symlink: /usr/share/zoneinfo/UTC}
)";

}  // namespace rtfx::image::fixture
