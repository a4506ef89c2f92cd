// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace rtfx::runner {

/// The folder of one run.
struct RunFolder {
  std::string id;
  std::filesystem::path path;  ///< absolute
};

/// Makes RESULTS/ID, with a new unique id when `id` is empty; an existing one is continued. With
/// `link_latest`, RESULTS/latest points to it afterwards. Throws Error (ExitCode::usage) for an id
/// that is no plain file name.
RunFolder make_run_folder(const std::filesystem::path& results, const std::string& id,
                          bool link_latest);

/// "NAME.log", or "NAME.ARCH.log"; a name that no file can have is shortened and made unique by a
/// digest.
std::string log_file_name(const std::string& name, const std::string& arch);

}  // namespace rtfx::runner
