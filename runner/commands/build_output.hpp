// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "harness/image/image.hpp"

namespace rtfx {
class TemporaryDirectory;
}

namespace rtfx::commands {

/// --o FILE: the one output of a build under a name of its own, or on standard output ("-").
class SingleOutput {
 public:
  /// Makes the folder where the build writes. Throws Error (ExitCode::usage) for a place that
  /// nothing can be written to.
  SingleOutput(std::string file, const std::filesystem::path& scratch);
  ~SingleOutput();

  /// Where the build shall write.
  const std::filesystem::path& directory() const;
  /// Brings the output there; its path is then FILE.
  void deliver(image::Assembled& assembled) const;

 private:
  std::string file_;
  bool replace_ = false;  ///< by rename; else it is written into: a pipe, a device, standard output
  std::unique_ptr<TemporaryDirectory> work_;
};

}  // namespace rtfx::commands
