// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/text.hpp"
#include "harness/image/assemble_fixture.hpp"
#include "harness/image/image.hpp"

namespace rtfx::image {
namespace {

using namespace fixture;
using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class Assemble : public AssembleFixture {};

TEST_F(Assemble, LaysOutTheDiskAsTheInitExpectsIt) {
  EXPECT_EQ(R"(drwxr-xr-x boot
-rw-r--r-- boot/cmdline
-rw-r--r-- boot/extra
-rw------- boot/kernel
drwxr-xr-x containers
drwxr-xr-x containers/onboot
drwxr-xr-x containers/onboot/000-one
-rw-r--r-- containers/onboot/000-one/config.json
drwxr-xr-x containers/onboot/000-one/lower
drwxr-xr-x containers/onboot/000-one/lower/bin
-rwxr-xr-x containers/onboot/000-one/lower/bin/a
hrwxr-xr-x containers/onboot/000-one/lower/bin/b link to containers/onboot/000-one/lower/bin/a
drwxr-xr-x containers/onboot/000-one/lower/dev
drwxr-xr-x containers/onboot/000-one/lower/dev/pts
drwxr-xr-x containers/onboot/000-one/lower/dev/shm
drwxr-xr-x containers/onboot/000-one/lower/etc
-rw-r--r-- containers/onboot/000-one/lower/etc/hosts
lrwxr-xr-x containers/onboot/000-one/lower/etc/mtab -> /proc/mounts
-rw-r--r-- containers/onboot/000-one/lower/etc/resolv.conf
drwxr-xr-x containers/onboot/000-one/lower/proc
drwxr-xr-x containers/onboot/000-one/lower/sys
drwxr-xr-x containers/onboot/000-one/rootfs
-rw-r--r-- containers/onboot/000-one/runtime.json
drwxr-xr-x containers/onboot/000-one/tmp
drwxr-xr-x containers/onboot/001-two
-rw-r--r-- containers/onboot/001-two/config.json
drwxr-xr-x containers/onboot/001-two/rootfs
drwxr-xr-x containers/onboot/001-two/rootfs/dev
drwxr-xr-x containers/onboot/001-two/rootfs/dev/pts
drwxr-xr-x containers/onboot/001-two/rootfs/dev/shm
drwxr-xr-x containers/onboot/001-two/rootfs/etc
-rw-r--r-- containers/onboot/001-two/rootfs/etc/hosts
lrwxr-xr-x containers/onboot/001-two/rootfs/etc/mtab -> /proc/mounts
-rw-r--r-- containers/onboot/001-two/rootfs/etc/resolv.conf
drwxr-xr-x containers/onboot/001-two/rootfs/proc
drwxr-xr-x containers/onboot/001-two/rootfs/sys
-rw-r--r-- containers/onboot/001-two/rootfs/x
-rw-r--r-- containers/onboot/001-two/runtime.json
drwxr-xr-x containers/onshutdown
drwxr-xr-x containers/onshutdown/000-bye
-rw-r--r-- containers/onshutdown/000-bye/config.json
drwxr-xr-x containers/onshutdown/000-bye/rootfs
-rw-r--r-- containers/onshutdown/000-bye/runtime.json
drwxr-xr-x containers/services
drwxr-xr-x containers/services/r
-rw-r--r-- containers/services/r/config.json
drwxr-xr-x containers/services/r/rootfs
-rw-r--r-- containers/services/r/runtime.json
drwxr-xr-x containers/services/s
-rw-r--r-- containers/services/s/config.json
drwxr-xr-x containers/services/s/rootfs
-rw-r--r-- containers/services/s/runtime.json
drwxr-xr-x containers/services/s/tmp
drwxr-xr-x containers/volumes
drwxr-xr-x containers/volumes/v
drwxr-xr-x containers/volumes/v/lower
drwxr-xr-x containers/volumes/v/merged
drwxr-xr-x containers/volumes/v/tmp
drwxr-xr-x containers/volumes/w
drwxr-xr-x containers/volumes/w/lower
drwxr-xr-x containers/volumes/w/lower/dev
drwxr-xr-x containers/volumes/w/lower/dev/pts
drwxr-xr-x containers/volumes/w/lower/dev/shm
drwxr-xr-x containers/volumes/w/lower/etc
-rw-r--r-- containers/volumes/w/lower/etc/hosts
lrwxr-xr-x containers/volumes/w/lower/etc/mtab -> /proc/mounts
lrwxr-xr-x containers/volumes/w/lower/etc/resolv.conf -> /run/resolvconf/resolv.conf
drwxr-xr-x containers/volumes/w/lower/proc
drwxr-xr-x containers/volumes/w/lower/sys
-rw-r--r-- containers/volumes/w/lower/x
drwxr-xr-x containers/volumes/w/merged
drwxr-xr-x containers/volumes/w/tmp
drwxr-xr-x dev
drwxr-xr-x dev/pts
drwxr-xr-x dev/shm
drwx------ etc
-rw-r--r-- etc/hosts
lrwxrwxrwx etc/localtime -> /usr/share/zoneinfo/UTC
-rw-r--r-- etc/motd
lrwxr-xr-x etc/mtab -> /proc/mounts
lrwxr-xr-x etc/resolv.conf -> /run/resolvconf/resolv.conf
-rw------- etc/secret
-rwxr-xr-x init
drwxr-xr-x lib
drwxr-xr-x lib/modules
-rw-r--r-- lib/modules/x.ko
drwxr-x--- new
drwxr-x--- new/dir
-rw-r----- new/dir/f
drwxr-xr-x proc
drwxr-xr-x sys
)",
            listing(whole));
  EXPECT_EQ("console=ttyS0 quiet", member("boot/cmdline"));
  EXPECT_EQ("\n# no resolv.conf configured\n",
            member("containers/onboot/001-two/rootfs/etc/resolv.conf"));
  EXPECT_EQ(160U, member("etc/hosts").size());
  EXPECT_THAT(shell("tar --warning=no-unknown-keyword --numeric-owner -tvf " +
                    (out / "x.tar").string() + " new/dir/f"),
              HasSubstr(" 103/7 "));
}

TEST_F(Assemble, ContainersOfOneImageShareItsFiles) {
  assemble(whole, Format::tar);
  EXPECT_EQ(json::parse(R"([
      {"destination": "/containers/services/s/tmp", "type": "tmpfs", "source": "tmpfs"},
      {"destination": "/containers/services/s/tmp", "options": ["remount", "private"]},
      {"destination": "/containers/services/s/rootfs", "type": "overlay", "source": "overlay", "options":
       ["lowerdir=/containers/onboot/000-one/lower", "upperdir=/containers/services/s/tmp/upper", "workdir=/containers/services/s/tmp/work"]}])"),
            json::parse(member("containers/services/s/runtime.json"))["mounts"]);
  EXPECT_EQ(
      json::parse(
          R"([{"destination": "/containers/services/r/rootfs", "source": "/containers/onboot/000-one/lower", "options": ["bind"]}])"),
      json::parse(member("containers/services/r/runtime.json"))["mounts"]);
  EXPECT_EQ(
      json::parse(
          R"([{"destination": "/containers/onboot/001-two/rootfs", "source": "/containers/onboot/001-two/rootfs", "options": ["bind"]}])"),
      json::parse(member("containers/onboot/001-two/runtime.json"))["mounts"]);
  EXPECT_EQ("/containers/volumes/v/merged",
            json::parse(member("containers/services/s/config.json"))["mounts"].back()["source"]);
}

