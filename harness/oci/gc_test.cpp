// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/gc.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "base/files.hpp"
#include "harness/oci/fixture.hpp"

namespace rtfx::oci {
namespace {

using fixture::message_of;
using fixture::put_image;
using fixture::tar_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class GcTest : public testing::Test {
 protected:
  fs::path blob(const Descriptor& descriptor) const {
    return store.directory() / "blobs/sha256" / descriptor.digest.hex();
  }
  Descriptor image(const std::string& content, const std::string& arch = "amd64") {
    return put_image(store, arch, {tar_of({{"file", content}})});
  }
  TemporaryDirectory directory{"gc-test"};
  Store store{directory.path() / "store"};
};

TEST_F(GcTest, only_what_nothing_leads_to_goes) {
  const Descriptor kept = image("kept");
  store.add_to_index("index", kept);
  store.add_to_index("index", image("other arch", "arm64"));
  store.tag("alone", image("alone"));
  const Descriptor replaced = image("replaced");
  store.tag("alone", replaced);
  const Descriptor index = store.resolve("index").value();
  const Descriptor lost = store.put("lost", fixture::layer_type);

  // The first index of one arch, the image that lost its name, and what has none: 1 + 3 + 1.
  EXPECT_THAT(collect_garbage(store).files, SizeIs(5));
  EXPECT_FALSE(store.has(lost.digest));
  EXPECT_TRUE(store.complete(index));
  EXPECT_TRUE(store.complete(replaced));
  EXPECT_THAT(collect_garbage(store).files, IsEmpty());
}

TEST_F(GcTest, a_dry_run_tells_and_removes_nothing) {
  const Descriptor lost = store.put("lost", fixture::layer_type);
  const Removed told = collect_garbage(store, {.dry_run = true});
  EXPECT_THAT(told.files, ElementsAre(blob(lost)));
  EXPECT_EQ(told.bytes, 4U);
  EXPECT_TRUE(store.has(lost.digest));
}

TEST_F(GcTest, attestations_and_images_without_a_name_in_index_json_are_kept) {
  const Descriptor amd64 = image("a");
  Descriptor attestation = image("sbom", "unknown");
  attestation.platform = Platform{"unknown", "unknown", ""};
  attestation.annotations = {{"vnd.docker.reference.type", "attestation-manifest"},
                             {"vnd.docker.reference.digest", amd64.digest.str()}};
  store.add_to_index("x", std::vector{amd64, attestation});
  EXPECT_THAT(collect_garbage(store).files, IsEmpty());

  Index unnamed = parse_index(read_file(store.directory() / "index.json"));
  unnamed.manifests.front().annotations.clear();
  write_file_atomically(store.directory() / "index.json", format_index(unnamed));
  EXPECT_THAT(collect_garbage(store).files, IsEmpty());
}

TEST_F(GcTest, temporary_files_go_and_files_of_others_stay) {
  std::ofstream(store.directory() / "blobs/sha256/incoming.tmp.1.s0") << "half";
  std::ofstream(store.directory() / "index.json.tmp.1.0") << "half";
  std::ofstream(store.directory() / "notes") << "mine";
  std::ofstream(store.directory() / "blobs/sha256/README") << "mine";
  EXPECT_THAT(collect_garbage(store).files, SizeIs(2));
  EXPECT_TRUE(fs::exists(store.directory() / "notes"));
  EXPECT_TRUE(fs::exists(store.directory() / "blobs/sha256/README"));
}

TEST_F(GcTest, it_waits_for_a_writer_whose_blobs_have_no_name_yet) {
  std::optional<Store> writer(std::in_place, store.directory());
  const Descriptor written = put_image(*writer, "amd64", {tar_of({{"a", "1"}})});
  EXPECT_THAT(message_of([&] { collect_garbage(store); }), HasSubstr("others are writing"));
  EXPECT_TRUE(store.complete(written));

  auto collected = std::async(std::launch::async, [&] {
    Store other(store.directory());
    return collect_garbage(other, {.patience = std::chrono::seconds(20)}).files.size();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  writer->tag("x", written);
  writer.reset();
  EXPECT_EQ(collected.get(), 0U);
  EXPECT_TRUE(store.complete(written));
}

TEST_F(GcTest, readers_and_finished_writers_are_not_waited_for) {
  const Store reader(store.directory());
  Store writer(store.directory());
  writer.put("x", fixture::layer_type);
  writer.stop_writing();
  EXPECT_THAT(collect_garbage(store).files, SizeIs(1));
}

TEST_F(GcTest, a_writer_that_starts_while_it_runs_finds_nothing_half_removed) {
  const std::string layer = tar_of({{"a", std::string(100000, 'x')}});
  for (int round = 0; round < 40; ++round) {
    std::jthread collector([&] {
      Store other(store.directory());
      collect_garbage(other, {.patience = std::chrono::seconds(20)});
    });
    {
      Store writer(store.directory());
      const Descriptor written = put_image(writer, "amd64", {layer});
      writer.tag("x", written);
      ASSERT_TRUE(writer.complete(written));
    }
    store.untag("x");
  }
}

TEST_F(GcTest, a_name_is_not_given_to_what_is_gone) {
  const Descriptor forgotten = image("forgotten");
  store.stop_writing();
  Store other(store.directory());
  collect_garbage(other);
  EXPECT_THAT(message_of([&] { store.tag("x", forgotten); }), HasSubstr("image x: blob"));
  EXPECT_THAT(message_of([&] { store.add_to_index("x", forgotten); }), HasSubstr("is missing"));
  EXPECT_TRUE(store.names().empty());
}

TEST_F(GcTest, a_corrupt_manifest_keeps_everything) {
  const Descriptor broken = image("broken");
  store.tag("broken", broken);
  const Descriptor lost = store.put("lost", fixture::layer_type);
  std::ofstream(blob(broken)) << std::string(broken.size, 'x');
  EXPECT_THAT(message_of([&] { collect_garbage(store); }), HasSubstr("image broken: blob"));
  EXPECT_TRUE(store.has(lost.digest));
  fs::remove(blob(broken));
  EXPECT_THAT(collect_garbage(store).files, SizeIs(3));
}

TEST_F(GcTest, removing_an_image_leaves_what_others_share) {
  const std::string shared = tar_of({{"shared", "1"}});
  const Descriptor one = put_image(store, "amd64", {shared, tar_of({{"one", "1"}})});
  const Descriptor two = put_image(store, "arm64", {shared});
  store.tag_all({{"one", one}, {"also-one", one}, {"two", two}});
  EXPECT_THAT(remove_images(store, {"one"}).blobs.files, IsEmpty());
  EXPECT_TRUE(store.complete(one));
  EXPECT_THAT(remove_images(store, {"also-one"}).blobs.files, SizeIs(3));
  EXPECT_TRUE(store.complete(two));
  EXPECT_THAT(remove_images(store, {"two"}).blobs.files, SizeIs(3));
}

TEST_F(GcTest, removing_beside_a_writer_leaves_the_blobs) {
  store.tag("x", image("x"));
  Store writer(store.directory());
  writer.put("being written", fixture::layer_type);
  const RemovedNames removed = remove_images(store, {"x"});
  EXPECT_TRUE(removed.postponed);
  EXPECT_THAT(removed.blobs.files, IsEmpty());
  EXPECT_TRUE(store.names().empty());
}

TEST_F(GcTest, names_are_found_in_docker_s_short_and_long_form) {
  const Descriptor some = image("x");
  store.tag_all(
      {{"linuxkit/x:y", some}, {"docker.io/library/redis:latest", some}, {"plain", some}});
  EXPECT_EQ(find_name(store, "linuxkit/x:y"), "linuxkit/x:y");
  EXPECT_EQ(find_name(store, "docker.io/linuxkit/x:y"), "linuxkit/x:y");
  EXPECT_EQ(find_name(store, "redis"), "docker.io/library/redis:latest");
  EXPECT_EQ(find_name(store, "plain"), "plain");
  EXPECT_THAT(message_of([&] { find_name(store, "linuxkit/x:z"); }),
              HasSubstr("did you mean \"linuxkit/x:y\"?"));
  EXPECT_THAT(message_of([&] {
                remove_images(store, {"plain", "nosuch"});
              }),
              HasSubstr("no image nosuch"));
  EXPECT_THAT(store.names(), SizeIs(3));
}

TEST_F(GcTest, everything_can_be_removed) {
  store.tag("x", image("x"));
  EXPECT_THAT(remove_everything(store, {.dry_run = true}).files, SizeIs(3));
  EXPECT_THAT(store.names(), SizeIs(1));
  EXPECT_THAT(remove_everything(store).files, SizeIs(3));
  EXPECT_TRUE(store.names().empty());
}

}  // namespace
}  // namespace rtfx::oci
