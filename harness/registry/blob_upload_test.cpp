// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/blob_upload.hpp"

#include <gtest/gtest.h>

#include "harness/registry/publisher.hpp"

namespace rtfx::registry {
namespace {

using Given = Client::Given;
using Kind = TransportError::Kind;

/// A blob of a megabyte in a store, on its way into an empty repository.
class Upload : public ::testing::Test {
 protected:
  Given give() { return host_.client->give_blob(demo_image, blob_, host_.store); }
  bool arrived() const {
    const auto it = content_->blobs.find("demo/one@" + blob_.digest.str());
    return it != content_->blobs.end() && it->second == bytes_;
  }
  FakeRegistry& registry() { return *host_.client.registry; }
  const std::string bytes_ = [] {
    std::string bytes;
    for (unsigned i = 0; bytes.size() < 1U << 20U; ++i) bytes += std::to_string(i) + ",";
    return bytes;
  }();
  std::shared_ptr<RegistryContent> content_ = std::make_shared<RegistryContent>();
  Host host_{content_};
  oci::Descriptor blob_ = host_.store.put(bytes_, "application/vnd.oci.image.layer.v1.tar");
};

bool is(const Request& request, const char* method) { return request.method == method; }
std::size_t size_of(const Request& request) { return FakeRegistry::body_of(request).size(); }

TEST_F(Upload, goes_in_one_request) {
  EXPECT_EQ(give(), Given::sent);
  EXPECT_TRUE(arrived());
  EXPECT_EQ(registry().requests.size(), 3u);  // HEAD, POST, PUT
  EXPECT_EQ(give(), Given::there);
}

TEST_F(Upload, goes_in_pieces_where_that_is_too_much) {
  std::size_t largest = 0;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (size_of(request) > 100000) return Response{413, {}, ""};
    largest = std::max(largest, size_of(request));
    return std::nullopt;
  };
  EXPECT_EQ(give(), Given::sent);
  EXPECT_TRUE(arrived());
  EXPECT_LE(largest, 100000u);
  EXPECT_GE(registry().count("PATCH"), 11u);
  EXPECT_EQ(content_->sessions, 1u);
  EXPECT_TRUE(host_.client.waits.empty());
}

TEST_F(Upload, pieces_are_not_smaller_than_the_registry_wants_them) {
  std::vector<std::size_t> sizes;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (is(request, "POST")) {
      content_->uploads["7"] = "";
      return Response{202,
                      {{"location", "/v2/demo/one/blobs/uploads/7?state=a%2Fb"},
                       {"oci-chunk-min-length", "300000"}},
                      ""};
    }
    if (size_of(request) > 400000) return Response{413, {}, ""};
    if (is(request, "PATCH")) sizes.push_back(size_of(request));
    return std::nullopt;
  };
  give();
  EXPECT_TRUE(arrived());
  ASSERT_EQ(sizes.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(sizes[i], 300000u);
}

TEST_F(Upload, that_is_refused_in_pieces_too_fails) {
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    return size_of(request) > 0 ? std::optional(Response{413, {}, ""}) : std::nullopt;
  };
  try {
    give();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("413 Content Too Large"), std::string::npos)
        << error.what();
  }
  EXPECT_LT(registry().requests.size(), 20u);
}

TEST_F(Upload, that_broke_goes_on_where_it_ended) {
  bool broke = false;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (!is(request, "PUT") || broke) return std::nullopt;
    broke = true;
    content_->uploads.at("1") = bytes_.substr(0, 600000);
    throw TransportError(Kind::broken, "reset by peer");
  };
  EXPECT_EQ(give(), Given::sent);
  EXPECT_TRUE(arrived());
  std::size_t sent = 0;
  for (const Request& request : registry().requests)
    if (is(request, "PATCH")) sent += size_of(request);
  EXPECT_EQ(sent, bytes_.size() - 600000);
  EXPECT_EQ(content_->sessions, 1u);
}

TEST_F(Upload, a_session_that_is_gone_is_replaced) {
  unsigned breaks = 0;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (!is(request, "PUT") || breaks == 1) return std::nullopt;
    ++breaks;
    content_->uploads.clear();
    throw TransportError(Kind::broken, "reset by peer");
  };
  give();
  EXPECT_TRUE(arrived());
  EXPECT_EQ(content_->sessions, 2u);
  EXPECT_EQ(registry().count("PATCH"), 0u);
}

TEST_F(Upload, whole_ones_that_break_twice_are_followed_by_pieces) {
  // As where something in between cuts connections after so many bytes.
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (size_of(request) > 300000) throw TransportError(Kind::broken, "reset by peer");
    return std::nullopt;
  };
  give();
  EXPECT_TRUE(arrived());
  EXPECT_GE(registry().count("PATCH"), 4u);
}

