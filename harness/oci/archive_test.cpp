// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/archive.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "base/files.hpp"
#include "harness/oci/archive_names.hpp"
#include "harness/oci/fixture.hpp"

namespace rtfx::oci {
namespace {

using fixture::Member;
using fixture::message_of;
using fixture::put_image;
using fixture::tar_of;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> names_of(const std::vector<ImportedImage>& images) {
  std::vector<std::string> names;
  for (const ImportedImage& image : images) names.push_back(image.name);
  return names;
}

class ArchiveTest : public testing::Test {
 protected:
  /// The members of an OCI archive of an image of `from`, with this index.json.
  std::vector<Member> members_of(const Descriptor& image, const json& index) {
    const Manifest manifest = parse_manifest(from.read(image));
    std::vector<Member> members{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"},
                                {"index.json", index.dump()}};
    for (const Descriptor& blob : {image, manifest.config, manifest.layers.front()})
      members.push_back({"blobs/sha256/" + blob.digest.hex(), from.read(blob)});
    return members;
  }
  static json index_of(const std::vector<Descriptor>& images, const json& annotations) {
    json index = {{"schemaVersion", 2}, {"manifests", json::array()}};
    for (const Descriptor& image : images) {
      index["manifests"].push_back(fixture::to_json(image));
      if (!annotations.empty()) index["manifests"].back()["annotations"] = annotations;
    }
    return index;
  }
  std::vector<ImportedImage> import(const std::string& bytes, const std::string& name = "") {
    write_file_atomically(directory.path() / "archive", bytes);
    return import_path(to, directory.path() / "archive", name);
  }
  std::string export_oci(const Descriptor& descriptor, const std::string& name) {
    const fs::path file = directory.path() / "exported";
    const FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    export_oci_archive(from, descriptor, name, fd.get(), "exported");
    return read_file(file);
  }

