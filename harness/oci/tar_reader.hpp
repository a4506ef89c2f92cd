// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace rtfx::oci {

using Sink = std::function<void(std::string_view)>;

/// One member of a tar, as its header has it.
struct TarMember {
  std::string path;  ///< bytes, as they are
  char type =
      'f';  ///< f file, d directory, l symbolic link, h hard link, c and b devices, p fifo, s socket
  unsigned mode = 0;
  std::int64_t uid = 0, gid = 0;
  std::string user, group;
  std::int64_t mtime = 0;  ///< seconds since the epoch
  long mtime_nsec = 0;
  std::uint64_t size = 0;
  std::string target;  ///< of a link
  std::uint32_t device_major = 0, device_minor = 0;
  std::map<std::string, std::string> xattrs;
};

/// A tar (ustar, PAX, GNU), plain or compressed with gzip, xz, zstd or bzip2, read once from start to end. Nothing is
/// unpacked. The thread has the "C" character set meanwhile, so that names stay bytes.
class TarReader {
 public:
  /// The descriptor stays the caller's. A file that is no tar is an Error, an empty one an empty tar.
  explicit TarReader(int fd, std::stop_token stop = {});
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;
  ~TarReader();

  /// The next member; its contents may be left unread. Throws Error for a damaged archive.
  bool next(TarMember& member);
  /// The contents of the member.
  void read(const Sink& sink);
  /// What follows the end of the archive, so that whoever writes into a pipe comes to its end.
  void drain();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The bytes of a stream, decompressed if it is compressed as above.
void decompress(int fd, const Sink& sink, std::stop_token stop = {});

}  // namespace rtfx::oci