TEST_F(Assemble, TheTarSaysWhereEverythingIsFrom) {
  assemble(whole, Format::tar);
  const std::string bytes = read_file(out / "x.tar");
  EXPECT_THAT(bytes, HasSubstr("LINUXKIT.location=kernel\n"));
  EXPECT_THAT(bytes, HasSubstr("LINUXKIT.source=docker.io/org/kernel:1\n"));
  EXPECT_THAT(bytes, HasSubstr("LINUXKIT.location=services[1]\n"));
  EXPECT_THAT(bytes, HasSubstr("LINUXKIT.location=volume[0]\n"));
  EXPECT_THAT(bytes, HasSubstr("LINUXKIT.source=linuxkit.files\n"));
  EXPECT_THAT(bytes, HasSubstr("PaxHeaders.0/motd"));
  EXPECT_EQ(0U, bytes.size() % 512);
}

TEST_F(Assemble, WritesKernelInitrdAndCommandLine) {
  const Assembled assembled = assemble(whole);
  EXPECT_THAT(names(), ElementsAre("x-cmdline", "x-initrd.img", "x-kernel"));
  EXPECT_THAT(assembled.outputs,
              UnorderedElementsAre(out / "x-kernel", out / "x-initrd.img", out / "x-cmdline"));
  EXPECT_EQ("vmlinuz", read_file(out / "x-kernel"));
  EXPECT_EQ("console=ttyS0 quiet", read_file(out / "x-cmdline"));
  ASSERT_EQ(4U, assembled.images.size());
  EXPECT_EQ("org/kernel:1", assembled.images[0].ref);
  EXPECT_EQ(store.resolve("docker.io/org/kernel:1")->digest, assembled.images[0].digest);
}

