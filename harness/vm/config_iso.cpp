// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/config_iso.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "base/error.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

/// The volume identifier of the primary volume descriptor (ECMA-119, 8.4.7).
constexpr std::size_t label_at = 16 * 2048 + 40, label_size = 32;

struct Free {
  void operator()(archive* a) const { ::archive_write_free(a); }
  void operator()(archive_entry* e) const { ::archive_entry_free(e); }
};

la_ssize_t append(archive*, void* image, const void* bytes, std::size_t size) {
  static_cast<std::string*>(image)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string config_iso(std::string_view content) {
  std::string image;
  const std::unique_ptr<archive, Free> writer(::archive_write_new());
  const auto check = [&writer](la_ssize_t result) {
    if (result >= ARCHIVE_OK) return;
    const char* why = ::archive_error_string(writer.get());
    throw Error(std::string("making the config ISO: ") +
                (why != nullptr ? why : "libarchive failed"));
  };
  check(::archive_write_set_format_iso9660(writer.get()));
  check(::archive_write_set_options(writer.get(), "rockridge=useful,!joliet"));
  check(::archive_write_open2(writer.get(), &image, nullptr, append, nullptr, nullptr));
  const std::unique_ptr<archive_entry, Free> entry(::archive_entry_new());
  ::archive_entry_set_pathname(entry.get(), "config");
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), 0644);
  ::archive_entry_set_mtime(entry.get(), 0, 0);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  check(::archive_write_header(writer.get(), entry.get()));
  if (!content.empty()) check(::archive_write_data(writer.get(), content.data(), content.size()));
  check(::archive_write_close(writer.get()));
  // libarchive writes the label in capitals, as ECMA-119 has it; linuxkit, and who looks for it, does not.
  image.replace(label_at, label_size, fmt::format("{:<{}}", "config", label_size));
  return image;
}

}  // namespace rtfx::vm
