// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/tag.hpp"

#include "base/digest.hpp"
#include "harness/pkg/fixture.hpp"

namespace rtfx::pkg {
namespace {

std::string package_hash(const Package& package, const TagOptions& options) {
  return revision_of(package, options).hash;
}
std::string package_ref(const Package& package, const TagOptions& options) {
  return ref_with_hash(package, options, package_hash(package, options));
}

using testing::HasSubstr;
using testing::MatchesRegex;

/// The layout of linuxkit's verified cases: foo is simple, bar has an organisation and two extra
/// sources.
class TagTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!process::find_program("git")) GTEST_SKIP() << "git is not installed";
    directory.package("pkg/foo", "image: foo\n");
    directory.package(
        "pkg/bar",
        "image: bar\norg: acme\nextra-sources:\n  - ../common:/common\n  - ../../src/lib:/lib\n");
    directory.write("pkg/common/a.txt", "a");
    directory.write("src/lib/b.txt", "b");
    directory.write(".gitignore", "*.o\n");
    directory.commit();
    tree = directory.git({"rev-parse", "HEAD:pkg/foo"});
    sources = sha1_hex(directory.git({"rev-parse", "HEAD:pkg/bar"}) +
                       directory.git({"rev-parse", "HEAD:pkg/common"}) +
                       directory.git({"rev-parse", "HEAD:src/lib"}));
  }
  std::string ref(const std::string& package, const TagOptions& options = {}) {
    Diagnostics diagnostics;
    const Package loaded = load_package(directory / package, options, "linuxkit", {}, diagnostics);
    diagnostics.throw_if_any();
    return package_ref(loaded, options);
  }
  std::string error_of(const std::string& package, const TagOptions& options = {}) {
    try {
      return "no error: " + ref(package, options);
    } catch (const Error& error) {
      return error.what();
    }
  }
  PackageDirectory directory;
  std::string tree, sources;
};

TEST_F(TagTest, flags_give_the_tags_that_linuxkit_gives) {
  ::setenv("USER", "alice", 1);
  const struct {
    const char* package;
    TagOptions options;
    std::string expected;
  } cases[] = {
      {"pkg/foo", {}, "linuxkit/foo:" + tree},
      {"pkg/foo/", {}, "linuxkit/foo:" + tree},
      {"pkg/bar", {}, "acme/bar:" + sources},
      {"pkg/bar", {.org = "myorg"}, "myorg/bar:" + sources},
      {"pkg/foo", {.org = ""}, "/foo:" + tree},
      {"pkg/bar", {.hash = "abc"}, "acme/bar:abc"},
      {"pkg/foo", {.hash = "abc", .tag = "v1-{{.Hash}}"}, "linuxkit/foo:v1-abc"},
      {"pkg/foo", {.tag = "fixed"}, "linuxkit/foo:fixed"},
      {"pkg/foo", {.tag = "{{slice .Hash 0 7}}"}, "linuxkit/foo:" + tree.substr(0, 7)},
      {"pkg/foo", {.tag = "{{ slice .Hash 33 }}-x"}, "linuxkit/foo:" + tree.substr(33) + "-x"},
      {"pkg/foo", {.tag = ""}, "linuxkit/foo:" + tree},
      {"pkg/foo", {.dev = true}, "alice/foo:dev"},
      {"pkg/foo", {.org = "zz", .dev = true}, "zz/foo:dev"},
      {"pkg/bar", {.hash = "hh", .dev = true}, "alice/bar:hh"},
      {"pkg/foo", {.hash_commit = "main"}, "linuxkit/foo:" + tree},
      {"pkg/foo", {.hash = "abc", .force_dirty = true}, "linuxkit/foo:abc"},
      {"pkg/foo",
       {.hash_path = directory / "pkg"},
       "linuxkit/foo:" + directory.git({"rev-parse", "HEAD:pkg"})},
      {"pkg/foo",
       {.hash_path = directory.root()},
       "linuxkit/foo:" + directory.git({"rev-parse", "HEAD^{tree}"})},
  };
  for (const auto& c : cases) EXPECT_EQ(ref(c.package, c.options), c.expected);
}

TEST_F(TagTest, dirt_is_appended_with_seven_digits_of_the_content) {
  const std::string content =
      Digest::of("FROM scratch\nCOPY Dockerfile /\nimage: foo\n").hex().substr(0, 7);
  EXPECT_EQ(ref("pkg/foo", {.force_dirty = true}), "linuxkit/foo:" + tree + "-dirty-" + content);
  directory.write("pkg/foo/new.txt", "x");
  EXPECT_THAT(ref("pkg/foo"), MatchesRegex("linuxkit/foo:" + tree + "-dirty-[0-9a-f]{7}"));
  EXPECT_EQ(ref("pkg/foo", {.hash_commit = "main"}), "linuxkit/foo:" + tree);
  EXPECT_EQ(ref("pkg/bar"), "acme/bar:" + sources);
}

