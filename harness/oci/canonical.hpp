// SPDX-License-Identifier: Apache-2.0
//
// The same bytes for the same image, whoever built it. Builders leave in an image when and where they ran: the times
// and the order of files in layers, how layers are compressed, dates and container ids in the configuration. This
// rewrites an image so that only its content is left.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// What the caller knows of an image that is made canonical.
struct CanonicalForm {
  std::int64_t timestamp = 0;  ///< the time of everything, seconds since the epoch
  /// Manifests of the images that this one was built on: layers that it has in common with them stay as they are
  /// there, times included, so that registries and hosts keep one copy.
  std::vector<Descriptor> bases = {};
  /// Texts that are cut out of the history: values of build arguments that are the host's business.
  std::vector<std::string> hidden = {};
};

/// Writes the canonical image of the content of an image manifest (OCI or Docker schema 2) in `from` to `to`, without a
/// name; returns it with its platform. The two may be one store. The bases are in `to`.
/// * Layers: members sorted by path, parents and whiteouts first, hard links after what they name; all times are
///   `timestamp`; no names of owners, nothing else that depends on the tool; gzip without name and time. Content,
///   types, modes, numeric owners, links, device numbers, extended attributes and whiteouts stay. Of two members with
///   one path the later one counts.
/// * Configuration: `created` and the history's times are `timestamp`; only what OCI and Docker define for running the
///   image stays, not what tells of the builder (container, container_config, docker_version, Hostname, caches).
/// * Manifest: OCI media types, no annotations. JSON without blanks, keys sorted.
/// What is canonical already stays as it is. Memory: a record for each file of the largest layer; temporary files: one
/// uncompressed layer, in the directory of `to`. Throws Error for damaged images.
Descriptor canonicalize(const Store& from, const Descriptor& manifest, Store& to,
                        const CanonicalForm& form, std::stop_token stop = {});

}  // namespace rtfx::oci
