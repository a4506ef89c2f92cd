// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/plan.hpp"

#include "harness/pkg/fixture.hpp"

namespace rtfx::pkg {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class PlanTest : public testing::Test {
 protected:
  std::vector<PlannedPackage> plan(const std::vector<std::string>& names,
                                   const TagOptions& options = {}) {
    std::vector<fs::path> directories;
    for (const std::string& name : names) directories.push_back(directory / name);
    PlanOptions all;
    all.tag = options;
    return plan_packages(directories, all, {.arches = {"amd64"}, .tags = mode}, diagnostics_);
  }
  static std::vector<std::string> refs(const std::vector<PlannedPackage>& plan) {
    std::vector<std::string> all;
    for (const PlannedPackage& planned : plan) all.push_back(planned.ref);
    return all;
  }
  const std::vector<std::string>& messages() const { return diagnostics_.messages(); }
  PackageDirectory directory;
  TagMode mode = TagMode::linuxkit;

 private:
  Diagnostics diagnostics_;
};

TEST_F(PlanTest, needed_packages_come_first_and_once) {
  directory.package("app", "image: app\nbuildArgs: [A=@lkt:pkg:../middle, B=@lkt:pkg:../base/]\n");
  directory.package("middle", "image: middle\nbuildArgs: [BASE=@lkt:pkg:../base]\n");
  directory.package("base", "image: base\norg: acme\n");
  const auto planned = plan({"app", "middle"});
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_THAT(refs(planned),
              ElementsAre("acme/base:latest", "linuxkit/middle:latest", "linuxkit/app:latest"));
  EXPECT_FALSE(planned[0].requested);
  EXPECT_TRUE(planned[1].requested);
  EXPECT_TRUE(planned[2].requested);
  EXPECT_THAT(planned[2].needed_refs, ElementsAre("linuxkit/middle:latest", "acme/base:latest"));
  EXPECT_THAT(planned[2].build_args, Contains("A=linuxkit/middle:latest"));
  EXPECT_THAT(planned[2].build_args, Contains("B=acme/base:latest"));
  EXPECT_EQ(planned[2].labels.at("org.rtfx.needs"), "linuxkit/middle:latest acme/base:latest");
}

TEST_F(PlanTest, patterns_give_one_argument_each) {
  directory.package("app", "image: app\nbuildArgs: ['B_%_X=@lkt:pkgs:../libs/*']\n");
  directory.package("libs/foo-bar", "image: foo-bar\n");
  directory.package("libs/baz", "image: baz\norg: acme\n");
  directory.package("libs/.hidden", "image: hidden\n");
  const auto planned = plan({"app"});
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_THAT(planned.back().build_args, Contains("B_LINUXKIT_FOO_BAR_X=linuxkit/foo-bar:latest"));
  EXPECT_THAT(planned.back().build_args, Contains("B_ACME_BAZ_X=acme/baz:latest"));
  EXPECT_EQ(planned.size(), 3U);
}

TEST_F(PlanTest, built_in_arguments_yield_to_those_of_the_package) {
  directory.package("app",
                    "image: app\ngitrepo: https://example.org/r\nbuildArgs: "
                    "[PKG_HASH=mine]\nconfig: {readonly: true}\n");
  directory.commit();
  const auto planned = plan({"app"});
  ASSERT_EQ(planned.size(), 1U);
  const std::string head = directory.git({"rev-parse", "HEAD"});
  EXPECT_THAT(
      planned[0].build_args,
      ElementsAre("PKG_HASH=mine", "PKG_IMAGE=linuxkit/app", "SOURCE=https://example.org/r",
                  "REVISION=" + head, "GOPKGVERSION=v0.0.0-20231114221320-" + head.substr(0, 12)));
  EXPECT_EQ(planned[0].labels.at("org.opencontainers.image.revision"), head);
  EXPECT_EQ(planned[0].labels.at("org.opencontainers.image.source"), "https://example.org/r");
  EXPECT_EQ(planned[0].labels.at("org.mobyproject.config"), R"({"readonly":true})");
  EXPECT_EQ(planned[0].revision.timestamp, 1700000000);
}

TEST_F(PlanTest, with_deep_tags_the_revision_is_that_of_the_last_change) {
  mode = TagMode::deep;
  directory.package("base", "image: base\n");
  directory.package("app", "image: app\nbuildArgs: [A=@lkt:pkg:../base]\n");
  directory.commit();
  const std::string first = directory.git({"rev-parse", "HEAD"});
  directory.write("other", "x");
  directory.commit();
  const auto revision = [&](const std::string& name) {
    PlannedPackage planned = plan({name}).back();
    settle_revision(planned);
    return planned.labels.at("org.opencontainers.image.revision");
  };
  EXPECT_EQ(revision("app"), first);
  directory.write("base/more", "x");
  directory.git({"add", "--all"});
  directory.git(
      {"-c", "user.name=a", "commit", "--quiet", "--message", "x", "--date", "1700000001 +0000"});
  const std::string third = directory.git({"rev-parse", "HEAD"});
  EXPECT_EQ(revision("base"), third);
  mode = TagMode::linuxkit;
  EXPECT_EQ(revision("app"), third);
}

TEST_F(PlanTest, a_dirty_package_claims_no_revision) {
  directory.package("app", "image: app\n");
  directory.commit();
  directory.write("app/new", "x");
  const auto planned = plan({"app"});
  EXPECT_FALSE(planned[0].labels.contains("org.opencontainers.image.revision"));
  EXPECT_THAT(planned[0].build_args, Not(Contains(HasSubstr("REVISION="))));
}

TEST_F(PlanTest, flags_do_not_reach_the_packages_that_are_needed) {
  directory.package("app", "image: app\nbuildArgs: [A=@lkt:pkg:../base]\n");
  directory.package("base", "image: base\n");
  EXPECT_THAT(refs(plan({"app"}, {.org = "zz", .tag = "t"})),
              ElementsAre("linuxkit/base:latest", "zz/app:t"));
}

TEST_F(PlanTest, a_circle_is_named) {
  directory.package("a", "image: a\nbuildArgs:\n  - X=@lkt:pkg:../b\n");
  directory.package("b", "image: b\nbuildArgs:\n  - X=@lkt:pkg:../c\n");
  directory.package("c", "image: c\nbuildArgs:\n  - X=@lkt:pkg:../b\n");
  plan({"a", "b", "c"});
  const std::string b = (directory / "b").string();
  const std::string c = (directory / "c").string();
  EXPECT_THAT(messages(), ElementsAre(testing::AllOf(HasSubstr("c/build.yml:3: "),
                                                     HasSubstr(b + " -> " + c + " -> " + b))));
}

TEST_F(PlanTest, a_package_that_needs_itself_is_a_circle) {
  directory.package("a", "image: a\nbuildArgs: [X=@lkt:pkg:.]\n");
  plan({"a"});
  EXPECT_THAT(messages(), ElementsAre(HasSubstr("circle")));
}

TEST_F(PlanTest, wrong_references_are_told_with_their_place) {
  directory.package("a",
                    "image: a\nbuildArgs:\n  - A=@lkt:pkg:../nosuch\n  - B=@lkt:foo:x\n  - "
                    "C=@lkt:pkgs:../x*\n  - D%=@lkt:pkgs:../x*\n");
  plan({"a"});
  EXPECT_THAT(
      messages(),
      testing::UnorderedElementsAre(
          testing::AllOf(HasSubstr("a/build.yml:3: "),
                         HasSubstr("nosuch: there is no such directory")),
          testing::AllOf(HasSubstr("a/build.yml:4: "), HasSubstr("unknown value \"@lkt:foo:x\"")),
          testing::AllOf(HasSubstr("a/build.yml:5: "), HasSubstr("needs a %")),
          testing::AllOf(HasSubstr("a/build.yml:6: "), HasSubstr("no directory matches"))));
}

TEST_F(PlanTest, names_that_no_registry_takes_are_refused) {
  directory.package("a", "image: X Y\n");
  directory.package("b", "image: b\norg: reg.example:5000/team\n");
  directory.package("c", "image: c\norg: ''\n");
  EXPECT_THAT(refs(plan({"a", "b", "c"})), ElementsAre("reg.example:5000/team/b:latest"));
  EXPECT_THAT(messages(), ElementsAre(HasSubstr("\"linuxkit/X Y:latest\" cannot be"),
                                      HasSubstr("\"/c:latest\" cannot be")));
}

TEST_F(PlanTest, two_packages_cannot_have_one_name) {
  directory.package("a", "image: same\n");
  directory.package("b", "image: same\n");
  plan({"a", "a", "b"});
  EXPECT_THAT(messages(), ElementsAre(testing::AllOf(HasSubstr("b/build.yml: linuxkit/same:latest"),
                                                     HasSubstr("/a, too"))));
}

TEST_F(PlanTest, a_missing_dockerfile_is_told_once) {
  directory.write("base/build.yml", "image: base\n");
  directory.package("a", "image: a\nbuildArgs: [X=@lkt:pkg:../base]\n");
  directory.package("b", "image: b\nbuildArgs: [X=@lkt:pkg:../base]\n");
  plan({"a", "b", "base"});
  EXPECT_THAT(messages(), ElementsAre(testing::AllOf(HasSubstr("base/build.yml: there is no"),
                                                     HasSubstr("base/Dockerfile"))));
}

}  // namespace
}  // namespace rtfx::pkg
