// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/kernel/tar_files.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::kernel {

/// What an image from scratch is made of.
struct ImageContent {
  std::vector<TarFile> files;
  std::vector<std::string> folders;  ///< that are there also when nothing is in them
  std::string arch;                  ///< GOARCH name
  std::map<std::string, std::string> labels;
  std::int64_t timestamp = 0;  ///< of everything in it, seconds since the epoch
};

/// Puts an image of one layer into the store, without a name. The same content gives the same digest. Temporary files go to
/// `temporary`.
oci::Descriptor write_image(const ImageContent& content, oci::Store& store,
                            const std::filesystem::path& temporary, std::stop_token stop);

}  // namespace rtfx::kernel
