// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/image/image.hpp"

namespace rtfx::commands {

/// The images that a release tests (file $RTFX_SUBJECTS): what is booted must be exactly what will
/// be published.
class Subjects {
 public:
  /// Reads the lines for the arch; an empty path means that nothing is tested. Throws Error
  /// (ExitCode::usage) that names the line.
  Subjects(const std::string& file, const std::string& arch);

  /// Whether the image, at whatever tag, is tested.
  bool lists(const std::string& ref) const;
  /// Throws Error unless every listed image has its digest.
  void check(const std::vector<image::UsedImage>& images) const;

 private:
  std::string file_;
  std::map<std::string, Digest> digests_;     ///< by the reference in full
  std::map<std::string, std::string> names_;  ///< the same without tags, as listed
};

}  // namespace rtfx::commands
