// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// What a blob has to be; what is not known is not checked.
struct Expected {
  std::optional<Digest> digest;
  std::optional<std::uint64_t> size;
};

/// Writes one blob of unknown length in one pass: hashed by a thread of its own while it is written to a temporary file
/// of the store. Nothing appears under a digest before finish(); destruction without it leaves nothing behind.
class BlobWriter {
 public:
  explicit BlobWriter(Store& store, Expected expected = {});
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;
  ~BlobWriter();

  /// Throws Error when the disk is full, or when there is more than was expected.
  void write(std::string_view bytes);
  /// The blob is in the store when this returns. Throws Error when it is not what was expected.
  Descriptor finish(std::string_view media_type);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::oci
