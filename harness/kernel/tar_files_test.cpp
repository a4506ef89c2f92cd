// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/tar_files.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/kernel/image.hpp"
#include "harness/process/process.hpp"

namespace rtfx::kernel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KernelTar : public testing::Test {
 protected:
  KernelTar() {
    write_file_atomically(folder() / "b/file", "content");
    write_file_atomically(folder() / "a/program", "#!", 0755);
    fs::create_symlink("../b/file", folder() / "a/link");
  }
  fs::path folder() const { return directory_.path() / "folder"; }
  std::string list(const fs::path& tar) const {
    process::Command command;
    command.argv = {"tar", "--numeric-owner", "--utc", "-tvf", tar.string()};
    command.timeout = std::chrono::seconds(20);
    return process::run_captured(process::system_runner(), command).out;
  }
  TemporaryDirectory directory_;
};

TEST_F(KernelTar, is_sorted_with_the_folders_first_and_owned_by_root) {
  const fs::path tar = directory_.path() / "x.tar";
  write_tar_file(tar, files_below(folder(), "usr/src"), {"lib/modules/6.12"}, 1700000000);
  std::vector<std::string> lines;
  for (const std::string& line : text::split(list(tar), '\n')) {
    if (!line.empty()) lines.push_back(line);
  }
  EXPECT_THAT(
      lines,
      ElementsAre("drwxr-xr-x 0/0               0 2023-11-14 22:13 lib/",
                  "drwxr-xr-x 0/0               0 2023-11-14 22:13 lib/modules/",
                  "drwxr-xr-x 0/0               0 2023-11-14 22:13 lib/modules/6.12/",
                  "drwxr-xr-x 0/0               0 2023-11-14 22:13 usr/",
                  "drwxr-xr-x 0/0               0 2023-11-14 22:13 usr/src/",
                  "drwxr-xr-x 0/0               0 2023-11-14 22:13 usr/src/a/",
                  "drwxr-xr-x 0/0               0 2023-11-14 22:13 usr/src/b/",
                  "lrwxrwxrwx 0/0               0 2023-11-14 22:13 usr/src/a/link -> ../b/file",
                  "-rwxr-xr-x 0/0               2 2023-11-14 22:13 usr/src/a/program",
                  "-rw-r--r-- 0/0               7 2023-11-14 22:13 usr/src/b/file"));
}

TEST_F(KernelTar, in_an_image_gives_one_digest_however_often_it_is_made) {
  oci::Store store(directory_.path() / "store");
  ImageContent content;
  content.files = files_below(folder(), "usr/src");
  content.arch = "arm64";
  content.labels = {{"a", "b"}};
  content.timestamp = 1700000000;
  const oci::Descriptor first = write_image(content, store, directory_.path(), {});
  fs::last_write_time(folder() / "b/file", fs::file_time_type::clock::now());
  std::reverse(content.files.begin(), content.files.end());
  const oci::Descriptor second = write_image(content, store, directory_.path(), {});
  EXPECT_EQ(first.digest, second.digest);
  ASSERT_TRUE(first.platform.has_value());
  EXPECT_EQ("arm64", first.platform->architecture);
  EXPECT_TRUE(store.complete(first));
  const auto config =
      oci::parse_image_config(store.read(oci::parse_manifest(store.read(first)).config));
  EXPECT_EQ("b", config.labels.at("a"));
}

}  // namespace
}  // namespace rtfx::kernel
