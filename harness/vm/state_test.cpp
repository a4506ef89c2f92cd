// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/state.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/process/fake_runner.hpp"
#include "harness/vm/config_iso.hpp"
#include "harness/vm/random.hpp"

namespace rtfx::vm {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "done";
}

TEST(Random, is_of_the_right_form) {
  EXPECT_THAT(random_uuid(),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(random_uuid(), random_uuid());
  for (int i = 0; i < 50; ++i)
    EXPECT_THAT(random_mac(), MatchesRegex("[0-9a-f][26ae](:[0-9a-f]{2}){5}"));
}

TEST(ConfigIso, has_the_label_and_the_file_that_linuxkit_has) {
  for (const std::string& content :
       {std::string(), std::string("some\0thing", 10), std::string(5000, 'x')}) {
    const std::string image = config_iso(content);
    EXPECT_EQ(image.substr(16 * 2048 + 1, 5), "CD001");
    EXPECT_EQ(image.substr(16 * 2048 + 40, 8), "config  ");
    archive* reader = ::archive_read_new();
    ::archive_read_support_format_iso9660(reader);
    ASSERT_EQ(::archive_read_open_memory(reader, image.data(), image.size()), ARCHIVE_OK);
    archive_entry* entry = nullptr;
    std::string name, read(content.size(), '\0');
    while (::archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
      name = ::archive_entry_pathname(entry);
      if (name != "config") continue;
      EXPECT_EQ(::archive_entry_size(entry), static_cast<la_int64_t>(content.size()));
      ::archive_read_data(reader, read.data(), read.size());
    }
    ::archive_read_free(reader);
    EXPECT_EQ(name, "config");
    EXPECT_EQ(read, content);
  }
}

TEST(ParseDisk, takes_what_linuxkit_takes) {
  EXPECT_EQ(parse_disk("disk.img").file, "disk.img");
  EXPECT_EQ(parse_disk("disk.img").size_mib, 0u);
  const DiskWish disk = parse_disk("file=a=b,size=512M,format=raw");
  EXPECT_EQ(disk.file, "a=b");
  EXPECT_EQ(disk.size_mib, 512u);
  EXPECT_EQ(disk.format, "raw");
  EXPECT_EQ(parse_disk("size=2").size_mib, 2048u);
  EXPECT_EQ(parse_disk("d,size=2G").size_mib, 2048u);
}

TEST(ParseDisk, refuses_everything_else) {
  for (const char* text : {"", ",", "a,b", "a,size=", "a,size=0", "a,size=x", "a,size=1T",
                           "a,size=-1", "a,size=1.5G", "a,size=99999999999", "a,format=",
                           "a,format=ext4", "a,colour=red", "format=raw", "file=,size=1"}) {
    EXPECT_THAT(refusal([&] { parse_disk(text); }), HasSubstr(fmt::format("--disk {}: ", text)));
  }
}

TEST(Nameless, file_has_no_name_until_it_is_given_one) {
  const TemporaryDirectory directory;
  {
    const NamelessFile file(directory.path());
    EXPECT_TRUE(fs::is_empty(directory.path()));
    write_all(FileDescriptor(::open(file.path().c_str(), O_WRONLY)).get(), "content", "file");
    EXPECT_TRUE(file.link_to(directory.path() / "name"));
    EXPECT_FALSE(file.link_to(directory.path() / "name"));
  }
  EXPECT_EQ(read_file(directory.path() / "name"), "content");
  const NamelessFile memory = NamelessFile::with("abc");
  EXPECT_EQ(read_file(memory.path()), "abc");
  const std::string sparse = std::string(5000, '\0') + "x" + std::string(9000, '\0');
  write_file_atomically(directory.path() / "sparse", sparse);
  EXPECT_EQ(read_file(NamelessFile::copy_of(directory.path() / "sparse").path()), sparse);
}

TEST(State, keeps_what_it_has_made) {
  const TemporaryDirectory directory;
  const fs::path place = directory.path() / "a" / "state";
  std::string uuid, mac;
  {
    const State state(place);
    uuid = state.uuid();
    mac = state.mac();
    EXPECT_EQ(state.pid_file(), place / "qemu.pid");
    EXPECT_THAT(refusal([&] { State second(place); }),
                HasSubstr(fmt::format("in use by another boot (process {})", ::getpid())));
  }
  const State again(place);
  EXPECT_EQ(again.uuid(), uuid);
  EXPECT_EQ(again.mac(), mac);
  write_file_atomically(place / "uuid", "x");
  EXPECT_THAT(refusal([&] { again.uuid(); }), HasSubstr("/uuid: \"x\" is no UUID"));
  write_file_atomically(place / "mac-addr", "01:00:00:00:00:00");
  EXPECT_THAT(refusal([&] { again.mac(); }), HasSubstr("is no address of one network card"));
}

TEST(State, without_a_directory_has_no_files) {
  State state({});
  EXPECT_NE(state.uuid(), state.uuid());
  EXPECT_TRUE(state.pid_file().empty());
  EXPECT_THAT(state.config("x").string(), MatchesRegex("/proc/[0-9]+/fd/[0-9]+"));
  EXPECT_EQ(read_file(state.config("x")), config_iso("x"));
}

TEST(State, gives_each_guest_variables_of_its_own) {
  const TemporaryDirectory directory;
  Arch arch = ArchTable::builtin().find("amd64");
  arch.uefi_firmware = {
      {(directory.path() / "gone").string(), "gone"},
      {(directory.path() / "code").string(), (directory.path() / "vars").string()}};
  State without({});
  EXPECT_THAT(refusal([&] { without.firmware(arch, {}); }), HasSubstr("apt-get install ovmf"));
  write_file_atomically(directory.path() / "code", "code");
  write_file_atomically(directory.path() / "vars", "vars");
  const Firmware forgetful = without.firmware(arch, {});
  EXPECT_EQ(forgetful.variables, directory.path() / "vars");
  EXPECT_FALSE(forgetful.writable);
  const Firmware copied = without.forgetful(forgetful);
  EXPECT_TRUE(copied.writable);
  write_all(FileDescriptor(::open(copied.variables.c_str(), O_WRONLY)).get(), "V", "variables");
  EXPECT_EQ(read_file(copied.variables), "Vars");
  EXPECT_EQ(read_file(forgetful.variables), "vars");
  State with(directory.path() / "state");
  Firmware kept = with.firmware(arch, {});
  EXPECT_TRUE(kept.writable);
  write_file_atomically(kept.variables, "changed");
  EXPECT_EQ(read_file(with.firmware(arch, {}).variables), "changed");
  write_file_atomically(directory.path() / "own", "own");
  EXPECT_TRUE(with.firmware(arch, directory.path() / "own").variables.empty());
  EXPECT_THAT(refusal([&] { with.firmware(arch, directory.path() / "none"); }),
              HasSubstr("cannot read the firmware"));
  arch.efi.clear();
  EXPECT_THAT(refusal([&] { with.firmware(arch, {}); }), HasSubstr("have no UEFI"));
}

TEST(ProvideDisk, leaves_a_file_alone_and_knows_it) {
  const TemporaryDirectory directory;
  process::FakeRunner runner;
  const fs::path file = directory.path() / "disk";
  EXPECT_THAT(refusal([&] { provide_disk({.file = file}, runner, {}); }),
              HasSubstr("there is no disk "));
  write_file_atomically(file, "QFI\xfb");
  EXPECT_EQ(provide_disk({.file = file, .size_mib = 10}, runner, {}).format, "qcow2");
  EXPECT_EQ(provide_disk({.file = file, .format = "raw"}, runner, {}).format, "raw");
  EXPECT_THAT(refusal([&] { provide_disk({.file = file, .format = "vmdk"}, runner, {}); }),
              HasSubstr("is qcow2, not vmdk"));
  EXPECT_TRUE(runner.commands.empty());
}

TEST(ProvideDisk, failure_leaves_no_file) {
  const TemporaryDirectory directory;
  process::FakeRunner runner;
  runner.script = [](const process::Command&) {
    return process::FakeRunner::exit(1, "", "no space\n");
  };
  if (!process::find_program("qemu-img")) GTEST_SKIP() << "no qemu-img here";
  EXPECT_THAT(refusal([&] {
                provide_disk({.file = directory.path() / "disk", .size_mib = 1}, runner, {});
              }),
              HasSubstr("(exit 1): no space"));
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(CheckAllDiffer, sees_through_links) {
  const TemporaryDirectory directory;
  write_file_atomically(directory.path() / "a", "x");
  write_file_atomically(directory.path() / "b", "x");
  fs::create_hard_link(directory.path() / "a", directory.path() / "hard");
  fs::create_symlink("a", directory.path() / "soft");
  EXPECT_NO_THROW(check_all_differ({directory.path() / "a", directory.path() / "b"}));
  for (const char* other : {"a", "hard", "soft"})
    EXPECT_THROW(check_all_differ({directory.path() / "a", directory.path() / other}), Error)
        << other;
}

}  // namespace
}  // namespace rtfx::vm
