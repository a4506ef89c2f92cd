// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/series.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::kernel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KernelYml : public testing::Test {
 protected:
  Series load(const std::string& text) {
    write_file_atomically(folder() / "kernel.yml", text);
    diagnostics_ = {};
    return load_series(folder(), "demo", {"amd64", "arm64"}, diagnostics_);
  }
  std::string problems() const { return text::join(diagnostics_.messages(), "\n"); }
  fs::path folder() const { return directory_.path() / "6.12"; }
  TemporaryDirectory directory_;
  Diagnostics diagnostics_;
};

constexpr const char* least =
    "version: \"6.12\"\nsource: {debian: linux-source-6.12, suite: trixie}\n";

TEST_F(KernelYml, has_defaults_for_all_but_version_source_and_flavours) {
  const Series series = load(std::string(least) + "flavours: {qemu: {}}\n");
  EXPECT_EQ("", problems());
  EXPECT_EQ("kernel", series.image);
  EXPECT_EQ("demo", series.org);
  EXPECT_THAT(series.arches, ElementsAre("amd64", "arm64"));
  EXPECT_EQ("linux-source-6.12", std::get<DebianSource>(series.source).package);
  ASSERT_EQ(1U, series.flavours.size());
  EXPECT_THAT(series.flavours[0].configs, ElementsAre("qemu"));
  EXPECT_THAT(series.flavours[0].arches, ElementsAre("amd64", "arm64"));
  EXPECT_THAT(series.config_folders, ElementsAre(folder()));
}

TEST_F(KernelYml, may_say_everything) {
  fs::create_directories(directory_.path() / "config");
  write_file_atomically(folder() / "patches/b.patch", "");
  write_file_atomically(folder() / "patches/a.patch", "");
  write_file_atomically(folder() / "keys.gpg", "");
  const Series series = load(
      "image: linux\norg: me\nversion: 6.12.57\nlabels: [slow]\nconfig: ../config\narches: "
      "[arm64]\n"
      "source:\n  url: https://example.org/linux.tar.xz\n  sha256: " +
      std::string(64, 'a') +
      "\n  signature: https://example.org/linux.tar.sign\n  keyring: keys.gpg\n"
      "patches: [patches/*.patch]\n"
      "flavours:\n  a:\n  b: {configs: [a, b], arches: [arm64], targets: {arm64: Image}}\n");
  EXPECT_EQ("", problems());
  EXPECT_EQ("me", series.org);
  EXPECT_THAT(series.labels, ElementsAre("slow"));
  EXPECT_THAT(series.config_folders, ElementsAre(directory_.path() / "config", folder()));
  EXPECT_THAT(series.patches,
              ElementsAre(folder() / "patches/a.patch", folder() / "patches/b.patch"));
  EXPECT_EQ(folder() / "keys.gpg", std::get<UrlSource>(series.source).keyring);
  EXPECT_EQ("Image", series.flavour("b").targets.at("arm64"));
}

TEST_F(KernelYml, that_is_wrong_is_told_with_lines) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is empty"},
      {"version: \"6.12\"\n", "\"source\""},
      {"version: \"6 12\"\nsource: {debian: a, suite: b}\nflavours: {q: {}}\n",
       "kernel.yml:1: version: \"6 12\" cannot stand in a tag"},
      {"version: \"6\"\nsource: {debian: a}\nflavours: {q: {}}\n", "kernel.yml:2"},
      {"version: \"6\"\nsource: {url: ftp://x, sha256: aa}\nflavours: {q: {}}\n",
       "\"ftp://x\" is no address of the form"},
      {"version: \"6\"\nsource: {url: https://x, sha256: aa}\nflavours: {q: {}}\n",
       "sha256 has to be 64 hex digits"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\nflavours: {}\n", "name at least one"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\nflavours: {q: {arches: [amd46]}}\n",
       "flavours.q.arches: amd46 is not among the arches of the series; did you mean \"amd64\"?"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\nflavours: {q: {image: x}}\n", "image"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\nflavours: {q: {targets: {amd64: [x]}}}\n",
       "expected the name of an image"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\npatches: [x.patch]\nflavours: {q: {}}\n",
       "kernel.yml:3: patches: \"x.patch\" finds no file"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\npatches: [../x]\nflavours: {q: {}}\n",
       "expected a file or pattern below this folder"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\nconfig: ../none\nflavours: {q: {}}\n",
       "is not a folder"},
      {"version: \"6\"\nsource: {debian: a, suite: b}\nflavour: {q: {}}\n", "flavour"},
  };
  for (const auto& [text, wanted] : cases) {
    load(text);
    EXPECT_THAT(problems(), HasSubstr(wanted)) << text;
  }
}

TEST_F(KernelYml, names_the_nearest_flavour) {
  const Series series = load(std::string(least) + "flavours: {qemu: {}, firecracker: {}}\n");
  try {
    series.flavour("firecraker");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"firecracker\"?"));
    EXPECT_EQ(ExitCode::nothing_to_run, error.code());
  }
}

TEST_F(KernelYml, that_is_missing_is_told) {
  load_series(directory_.path() / "none", "demo", {}, diagnostics_);
  EXPECT_THAT(problems(), HasSubstr("there is no kernel.yml"));
}

}  // namespace
}  // namespace rtfx::kernel
