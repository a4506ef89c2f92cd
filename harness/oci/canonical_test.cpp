// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/canonical.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/oci/canonical_layer.hpp"
#include "harness/oci/noisy_tar.hpp"

namespace rtfx::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr std::int64_t timestamp = 1700000000;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class CanonicalTest : public testing::Test {
 protected:
  static Json to_json(const Descriptor& d) {
    return {{"mediaType", d.media_type}, {"digest", d.digest.str()}, {"size", d.size}};
  }
  /// An image as a builder writes it; `config` may set and replace keys of the configuration.
  Descriptor put_image(const std::vector<std::string>& tars, const Json& config = Json::object(),
                       bool docker = true) {
    Json configuration{{"architecture", "arm64"},
                       {"os", "linux"},
                       {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array()}}}};
    Json layers = Json::array();
    for (const std::string& tar : tars) {
      configuration["rootfs"]["diff_ids"].push_back(Digest::of(plain(tar)).str());
      layers.push_back(
          to_json(store.put(tar, docker ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
                                        : "application/vnd.oci.image.layer.v1.tar+gzip")));
    }
    configuration.update(config);
    const std::string type = docker ? "application/vnd.docker.distribution.manifest.v2+json"
                                    : std::string(media_type_manifest);
    const Json manifest{
        {"schemaVersion", 2},
        {"mediaType", type},
        {"config", to_json(store.put(configuration.dump(2),
                                     "application/vnd.docker.container.image.v1+json"))},
        {"layers", layers},
        {"annotations", {{"org.opencontainers.image.created", "now"}}}};
    return store.put(manifest.dump(), type);
  }
  Descriptor canonical(const Descriptor& image) {
    return canonicalize(store, image, store, {.timestamp = timestamp});
  }
  std::vector<Member> members_of(const Descriptor& image, std::size_t layer = 0) {
    return read_tar(store.read(parse_manifest(store.read(image)).layers.at(layer)), leftovers);
  }
  Json config_of(const Descriptor& image) {
    return Json::parse(store.read(parse_manifest(store.read(image)).config));
  }
  std::vector<std::string> paths_of(const std::vector<Member>& members) {
    Noise noise;
    std::vector<std::string> paths;
    for (const Member& member : members_of(canonical(put_image({make_tar(members, noise)}))))
      paths.push_back(member.path);
    return paths;
  }

  TemporaryDirectory directory{"canonical-test"};
  Store store{directory.path() / "store"};
  std::set<std::string> leftovers;
};

/// A directory tree with everything that layers hold; the same seed gives the same one.
std::vector<Member> random_tree(unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const std::vector<std::string> names{"a",       "b-c",     "b",          "+x",
                                       ".hidden", "ünicode", "with blank", std::string(120, 'l'),
                                       "Z",       "z\xff"};
  std::vector<std::string> directories{""};
  std::vector<Member> members;
  std::set<std::string> used;
  std::vector<std::string> files;
  for (int i = 0; i < 40; ++i) {
    const std::string parent = directories[pick(static_cast<unsigned>(directories.size()))];
    Member member;
    member.path =
        (parent.empty() ? "" : parent + "/") + names[pick(static_cast<unsigned>(names.size()))];
    if (!used.insert(member.path).second) continue;
    member.mode = pick(010000);
    member.uid = pick(5) == 0 ? 3000000 : pick(1000);
    member.gid = pick(1000);
    switch (pick(7)) {
      case 0:
      case 1:
        member.type = 'd';
        directories.push_back(member.path);
        break;
      case 2:
        member.type = 'l';
        member.text = pick(2) != 0U ? "../there" : std::string(150, 't');
        break;
      case 3:
        member.type = pick(2) != 0U ? 'c' : 'b';
        member.major = pick(300);
        member.minor = pick(300);
        break;
      case 4:
        member.path = (parent.empty() ? "" : parent + "/") + ".wh." + std::to_string(i);
        break;
      default:
        member.text = std::string(pick(3000), static_cast<char>('a' + pick(26)));
        if (pick(3) == 0) member.xattrs["security.capability"] = std::string("\1\0\0\2\0\4", 6);
        if (pick(3) == 0) member.xattrs["user.note"] = "text";
        files.push_back(member.path);
    }
    members.push_back(member);
  }
  return members;
}

TEST_F(CanonicalTest, BuildersThatDifferInTimesOrderOwnersAndCompressionGiveOneDigest) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::vector<Member> tree = random_tree(seed);
    const Descriptor first = canonical(put_image({make_tar(tree, {})}));
    std::shuffle(tree.begin(), tree.end(), std::mt19937(seed + 1000));
    const Noise noise{.time = 1234567890 + seed,
                      .owner = "daemon" + std::to_string(seed),
                      .packing = seed % 2 == 0 ? Noise::Packing::gzip : Noise::Packing::zstd,
                      .leading_dot = seed % 3 == 0};
    const Descriptor second =
        canonical(put_image({make_tar(tree, noise)},
                            {{"container", "abc"}, {"created", "2024-01-01T00:00:00Z"}}, false));
    EXPECT_EQ(first.digest, second.digest) << seed;
  }
}

