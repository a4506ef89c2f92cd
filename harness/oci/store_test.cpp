// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/process/process.hpp"

namespace rtfx::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string descriptor_json(const Descriptor& d) {
  return R"({"mediaType":")" + d.media_type + R"(","digest":")" + d.digest.str() + R"(","size":)" +
         std::to_string(d.size) + "}";
}

/// Puts a one-layer image into the store.
Descriptor put_image(Store& store, const std::string& architecture, const std::string& content) {
  const Descriptor layer = store.put(content, layer_type);
  const Descriptor config =
      store.put(R"({"architecture":")" + architecture +
                    R"(","os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
                    layer.digest.str() + R"("]}})",
                config_type);
  Descriptor manifest = store.put(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
          descriptor_json(config) + R"(,"layers":[)" + descriptor_json(layer) + "]}",
      media_type_manifest);
  manifest.platform = Platform{"linux", architecture, ""};
  return manifest;
}

Descriptor layer_of(const Store& store, const Descriptor& manifest) {
  return parse_manifest(store.read(manifest)).layers.at(0);
}

class StoreTest : public testing::Test {
 protected:
  fs::path path(const std::string& name = "store") const { return directory_.path() / name; }
  static fs::path blob(const Store& store, const Descriptor& descriptor) {
    return store.directory() / "blobs" / "sha256" / descriptor.digest.hex();
  }
  std::vector<std::string> leftovers(const fs::path& where) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(where)) {
      if (entry.path().filename().string().find(".tmp.") != std::string::npos)
        found.push_back(entry.path().string());
    }
    return found;
  }

 private:
  TemporaryDirectory directory_{"store-test"};
};

TEST_F(StoreTest, a_new_store_is_an_empty_layout) {
  const Store store(path());
  EXPECT_THAT(read_file(path() / "oci-layout"), HasSubstr("1.0.0"));
  EXPECT_TRUE(store.names().empty());
}

TEST_F(StoreTest, a_directory_with_other_things_is_refused) {
  fs::create_directories(path());
  std::ofstream(path() / "notes.txt") << "mine";
  EXPECT_THAT(message_of([&] { Store store(path()); }),
              HasSubstr("neither empty nor an OCI image layout"));
  EXPECT_FALSE(fs::exists(path() / "index.json"));
}

TEST_F(StoreTest, opening_an_existing_store_changes_nothing) {
  Store(path()).put("x", layer_type);
  const auto before = fs::last_write_time(path());
  const std::string index = read_file(path() / "index.json");
  const Store again(path());
  EXPECT_EQ(fs::last_write_time(path()), before);
  EXPECT_EQ(read_file(path() / "index.json"), index);
}

TEST_F(StoreTest, what_was_put_is_read) {
  Store store(path());
  const Descriptor descriptor = store.put("hello", layer_type);
  EXPECT_EQ(descriptor.digest, Digest::of("hello"));
  EXPECT_TRUE(store.has(descriptor.digest));
  EXPECT_EQ(store.read(descriptor), "hello");
  EXPECT_EQ(read_file(store.blob_path(descriptor)), "hello");
}

TEST_F(StoreTest, a_changed_blob_is_found_out_even_after_it_was_verified) {
  Store store(path());
  const Descriptor descriptor = store.put("hello", layer_type);
  store.blob_path(descriptor);
  // File systems tell times in steps of a few milliseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::ofstream(blob(store, descriptor)) << "jello";
  EXPECT_THAT(message_of([&] { store.blob_path(descriptor); }),
              HasSubstr("blob " + descriptor.digest.str() + " is corrupt"));
  EXPECT_THAT(message_of([&] { store.read(descriptor); }), HasSubstr("is corrupt"));
}

TEST_F(StoreTest, a_truncated_blob_is_found_out) {
  Store store(path());
  const Descriptor descriptor = store.put(std::string(100000, 'x'), layer_type);
  fs::resize_file(blob(store, descriptor), 99999);
  EXPECT_THAT(message_of([&] { store.blob_path(descriptor); }), HasSubstr("is corrupt"));
  EXPECT_FALSE(store.complete(descriptor));
}

