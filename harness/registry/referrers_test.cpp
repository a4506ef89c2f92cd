// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/referrers.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "harness/registry/publisher.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {
namespace {

const Digest subject = Digest::of("the subject");

/// A manifest of the type about the subject.
Document about(const std::string& type, const std::string& text, const Digest& of = subject) {
  const std::string bytes =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":")" +
      type + R"(","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":")" +
      Digest::of("{}").str() + R"(","size":2},"layers":[],"annotations":{"text":")" + text +
      R"("},"subject":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" +
      of.str() + R"(","size":11}})";
  return {{std::string(oci::media_type_manifest), Digest::of(bytes), bytes.size(), {}, {}}, bytes};
}

class Referrers : public ::testing::Test {
 protected:
  void put(const Document& manifest) {
    client_->put_referrer(demo_image, manifest, subject, locks_.path());
  }
  std::vector<Digest> listed(const std::string& type = "") {
    std::vector<Digest> result;
    for (const auto& entry : client_->referrers(demo_image, subject, type))
      result.push_back(entry.digest);
    return result;
  }
  std::string tag() const { return "demo/one:" + referrers_tag(subject); }

  std::shared_ptr<RegistryContent> content_ = std::make_shared<RegistryContent>();
  TestClient client_{content_};
  TemporaryDirectory locks_;
  const Document a_ = about("x/a", "a"), b_ = about("x/b", "b");
};

TEST_F(Referrers, are_listed_under_a_tag_without_the_api) {
  EXPECT_TRUE(listed().empty());
  put(a_);
  put(b_);
  EXPECT_EQ(listed(), (std::vector{a_.descriptor.digest, b_.descriptor.digest}));
  EXPECT_EQ(listed("x/b"), std::vector{b_.descriptor.digest});
  EXPECT_TRUE(listed("x/c").empty());
  const auto entry = client_->referrers(demo_image, subject, "x/a").at(0);
  EXPECT_EQ(entry.size, a_.bytes.size());
  EXPECT_EQ(entry.annotations.at("text"), "a");
  const std::string& index = content_->manifests.at(tag()).bytes;
  EXPECT_NE(index.find(R"("artifactType":"x/a")"), std::string::npos) << index;
  EXPECT_EQ(tag().substr(9), "sha256-" + subject.hex());
  // The API is asked for once.
  EXPECT_EQ(client_.registry->count("GET /v2/demo/one/referrers/"), 1u);
}

TEST_F(Referrers, that_are_listed_are_not_written_again) {
  for (const bool api : {false, true}) {
    content_->referrers_api = api;
    put(a_);
    client_.registry->requests.clear();
    put(a_);
    EXPECT_EQ(client_.registry->count("PUT"), 0u) << api;
  }
}

TEST_F(Referrers, are_listed_by_the_api_page_by_page) {
  content_->referrers_api = true;
  content_->page = 2;
  std::set<Digest> all;
  for (const char* text : {"1", "2", "3", "4", "5"}) {
    const Document one = about("x/a", text);
    put(one);
    all.insert(one.descriptor.digest);
  }
  put(b_);
  const auto some = listed("x/a");
  EXPECT_EQ(std::set<Digest>(some.begin(), some.end()), all);
  EXPECT_EQ(listed().size(), 6u);
  EXPECT_FALSE(content_->manifests.contains(tag()));
}

TEST_F(Referrers, a_filter_of_the_registry_is_asked_for_and_believed) {
  content_->referrers_api = true;
  put(a_);
  std::string url;
  client_.registry->instead = [&](const Request& request) -> std::optional<Response> {
    url = request.url;
    const std::string list =
        R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
        a_.descriptor.digest.str() + R"(","size":1}]})";
    return Response{200,
                    {{"content-type", "application/vnd.oci.image.index.v1+json"},
                     {"oci-filters-applied", "artifactType"}},
                    list};
  };
  EXPECT_EQ(listed("x/a").size(), 1u);
  EXPECT_TRUE(url.ends_with("?artifactType=x%2Fa")) << url;
}