TEST_F(CanonicalTest, NothingOfTheContentChanges) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::vector<Member> tree = random_tree(seed);
    std::vector<Member> read = members_of(canonical(put_image({make_tar(tree, {})})));
    for (Member& member : read)
      if (member.type == 'd') member.path.pop_back();
    std::sort(tree.begin(), tree.end());
    std::sort(read.begin(), read.end());
    EXPECT_EQ(tree, read) << seed;
  }
  EXPECT_THAT(leftovers, ElementsAre("1700000000.0"));
}

TEST_F(CanonicalTest, ACanonicalImageStaysAsItIs) {
  const Descriptor once = canonical(put_image({make_tar(random_tree(7), {}), make_tar({}, {})}));
  const Descriptor twice = canonical(once);
  EXPECT_EQ(once.digest, twice.digest);
  EXPECT_EQ(twice.platform, (Platform{"linux", "arm64", ""}));
}

TEST_F(CanonicalTest, ParentsAndWhiteoutsComeFirst) {
  EXPECT_THAT(
      paths_of(
          {{"b/x"}, {"b", 'd'}, {"b/.wh.x"}, {"b/+"}, {"b-c", 'd'}, {"b/.wh..wh..opq"}, {"a"}}),
      ElementsAre("a", "b/", "b/.wh..wh..opq", "b/.wh.x", "b/+", "b/x", "b-c/"));
}

TEST_F(CanonicalTest, HardLinksFollowWhatTheyName) {
  const std::vector<Member> read = members_of(canonical(put_image({make_tar(
      {{"m", 'f', "content"}, {"z", 'h', "m"}, {"a", 'h', "z"}, {"q", 'h', "elsewhere"}}, {})})));
  ASSERT_EQ(read.size(), 4U);
  EXPECT_EQ(read[0].path + read[0].type + read[0].text, "afcontent");
  EXPECT_EQ(read[1].path + read[1].type + read[1].text, "mha");
  EXPECT_EQ(read[2].path + read[2].type + read[2].text, "qhelsewhere");
  EXPECT_EQ(read[3].path + read[3].type + read[3].text, "zha");
}

TEST_F(CanonicalTest, OfTwoMembersWithOnePathTheLaterCounts) {
  const std::vector<Member> read = members_of(canonical(put_image({make_tar({{"f", 'f', "old"},
                                                                             {"linked", 'h', "f"},
                                                                             {"d", 'd'},
                                                                             {"d/inside"},
                                                                             {"f", 'f', "new"},
                                                                             {"d", 'l', "x"}},
                                                                            {})})));
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0].path + read[0].type, "dl");
  EXPECT_EQ(read[1].text, "new");
  EXPECT_EQ(read[2].path + read[2].text, "linkedold");
}

TEST_F(CanonicalTest, TheBytesOfALayerAreFixed) {
  const Descriptor image = canonical(
      put_image({make_tar({{"etc", 'd', "", 0755},
                           {"etc/hostname", 'f', "x\n", 0600, 3000000, 7, 0, 0, {{"user.a", "b"}}}},
                          {})}));
  EXPECT_EQ(config_of(image)["rootfs"]["diff_ids"].dump(),
            "[\"sha256:183e3ed804cc730be3361f75b61a2c9c12a1d4fcda683388982e483178c2516c\"]");
}

TEST_F(CanonicalTest, LayersOfTheBaseStayAsTheyAre) {
  const std::string base_tar = make_tar({{"base"}}, {.time = 42, .packing = Noise::Packing::gzip});
  const Descriptor base = put_image({base_tar}, Json::object(), false);
  const Descriptor image = put_image({plain(base_tar), make_tar({{"new"}}, {})});
  const Descriptor result =
      canonicalize(store, image, store, {.timestamp = timestamp, .bases = {base}});
  const std::vector<Descriptor> layers = parse_manifest(store.read(result)).layers;
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].digest, Digest::of(base_tar));
  EXPECT_EQ(layers[0].media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(config_of(result)["rootfs"]["diff_ids"][0], Digest::of(plain(base_tar)).str());
  EXPECT_NE(layers[1].digest, Digest::of(base_tar));
}