TEST_F(StoreTest, a_missing_blob_is_found_out) {
  Store store(path());
  const Descriptor manifest = put_image(store, "amd64", "content");
  const Descriptor layer = layer_of(store, manifest);
  EXPECT_TRUE(store.complete(manifest));
  fs::remove(blob(store, layer));
  EXPECT_FALSE(store.complete(manifest));
  EXPECT_THAT(message_of([&] { store.blob_path(layer); }),
              HasSubstr("blob " + layer.digest.str() + " is missing"));
  EXPECT_THAT(message_of([&] { store.read(layer); }), HasSubstr("is missing"));
}

TEST_F(StoreTest, putting_again_heals_a_damaged_blob) {
  Store store(path());
  const Descriptor descriptor = store.put("hello", layer_type);
  std::ofstream(blob(store, descriptor)) << "jello";
  store.put("hello", layer_type);
  EXPECT_EQ(store.read(descriptor), "hello");
}

TEST_F(StoreTest, names_are_given_replaced_and_taken) {
  Store store(path());
  const Descriptor one = put_image(store, "amd64", "1");
  const Descriptor two = put_image(store, "amd64", "2");
  store.tag("linuxkit/redis:abc", one);
  store.tag("other", one);
  store.tag("linuxkit/redis:abc", two);
  EXPECT_EQ(store.resolve("linuxkit/redis:abc")->digest, two.digest);
  EXPECT_EQ(store.resolve("other")->digest, one.digest);
  store.untag("other");
  EXPECT_EQ(store.resolve("other"), std::nullopt);
  EXPECT_EQ(store.names().size(), 1U);
}

TEST_F(StoreTest, the_same_names_give_the_same_bytes) {
  Store one(path("one"));
  Store two(path("two"));
  const Descriptor a = put_image(one, "amd64", "a");
  const Descriptor b = put_image(one, "arm64", "b");
  one.tag("x", a);
  one.tag("y", b);
  one.tag("z", a);
  two.copy_from(one, b);
  two.copy_from(one, a);
  two.tag_all({{"z", a}, {"y", b}, {"x", a}});
  EXPECT_EQ(read_file(path("one") / "index.json"), read_file(path("two") / "index.json"));
}

TEST_F(StoreTest, tagging_what_is_tagged_writes_nothing) {
  Store store(path());
  const Descriptor image = put_image(store, "amd64", "1");
  store.tag("x", image);
  const auto before = fs::last_write_time(path() / "index.json");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  store.tag("x", image);
  EXPECT_EQ(fs::last_write_time(path() / "index.json"), before);
}

TEST_F(StoreTest, one_name_for_two_images_is_an_error_until_it_is_given_anew) {
  Store store(path());
  Descriptor one = put_image(store, "amd64", "1");
  Descriptor two = put_image(store, "amd64", "2");
  store.tag("other", one);
  const std::map<std::string, std::string> name{{"org.opencontainers.image.ref.name", "x"}};
  one.annotations = two.annotations = name;
  Index index = parse_index(read_file(path() / "index.json"));
  index.manifests.insert(index.manifests.end(), {one, two});
  write_file_atomically(path() / "index.json", format_index(index));
  EXPECT_THAT(message_of([&] { store.resolve("x"); }), HasSubstr("has the name x twice"));
  EXPECT_THAT(message_of([&] { store.names(); }), HasSubstr("rtfx cache rm x takes it from both"));
  EXPECT_EQ(store.resolve("other")->digest, one.digest);
  store.tag("x", two);
  EXPECT_EQ(store.resolve("x")->digest, two.digest);
}

TEST_F(StoreTest, names_that_are_gone_are_not_made_up) {
  Store(path()).put("x", layer_type);
  fs::remove(path() / "index.json");
  EXPECT_THAT(message_of([&] { Store store(path()); }),
              HasSubstr("index.json is missing, and with it the names"));
  EXPECT_FALSE(fs::exists(path() / "index.json"));
}

TEST_F(StoreTest, only_what_is_whole_gets_a_name) {
  Store store(path());
  const Descriptor image = put_image(store, "amd64", "1");
  const Descriptor whole = put_image(store, "arm64", "2");
  fs::remove(blob(store, layer_of(store, image)));
  EXPECT_THAT(message_of([&] {
                store.tag_all({{"a", whole}, {"b", image}});
              }),
              HasSubstr("image b: blob "));
  EXPECT_TRUE(store.names().empty());
}

