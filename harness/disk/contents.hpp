// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace rtfx::disk {

/// Where bytes go, piece by piece.
using Sink = std::function<void(std::string_view)>;

/// What is put into a file: its size in bytes, known beforehand, and a way to have it piece by
/// piece, as often as wanted.
struct Contents {
  std::uint64_t size = 0;
  std::function<void(const Sink&)> copy_to;

  static Contents of_text(std::string text);
  /// The file must not change while this is used. Throws Error when it cannot be read; copying it
  /// throws Error (ExitCode::interrupted) when stop is requested.
  static Contents of_file(const std::filesystem::path& path, std::stop_token stop = {});
};

}  // namespace rtfx::disk
