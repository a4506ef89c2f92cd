// SPDX-License-Identifier: Apache-2.0
#include "harness/image/output_cache.hpp"

#include <zlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/image/build_cache.hpp"
#include "harness/image/spec.hpp"

namespace rtfx::image {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t most_kept = std::uintmax_t(3) << 30;  // bytes
constexpr const char* list_name = "outputs.json";

std::string source_digest(const FileSpec& file) {
  std::string path = file.text;
  if (path.starts_with("~/")) path = environment("HOME", "/") + path.substr(1);
  std::error_code error;
  return fs::is_regular_file(path, error) ? Digest::of_file(path).str() : "none";
}

std::uintmax_t size_of(const fs::path& folder) {
  std::uintmax_t size = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::uintmax_t more = entry.file_size(error);
    if (!error) size += more;
  }
  return size;
}

void drop_oldest(const fs::path& cache) {
  std::vector<std::pair<fs::file_time_type, fs::path>> kept;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache, error)) {
    kept.emplace_back(entry.last_write_time(error), entry.path());
  }
  std::sort(kept.rbegin(), kept.rend());
  std::uintmax_t size = 0;
  for (const auto& [used, folder] : kept) {
    size += size_of(folder);
    if (size > most_kept) fs::remove_all(folder, error);
  }
}

}  // namespace

Digest output_key(const ImageSpec& spec, const Sources& sources, const AssembleOptions& options) {
  Json key;
  key["program"] = program_digest();
  key["zlib"] = ::zlibVersion();
  for (const Format format : options.formats) key["formats"].push_back(format_name(format));
  key["compression"] = compression_name(options.compression);
  key["decompress-kernel"] = options.decompress_kernel;
  key["disk-size"] = options.disk_size;
  key["sbom"] = options.sbom.path;
  key["arch"] = options.arch.name;
  key["spec"] = merged_json(spec);
  key["more"] = sources.more;
  for (const UsedImage& image : sources.used)
    key["images"].push_back({image.ref, image.digest.str()});
  for (const FileSpec& file : spec.files) {
    if (file.kind == FileSpec::Kind::source) key["files"].push_back(source_digest(file));
  }
  return Digest::of(key.dump());
}

std::optional<std::vector<std::string>> fetch_outputs(const fs::path& cache, const Digest& key,
                                                      OutputSet& outputs) {
  const fs::path folder = cache / key.hex();
  std::error_code error;
  if (!fs::exists(folder / list_name, error)) return std::nullopt;
  try {
    const Json list = Json::parse(read_file(folder / list_name));
    std::vector<std::string> warnings = list.at("warnings").get<std::vector<std::string>>();
    for (const std::string& suffix : outputs.suffixes()) {
      const auto digest = list.at("outputs").find(suffix);
      if (digest == list.at("outputs").end()) continue;
      const FileDescriptor made = outputs.create(suffix);
      const fs::path copy = outputs.files().back().temporary;
      fs::copy_file(folder / suffix, copy, fs::copy_options::overwrite_existing);
      if (Digest::of_file(copy).str() != digest->get<std::string>()) throw Error("damaged");
    }
    fs::last_write_time(folder, fs::file_time_type::clock::now(), error);
    return warnings;
  } catch (const std::exception&) {
    // Assembling again is always right; what was copied so far is written over or removed with the
    // set.
    outputs.clear();
    fs::remove_all(folder, error);
    return std::nullopt;
  }
}

void keep_outputs(const fs::path& cache, const Digest& key, const OutputSet& outputs,
                  const std::vector<std::string>& warnings) {
  std::error_code error;
  if (fs::exists(cache / key.hex(), error)) return;
  fs::create_directories(cache, error);
  try {
    const TemporaryDirectory folder("new", cache);
    Json list;
    list["warnings"] = warnings;
    for (const OutputSet::File& file : outputs.files()) {
      fs::copy_file(file.temporary, folder.path() / file.suffix);
      list["outputs"][file.suffix] = Digest::of_file(file.temporary).str();
    }
    write_file_atomically(folder.path() / list_name, list.dump());
    fs::permissions(folder.path(), fs::perms(0755));
    fs::rename(folder.path(), cache / key.hex());
    drop_oldest(cache);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace rtfx::image
