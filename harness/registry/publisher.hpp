// SPDX-License-Identifier: Apache-2.0
//
// For unit tests of publishing: hosts that share nothing but a registry.
#pragma once

#include <gtest/gtest.h>

#include "harness/registry/fake_registry.hpp"
#include "harness/registry/push.hpp"

namespace rtfx::registry {

inline const oci::Reference demo_image = oci::parse_reference("reg.example.org/demo/one:v1");

/// A publisher: a store, a client and locks of its own.
struct Host {
  explicit Host(std::shared_ptr<RegistryContent> content)
      : store(directory.path() / "store"), images(store), client(std::move(content)) {}

  oci::Descriptor build(const std::string& arch, const std::string& content) {
    const oci::Descriptor built = images.image(arch, content);
    store.add_to_index("one", built);
    return built;
  }
  PushResult push_it(PushOptions options = {}) {
    return push(*client, store, "one", demo_image, options);
  }

  TemporaryDirectory directory;
  oci::Store store;
  TestImages images;
  TestClient client;
};

class PublishingTest : public ::testing::Test {
 protected:
  std::vector<std::string> arches(const oci::Reference& tag = demo_image) {
    TestClient reader(content_);
    std::vector<std::string> result;
    const auto document = reader->document(tag);
    if (!document) return result;
    for (const auto& entry : oci::parse_index(document->bytes).manifests)
      result.push_back(entry.platform->architecture);
    return result;
  }
  std::shared_ptr<RegistryContent> content_ = std::make_shared<RegistryContent>();
};

}  // namespace rtfx::registry