TEST_F(Assemble, TheInitrdHasWhatTheTarHasButForBoot) {
  assemble(whole, Format::tar);
  assemble(whole);
  const std::string initrd = (out / "x-initrd.img").string();
  EXPECT_EQ(shell("tar --warning=no-unknown-keyword -tf " + (out / "x.tar").string() +
                  " | grep -v '^boot/' | LC_ALL=C sort"),
            shell("zcat " + initrd + " | cpio --quiet -t | LC_ALL=C sort"));
  EXPECT_EQ("", shell("zcat " + initrd + " | cpio --quiet -t | sort | uniq -d"));
  EXPECT_THAT(shell("zcat " + initrd + " | cpio --quiet -tv"),
              HasSubstr("-rwxr-xr-x   2 root     root            1 "));
  EXPECT_EQ(
      "a", shell("cd " + directory.path().string() + " && mkdir root && cd root && zcat " + initrd +
                 " | cpio --quiet -idm && cat containers/onboot/000-one/lower/bin/b"));
}

TEST_F(Assemble, MicrocodeComesFirstAndUncompressed) {
  assemble("kernel: {image: org/kernel:1, ucode: u.cpio, tar: none}\ninit: [org/init:1]");
  EXPECT_THAT(read_file(out / "x-initrd.img"), testing::StartsWith("micro\x1f\x8b"));
  EXPECT_THAT(names(), ElementsAre("x-initrd.img", "x-kernel"))
      << "without a command line there is no file for it";
}

TEST_F(Assemble, TheSameInputGivesTheSameBytes) {
  for (const Format format : {Format::kernel_initrd, Format::tar}) {
    std::map<std::filesystem::path, std::string> first;
    for (const auto& path : assemble(whole, format).outputs) first[path] = read_file(path);
    for (const auto& path : assemble(whole, format).outputs)
      EXPECT_EQ(first.at(path), read_file(path)) << path;
  }
}

TEST_F(Assemble, StaleOutputsGoAndOthersStay) {
  write_file_atomically(out / "x-cmdline", "secret=1");
  write_file_atomically(out / "x.tar", "other format");
  write_file_atomically(out / "y-cmdline", "other image");
  assemble("init: [org/init:1]");
  EXPECT_THAT(names(), ElementsAre("x-initrd.img", "x.tar", "y-cmdline"));
}

TEST_F(Assemble, AFailureLeavesTheOldOutputs) {
  assemble(whole);
  const std::string before = read_file(out / "x-initrd.img");
  EXPECT_THAT(failure("kernel: {image: org/init:1}"),
              HasSubstr("kernel (org/init:1): the image has no kernel: no file /kernel"));
  EXPECT_THAT(failure("kernel: {image: org/kernel:1, tar: modules.tar}"),
              HasSubstr("no kernel tar: no file /modules.tar"));
  EXPECT_THAT(failure("kernel: {image: org/kernel:1}\nfiles: [{path: a, source: /does/not/exist}]"),
              HasSubstr("x.yml:2: files[0]: reading /does/not/exist: No such file"));
  EXPECT_THAT(names(), ElementsAre("x-cmdline", "x-initrd.img", "x-kernel"));
  EXPECT_EQ(before, read_file(out / "x-initrd.img"));
}

TEST_F(Assemble, AllMissingImagesAreToldAtOnce) {
  add_image(store, "org/other:1", {}, {}, Packing::plain, "s390x");
  const std::string message =
      failure("kernel: {image: org/gone:1}\ninit: [org/init:1, org/other:1]");
  const std::string place = "the content store " + store.directory().string();
  EXPECT_EQ("image org/gone:1: not in " + place + " for amd64\nimage org/other:1: " + place +
                " has it for s390x, but not for amd64",
            message);
}