TEST_F(Referrers, pages_that_do_not_end_or_lead_elsewhere_are_errors) {
  for (const char* next : {"/v2/demo/one/referrers/x", "https://evil.example.org/v2/"}) {
    client_.registry->instead = [&](const Request&) {
      return Response{200,
                      {{"content-type", "application/vnd.oci.image.index.v1+json"},
                       {"link", "<" + std::string(next) + ">; rel=\"next\""}},
                      R"({"schemaVersion":2,"manifests":[]})"};
    };
    EXPECT_THROW(listed(), Error) << next;
    for (const Request& request : client_.registry->requests)
      EXPECT_EQ(request.url.find("evil"), std::string::npos);
  }
}

TEST_F(Referrers, a_registry_that_fails_is_not_one_without) {
  put(a_);
  TestClient other(content_);
  for (const int status : {403, 500, 400}) {
    other.registry->instead = [&](const Request& request) -> std::optional<Response> {
      const bool api = request.url.find("/referrers/") != std::string::npos;
      return api ? std::optional(Response{status, {}, ""}) : std::nullopt;
    };
    EXPECT_THROW(other->referrers(demo_image, subject), Error) << status;
  }
  // A page for people is no list.
  other.registry->instead = [&](const Request& request) -> std::optional<Response> {
    const bool api = request.url.find("/referrers/") != std::string::npos;
    return api ? std::optional(Response{200, {{"content-type", "text/html"}}, "<html>"})
               : std::nullopt;
  };
  EXPECT_EQ(other->referrers(demo_image, subject).size(), 1u);
}

TEST_F(Referrers, must_name_their_subject) {
  EXPECT_THROW(put(about("x/a", "a", Digest::of("another"))), Error);
  EXPECT_EQ(client_.registry->count("PUT"), 0u);
}

TEST_F(Referrers, an_image_under_that_tag_is_left_alone) {
  content_->manifests.insert_or_assign(tag(), a_);
  EXPECT_THROW(listed(), Error);
  EXPECT_THROW(put(b_), Error);
  EXPECT_EQ(content_->manifests.at(tag()).bytes, a_.bytes);
}

TEST_F(Referrers, many_at_once_make_one_index) {
  put_referrers(*client_, {{demo_image, a_, subject}, {demo_image, b_, subject}}, locks_.path());
  EXPECT_EQ(listed().size(), 2u);
  EXPECT_EQ(client_.registry->count("PUT /v2/demo/one/manifests/sha256-"), 1u);
}

TEST_F(Referrers, of_two_hosts_at_once_are_all_kept) {
  // The other one had read before we wrote, and writes while we wait.
  client_.while_waiting = [&, done = false]() mutable {
    if (std::exchange(done, true)) return;
    content_->manifests.erase(tag());
    TestClient other(content_);
    other->put_referrer(demo_image, b_, subject, locks_.path() / "of another host");
  };
  put(a_);
  const auto all = listed();
  EXPECT_EQ(std::set<Digest>(all.begin(), all.end()),
            (std::set{a_.descriptor.digest, b_.descriptor.digest}));
}

TEST_F(Referrers, of_threads_of_many_hosts_are_all_kept) {
  const auto serialise = std::make_shared<std::mutex>();
  std::set<Digest> wanted;
  {
    std::vector<std::jthread> threads;
    for (const char* text : {"1", "2", "3", "4"}) {
      const Document one = about("x/a", text);
      wanted.insert(one.descriptor.digest);
      threads.emplace_back([&, one] {
        TestClient host(content_);
        host.registry->serialise = serialise;
        // Each waits for real, as hosts do.
        host.while_waiting = [] { std::this_thread::sleep_for(std::chrono::milliseconds(30)); };
        host->put_referrer(demo_image, one, subject, locks_.path());
      });
    }
  }
  const auto all = listed();
  EXPECT_EQ(std::set<Digest>(all.begin(), all.end()), wanted);
}

}  // namespace
}  // namespace rtfx::registry
