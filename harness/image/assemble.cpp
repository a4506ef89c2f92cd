// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "base/error.hpp"
#include "harness/image/image.hpp"
#include "harness/image/initrd.hpp"
#include "harness/image/kernel_config.hpp"
#include "harness/image/layers.hpp"
#include "harness/image/layout.hpp"
#include "harness/image/output_cache.hpp"
#include "harness/image/outputs.hpp"
#include "harness/image/sources.hpp"
#include "harness/image/spec.hpp"

namespace rtfx::image {

namespace {

/// Reads the layers of every image once, several images at a time, and with the kernel its tar.
void read_images(const ImageSpec& spec, SourceImages& images, const oci::Store& store, Spool& spool,
                 std::stop_token stop) {
  const SourceImage* kernel =
      spec.kernel && !spec.kernel->tar.empty() ? &images.at(spec.kernel->image) : nullptr;
  std::map<Digest, std::shared_ptr<const Tree>> trees;
  std::vector<const SourceImage*> wanted;
  for (const auto& [ref, image] : images) {
    if (image.from_input_tar) continue;
    if (trees.emplace(image.manifest.digest, nullptr).second) wanted.push_back(&image);
  }
  // The kernel takes longest.
  std::stable_partition(wanted.begin(), wanted.end(), [&](const SourceImage* image) {
    return kernel != nullptr && kernel->manifest.digest == image->manifest.digest;
  });
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < wanted.size(); i = next++) {
      const SourceImage& image = *wanted[i];
      auto& tree = trees.at(image.manifest.digest);
      tree = in_context("image " + image.full_ref, [&] {
        return std::make_shared<const Tree>(flatten(store, image.manifest, spool, stop));
      });
      if (kernel != nullptr && kernel->manifest.digest == image.manifest.digest)
        read_members_ahead(*tree, spec.kernel->tar, spool);
    }
  };
  std::vector<std::future<void>> workers;
  const std::size_t count =
      std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U), wanted.size());
  for (std::size_t i = 0; i < count; ++i) workers.push_back(std::async(std::launch::async, work));
  for (auto& worker : workers) worker.wait();
  for (auto& worker : workers) worker.get();
  for (auto& [ref, image] : images) {
    if (!image.from_input_tar) image.files = trees.at(image.manifest.digest);
  }
}

/// Writers of whole file systems read one file after the other; this brings in all images at once.
void load_contents(const Tree& root, const Spool& spool) {
  std::vector<Extent> contents;
  for (const auto& [path, entry] : root.entries()) contents.push_back(root.inode(entry).data);
  spool.load(contents);
}

}  // namespace

Assembled assemble(const ImageSpec& spec, const oci::Store& store, const AssembleOptions& options,
                   std::stop_token stop) {
  check_formats(options.formats, options.arch);
  Sources sources = find_sources(spec, store, options);
  Assembled result;
  result.images = sources.used;
  if (options.accept) options.accept(result.images);

  OutputSet outputs(options.directory, options.name, options.formats);
  const bool caching = !options.cache.empty() && !options.sbom.current_time;
  const Digest key = caching ? output_key(spec, sources, options) : Digest::of("");
  const BuildCache cache(options.cache, options.directory);
  // Initrds come from their pieces just as fast, and nobody knows which version of a program wrote what is kept.
  const bool whole = std::any_of(options.formats.begin(), options.formats.end(),
                                 [](Format format) { return format != Format::kernel_initrd; }) &&
                     std::none_of(options.formats.begin(), options.formats.end(), needs_the_host);
  if (caching && whole) {
    if (auto warnings = fetch_outputs(options.cache / "outputs", key, outputs)) {
      result.warnings = std::move(*warnings);
      result.cached = true;
      result.outputs = outputs.commit();
      return result;
    }
  }
  Spool spool(options.directory, options.cache.empty() ? nullptr : &cache);
  read_images(spec, sources.images, store, spool, stop);
  const LayoutParts parts = read_parts(spec, sources, store, options, spool, stop);
  const Layout layout = lay_out(spec, sources.images, spool, parts);
  if (!std::all_of(options.formats.begin(), options.formats.end(), has_initrd))
    load_contents(layout.root, spool);
  result.warnings = spec.notes;
  if (spec.kernel) {
    for (std::string& warning :
         check_kernel(sources.images.at(spec.kernel->image), layout, spool, options))
      result.warnings.push_back(std::move(warning));
  }
  for (std::string& warning : write_outputs(layout, spool, options, outputs, stop))
    result.warnings.push_back(std::move(warning));
  if (caching && whole) keep_outputs(options.cache / "outputs", key, outputs, result.warnings);
  result.cached = caching && !whole && cache.builds.has(key) && !spool.has_read();
  if (caching && !result.cached) cache.finish(key);
  result.outputs = outputs.commit();
  return result;
}

}  // namespace rtfx::image