TEST_F(Upload, an_answer_that_was_lost_is_not_sent_again) {
  bool lost = false;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (!is(request, "PUT") || lost) return std::nullopt;
    lost = true;
    content_->blobs["demo/one@" + blob_.digest.str()] = bytes_;
    content_->uploads.clear();
    throw TransportError(Kind::broken, "empty reply");
  };
  EXPECT_EQ(give(), Given::sent);
  EXPECT_EQ(registry().count("PUT"), 1u);
  EXPECT_EQ(content_->sessions, 1u);
}

TEST_F(Upload, that_fails_for_ever_ends) {
  for (const int status : {500, 503, 429, 408}) {
    registry().requests.clear();
    registry().instead = [&](const Request& request) -> std::optional<Response> {
      return is(request, "PUT") || is(request, "PATCH") ? std::optional(Response{status, {}, ""})
                                                        : std::nullopt;
    };
    EXPECT_THROW(give(), Error) << status;
    EXPECT_EQ(registry().count("PUT") + registry().count("PATCH"), 4u) << status;
    EXPECT_FALSE(arrived());
  }
}

TEST_F(Upload, waits_as_long_as_the_registry_asks_for) {
  bool busy = true;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (!is(request, "PUT") || !std::exchange(busy, false)) return std::nullopt;
    return Response{503, {{"retry-after", "7"}}, ""};
  };
  give();
  EXPECT_TRUE(arrived());
  ASSERT_EQ(host_.client.waits.size(), 1u);
  EXPECT_EQ(host_.client.waits[0], std::chrono::seconds(7));
}

TEST_F(Upload, pieces_that_arrived_in_part_are_completed) {
  bool first = true;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (is(request, "PUT") && size_of(request) > 0) return Response{413, {}, ""};
    if (!is(request, "PATCH") || !std::exchange(first, false)) return std::nullopt;
    content_->uploads.at("1") = bytes_.substr(0, 1000);
    return Response{202, {{"range", "0-999"}}, ""};
  };
  give();
  EXPECT_TRUE(arrived());
}

TEST_F(Upload, a_range_that_is_not_wanted_is_corrected) {
  bool first = true;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (is(request, "PUT") && size_of(request) > 0) return Response{413, {}, ""};
    if (!is(request, "PATCH") || !std::exchange(first, false)) return std::nullopt;
    // It has taken what it says not to have answered for.
    content_->uploads.at("1") = bytes_.substr(0, 5000);
    return Response{416, {{"range", "0-4999"}}, ""};
  };
  give();
  EXPECT_TRUE(arrived());
  EXPECT_EQ(content_->sessions, 1u);
}

TEST_F(Upload, registries_may_answer_a_piece_with_created) {
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (is(request, "PUT") && size_of(request) > 0) return Response{413, {}, ""};
    if (!is(request, "PATCH")) return std::nullopt;
    content_->uploads.at("1") += FakeRegistry::body_of(request);
    return Response{201, {}, ""};  // neither Location nor Range
  };
  give();
  EXPECT_TRUE(arrived());
}

TEST_F(Upload, a_registry_with_more_than_was_sent_is_not_believed) {
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (is(request, "PUT") && size_of(request) > 0) return Response{413, {}, ""};
    if (!is(request, "PATCH")) return std::nullopt;
    return Response{202, {{"range", "0-99999999"}}, ""};
  };
  EXPECT_THROW(give(), Error);
  EXPECT_FALSE(arrived());
}

TEST_F(Upload, bytes_that_changed_on_the_way_are_sent_again) {
  bool damaged = false;
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (!is(request, "PUT") || std::exchange(damaged, true)) return std::nullopt;
    content_->uploads.clear();
    return Response{400, {}, R"({"errors":[{"code":"DIGEST_INVALID","message":"no"}]})"};
  };
  give();
  EXPECT_TRUE(arrived());
}

TEST_F(Upload, another_digest_in_the_answer_is_told) {
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    if (!is(request, "PUT")) return std::nullopt;
    return Response{201, {{"docker-content-digest", Digest::of("other").str()}}, ""};
  };
  EXPECT_THROW(give(), Error);
}

TEST_F(Upload, what_the_registry_says_it_has_is_checked) {
  give();
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"content-length", "17"},
        std::pair<std::string, std::string>{"docker-content-digest", Digest::of("x").str()}}) {
    registry().instead = [&](const Request&) { return Response{200, {{name, value}}, ""}; };
    EXPECT_THROW(host_.client->has_blob(demo_image, blob_), Error) << name;
  }
}

TEST_F(Upload, of_nothing_at_all) {
  const oci::Descriptor empty = host_.store.put("", "application/octet-stream");
  registry().instead = [&](const Request& request) -> std::optional<Response> {
    return is(request, "PUT") ? std::optional(Response{500, {}, ""}) : std::nullopt;
  };
  EXPECT_THROW(host_.client->give_blob(demo_image, empty, host_.store), Error);
  registry().instead = nullptr;
  EXPECT_EQ(host_.client->give_blob(demo_image, empty, host_.store), Given::sent);
}

}  // namespace
}  // namespace rtfx::registry
