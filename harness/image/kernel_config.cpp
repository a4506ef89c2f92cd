// SPDX-License-Identifier: Apache-2.0
#include "harness/image/kernel_config.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/gunzip.hpp"
#include "harness/image/initrd.hpp"
#include "harness/image/kernel_binary.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t most_configuration = 4 << 20;  // bytes; distributions have about 300,000

const char* option_of(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return "CONFIG_RD_GZIP";
    case Compression::zstd:
      return "CONFIG_RD_ZSTD";
    case Compression::none:
      break;
  }
  return "";
}

struct Configuration {
  std::string from, text;
};

bool is_name_of_configuration(std::string_view path) {
  static constexpr std::array<std::string_view, 6> names = {"kernel.config", "kernel_config",
                                                            "kernel-config", "config",
                                                            "boot/config",   "boot/kernel.config"};
  return std::find(names.begin(), names.end(), path) != names.end() ||
         ((path.starts_with("config-") || path.starts_with("boot/config-")) &&
          path.find('/', 5) == std::string_view::npos);
}

std::optional<Configuration> in_image(const SourceImage& kernel, const Spool& spool) {
  if (!kernel.files) return std::nullopt;  // it is from an earlier tar
  for (const auto& [path, entry] : kernel.files->entries()) {
    const Inode& inode = kernel.files->inode(entry);
    if (!is_name_of_configuration(path) || inode.type != FileType::regular ||
        inode.data.size > most_configuration)
      continue;
    spool.fetch(inode.data);
    Configuration found{"/" + text::printable(path) + " of " + kernel.full_ref, ""};
    spool.copy_to(inode.data, [&](std::string_view bytes) { found.text += bytes; });
    return found;
  }
  return std::nullopt;
}

/// Finds what the kernel has between the marks of scripts/Makefile's kernel/configs.c: a gzip.
class MarkFinder {
 public:
  void write(std::string_view bytes) {
    if (!found_) {
      pending_ += bytes;
      const std::size_t at = pending_.find(mark);
      found_ = at != std::string::npos;
      // The mark may lie across what comes in two parts.
      const std::size_t done =
          found_ ? at + mark.size() : pending_.size() - std::min(pending_.size(), mark.size());
      pending_.erase(0, done);
    } else if (pending_.size() < most_configuration) {
      pending_ += bytes;
    }
  }
  std::optional<std::string> after() const {
    return found_ ? std::optional(pending_) : std::nullopt;
  }

 private:
  static constexpr std::string_view mark = "IKCFG_ST";
  std::string pending_;
  bool found_ = false;
};

std::optional<Configuration> in_kernel(const Layout& layout, const Spool& spool) {
  MarkFinder finder;
  const Sink search = [&](std::string_view bytes) { finder.write(bytes); };
  spool.fetch(*layout.kernel);
  try {
    const auto packed = find_gzip(*layout.kernel, spool);
    if (packed) {
      gunzip(*packed, spool, search, {});
    } else {
      spool.copy_to(*layout.kernel, search);
    }
    const auto gzip = finder.after();
    if (!gzip) return std::nullopt;
    Configuration found{"inside of the kernel", ""};
    gunzip(*gzip, [&](std::string_view bytes) {
      if (found.text.size() < most_configuration) found.text += bytes;
    });
    return found;
  } catch (const Error&) {
    return std::nullopt;  // a kernel of a kind that is not known here is no error
  }
}

}  // namespace

Unpacks unpacks(std::string_view configuration, Compression compression) {
  if (compression == Compression::none) return Unpacks::yes;
  bool is_configuration = false;
  for (const std::string& line : text::split(configuration, '\n')) {
    if (line == std::string(option_of(compression)) + "=y") return Unpacks::yes;
    if (line.starts_with("CONFIG_") && line.ends_with("=y")) is_configuration = true;
  }
  return is_configuration ? Unpacks::no : Unpacks::unknown;
}

std::vector<std::string> check_kernel(const SourceImage& kernel, const Layout& layout,
                                      const Spool& spool, const AssembleOptions& options) {
  if (options.compression == Compression::none || !layout.kernel ||
      std::none_of(options.formats.begin(), options.formats.end(), has_initrd))
    return {};
  const bool zstd = options.compression == Compression::zstd;
  auto configuration = in_image(kernel, spool);
  if (!configuration && zstd) configuration = in_kernel(layout, spool);
  const Unpacks answer =
      configuration ? unpacks(configuration->text, options.compression) : Unpacks::unknown;
  const std::string name(compression_name(options.compression));
  switch (answer) {
    case Unpacks::yes:
      return {};
    case Unpacks::no:
      throw Error("--compress " + name + ": the kernel cannot unpack it: its configuration (" +
                      configuration->from + ") has no " + option_of(options.compression) +
                      "=y; use another compression",
                  ExitCode::usage);
    case Unpacks::unknown:
      break;
  }
  if (!zstd) return {};
  return {"--compress zstd: whether the kernel of " + kernel.full_ref +
          " can unpack it is not known: its image has no configuration"};
}

}  // namespace rtfx::image
