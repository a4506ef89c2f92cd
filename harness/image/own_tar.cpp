// SPDX-License-Identifier: Apache-2.0
#include "harness/image/own_tar.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

constexpr std::uint64_t block = 512;
constexpr std::uint64_t most_records = 16U << 20;  // bytes of PAX records of one entry
using Records = std::map<std::string, std::string>;
using Block = std::array<char, block>;

std::uint64_t rounded(std::uint64_t size) { return (size + block - 1) / block * block; }

/// The headers of a tar, one after the other.
class HeaderReader {
 public:
  HeaderReader(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  /// The next entry; nullopt at the end of the archive.
  std::optional<LaidOut> next();

 private:
  [[noreturn]] void damaged(const char* what) const {
    throw Error("damaged at byte " + std::to_string(at_) + ": " + what, ExitCode::usage);
  }
  std::string read(std::uint64_t offset, std::uint64_t size) const;
  Block header();
  std::string_view field(const Block& header, std::size_t offset, std::size_t size) const {
    const std::string_view text(header.data() + offset, size);
    return text.substr(0, std::min(text.find('\0'), size));
  }
  std::uint64_t number(std::string_view digits, int base) const;
  std::uint64_t octal(const Block& header, std::size_t offset, std::size_t size) const;
  Records records(std::uint64_t size);
  LaidOut entry(const Block& header, const Records& records);

  int fd_;
  std::uint64_t size_, at_ = 0;
};

std::string HeaderReader::read(std::uint64_t offset, std::uint64_t size) const {
  if (offset > size_ || size > size_ - offset) damaged("it ends in the middle of an entry");
  std::string bytes(size, '\0');
  std::uint64_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading it", errno);
    if (got == 0) damaged("it ends in the middle of an entry");
    done += static_cast<std::uint64_t>(got);
  }
  return bytes;
}

std::uint64_t HeaderReader::number(std::string_view digits, int base) const {
  const std::size_t start = std::min(digits.find_first_not_of(' '), digits.size());
  const std::size_t end = std::min(digits.find(' ', start), digits.size());
  digits = digits.substr(start, end - start);
  std::uint64_t value = 0;
  const auto [stop, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (!digits.empty() && (problem != std::errc() || stop != digits.data() + digits.size()))
    damaged("a number is wrong");
  return value;
}

std::uint64_t HeaderReader::octal(const Block& header, std::size_t offset, std::size_t size) const {
  return number(field(header, offset, size), 8);
}

/// The next block, of which the checksum is right.
Block HeaderReader::header() {
  const std::string bytes = read(at_, block);
  Block result{};
  std::copy(bytes.begin(), bytes.end(), result.begin());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(result[i]);
  const bool empty = std::all_of(result.begin(), result.end(), [](char c) { return c == 0; });
  if (!empty && field(result, 257, 6) != "ustar") damaged("no tar header is there");
  if (!empty && octal(result, 148, 8) != sum) damaged("the checksum of a header is wrong");
  return result;
}

/// "LENGTH KEY=VALUE\n", one after the other (POSIX.1-2008, pax, "pax Extended Header").
Records HeaderReader::records(std::uint64_t size) {
  if (size > most_records) damaged("its PAX records are too large");
  const std::string text = read(at_, size);
  Records result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = text.find(' ', at);
    if (space == std::string::npos) damaged("a PAX record is wrong");
    const std::uint64_t length = number(std::string_view(text).substr(at, space - at), 10);
    const std::size_t equals = text.find('=', space);
    if (length < 5 || length > text.size() - at || equals == std::string::npos ||
        equals >= at + length || text[at + length - 1] != '\n')
      damaged("a PAX record is wrong");
    result[text.substr(space + 1, equals - space - 1)] =
        text.substr(equals + 1, at + length - equals - 2);
    at += length;
  }
  return result;
}

