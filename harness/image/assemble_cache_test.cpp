// SPDX-License-Identifier: Apache-2.0
//
// What assemble() finds again, and what it does with damage.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "harness/image/assemble_fixture.hpp"

namespace rtfx::image {
namespace {

using namespace fixture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class AssembleCache : public AssembleFixture {};

TEST_F(AssembleCache, OutputsAreRememberedByAllThatTheyDependOn) {
  const std::filesystem::path cache = directory.path() / "cache";
  const std::string source = (directory.path() / "src").string(),
                    yaml = whole + "  - {path: src, source: " + source + "}\n";
  write_file_atomically(source, "1");
  EXPECT_FALSE(assemble(yaml, Format::kernel_initrd, cache).cached);
  const std::string initrd = read_file(out / "x-initrd.img");
  std::filesystem::remove_all(out);
  std::filesystem::create_directory(out);
  write_file_atomically(out / "x-cmdline", "old");
  const Assembled again = assemble(yaml, Format::kernel_initrd, cache);
  EXPECT_TRUE(again.cached);
  EXPECT_THAT(again.outputs,
              UnorderedElementsAre(out / "x-kernel", out / "x-initrd.img", out / "x-cmdline"));
  EXPECT_THAT(names(), ElementsAre("x-cmdline", "x-initrd.img", "x-kernel"));
  EXPECT_EQ(initrd, read_file(out / "x-initrd.img"));
  EXPECT_EQ("console=ttyS0 quiet", read_file(out / "x-cmdline"));

  EXPECT_FALSE(assemble(yaml, Format::tar, cache).cached);
  EXPECT_FALSE(
      assemble(yaml + "  - {path: more, contents: x}\n", Format::kernel_initrd, cache).cached);
  write_file_atomically(source, "2");
  EXPECT_FALSE(assemble(yaml, Format::kernel_initrd, cache).cached);
  EXPECT_TRUE(assemble(yaml, Format::kernel_initrd, cache).cached);
  add_image(store, "docker.io/org/init:1", {make_tar({file("init", "changed", 0755)})});
  EXPECT_FALSE(assemble(yaml, Format::kernel_initrd, cache).cached);
}

TEST_F(AssembleCache, DamagedRememberedOutputsAreNotUsed) {
  const std::filesystem::path cache = directory.path() / "cache";
  assemble(whole, Format::tar, cache);
  const std::string tar = read_file(out / "x.tar");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cache)) {
    if (entry.path().filename() == ".tar") write_file_atomically(entry.path(), "damaged");
  }
  EXPECT_FALSE(assemble(whole, Format::tar, cache).outputs.empty());
  EXPECT_EQ(tar, read_file(out / "x.tar"));
  EXPECT_TRUE(assemble(whole, Format::tar, cache).cached);
  EXPECT_THAT(names(), ElementsAre("x.tar"));
}

TEST_F(AssembleCache, WhateverIsLeftOfTheCacheTheBytesAreTheSame) {
  const std::filesystem::path cache = directory.path() / "cache";
  std::string noise(9 << 20, '\0');
  std::uint32_t state = 1;
  const auto random = [&] { return (state = state * 1664525 + 1013904223) >> 8; };
  for (char& c : noise) c = static_cast<char>(random() >> 16);
  add_image(store, "org/big:1",
            {make_tar({dir("d"), file("big", noise), file("d/old", "old"), file("d/f", "1")}),
             make_tar({file("d/f", "2"), hard("d/g", "d/f"), file("d/.wh.old", "")})});
  const std::string yaml = whole + "  - {path: last, contents: x}\n" + "trust: {}\n",
                    big = std::string(yaml).replace(yaml.find("init: ["), 7, "init: [org/big:1, ");
  for (const Compression how : {Compression::gzip, Compression::zstd, Compression::none}) {
    compression = how;
    assemble(big);
    const std::string initrd = read_file(out / "x-initrd.img"),
                      kernel = read_file(out / "x-kernel");
    for (int round = 0; round < 12; ++round) {
      assemble(round % 3 == 0 ? yaml : big, Format::kernel_initrd, cache);
      std::size_t kept = 0;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(cache)) {
        if (!entry.is_regular_file()) continue;
        ++kept;
        if (random() % 3 == 0) {
          std::filesystem::remove(entry.path());
        } else if (random() % 3 == 0) {
          std::string bytes = read_file(entry.path());
          // An earlier round may have left the file empty.
          if (!bytes.empty() && random() % 2 == 0) bytes.resize(random() % bytes.size());
          if (!bytes.empty()) bytes[random() % bytes.size()] ^= 1;
          write_file_atomically(entry.path(), bytes);
        }
      }
      EXPECT_GT(kept, 5U);
      assemble(big, Format::kernel_initrd, cache);
      EXPECT_TRUE(initrd == read_file(out / "x-initrd.img")) << round;
      EXPECT_TRUE(kernel == read_file(out / "x-kernel")) << round;
    }
  }
}

TEST_F(AssembleCache, NoLayerIsReadWhenOnlyTheDescriptionChanges) {
  const std::filesystem::path cache = directory.path() / "cache";
  assemble(whole, Format::kernel_initrd, cache);
  for (const auto& [name, descriptor] : store.names()) {
    for (const auto& layer : oci::parse_manifest(store.read(descriptor)).layers)
      write_file_atomically(store.directory() / "blobs/sha256" / layer.digest.hex(),
                            std::string(layer.size, 'x'));
  }
  const std::string more = whole + "  - {path: new/more, contents: x}\n";
  EXPECT_THAT(failure(more), HasSubstr("is corrupt")) << "without the cache";
  assemble(more, Format::kernel_initrd, cache);
  EXPECT_EQ("x", shell("cd " + directory.path().string() +
                       " && zcat out/x-initrd.img | cpio "
                       "--quiet -i --to-stdout new/more"));
}

TEST_F(AssembleCache, ACacheThatCannotBeWrittenIsNoError) {
  const std::filesystem::path cache = directory.path() / "cache";
  assemble(whole);
  const std::string initrd = read_file(out / "x-initrd.img");
  write_file_atomically(cache, "a file");
  EXPECT_FALSE(assemble(whole, Format::kernel_initrd, cache).cached);
  EXPECT_EQ(initrd, read_file(out / "x-initrd.img"));
}

TEST_F(AssembleCache, MemoryDoesNotGrowWithTheFiles) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers use memory of their own";
#endif
  std::string noise(48 << 20, '\0');
  std::uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  add_image(store, "org/big:1", {make_tar({file("big", noise)})});
  noise = {};
  noise.shrink_to_fit();
  // In a process of its own, whose peak begins at what it has now.
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream("/proc/self/clear_refs") << "5";
    assemble("init: [org/big:1]");
    std::ifstream status("/proc/self/status");
    long peak = 0, now = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) peak = std::stol(line.substr(6));
      if (line.starts_with("VmRSS:")) now = std::stol(line.substr(6));
    }
    ::_exit(peak - now < 24 * 1024 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(0, status) << "more than 24 MiB for a file of 48 MiB";
}

}  // namespace
}  // namespace rtfx::image