TEST_F(StoreTest, an_index_keeps_attestations_beside_their_image) {
  Store store(path());
  const auto attested = [&](const Descriptor& image) {
    Descriptor attestation = put_image(store, "unknown", "about " + image.digest.str());
    attestation.platform = Platform{"unknown", "unknown", ""};
    attestation.annotations = {{"vnd.docker.reference.type", "attestation-manifest"},
                               {"vnd.docker.reference.digest", image.digest.str()}};
    return attestation;
  };
  const Descriptor old = put_image(store, "amd64", "old");
  const Descriptor arm64 = put_image(store, "arm64", "arm");
  store.add_to_index("x", {old, attested(old)});
  store.add_to_index("x", {arm64, attested(arm64)});
  const Descriptor fresh = put_image(store, "amd64", "fresh");
  const Descriptor index = store.add_to_index("x", fresh);
  EXPECT_EQ(parse_index(store.read(index)).manifests.size(), 3U);
  EXPECT_EQ(store.for_arch(index, "amd64")->digest, fresh.digest);
}

TEST_F(StoreTest, entries_of_other_tools_stay) {
  Store store(path());
  const Descriptor image = put_image(store, "amd64", "1");
  Index index;
  index.manifests.push_back(image);
  write_file_atomically(path() / "index.json", format_index(index));
  store.tag("x", image);
  EXPECT_EQ(parse_index(read_file(path() / "index.json")).manifests.size(), 2U);
}

TEST_F(StoreTest, an_index_keeps_its_other_arches) {
  Store store(path());
  const Descriptor amd64 = put_image(store, "amd64", "a");
  const Descriptor arm64 = put_image(store, "arm64", "b");
  store.add_to_index("x", amd64);
  store.add_to_index("x", put_image(store, "arm64", "old"));
  store.add_to_index("x", arm64);
  const Descriptor index = store.resolve("x").value();
  EXPECT_EQ(parse_index(store.read(index)).manifests.size(), 2U);
  EXPECT_EQ(store.for_arch(index, "amd64")->digest, amd64.digest);
  EXPECT_EQ(store.for_arch(index, "arm64")->digest, arm64.digest);
  EXPECT_EQ(store.for_arch(index, "s390x"), std::nullopt);
}

TEST_F(StoreTest, an_image_of_another_arch_is_not_taken_for_the_wanted_one) {
  Store store(path());
  const Descriptor arm64 = put_image(store, "arm64", "b");
  EXPECT_EQ(store.for_arch(arm64, "amd64"), std::nullopt);
  EXPECT_EQ(store.for_arch(arm64, "arm64")->platform->architecture, "arm64");

  Descriptor liar = arm64;
  liar.platform->architecture = "amd64";
  const Descriptor index = store.put(format_index({{liar}, {}}), media_type_index);
  EXPECT_THAT(message_of([&] { store.for_arch(index, "amd64"); }),
              HasSubstr("of another architecture"));
}

TEST_F(StoreTest, copying_takes_all_that_is_referred_to) {
  Store from(path("from"));
  from.add_to_index("x", put_image(from, "amd64", "a"));
  const Descriptor index = from.add_to_index("x", put_image(from, "arm64", "b"));
  Store to(path("to"));
  to.copy_from(from, index);
  EXPECT_TRUE(to.complete(index));
  EXPECT_TRUE(leftovers(path("to")).empty());
}

TEST_F(StoreTest, copying_again_copies_nothing) {
  Store from(path("from"));
  const Descriptor image = put_image(from, "amd64", "a");
  Store to(path("to"));
  to.copy_from(from, image);
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat(blob(to, image).c_str(), &before), 0);
  to.copy_from(from, image);
  ASSERT_EQ(::stat(blob(to, image).c_str(), &after), 0);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
  EXPECT_TRUE(leftovers(path("to")).empty());
}

TEST_F(StoreTest, a_corrupt_blob_is_not_copied) {
  Store from(path("from"));
  const Descriptor image = put_image(from, "amd64", "a");
  std::ofstream(blob(from, layer_of(from, image))) << "b";
  Store to(path("to"));
  EXPECT_THAT(message_of([&] { to.copy_from(from, image); }), HasSubstr("is corrupt"));
  EXPECT_FALSE(to.has(image.digest));
}

