// SPDX-License-Identifier: Apache-2.0
#include "harness/image/build_cache.hpp"

namespace rtfx::image {

namespace {

constexpr std::uint64_t mib = 1 << 20;

std::filesystem::path below(const std::filesystem::path& folder, const char* name) {
  return folder.empty() ? folder : folder / name;
}

}  // namespace

BuildCache::BuildCache(const std::filesystem::path& folder, const std::filesystem::path& scratch)
    : listings(below(folder, "listings"), scratch, 256 * mib),
      pieces(below(folder, "pieces"), scratch, 3072 * mib),
      files(below(folder, "files"), scratch, 512 * mib),
      builds(below(folder, "builds"), scratch, 1 * mib) {}

const std::string& program_digest() {
  static const std::string digest = Digest::of_file("/proc/self/exe").str();
  return digest;
}

void BuildCache::finish(const Digest& build) const {
  builds.keep_bytes("", build);
  for (const KeptFiles* kept : {&listings, &pieces, &files, &builds}) kept->drop_oldest();
}

}  // namespace rtfx::image