TEST_F(TagTest, an_ignored_file_changes_nothing) {
  directory.write("pkg/foo/x.o", "x");
  EXPECT_EQ(ref("pkg/foo"), "linuxkit/foo:" + tree);
}

TEST_F(TagTest, only_committed_changes_of_extra_sources_count) {
  directory.write("pkg/common/a.txt", "changed");
  EXPECT_EQ(ref("pkg/bar"), "acme/bar:" + sources);
  directory.commit();
  EXPECT_THAT(ref("pkg/bar"), MatchesRegex("acme/bar:[0-9a-f]{40}"));
  EXPECT_NE(ref("pkg/bar"), "acme/bar:" + sources);
}

TEST_F(TagTest, a_package_with_extra_sources_can_be_dirty) {
  directory.write("pkg/bar/new", "x");
  EXPECT_THAT(ref("pkg/bar"), MatchesRegex("acme/bar:" + sources + "-dirty-[0-9a-f]{7}"));
}

TEST_F(TagTest, a_package_can_be_the_whole_repository) {
  directory.package(".", "image: root\n");
  directory.commit();
  EXPECT_EQ(ref("."), "linuxkit/root:" + directory.git({"rev-parse", "HEAD^{tree}"}));
}

TEST_F(TagTest, the_template_of_build_yml_yields_to_the_flag) {
  directory.package("pkg/foo", "image: foo\ntag: \"v-{{.Hash}}\"\n");
  directory.commit();
  const std::string now = directory.git({"rev-parse", "HEAD:pkg/foo"});
  EXPECT_EQ(ref("pkg/foo"), "linuxkit/foo:v-" + now);
  EXPECT_EQ(ref("pkg/foo", {.tag = "q{{.Hash}}"}), "linuxkit/foo:q" + now);
  EXPECT_EQ(ref("pkg/foo", {.tag = ""}), "linuxkit/foo:v-" + now);
}

TEST_F(TagTest, what_cannot_be_is_an_error) {
  directory.package("pkg/new", "image: new\n");
  EXPECT_THAT(error_of("pkg/new"), HasSubstr("pkg/new is not in git"));
  EXPECT_EQ(ref("pkg/new", {.hash = "h"}), "linuxkit/new:h");
  EXPECT_THAT(error_of("pkg/foo", {.hash_commit = "nosuch"}), HasSubstr("no commit nosuch"));
  EXPECT_THAT(error_of("pkg/foo", {.hash_path = directory / "pkg/bar"}),
              HasSubstr("does not contain the package"));
  EXPECT_THAT(error_of("pkg/foo", {.hash_path = directory / "pkg/fo"}), HasSubstr("is not in git"));
  EXPECT_THAT(error_of("pkg/foo", {.tag = "{{.Foo}}"}), HasSubstr("cannot understand {{.Foo}}"));
  EXPECT_THAT(error_of("pkg/foo", {.tag = "{{.Hash"}), HasSubstr("not closed"));
  EXPECT_THAT(error_of("pkg/foo", {.tag = "{{slice .Hash 0 99}}"}), HasSubstr("beyond the end"));
  EXPECT_THAT(error_of("pkg/foo", {.tag = "{{slice .Hash 5 2}}"}), HasSubstr("behind"));
}

/// What a package has to do with `tags: deep`, asked for without a plan.
class DeepTagTest : public TagTest {
 protected:
  Revision revision(const std::string& package, TagMode mode = TagMode::deep,
                    const std::vector<NeededTag>& needs = {}, const TagOptions& options = {}) {
    Diagnostics diagnostics;
    const Package loaded = load_package(directory / package, options, "linuxkit", {}, diagnostics);
    diagnostics.throw_if_any();
    return revision_of(loaded, options, mode, needs);
  }
  std::string dirt(const std::string& text) {
    return "-dirty-" + Digest::of("rtfx dirt 1\n" + text).hex().substr(0, 7);
  }
};

TEST_F(DeepTagTest, a_package_that_is_only_its_tree_has_linuxkits_tag) {
  EXPECT_EQ(revision("pkg/foo").hash, tree);
  EXPECT_FALSE(revision("pkg/foo").dirty);
  EXPECT_EQ(revision("pkg/foo", TagMode::linuxkit, {{"A", "x/y:z", "z", false}}).hash, tree);
}

TEST_F(DeepTagTest, sources_and_needs_are_in_the_hash) {
  const std::string bar = directory.git({"rev-parse", "HEAD:pkg/bar"});
  const std::string text =
      "rtfx tag 1\ntree " + bar + "\nsource " + directory.git({"rev-parse", "HEAD:pkg/common"}) +
      " \"/common\"\nsource " + directory.git({"rev-parse", "HEAD:src/lib"}) + " \"/lib\"\n";
  EXPECT_EQ(revision("pkg/bar").hash, sha1_hex(text));
  const NeededTag a{"A", "x/a:1", "1", false}, b{"B\n\"", "x/b:fixed", "2", false};
  const std::string needs = "need \"A\" \"x/a:1\" \"1\"\nneed \"B\\x0a\\\"\" \"x/b:fixed\" \"2\"\n";
  EXPECT_EQ(revision("pkg/bar", TagMode::deep, {b, a, b}).hash, sha1_hex(text + needs));
  EXPECT_EQ(revision("pkg/foo", TagMode::deep, {a, b}).hash,
            sha1_hex("rtfx tag 1\ntree " + tree + "\n" + needs));
}

