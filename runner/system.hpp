// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rtfx::runner {

/// The machine that the cases run on, with rtf's words for it.
struct SystemInfo {
  std::string os = "linux";
  std::string name = "UNKNOWN";     ///< distribution: "Debian"
  std::string version = "UNKNOWN";  ///< of the distribution: "12"
  std::string arch;                 ///< GOARCH
  std::string model = "UNKNOWN";
  std::string cpu = "UNKNOWN";
  std::int64_t memory = -1;  ///< bytes
  std::string hostname;      ///< its name in the network; may be empty

  /// The labels that rtf gives to every run of this host, but for its architecture.
  std::vector<std::string> labels() const { return {os, name, version}; }
};

/// Read once; never fails.
const SystemInfo& system_info();

}  // namespace rtfx::runner
