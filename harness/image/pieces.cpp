// SPDX-License-Identifier: Apache-2.0
#include "harness/image/pieces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/error.hpp"
#include "harness/image/compressor.hpp"

namespace rtfx::image {

namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib;
constexpr std::uint64_t most_in_piece = 4 * mib;
constexpr std::uint64_t enough_for_piece =
    1 * mib;  // then one entry in `cut_chance` begins a new one
constexpr std::uint64_t enough_for_origin =
    64 * kib;  // then an entry from elsewhere begins a new one
constexpr std::uint64_t cut_chance = 8;

/// FNV-1a: the same everywhere, and cheap.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash ^ hash >> 32;
}

bool begins_run(const CpioEntry& entry, const CpioEntry& before, std::uint64_t run) {
  if (entry.further_name) return false;
  return entry.group != before.group || run + cpio_size(entry) > most_in_piece ||
         (run >= enough_for_piece && hash_of(*entry.path) % cut_chance == 0) ||
         (run >= enough_for_origin && entry.inode->origin != before.inode->origin);
}

void cut_into_runs(InitrdPlan& plan) {
  for (std::size_t i = 0; i < plan.entries.size(); ++i) {
    if (i == 0 || begins_run(plan.entries[i], plan.entries[i - 1], plan.runs.back().size))
      plan.runs.push_back({i, i, 0, 1});
    plan.runs.back().end = i + 1;
    plan.runs.back().size += cpio_size(plan.entries[i]);
    plan.size += cpio_size(plan.entries[i]);
  }
}

/// The digest of everything that is in a run but for its numbers.
Digest digest_of(const InitrdPlan& plan, const Run& run, const Spool& spool) {
  Hasher hasher;
  for (std::size_t i = run.begin; i < run.end; ++i) {
    const CpioEntry& entry = plan.entries[i];
    hasher.update(cpio_header(entry, 0));
    if (entry.inode->type == FileType::regular) {
      const Sha256 contents = spool.digest(entry.inode->data);
      hasher.update({contents.data(), contents.size()});
    } else {
      hasher.update(entry.inode->target);
    }
  }
  return hasher.finish();
}

/// Numbers of inodes that are taken: first -> one after the last.
class Numbers {
 public:
  /// Takes `count` numbers in a place that the digest chooses. If some of them are taken already, the
  /// next place that it chooses.
  std::uint32_t take(const Digest& digest, std::size_t count) {
    if (count > std::numeric_limits<std::uint32_t>::max() / 4) throw Error("too many files");
    for (unsigned attempt = 0;; ++attempt) {
      const std::uint64_t room = std::numeric_limits<std::uint32_t>::max() - count;
      const std::uint64_t first = 1 + hash_of(fmt::format("{} {}", digest.str(), attempt)) % room;
      const auto after = taken_.upper_bound(first);
      const bool free_before = after == taken_.begin() || std::prev(after)->second <= first;
      const bool free_after = after == taken_.end() || first + count <= after->first;
      if (!free_before || !free_after) continue;
      taken_.emplace(first, first + count);
      return static_cast<std::uint32_t>(first);
    }
  }

 private:
  std::map<std::uint64_t, std::uint64_t> taken_;
};

}  // namespace

InitrdPlan plan_initrd(const Tree& tree, const Spool& spool, Compression compression,
                       const std::function<bool(std::string_view)>& wanted) {
  InitrdPlan plan;
  plan.entries = cpio_order(tree, wanted);
  cut_into_runs(plan);
  Numbers numbers;
  const bool whole = compression == Compression::zstd;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    Run& run = plan.runs[i];
    const Digest digest = digest_of(plan, run, spool);
    run.first_number = numbers.take(digest, run.end - run.begin);
    const std::uint64_t part = whole || run.end - run.begin > 1 ? run.size : most_in_piece;
    for (std::uint64_t offset = 0; offset < run.size; offset += part) {
      const std::uint64_t size = std::min(part, run.size - offset);
      const std::string key =
          fmt::format("{} {} {} {} {} {}", program_digest(), compressor_name(compression),
                      digest.str(), run.first_number, offset, size);
      plan.pieces.push_back({i, offset, size, Digest::of(key)});
    }
  }
  return plan;
}

void write_piece(const InitrdPlan& plan, const Piece& piece, const Spool& spool, const Sink& sink,
                 std::stop_token stop) {
  const Run& run = plan.runs[piece.run];
  std::vector<char> buffer(256 * kib);
  std::uint64_t skip = piece.offset, left = piece.size;
  // All bytes of the run go through here; only the piece's own go on.
  const auto put = [&](std::string_view bytes) {
    const std::uint64_t skipped = std::min<std::uint64_t>(skip, bytes.size());
    skip -= skipped;
    bytes.remove_prefix(skipped);
    bytes = bytes.substr(0, left);
    left -= bytes.size();
    if (!bytes.empty()) sink(bytes);
  };
  std::size_t numbered = run.begin;
  for (std::size_t i = run.begin; i < run.end && left > 0; ++i) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const CpioEntry& entry = plan.entries[i];
    // Further names follow their file and share its number.
    if (!entry.further_name) numbered = i;
    put(cpio_header(entry, run.first_number + static_cast<std::uint32_t>(numbered - run.begin)));
    const std::uint64_t size = contents_size(entry);
    if (entry.inode->type != FileType::regular) {
      put(entry.inode->target);
    } else {
      const std::uint64_t start = std::min(skip, size);
      skip -= start;
      for (std::uint64_t at = start; at < size && left > 0;) {
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left));
        const std::size_t got = spool.read_at(entry.inode->data, at, buffer.data(), wanted);
        put({buffer.data(), got});
        at += got;
      }
    }
    put(std::string_view("\0\0\0", (4 - size % 4) % 4));
  }
}

}  // namespace rtfx::image
