// SPDX-License-Identifier: Apache-2.0
#include "harness/image/kernel_binary.hpp"

#include <array>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/gunzip.hpp"

namespace rtfx::image {

namespace {

using namespace std::string_view_literals;

struct Method {
  std::string_view name;
  std::string_view magic;
};
constexpr std::array<Method, 7> methods = {{{"gzip", "\x1f\x8b"sv},
                                            {"xz",
                                             "\xfd"
                                             "7zXZ\0"sv},
                                            {"zstd", "\x28\xb5\x2f\xfd"sv},
                                            {"lz4", "\x02\x21\x4c\x18"sv},
                                            {"lzma", "\x5d\0\0"sv},
                                            {"bzip2", "BZh"sv},
                                            {"lzo", "\x89LZO"sv}}};

/// Empty: none that is known.
std::string_view method_of(std::string_view bytes) {
  for (const Method& method : methods) {
    if (bytes.starts_with(method.magic)) return method.name;
  }
  return {};
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// The payload of a kernel that unpacks itself.
std::optional<Extent> payload_of(const Extent& kernel, std::string_view head) {
  constexpr std::size_t head_size = 0x250;
  constexpr std::uint32_t first_version = 0x208;  // that says where the payload is
  std::uint64_t offset = 0, size = 0;
  if (head.size() == head_size && head.substr(0x202, 4) == "HdrS" &&
      little_endian(head, 0x206, 2) >= first_version) {
    const std::uint64_t sectors = little_endian(head, 0x1f1, 1);
    offset = ((sectors == 0 ? 4 : sectors) + 1) * 512 + little_endian(head, 0x248, 4);
    size = little_endian(head, 0x24c, 4);
  } else if (head.size() >= 16 && head.starts_with("MZ") && head.substr(4, 4) == "zimg") {
    offset = little_endian(head, 8, 4);
    size = little_endian(head, 12, 4);
  } else {
    return std::nullopt;
  }
  if (offset > kernel.size || size > kernel.size - offset || size == 0)
    throw Error("the kernel is damaged: its payload is " + std::to_string(size) +
                " bytes at offset " + std::to_string(offset) + " of " +
                std::to_string(kernel.size));
  return Extent{kernel.offset + offset, size};
}

std::string read_head(const Extent& extent, const Spool& spool) {
  std::string head(0x250, '\0');
  head.resize(spool.read_at(extent, 0, head.data(), head.size()));
  return head;
}

}  // namespace

std::optional<Extent> find_gzip(const Extent& kernel, const Spool& spool) {
  const std::string head = read_head(kernel, spool);
  const auto payload = payload_of(kernel, head);
  const std::string_view method = payload ? method_of(read_head(*payload, spool)) : method_of(head);
  if (method == "gzip") return payload.value_or(kernel);
  if (!method.empty())
    throw Error("the kernel is compressed by " + std::string(method) + ", not by gzip");
  if (payload) throw Error("the kernel's payload is compressed in a way that is not known");
  return std::nullopt;
}

void write_kernel(const Layout& layout, const Spool& spool, const AssembleOptions& options,
                  const FileDescriptor& file, std::stop_token stop) {
  const Sink to_file = [&](std::string_view bytes) { write_all(file.get(), bytes, "the kernel"); };
  spool.fetch(*layout.kernel);
  if (!options.decompress_kernel) {
    spool.copy_to(*layout.kernel, to_file);
    return;
  }
  in_context("--decompress-kernel", [&] {
    const auto gzip = find_gzip(*layout.kernel, spool);
    if (!gzip) throw Error("the kernel is not compressed by gzip");
    gunzip(*gzip, spool, to_file, stop);
  });
}

}  // namespace rtfx::image