TEST_F(StoreTest, copying_heals_a_damaged_blob) {
  Store from(path("from"));
  const Descriptor image = put_image(from, "amd64", "a");
  const Descriptor layer = layer_of(from, image);
  Store to(path("to"));
  fs::create_directories(blob(to, layer).parent_path());
  std::ofstream(blob(to, layer)) << "b";
  to.copy_from(from, image);
  EXPECT_EQ(to.read(layer), "a");
}

TEST_F(StoreTest, a_foreign_layout_is_imported) {
  Store foreign(path("foreign"));
  const Descriptor image = put_image(foreign, "s390x", "a");
  Descriptor without_platform = image;
  without_platform.platform.reset();
  foreign.tag("some name", without_platform);
  Store store(path());
  const Descriptor imported = store.import_layout(path("foreign"));
  EXPECT_EQ(imported.digest, image.digest);
  EXPECT_EQ(imported.platform->architecture, "s390x");
  EXPECT_TRUE(store.complete(imported));
  foreign.tag("second", put_image(foreign, "amd64", "b"));
  EXPECT_THAT(message_of([&] { store.import_layout(path("foreign")); }), HasSubstr("2 images"));
  EXPECT_EQ(store.import_layout(path("foreign"), "some name").digest, image.digest);
  EXPECT_THAT(message_of([&] { store.import_layout(path("foreign"), "nosuch"); }),
              HasSubstr("no image named nosuch"));
}

/// What every writer of the concurrency tests does: its own image, its own name, and an arch of the
/// common index.
void write_as(const fs::path& directory, int number) {
  Store store(directory);
  const std::string name = "arch" + std::to_string(number);
  const Descriptor image = put_image(store, name, "content of " + name);
  store.put("everybody's blob", layer_type);
  store.tag("image:" + name, image);
  store.add_to_index("common", image);
}

void expect_nothing_lost(const fs::path& directory, int writers) {
  const Store store(directory);
  EXPECT_EQ(store.names().size(), static_cast<std::size_t>(writers) + 1);
  for (int i = 0; i < writers; ++i) {
    const std::string name = "arch" + std::to_string(i);
    EXPECT_TRUE(store.complete(store.resolve("image:" + name).value())) << name;
    EXPECT_TRUE(store.for_arch(store.resolve("common").value(), name)) << name;
  }
}

TEST_F(StoreTest, twenty_four_processes_lose_nothing) {
  constexpr int writers = 24;
  std::vector<pid_t> children;
  for (int i = 0; i < writers; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int status = 0;
      try {
        write_as(path(), i);
      } catch (...) {
        status = 1;
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_nothing_lost(path(), writers);
  EXPECT_TRUE(leftovers(path()).empty());
}

TEST_F(StoreTest, many_may_make_it_at_once) {
  for (int round = 0; round < 50; ++round) {
    const fs::path store = path() / std::to_string(round);
    std::atomic<int> refused = 0;
    std::vector<std::thread> openers;
    for (int i = 0; i < 8; ++i) {
      openers.emplace_back([&] {
        try {
          Store{store};
        } catch (const Error&) {
          ++refused;
        }
      });
    }
    for (std::thread& opener : openers) opener.join();
    EXPECT_EQ(refused, 0);
  }
}

TEST_F(StoreTest, twenty_four_threads_lose_nothing) {
  constexpr int writers = 24;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) threads.emplace_back([&, i] { write_as(path(), i); });
  }
  expect_nothing_lost(path(), writers);
}

TEST_F(StoreTest, skopeo_reads_names_and_indexes) {
  if (!process::find_program("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  Store store(path());
  const Descriptor amd64 = put_image(store, "amd64", "a");
  const Descriptor index = store.add_to_index("linuxkit/redis:abc", amd64);
  store.tag("linuxkit/redis:abc-amd64", amd64);
  const auto raw = [&](const std::string& name) {
    process::Command command;
    command.argv = {"skopeo", "inspect", "--raw", "oci:" + path().string() + ":" + name};
    command.timeout = std::chrono::seconds(30);
    return process::run_captured(process::system_runner(), command).out;
  };
  EXPECT_EQ(raw("linuxkit/redis:abc"), store.read(index));
  EXPECT_EQ(raw("linuxkit/redis:abc-amd64"), store.read(amd64));
}

}  // namespace
}  // namespace rtfx::oci