TEST_F(DeepTagTest, dirt_of_all_that_matters_is_dirt) {
  directory.write("src/lib/new", "x");
  const std::string clean =
      sha1_hex("rtfx tag 1\ntree " + directory.git({"rev-parse", "HEAD:pkg/bar"}) + "\nsource " +
               directory.git({"rev-parse", "HEAD:pkg/common"}) + " \"/common\"\nsource " +
               directory.git({"rev-parse", "HEAD:src/lib"}) + " \"/lib\"\n");
  const std::string line = "change 100644 " + Digest::of("x").hex() + " \"new\"\n";
  EXPECT_EQ(revision("pkg/bar").hash, clean + dirt("at \"/lib\"\n" + line));
  EXPECT_TRUE(revision("pkg/bar").dirty);
  directory.write("pkg/bar/new", "x");
  EXPECT_EQ(revision("pkg/bar").hash, clean + dirt("at \"/\"\n" + line + "at \"/lib\"\n" + line));

  const NeededTag need{"A", "x/a:1", "1-dirty-0", true};
  const Revision user = revision("pkg/foo", TagMode::deep, {need});
  EXPECT_TRUE(user.dirty);
  EXPECT_TRUE(user.hash.ends_with(dirt("need \"A\" \"x/a:1\" \"1-dirty-0\"\n"))) << user.hash;
  EXPECT_EQ(revision("pkg/foo").hash, tree);
}

TEST_F(DeepTagTest, flags_act_as_with_linuxkit_tags) {
  EXPECT_EQ(revision("pkg/foo", TagMode::deep, {}, {.hash = "abc", .force_dirty = true}).hash,
            "abc");
  EXPECT_EQ(revision("pkg/foo", TagMode::deep, {}, {.dev = true}).hash, "dev");
  EXPECT_EQ(revision("pkg/foo", TagMode::deep, {}, {.force_dirty = true}).hash, tree + dirt(""));
  directory.write("pkg/foo/new", "x");
  EXPECT_EQ(revision("pkg/foo", TagMode::deep, {}, {.hash_commit = "main"}).hash, tree);
  const Revision named = revision("pkg/foo", TagMode::deep, {}, {.hash = "abc"});
  EXPECT_TRUE(named.dirty) << "it must not be pushed";
  EXPECT_THROW(revision("pkg/foo", TagMode::deep, {}, {.hash_path = directory / "pkg/fo"}), Error);
}

TEST_F(DeepTagTest, linuxkit_tags_tell_what_they_hide) {
  EXPECT_TRUE(revision("pkg/bar", TagMode::linuxkit).hidden_dirt.empty());
  directory.write("src/lib/new", "x");
  const Revision hidden =
      revision("pkg/bar", TagMode::linuxkit, {{"A", "x/a:1-dirty-0", "1-dirty-0", true}});
  EXPECT_FALSE(hidden.dirty);
  EXPECT_EQ(hidden.hash, sources);
  EXPECT_THAT(hidden.hidden_dirt,
              testing::ElementsAre("the extra source " + (directory / "src/lib").string(),
                                   "the package x/a:1-dirty-0 that it needs"));
  directory.git({"update-index", "--assume-unchanged", "pkg/foo/Dockerfile"});
  EXPECT_TRUE(revision("pkg/foo", TagMode::linuxkit).hidden_dirt.empty());
  directory.write("pkg/foo/Dockerfile", "FROM other\n");
  EXPECT_THAT(revision("pkg/foo", TagMode::linuxkit).hidden_dirt,
              testing::ElementsAre((directory / "pkg/foo/Dockerfile").string()));
  EXPECT_TRUE(revision("pkg/bar").hidden_dirt.empty()) << "deep tags hide nothing";
}

TEST(Tag, outside_git_the_hash_is_empty) {
  const PackageDirectory directory;
  directory.package("foo", "image: foo\n");
  directory.package("bar", "image: bar\nextra-sources: [../foo:/x]\n");
  Diagnostics diagnostics;
  const Package foo = load_package(directory / "foo", {}, "linuxkit", {}, diagnostics);
  const Package bar = load_package(directory / "bar", {}, "linuxkit", {}, diagnostics);
  EXPECT_EQ(package_ref(foo, {}), "linuxkit/foo:latest");
  EXPECT_EQ(package_ref(foo, {.hash = "hhh"}), "linuxkit/foo:hhh");
  EXPECT_EQ(package_ref(foo, {.tag = "a{{.Hash}}b"}), "linuxkit/foo:ab");
  EXPECT_EQ(package_ref(foo, {.force_dirty = true}), "linuxkit/foo:latest");
  EXPECT_THROW(package_ref(bar, {}), Error);
}

}  // namespace
}  // namespace rtfx::pkg
