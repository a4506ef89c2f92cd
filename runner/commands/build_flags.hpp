// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/registry/options.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

/// The flags of `rtfx build`, as linuxkit's users write them.
struct BuildFlags {
  std::vector<std::string> files, formats;
  std::string name, output, size = "1024M", compression = "gzip", sbom_path = "sbom.spdx.json";
  std::filesystem::path directory, input_tar;
  bool pull = false, offline = false, docker = false, decompress_kernel = false, no_sbom = false,
       sbom_current_time = false, dry_run = false, json = false, no_cache = false, quiet = false;
  std::shared_ptr<registry::RegistryOptions> registry;
};

void add_build_flags(CLI::App& command, BuildFlags& flags);

/// Flags that exclude each other. Throws Error (ExitCode::usage).
void check_build_flags(const BuildFlags& flags);
/// What the flags say about the outputs; arch, directory, name and cache are the caller's. Throws
/// Error (ExitCode::usage).
image::AssembleOptions options_of(const BuildFlags& flags);
/// "512M", "2G"; a number alone is in GB. Bytes. Throws Error (ExitCode::usage).
std::uint64_t parse_disk_size(const std::string& text);

}  // namespace rtfx::commands
