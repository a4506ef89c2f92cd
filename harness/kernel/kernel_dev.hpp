// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/kernel/tar_files.hpp"

namespace rtfx::kernel {

/// Makes a copy of a program without what the compiler noted of where its source is.
using Strip =
    std::function<void(const std::filesystem::path& program, const std::filesystem::path& copy)>;

/// What `make -C DIR M=...` needs to build modules for a kernel that is built: makefiles, headers, the generated ones, the
/// configuration, Module.symvers, and the programs that the build runs, which are for hosts of the arch that built them.
/// About the choice of the kernel's own packages (scripts/package/install-extmod-build); of the objects it is a function of
/// their configuration, whatever other configurations have left there. Files that name folders of this host are copies in
/// `scratch` that do not. Paths begin with `prefix`.
std::vector<TarFile> kernel_dev_files(const std::filesystem::path& source,
                                      const std::filesystem::path& objects,
                                      const std::string& prefix,
                                      const std::filesystem::path& scratch, const Strip& strip);

}  // namespace rtfx::kernel
