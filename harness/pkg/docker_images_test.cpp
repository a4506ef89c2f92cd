// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_images.hpp"

#include "base/digest.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/fixture.hpp"
#include "harness/pkg/fixture.hpp"

namespace rtfx::pkg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string digits(64, 'a');
const std::string redis = "redis:7@sha256:" + digits;

class DockerImagesTest : public testing::Test {
 protected:
  DockerImagesTest() {
    directory.write("images", "# comment\n\n" + redis + "\n  \nlinuxkit/x@sha256:" + digits + "\n");
    directory.write("sub/file", "");
    fs::create_directory_symlink("/tmp", directory / "link");
  }
  std::optional<DockerImages> read(const std::string& yaml) {
    Diagnostics own;
    const yaml::Node node = yaml::parse(yaml, "build.yml", own);
    own.throw_if_any();
    const auto images = read_docker_images(node, directory.root(), own);
    messages = text::join(own.messages(), "\n");
    EXPECT_EQ(images.has_value(), messages.empty()) << messages;
    return images;
  }
  PackageDirectory directory;
  std::string messages;
};

TEST_F(DockerImagesTest, a_list_goes_into_one_archive) {
  const auto images = read("list: [\"" + redis + "\"]\ntarget: sub/../images.tar\n");
  ASSERT_TRUE(images) << messages;
  EXPECT_THAT(images->images, ElementsAre(redis));
  EXPECT_EQ(images->target, "images.tar");
  EXPECT_FALSE(images->target_is_directory);
}

TEST_F(DockerImagesTest, a_file_of_images_ignores_blank_lines_and_comments) {
  const auto images = read("from-file: images\ntarget-dir: out/dir/\n");
  ASSERT_TRUE(images) << messages;
  EXPECT_THAT(images->images, ElementsAre(redis, "linuxkit/x@sha256:" + digits));
  EXPECT_EQ(images->target, "out/dir");
  EXPECT_TRUE(images->target_is_directory);
}

TEST_F(DockerImagesTest, what_is_wrong_is_told_with_its_place) {
  const std::string list = "list: [\"" + redis + "\"]\n";
  const struct {
    std::string yaml;
    const char* message;
  } cases[] = {
      {"x", "depends.docker-images"},
      {"{}", "target (one archive) or target-dir (one for each image) is missing"},
      {list, "target (one archive)"},
      {"target: x\n", "list or from-file is missing"},
      {list + "target: x\ntarget-dir: y\n",
       "build.yml:3: depends.docker-images: target and target-dir exclude each other"},
      {list + "from-file: images\ntarget: x\n",
       "build.yml:2: depends.docker-images: list and from-file exclude each other"},
      {list + "target: x\nimages: 1\n", "unknown key \"images\""},
      {list + "target: /x\n", "build.yml:2: depends.docker-images: target must be relative"},
      {list + "target: ../x\n", "target must be inside the package, not \"../x\""},
      {list + "target: a/../../x\n", "must be inside the package"},
      {list + "target: .\n", "must not be the package's directory itself"},
      {list + "target: \"\"\n", "target must be inside"},
      {list + "target: x/\n", "target must be a file's name"},
      {list + "target: [x]\n", "expected a string"},
      {list + "target: link/x\n", "leads through the symbolic link"},
      {list + "target-dir: link\n", "leads through the symbolic link"},
      {list + "target-dir: sub/..\n", "must not be the package's directory itself"},
      {"from-file: ../images\ntarget: x\n", "from-file must be inside the package"},
      {"from-file: nothing\ntarget: x\n", "build.yml:1: depends.docker-images: there is no file"},
      {"from-file: sub\ntarget: x\n", "there is no file"},
      {"from-file: link/x\ntarget: x\n", "leads through the symbolic link"},
      {"list: x\ntarget: x\n", "list"},
      {"list: [[x]]\ntarget: x\n", "wanted is the name of an image, not a list"},
      {"list: [\"redis:7\"]\ntarget: x\n", "image \"redis:7\" lacks a digest"},
      {"list: [\"redis@sha256:abc\"]\ntarget: x\n", "sha256:abc"},
      {"list: [\"redis@md5:" + digits + "\"]\ntarget: x\n", "md5"},
      {"list: [\"Re dis@sha256:" + digits + "\"]\ntarget: x\n", "Re dis"},
      {"list: [\"" + redis + "\", \"" + redis + "\"]\ntarget: x\n", "is there twice"},
  };
  for (const auto& c : cases) {
    EXPECT_FALSE(read(c.yaml)) << c.yaml;
    EXPECT_THAT(messages, HasSubstr(c.message)) << c.yaml;
  }
}

