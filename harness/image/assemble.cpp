// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layers.hpp"
#include "harness/image/layout.hpp"
#include "harness/image/output_cache.hpp"
#include "harness/image/outputs.hpp"
#include "harness/image/spec.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

/// Looks up every image; all that are missing are in the one Error.
SourceImages find_images(const ImageSpec& spec, const oci::Store& store, const std::string& arch) {
  SourceImages images;
  std::vector<std::string> problems;
  for (const std::string& ref : image_refs(spec)) {
    try {
      const oci::Descriptor manifest = find_manifest(store, ref, arch);
      images.emplace(ref, SourceImage{oci::expand_reference(ref), manifest,
                                      oci::parse_image_config(store.read(
                                          oci::parse_manifest(store.read(manifest)).config)),
                                      nullptr});
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  }
  if (!problems.empty()) throw Error(text::join(problems, "\n"));
  return images;
}

/// Reads the layers of every image once, several images at a time.
void read_images(SourceImages& images, const oci::Store& store, Spool& spool,
                 std::stop_token stop) {
  std::map<Digest, std::shared_ptr<const Tree>> trees;
  std::vector<const SourceImage*> wanted;
  for (const auto& [ref, image] : images) {
    if (trees.emplace(image.manifest.digest, nullptr).second) wanted.push_back(&image);
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < wanted.size(); i = next++) {
      const SourceImage& image = *wanted[i];
      trees.at(image.manifest.digest) = in_context("image " + image.full_ref, [&] {
        return std::make_shared<const Tree>(flatten(store, image.manifest, spool, stop));
      });
    }
  };
  std::vector<std::future<void>> workers;
  const std::size_t count =
      std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U), wanted.size());
  for (std::size_t i = 0; i < count; ++i) workers.push_back(std::async(std::launch::async, work));
  for (auto& worker : workers) worker.wait();
  for (auto& worker : workers) worker.get();
  for (auto& [ref, image] : images) image.files = trees.at(image.manifest.digest);
}

}  // namespace

Assembled assemble(const ImageSpec& spec, const oci::Store& store, const AssembleOptions& options,
                   std::stop_token stop) {
  SourceImages images = find_images(spec, store, options.arch);
  Assembled result;
  for (const std::string& ref : image_refs(spec))
    result.images.push_back({ref, images.at(ref).manifest.digest});
  if (options.accept) options.accept(result.images);

  OutputSet outputs(options.directory, options.name, options.format);
  const bool caching = !options.cache.empty();
  const Digest key = caching ? output_key(spec, result.images, options) : Digest::of("");
  if (caching) {
    if (auto warnings = fetch_outputs(options.cache, key, options.format, outputs)) {
      result.warnings = std::move(*warnings);
      result.cached = true;
      result.outputs = outputs.commit();
      return result;
    }
  }
  Spool spool(options.directory);
  read_images(images, store, spool, stop);
  const Layout layout = lay_out(spec, images, spool);
  result.warnings = write_outputs(layout, spool, options.format, outputs, stop);
  if (caching) keep_outputs(options.cache, key, outputs, result.warnings);
  result.outputs = outputs.commit();
  return result;
}

}  // namespace rtfx::image
