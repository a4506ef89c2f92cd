// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace rtfx::oci {

/// One member of a tar, without its content.
struct TarHeader {
  std::string path;  ///< as it is written: directories end in '/'
  char type =
      '0';  ///< POSIX.1-2008, ustar: '0' file, '1' hard link, '2' symbolic link, '3' character device,
            ///< '4' block device, '5' directory, '6' fifo
  unsigned mode = 0;  ///< permission bits, with set-id and sticky
  std::uint64_t uid = 0, gid = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;  ///< seconds since the epoch, not before it
  std::string link;        ///< target of a link
  std::uint64_t device_major = 0, device_minor = 0;
  std::map<std::string, std::string> xattrs;
};

/// Writes a tar in one way only: the same members give the same bytes. ustar, with PAX records where a value does not
/// fit (POSIX.1-2008, "pax Interchange Format") and for extended attributes (SCHILY.xattr, as Docker and GNU tar have
/// them). Names are bytes.
class TarWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  explicit TarWriter(Sink sink) : sink_(std::move(sink)) {}

  /// Then `size` bytes of content are due.
  void member(const TarHeader& header);
  void content(std::string_view bytes);
  /// The end; content up to the size of the last member must have been given.
  void finish();

 private:
  void put(std::string_view bytes);
  void pad();

  Sink sink_;
  std::uint64_t written_ = 0;
};

}  // namespace rtfx::oci