LaidOut HeaderReader::entry(const Block& header, const Records& records) {
  const auto said = [&](const char* key) {
    const auto found = records.find(key);
    return found == records.end() ? std::optional<std::string>() : found->second;
  };
  const auto value = [&](const char* key, std::size_t offset, std::size_t size) {
    const auto text = said(key);
    return text ? number(*text, 10) : octal(header, offset, size);
  };
  LaidOut entry;
  entry.path = said("path").value_or(std::string(field(header, 0, 100)));
  const std::string link = said("linkpath").value_or(std::string(field(header, 157, 100)));
  entry.inode.mode = static_cast<unsigned>(octal(header, 100, 8));
  entry.inode.uid = static_cast<std::uint32_t>(value("uid", 108, 8));
  entry.inode.gid = static_cast<std::uint32_t>(value("gid", 116, 8));
  const auto mtime = said("mtime");
  const bool negative = mtime && mtime->starts_with('-');
  entry.inode.mtime = negative ? -static_cast<std::int64_t>(number(mtime->substr(1), 10))
                               : static_cast<std::int64_t>(value("mtime", 136, 12));
  const std::uint64_t size = value("size", 124, 12);
  static const std::map<char, FileType> types = {
      {'0', FileType::regular},      {'1', FileType::regular},
      {'2', FileType::symlink},      {'3', FileType::character_device},
      {'4', FileType::block_device}, {'5', FileType::directory},
      {'6', FileType::fifo}};
  const char flag = header[156];
  const auto type = types.find(flag);
  if (type == types.end()) damaged("it has an entry of a type that rtfx does not write");
  entry.inode.type = type->second;
  if (flag == '1') entry.hard_link = link;
  if (flag == '2') entry.inode.target = link;
  entry.inode.device_major = static_cast<std::uint32_t>(octal(header, 329, 8));
  entry.inode.device_minor = static_cast<std::uint32_t>(octal(header, 337, 8));
  for (const auto& [key, text] : records) {
    constexpr std::string_view prefix = "SCHILY.xattr.";
    if (key.starts_with(prefix)) entry.inode.xattrs[key.substr(prefix.size())] = text;
  }
  entry.origin = {said("LINUXKIT.location").value_or(""), said("LINUXKIT.source").value_or(""),
                  said("RTFX.manifest").value_or(""), said("RTFX.replaces").has_value()};
  if (size > size_ || at_ > size_ - size) damaged("it ends in the middle of an entry");
  entry.inode.data = {at_, size};
  at_ += rounded(size);
  return entry;
}

std::optional<LaidOut> HeaderReader::next() {
  Records pax;
  for (;;) {
    if (at_ == size_) damaged("its end is missing");
    const Block bytes = header();
    at_ += block;
    if (bytes[156] == 0 && bytes[0] == 0) return std::nullopt;
    if (bytes[156] != 'x') return entry(bytes, pax);
    const std::uint64_t size = octal(bytes, 124, 12);
    pax = records(size);
    at_ += rounded(size);
  }
}

}  // namespace

OwnTar::OwnTar(const std::filesystem::path& file)
    : path_(file), fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  in_context("--input-tar " + file.string(), [&] {
    if (!fd_) throw Error(system_error("opening it", errno).what(), ExitCode::usage);
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) throw system_error("reading it", errno);
    if (!S_ISREG(status.st_mode)) throw Error("not a regular file", ExitCode::usage);
    HeaderReader reader(fd_.get(), static_cast<std::uint64_t>(status.st_size));
    while (auto entry = reader.next()) entries_.push_back(std::move(*entry));
    const bool ours = std::any_of(entries_.begin(), entries_.end(), [](const LaidOut& entry) {
      return !entry.origin.manifest.empty();
    });
    if (!ours)
      throw Error(
          "not written by rtfx build -f tar, so it does not say which images it is made of; build "
          "it once with rtfx",
          ExitCode::usage);
  });
}

const LaidOut* OwnTar::find(const std::string& path) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const LaidOut& entry) { return entry.path == path; });
  return found == entries_.end() ? nullptr : &*found;
}

std::string OwnTar::read(const Extent& contents) const {
  std::string bytes(contents.size, '\0');
  std::uint64_t done = 0;
  while (done < contents.size) {
    const ssize_t got = ::pread(fd_.get(), bytes.data() + done, contents.size - done,
                                static_cast<off_t>(contents.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading " + path_.string(), errno);
    if (got == 0) throw Error(path_.string() + " became shorter while it was read");
    done += static_cast<std::uint64_t>(got);
  }
  return bytes;
}

Extent OwnTar::copy(const Extent& contents, Spool& spool, std::stop_token stop) const {
  constexpr std::uint64_t piece = 256 * 1024;
  const Extent copied = spool.reserve(contents.size);
  for (std::uint64_t done = 0; done < contents.size; done += piece) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    spool.write_at(copied.offset + done,
                   read({contents.offset + done, std::min(piece, contents.size - done)}));
  }
  return copied;
}

}  // namespace rtfx::image