  TemporaryDirectory directory{"archive-test"};
  Store from{directory.path() / "from"}, to{directory.path() / "to"};
  Descriptor image = put_image(from, "amd64", {tar_of({{"etc/motd", "hello"}})});
  const json ref{{"org.opencontainers.image.ref.name", "demo/x:1"}};
};

TEST_F(ArchiveTest, what_is_exported_is_imported_with_name_and_digest) {
  from.add_to_index("x", image);
  const Descriptor index =
      from.add_to_index("x", put_image(from, "arm64", {tar_of({{"etc/motd", "other"}})}));
  const auto images = import(export_oci(index, "linuxkit/x:1"));
  EXPECT_THAT(names_of(images), ElementsAre("linuxkit/x:1"));
  EXPECT_EQ(images.front().descriptor.digest, index.digest);
  EXPECT_TRUE(to.complete(index));
  EXPECT_EQ(to.resolve("linuxkit/x:1")->digest, index.digest);
  EXPECT_EQ(export_oci(index, "linuxkit/x:1"), export_oci(index, "linuxkit/x:1"));
}

TEST_F(ArchiveTest, names_of_docker_io_are_short_and_others_stay) {
  EXPECT_EQ(short_name("docker.io/linuxkit/x:1"), "linuxkit/x:1");
  EXPECT_EQ(short_name("docker.io/library/redis:7"), "redis:7");
  EXPECT_EQ(short_name("index.docker.io/library/redis:7"), "redis:7");
  EXPECT_EQ(short_name("docker.io/a/b/c:1"), "docker.io/a/b/c:1");
  EXPECT_EQ(short_name("docker.io/x:1"), "docker.io/x:1");
  EXPECT_EQ(short_name("reg.example:5000/x:1"), "reg.example:5000/x:1");
  EXPECT_EQ(short_name("image"), "image");
}

TEST_F(ArchiveTest, containerd_s_name_goes_before_the_reference) {
  const json both{{"io.containerd.image.name", "docker.io/demo/y:2"},
                  {"org.opencontainers.image.ref.name", "2"}};
  EXPECT_THAT(names_of(import(tar_of(members_of(image, index_of({image}, both))))),
              ElementsAre("demo/y:2"));
}

TEST_F(ArchiveTest, images_without_a_name_for_several_platforms_become_an_index) {
  const Descriptor arm64 = put_image(from, "arm64", {tar_of({{"etc/motd", "arm"}})});
  std::vector<Member> members = members_of(image, index_of({image, arm64}, {}));
  for (const Member& member : members_of(arm64, {})) {
    if (member.path.starts_with("blobs/")) members.push_back(member);
  }
  EXPECT_THAT(message_of([&] { import(tar_of(members)); }), HasSubstr("has no name there"));
  const auto images = import(tar_of(members), "demo/both:1");
  ASSERT_THAT(images, SizeIs(1));
  EXPECT_EQ(to.for_arch(images.front().descriptor, "arm64")->digest, arm64.digest);
  EXPECT_EQ(to.for_arch(images.front().descriptor, "amd64")->digest, image.digest);
}

TEST_F(ArchiveTest, one_name_for_two_images_of_a_platform_is_refused) {
  const Descriptor other = put_image(from, "amd64", {tar_of({{"etc/motd", "2"}})});
  std::vector<Member> members = members_of(image, index_of({image, other}, ref));
  for (const Member& member : members_of(other, {})) {
    if (member.path.starts_with("blobs/")) members.push_back(member);
  }
  EXPECT_THAT(message_of([&] { import(tar_of(members)); }),
              HasSubstr("has the name demo/x:1 twice"));
  EXPECT_TRUE(to.names().empty());
}

TEST_F(ArchiveTest, wrong_archives_are_refused_and_name_nothing) {
  struct Case {
    const char* what;
    std::function<void(std::vector<Member>&)> change;
    const char* message;
  };
  const auto named = [](std::vector<Member>& members, const std::string& part) -> Member& {
    for (Member& member : members) {
      if (member.path.find(part) != std::string::npos) return member;
    }
    throw Error("no member " + part);
  };
  const Manifest manifest = parse_manifest(from.read(image));
  const std::string layer = manifest.layers.front().digest.hex();
  const std::vector<Case> cases = {
      {"corrupt layer", [&](auto& m) { named(m, layer).content[600] ^= 1; },
       "is corrupt: what came"},
      {"short layer", [&](auto& m) { named(m, layer).content.pop_back(); },
       "is corrupt: what came"},
      {"corrupt configuration",
       [&](auto& m) { named(m, manifest.config.digest.hex()).content[0] = ' '; },
       "is corrupt: what came"},
      {"no layer", [&](auto& m) { named(m, layer).path = "elsewhere"; }, "is missing"},
      {"no manifest", [&](auto& m) { named(m, image.digest.hex()).path = "elsewhere"; },
       "is missing"},
      {"wrong size",
       [&](auto& m) {
         json index = json::parse(named(m, "index.json").content);
         index["manifests"][0]["size"] = image.size + 1;
         named(m, "index.json").content = index.dump();
       },
       "bytes instead of"},
      {"path that is no digest", [&](auto& m) { named(m, layer).path = "blobs/sha256/../../x"; },
       "is missing"},
      {"name that is no digest", [&](auto& m) { named(m, layer).path = "blobs/sha256/xyz"; },
       "is not a sha256 digest"},
      {"a link for a blob",
       [&](auto& m) {
         named(m, layer) = {"blobs/sha256/" + layer, "", '2', 0777, 0, 0, "/etc/passwd"};
       },
       "is missing"},
      {"no index", [&](auto& m) { named(m, "index.json").path = "other.json"; },
       "neither index.json nor manifest.json"},
      {"index with other types", [&](auto& m) { named(m, "index.json").content = "[1]"; },
       "image index is not a JSON object"},
      {"image that is none",
       [&](auto& m) {
         const std::string text = "{}";
         named(m, layer) = {"blobs/sha256/" + Digest::of(text).hex(), text};
         named(m, "index.json").content =
             index_of({{std::string(media_type_manifest), Digest::of(text), 2, {}, {}}}, ref)
                 .dump();
       },
       "is neither an image nor an index"},
      {"deep JSON", [&](auto& m) { named(m, "index.json").content = std::string(100000, '['); },
       "nested too deeply"},
  };
  for (const Case& wrong : cases) {
    Store fresh(directory.path() / "fresh");
    std::vector<Member> members = members_of(image, index_of({image}, ref));
    wrong.change(members);
    write_file_atomically(directory.path() / "wrong.tar", tar_of(members));
    const std::string message =
        message_of([&] { import_path(fresh, directory.path() / "wrong.tar"); });
    EXPECT_THAT(message, AllOf(HasSubstr("wrong.tar: "), HasSubstr(wrong.message))) << wrong.what;
    EXPECT_TRUE(fresh.names().empty()) << wrong.what;
    fs::remove_all(directory.path() / "fresh");
  }
}

TEST_F(ArchiveTest, an_archive_that_is_cut_anywhere_is_refused) {
  const std::string whole = tar_of(members_of(image, index_of({image}, ref)));
  for (std::size_t size = 0; size + 1024 < whole.size(); size += 500) {
    EXPECT_NE(message_of([&] { import(whole.substr(0, size)); }), "no error") << size;
    fs::remove_all(to.directory() / "blobs");
    fs::create_directories(to.directory() / "blobs/sha256");
  }
  EXPECT_TRUE(to.names().empty());
  import(whole);
  EXPECT_TRUE(to.complete(image));
}

TEST_F(ArchiveTest, a_pipe_is_read_to_its_end) {
  const std::string whole = tar_of(members_of(image, index_of({image}, ref))) +
                            std::string(300000, '\0');  // as GNU tar pads
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor input(ends[0]);
  std::jthread writer([&] {
    write_all(ends[1], whole, "pipe");
    ::close(ends[1]);
  });
  EXPECT_THAT(names_of(import_archive(to, input.get(), "pipe")), ElementsAre("demo/x:1"));
}

TEST_F(ArchiveTest, a_silent_pipe_does_not_keep_it_from_stopping) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor input(ends[0]), output(ends[1]);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_THAT(message_of([&] { import_archive(to, input.get(), "pipe", "", stop.get_token()); }),
              HasSubstr("interrupted"));
}

TEST_F(ArchiveTest, a_docker_archive_gives_back_layers_and_configuration) {
  const fs::path file = directory.path() / "docker.tar";
  export_docker_archive(from, image, "demo/x:1", file);
  const std::string first = read_file(file);
  export_docker_archive(from, image, "demo/x:1", file);
  EXPECT_EQ(read_file(file), first);
  const auto images = import_path(to, file);
  EXPECT_THAT(names_of(images), ElementsAre("demo/x:1"));
  const Manifest before = parse_manifest(from.read(image));
  const Manifest after = parse_manifest(to.read(images.front().descriptor));
  EXPECT_EQ(after.config.digest, before.config.digest);
  ASSERT_THAT(after.layers, SizeIs(1));
  EXPECT_EQ(after.layers[0].digest, before.layers[0].digest);
}

TEST_F(ArchiveTest, a_docker_archive_of_an_index_or_of_a_wrong_image_is_refused) {
  const fs::path file = directory.path() / "docker.tar";
  const Descriptor index = from.add_to_index("x", image);
  EXPECT_THAT(message_of([&] { export_docker_archive(from, index, "x", file); }),
              HasSubstr("is made of one image"));
  const Descriptor liar = put_image(
      from, "amd64", {tar_of({{"a", "1"}})},
      {{"rootfs", {{"type", "layers"}, {"diff_ids", {Digest::of("something else").str()}}}}});
  EXPECT_THAT(message_of([&] { export_docker_archive(from, liar, "x", file); }),
              HasSubstr("but the configuration says"));
  const Descriptor fewer =
      put_image(from, "amd64", {tar_of({{"a", "1"}})},
                {{"rootfs", {{"type", "layers"}, {"diff_ids", json::array()}}}});
  EXPECT_THAT(message_of([&] { export_docker_archive(from, fewer, "x", file); }),
              HasSubstr("has 1 layers, but its configuration tells of 0"));
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(ArchiveTest, an_image_of_several_platforms_of_which_docker_has_saved_some) {
  const Descriptor absent = put_image(from, "arm64", {tar_of({{"etc/motd", "arm"}})});
  from.add_to_index("x", absent);
  const Descriptor index = from.add_to_index("x", image);
  const json name{{"io.containerd.image.name", "docker.io/demo/x:1"}};
  std::vector<Member> members = members_of(image, index_of({index}, name));
  members.push_back({"blobs/sha256/" + index.digest.hex(), from.read(index)});
  EXPECT_THAT(message_of([&] { import(tar_of(members)); }), HasSubstr("is missing"));
  members.push_back({"manifest.json", "[]"});
  const auto images = import(tar_of(members));
  EXPECT_EQ(to.for_arch(images.front().descriptor, "amd64")->digest, image.digest);
  EXPECT_EQ(to.for_arch(images.front().descriptor, "arm64"), std::nullopt);
}

}  // namespace
}  // namespace rtfx::oci
