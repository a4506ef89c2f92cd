// SPDX-License-Identifier: Apache-2.0
//
// The same bytes for the same image, whoever built it. Builders leave in an image when and where they ran: the times
// and the order of files in layers, how layers are compressed, dates and container ids in the configuration. This
// rewrites an image so that only its content is left.
#pragma once

#include <cstdint>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// Rewrites an image manifest (OCI or Docker schema 2) of the store into the canonical image of the same content; the
/// result is in the store too, without a name, and with its platform.
/// * Layers: members sorted by path, hard links after what they name, all times `timestamp` (seconds since the
///   epoch), no names of owners, nothing else that depends on the tool; gzip without name and time. Content, types,
///   modes, numeric owners, links, device numbers, extended attributes and whiteouts stay. Of two members with one
///   path the later one counts.
/// * Configuration: `created` and the history's times are `timestamp`; what tells of the builder (container,
///   container_config, docker_version, build caches) goes.
/// * Manifest: OCI media types, no annotations.
/// Canonical images stay as they are: the function is idempotent. Memory: a record a file of the largest layer;
/// temporary files: at most one uncompressed layer, in the store's directory. Throws Error for damaged images.
Descriptor canonicalize(Store& store, const Descriptor& manifest, std::int64_t timestamp);

}  // namespace rtfx::oci
