// SPDX-License-Identifier: Apache-2.0
//
// What the files of the client share; not for others.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/registry/exchange.hpp"

namespace rtfx::registry {

bool is_index(const oci::Descriptor& descriptor);
/// Whether it is an image manifest.
bool is_image(const oci::Descriptor& descriptor);

struct Client::State {
  State(std::unique_ptr<Http> transport, Wait wait, const RegistryOptions& options,
        std::stop_token stop);

  std::unique_ptr<Http> http;
  Endpoints endpoints;
  Credentials credentials;
  Exchange exchange;

  /// GET or HEAD of a manifest.
  Question about_manifest(const std::string& method, const Endpoint& endpoint,
                          const oci::Reference& reference) const;
  Question about_blob(const std::string& method, const Endpoint& endpoint,
                      const oci::Reference& repository, const Digest& digest) const;
  std::optional<Document> document(const Endpoint& endpoint, const oci::Reference& reference);
  std::optional<oci::Descriptor> resolve(const Endpoint& endpoint, const oci::Reference& reference);
  /// A small blob, checked. Throws Error when it is not there.
  std::string blob(const Endpoint& endpoint, const oci::Reference& repository,
                   const oci::Descriptor& descriptor);
  /// An image that an index lists, with its platform. Throws Error when the registry does not have it.
  oci::Descriptor child(const Endpoint& endpoint, const oci::Reference& index,
                        const oci::Descriptor& entry);
  oci::Platform platform_of(const Endpoint& endpoint, const oci::Reference& repository,
                            const Document& image);
};

}  // namespace rtfx::registry
