// SPDX-License-Identifier: Apache-2.0
//
// The files of a content store, for the parts of this folder that read and write them. Everybody else uses store.hpp.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/oci/descriptor.hpp"

namespace rtfx::oci {

/// The annotation that names an image in index.json (OCI image-spec, "Image Layout").
inline constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";
/// The same as containerd, BuildKit and docker write it, with the registry's name.
inline constexpr std::string_view containerd_name = "io.containerd.image.name";
inline constexpr std::string_view layout_text = R"({"imageLayoutVersion":"1.0.0"})";

bool is_index(const Descriptor& descriptor);
bool is_manifest(const Descriptor& descriptor);
/// The value of an annotation, or "".
std::string annotation(const Descriptor& descriptor, std::string_view name);

std::filesystem::path blob_file(const std::filesystem::path& directory, const Digest& digest);
/// A name beside `file` for what is being written; gc removes those that dead processes leave.
std::filesystem::path temporary_name(const std::filesystem::path& file);
bool is_temporary(const std::filesystem::path& file);

/// What a file under a digest's name is, by its bytes. Bytes that this process has found to be right are not read again
/// as long as the file is not touched.
enum class BlobState { good, missing, corrupt };
BlobState state_of(const std::filesystem::path& file, const Digest& digest,
                   std::optional<std::uint64_t> size);
/// The file was written by this process, which knows its digest.
void remember_good(const std::filesystem::path& file, const Digest& digest);
Error missing_blob(const Digest& digest, const std::filesystem::path& file);
Error corrupt_blob(const Descriptor& descriptor, const std::filesystem::path& file);
/// Throws one of these unless the file is good.
void require_good(const std::filesystem::path& file, const Descriptor& descriptor);

/// A failed system call that wanted to change a store, and what can be done: "DOING: strerror(errno); ADVICE".
Error write_error(const std::string& doing, int error_number);
/// Replaces the file in one step. `durable`: its bytes reach the disk before its name does.
void replace_file(const std::filesystem::path& file, std::string_view bytes, bool durable);

/// Throws Error unless the oci-layout file of the directory is that of a layout.
void check_layout(const std::filesystem::path& directory);
/// index.json. Throws Error that tells what to do.
Index read_names(const std::filesystem::path& directory);
/// Reads index.json, changes it and replaces it, all under the lock. Nothing is written when nothing changes.
void change_names(const std::filesystem::path& directory,
                  const std::function<void(Index&)>& change);

/// The lock of those who write blobs (gc.hpp): shared, or exclusive. nullopt when somebody else's is in the way.
std::optional<FileDescriptor> lock_writers(const std::filesystem::path& directory, bool exclusive,
                                           bool wait);

}  // namespace rtfx::oci