TEST_F(CanonicalTest, OfTheConfigurationOnlyHowTheImageIsRunStays) {
  const Json config{
      {"created", "2024-05-06T07:08:09.123Z"},
      {"container", "0123"},
      {"container_config", {{"Hostname", "builder"}}},
      {"docker_version", "20.10.24"},
      {"moby.buildkit.cache.v0", "e30="},
      {"config",
       {{"Hostname", "builder"},
        {"Env", {"PATH=/bin", "A=b"}},
        {"Cmd", {"/init"}},
        {"OnBuild", nullptr},
        {"Labels", {{"b", "2"}, {"a", "1"}}},
        {"Image", "sha256:1"},
        {"AttachStdin", false},
        {"WorkingDir", "/"},
        {"ExposedPorts", {{"80/tcp", Json::object()}}}}},
      {"history",
       {{{"created", "2024-05-06T07:08:09.123Z"},
         {"created_by", "RUN |1 http_proxy=http://u:secret@p x"},
         {"comment", "buildkit"}},
        {{"created", "2024-05-06T07:08:10.123Z"}, {"created_by", "CMD"}, {"empty_layer", true}}}}};
  const Descriptor image = put_image({make_tar({{"a"}}, {})}, config);
  const Descriptor result = canonicalize(
      store, image, store, {.timestamp = timestamp, .hidden = {"http://u:secret@p", ""}});
  Json expected{
      {"architecture", "arm64"},
      {"os", "linux"},
      {"created", "2023-11-14T22:13:20Z"},
      {"config",
       {{"Env", {"PATH=/bin", "A=b"}},
        {"Cmd", {"/init"}},
        {"Labels", {{"b", "2"}, {"a", "1"}}},
        {"WorkingDir", "/"},
        {"ExposedPorts", {{"80/tcp", Json::object()}}}}},
      {"history",
       {{{"created", "2023-11-14T22:13:20Z"},
         {"created_by", "RUN |1 http_proxy= x"},
         {"comment", "buildkit"}},
        {{"created", "2023-11-14T22:13:20Z"}, {"created_by", "CMD"}, {"empty_layer", true}}}},
      {"rootfs", config_of(result)["rootfs"]}};
  EXPECT_EQ(store.read(parse_manifest(store.read(result)).config), expected.dump());
  const Json manifest = Json::parse(store.read(result));
  EXPECT_FALSE(manifest.contains("annotations"));
  EXPECT_EQ(manifest["mediaType"], media_type_manifest);
  EXPECT_EQ(manifest["config"]["mediaType"], "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
}

TEST_F(CanonicalTest, GoesFromOneStoreToAnother) {
  const Descriptor image = put_image({make_tar({{"a"}}, {})});
  Store other(directory.path() / "other");
  const Descriptor result = canonicalize(store, image, other, {.timestamp = timestamp});
  EXPECT_TRUE(other.complete(result));
  EXPECT_FALSE(other.has(parse_manifest(store.read(image)).layers[0].digest));
  EXPECT_TRUE(other.names().empty());
}

TEST_F(CanonicalTest, DamagedImagesAreErrors) {
  const std::string tar = make_tar({{"a", 'f', std::string(2000, 'x')}}, {});
  EXPECT_THAT(message_of([&] {
                canonical(put_image({tar}, {{"rootfs", {{"diff_ids", Json::array()}}}}));
              }),
              HasSubstr("1 layers, but its configuration has 0"));
  EXPECT_THAT(message_of([&] {
                canonical(put_image({tar}, {{"history", Json::array()}}));
              }),
              HasSubstr("tells of 0 layers, but there are 1"));
  EXPECT_THAT(message_of([&] {
                canonical(put_image({tar}, {{"history", {7}}}));
              }),
              HasSubstr("history"));
  EXPECT_THAT(message_of([&] {
                canonical(put_image({tar}, {{"rootfs", {{"diff_ids", {"md5:1"}}}}}));
              }),
              Not(HasSubstr("no error")));
  EXPECT_THAT(message_of([&] { canonical(put_image({make_tar({{"../a"}}, {})})); }),
              HasSubstr("could leave the tree"));
  EXPECT_THAT(message_of([&] { canonical(put_image({tar.substr(0, 1200)})); }),
              HasSubstr("damaged archive"));
  EXPECT_THAT(message_of([&] { canonicalize(store, put_image({tar}), store, {.timestamp = -1}); }),
              HasSubstr("1970"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(message_of([&] {
                canonicalize(store, put_image({tar}), store, {.timestamp = 1}, stop.get_token());
              }),
              HasSubstr("interrupted"));
}

TEST_F(CanonicalTest, TemporaryFilesAreGoneAfterwards) {
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(store.directory()))
      names.insert(entry.path().filename());
    return names;
  };
  const Descriptor image = put_image({make_tar({{"a", 'f', "x"}}, {})});
  const std::set<std::string> before = files();
  canonical(image);
  message_of([&] { canonical(put_image({make_tar({{"../a"}}, {})})); });
  EXPECT_EQ(before, files());
}

}  // namespace
}  // namespace rtfx::oci
