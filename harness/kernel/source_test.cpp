// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/source.hpp"

#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace rtfx::kernel {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(KernelVersion, is_read_from_the_makefile) {
  EXPECT_EQ(
      "6.12.117",
      version_of(
          "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\nNAME = x\n"));
  EXPECT_EQ("", version_of("all:\n"));
}

/// A source of two files, in a tar at a file:// address.
class KernelSource : public testing::Test {
 protected:
  KernelSource() {
    const fs::path linux = root() / "linux-6.12";
    write_file_atomically(linux / "Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n");
    write_file_atomically(linux / "init/main.c", "int a;\n");
    steps_.run("tar",
               command({"tar", "-C", root().string(), "-czf", tar().string(), "linux-6.12"}));
    series_.file = root() / "kernel.yml";
    series_.version = "6.12";
    series_.source = UrlSource{"file://" + tar().string(), Digest::of_file(tar()).hex(), "", ""};
  }
  static process::Command command(std::vector<std::string> argv) {
    process::Command command;
    command.argv = std::move(argv);
    return command;
  }
  fs::path root() const { return directory_.path(); }
  fs::path tar() const { return root() / "linux.tar.gz"; }
  SourceTree get() {
    return source_tree(series_, {root() / "source", root() / "debs", ""}, steps_);
  }
  std::string failure() {
    try {
      get();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  /// Nothing but what was downloaded.
  bool nothing_is_left() const {
    for (const auto& entry : fs::directory_iterator(root() / "source")) {
      if (entry.path().filename() != "downloads" && entry.path().filename() != "lock") return false;
    }
    return true;
  }

  TemporaryDirectory directory_;
  const pkg::Log log_;
  const pkg::Steps steps_{process::system_runner(),
                          log_,
                          {},
                          std::chrono::steady_clock::now() + std::chrono::minutes(2)};
  Series series_;
};

TEST_F(KernelSource, is_fetched_unpacked_and_kept) {
  const SourceTree first = get();
  EXPECT_EQ("6.12.1", first.version);
  EXPECT_EQ("int a;\n", read_file(first.path / "init/main.c"));
  fs::remove(tar());
  fs::remove_all(root() / "source/downloads/x");
  EXPECT_EQ(first.path, get().path);
}

TEST_F(KernelSource, with_another_digest_is_refused_and_not_kept) {
  std::get<UrlSource>(series_.source).sha256 = std::string(64, '0');
  EXPECT_THAT(failure(), HasSubstr("but kernel.yml says 0000"));
  EXPECT_TRUE(nothing_is_left());
  EXPECT_TRUE(fs::is_empty(root() / "source/downloads"));
}

TEST_F(KernelSource, that_is_not_there_is_told_with_its_address) {
  std::get<UrlSource>(series_.source).url = "file:///nowhere/linux.tar.xz";
  EXPECT_THAT(failure(), HasSubstr("fetching file:///nowhere/linux.tar.xz: "));
}

TEST_F(KernelSource, of_another_version_is_refused) {
  series_.version = "6.1";
  EXPECT_THAT(failure(), HasSubstr("kernel.yml: version is 6.1, but the source is Linux 6.12.1"));
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(KernelSource, is_patched_and_each_choice_of_patches_has_a_tree_of_its_own) {
  const SourceTree plain = get();
  series_.patches = {root() / "a.patch"};
  write_file_atomically(root() / "a.patch",
                        "--- a/init/main.c\n+++ b/init/main.c\n@@ -1 +1 @@\n-int a;\n+int b;\n");
  const SourceTree patched = get();
  EXPECT_NE(plain.path, patched.path);
  EXPECT_EQ("int b;\n", read_file(patched.path / "init/main.c"));
  EXPECT_EQ("int a;\n", read_file(plain.path / "init/main.c"));
}

TEST_F(KernelSource, with_a_patch_that_does_not_apply_is_told_with_the_patch) {
  series_.patches = {root() / "a.patch"};
  write_file_atomically(root() / "a.patch",
                        "--- a/init/main.c\n+++ b/init/main.c\n@@ -1 +1 @@\n-int z;\n+int b;\n");
  const std::string message = failure();
  EXPECT_THAT(message, HasSubstr("a.patch does not apply"));
  EXPECT_THAT(message, HasSubstr("FAILED"));
  EXPECT_TRUE(nothing_is_left());
}

}  // namespace
}  // namespace rtfx::kernel
