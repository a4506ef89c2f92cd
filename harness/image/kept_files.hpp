// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace rtfx::image {

/// A file that was found or made, open for reading; its first `size` bytes are the contents.
struct KeptFile {
  FileDescriptor fd;
  std::uint64_t size = 0;
};

/// Files that can be made again, in one folder, each under the digest of all that it is made from.
/// Each has the digest of its contents at its end, which is checked at every use; what is damaged
/// is dropped and missing from then on. Files appear complete. Several threads and processes may
/// use one folder. A folder that cannot be read or written keeps nothing, which is no error.
class KeptFiles {
 public:
  /// `folder` is made when something is kept; empty: nothing is ever kept. Drafts that cannot be
  /// kept are in `scratch`.
  KeptFiles(std::filesystem::path folder, std::filesystem::path scratch, std::uint64_t most_bytes);

  std::optional<KeptFile> find(const Digest& key) const;
  /// Whether find() would look at a file; does not read it.
  bool has(const Digest& key) const;

  /// A file in the making; nothing is left of it unless it is kept.
  class Draft {
   public:
    Draft() = default;
    Draft(Draft&&) noexcept = default;
    ~Draft();
    void write(std::string_view bytes);

   private:
    friend class KeptFiles;
    FileDescriptor fd_;
    Hasher hasher_;
    std::string pending_;
    std::uint64_t size_ = 0;
    bool linkable_ = false;
    std::unique_ptr<const std::string> name_;  ///< where files must have one
  };
  Draft start() const;
  /// A draft that will not be kept, for when the folder's disk is full.
  Draft start_elsewhere() const;
  /// Completes the draft, keeps it under the key if that is possible, and returns it either way.
  KeptFile keep(Draft draft, const Digest& key) const;

  /// Keeps small contents if that is possible.
  void keep_bytes(std::string_view bytes, const Digest& key) const;

  /// Drops the files that were not used for longest when all together have more than the limit.
  void drop_oldest() const;

 private:
  std::filesystem::path path_of(const Digest& key) const;

  std::filesystem::path folder_, scratch_;
  std::uint64_t most_bytes_;
};

/// The whole contents. For small ones.
std::string read_kept(const KeptFile& file);

}  // namespace rtfx::image
