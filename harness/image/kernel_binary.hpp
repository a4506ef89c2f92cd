// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"

namespace rtfx::image {

/// Writes the kernel of the layout (which must have one) to `file`, from where it stands: as it is,
/// or with options.decompress_kernel what is inside of a kernel compressed by gzip (find_gzip).
/// Throws Error for a kernel that is compressed in another way or not at all.
void write_kernel(const Layout& layout, const Spool& spool, const AssembleOptions& options,
                  const FileDescriptor& file, std::stop_token stop);

/// Where the gzip of a compressed kernel is: an Image.gz, a bzImage of x86 (Linux:
/// Documentation/arch/x86/boot.rst, payload_offset), or an EFI zboot image (drivers/firmware/efi/
/// libstub/zboot-header.S). nullopt: it is none of these, as it seems not compressed. Throws Error
/// for one whose payload is compressed in another way.
std::optional<Extent> find_gzip(const Extent& kernel, const Spool& spool);

}  // namespace rtfx::image