TEST_F(Assemble, ImagesAreFoundByEveryFormOfTheirName) {
  const auto descriptor = add_image(store, "org/b:1-amd64", {});
  EXPECT_EQ(descriptor.digest, find_manifest(store, "org/b:1", "amd64").digest);
  const auto full = add_image(store, "docker.io/library/c", {make_tar({file("c", "")})});
  EXPECT_EQ(full.digest, find_manifest(store, "c", "amd64").digest);
  EXPECT_EQ(full.digest, find_manifest(store, "c@" + full.digest.str(), "amd64").digest);
  EXPECT_THROW(find_manifest(store, "c", "arm64"), Error);
}

TEST_F(Assemble, FilesDoNotSpoilWhatIsThere) {
  const std::string text = listing(
      "init: [org/a:1]\nfiles:\n- {path: bin, directory: true}\n- {path: bin/c, contents: c}\n- "
      "{path: dev, directory: true, mode: '0711'}\n- {path: usr/x, contents: x}");
  EXPECT_THAT(text, HasSubstr("drwxr-xr-x bin\n"));
  EXPECT_THAT(text, HasSubstr("-rw------- bin/c\n"));
  EXPECT_THAT(text, HasSubstr("drwx--x--x dev\n"));
  EXPECT_THAT(text, HasSubstr("drwx------ usr\n"))
      << "linuxkit's rule for directories that are made for a file";
  EXPECT_THAT(failure("init: [org/a:1]\nfiles: [{path: bin, contents: x}]"),
              HasSubstr("files[0]: \"/bin\" is a directory with files in it"));
}

TEST_F(Assemble, FilesComeFromTheHostOrTheSpec) {
  write_file_atomically(directory.path() / "src", std::string(600'000, 's'));
  const std::string source = (directory.path() / "src").string();
  assemble("init: [org/init:1]\nfiles:\n- {path: a, source: " + source +
               "}\n- {path: b, source: /does/not/exist, optional: true}\n- {path: c.yml, metadata: "
               "yaml}\n- {path: c.json, metadata: json}",
           Format::tar);
  EXPECT_EQ(std::string(600'000, 's'), member("a"));
  EXPECT_THAT(member("c.yml"), testing::StartsWith("init:\n  - \"docker.io/org/init:1\"\n"));
  EXPECT_EQ("docker.io/org/init:1", json::parse(member("c.json"))["init"][0]);
  EXPECT_THAT(shell("tar --warning=no-unknown-keyword -tf " + (out / "x.tar").string()),
              Not(HasSubstr("\nb\n")));
}

TEST_F(Assemble, PackageDatabasesOfSeveralInitImagesAreJoined) {
  add_image(store, "org/i:1", {make_tar({file("lib/apk/db/installed", "P:one\n")})});
  add_image(store, "org/i:2", {make_tar({file("lib/apk/db/installed", "P:two\n")})});
  assemble("init: [org/i:1, org/i:2]", Format::tar);
  EXPECT_EQ("P:one\n\n\nP:two\n\n\n", member("lib/apk/db/installed"));
}

TEST_F(Assemble, ExtendedAttributesGetAWarningInAnInitrdAndAreInTheTar) {
  add_image(store, "org/cap:1",
            {make_tar({{"ping", 'f', "x", 0755, 0, {{"security.capability", "c"}}}})});
  EXPECT_THAT(
      assemble("init: [org/cap:1]").warnings,
      ElementsAre("/ping: an initrd cannot hold its extended attributes (security.capability)"));
  EXPECT_THAT(assemble("init: [org/cap:1]", Format::tar).warnings, IsEmpty());
  EXPECT_THAT(read_file(out / "x.tar"), HasSubstr("SCHILY.xattr.security.capability=c\n"));
}

TEST_F(Assemble, AKernelWithoutAnImageGetsAWarning) {
  EXPECT_THAT(assemble("kernel: {cmdline: a}\ninit: [org/init:1]").warnings,
              ElementsAre(HasSubstr("x.yml:1: kernel: without \"image\" there is no kernel")));
  EXPECT_THAT(names(), ElementsAre("x-initrd.img"));
}

TEST_F(Assemble, ImagesCanBeRefused) {
  accept = [](const std::vector<UsedImage>& images) { throw Error("not " + images.back().ref); };
  EXPECT_EQ("not org/init:1", failure("init: [org/init:1]"));
  EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace rtfx::image