TEST_F(DockerImagesTest, a_problem_in_a_file_of_images_has_its_line) {
  directory.write("images", "# one\nredis:7\n");
  EXPECT_FALSE(read("from-file: images\ntarget: x\n"));
  EXPECT_THAT(messages, HasSubstr("/images:2: depends.docker-images: image \"redis:7\" lacks"));
}

class SaveTest : public testing::Test {
 protected:
  SaveTest()
      : one(oci::fixture::put_image(store, "arm64", {oci::fixture::tar_of({{"one", "1"}})})),
        two(oci::fixture::put_image(
            store, "arm64",
            {oci::fixture::tar_of({{"one", "1"}}), oci::fixture::tar_of({{"two", "2"}})})) {}
  std::string name(const std::string& image, const oci::Descriptor& descriptor) {
    return image + "@" + descriptor.digest.str();
  }
  PullImage pull() {
    return [this](const std::string& ref) {
      pulled.push_back(ref);
      return ref.ends_with(one.digest.str()) ? one : two;
    };
  }
  std::string error_of(const DockerImages& images, const PullImage& pull,
                       const std::string& arch = "arm64") {
    try {
      save_docker_images(images, context.root(), store, pull, arch);
      return "no error";
    } catch (const Error& error) {
      return error.what();
    }
  }
  /// The names of the images of an archive, as rtfx imports them.
  std::vector<std::string> names_in(const fs::path& archive) {
    const TemporaryDirectory other("pkg-test");
    oci::Store copy(other.path() / "store");
    std::vector<std::string> names;
    for (const auto& image : oci::import_path(copy, archive)) names.push_back(image.name);
    return names;
  }
  TemporaryDirectory store_directory{"pkg-test"};
  oci::Store store{store_directory.path() / "store"};
  PackageDirectory context;
  oci::Descriptor one, two;
  std::vector<std::string> pulled;
};

TEST_F(SaveTest, one_archive_holds_all_images) {
  const DockerImages images{
      {name("redis:7", one), name("linuxkit/x:y", two)}, "sub/all.tar", false};
  save_docker_images(images, context.root(), store, pull(), "arm64");
  EXPECT_THAT(pulled, ElementsAre(images.images[0], images.images[1]));
  EXPECT_THAT(names_in(context / "sub/all.tar"),
              testing::UnorderedElementsAre("redis:7", "linuxkit/x:y"));
}

TEST_F(SaveTest, a_directory_has_one_archive_for_each_and_nothing_else) {
  context.write("out/stale.tar", "from an earlier build");
  const DockerImages images{
      {name("redis:7", one), name("reg.example.org:5000/a/x", two)}, "out", true};
  save_docker_images(images, context.root(), store, pull(), "arm64");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(context / "out"))
    names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("redis@" + one.digest.str() + ".tar",
                                                   "x@" + two.digest.str() + ".tar"));
  EXPECT_THAT(names_in(context / ("out/redis@" + one.digest.str() + ".tar")),
              ElementsAre("redis:7"));
}

TEST_F(SaveTest, the_same_images_give_the_same_bytes) {
  const DockerImages images{{name("redis:7", one), name("x", two)}, "all.tar", false};
  save_docker_images(images, context.root(), store, pull(), "arm64");
  const Digest first = Digest::of_file(context / "all.tar");
  save_docker_images(images, context.root(), store, pull(), "arm64");
  EXPECT_EQ(Digest::of_file(context / "all.tar"), first);
}

TEST_F(SaveTest, what_cannot_be_saved_is_an_error_that_names_the_image) {
  const DockerImages images{{name("redis:7", one)}, "all.tar", false};
  EXPECT_THAT(error_of(images, pull(), "amd64"), HasSubstr("redis:7"));
  EXPECT_THAT(error_of(images, pull(), "amd64"), HasSubstr("has no image for amd64"));
  EXPECT_THAT(error_of(images, [&](const std::string&) { return two; }),
              HasSubstr("came as " + two.digest.str()));
  const auto fails = [](const std::string&) -> oci::Descriptor { throw Error("no such host"); };
  EXPECT_THAT(error_of(images, fails),
              HasSubstr("depends.docker-images: redis:7@" + one.digest.str() + ": no such host"));
  fs::create_directory(context / "all.tar");
  EXPECT_THAT(error_of(images, pull()), HasSubstr("all.tar is a directory of the package"));
}

TEST_F(SaveTest, nothing_is_written_through_a_link_of_the_context) {
  const TemporaryDirectory outside("pkg-test");
  fs::create_directory_symlink(outside.path(), context / "out");
  const DockerImages images{{name("redis:7", one)}, "out/all.tar", false};
  EXPECT_THAT(error_of(images, pull()), HasSubstr("leads through the symbolic link out"));
  EXPECT_TRUE(fs::is_empty(outside.path()));
}

}  // namespace
}  // namespace rtfx::pkg
