// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/build_images.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <memory>
#include <vector>

#include "base/text.hpp"
#include "harness/oci/reference.hpp"
#include "harness/registry/registry.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {

namespace {

/// Pulls images and remembers which registries cannot be had.
class Puller {
 public:
  Puller(oci::Store& store, const ImageSupply& supply) : store_(store), supply_(supply) {}

  /// Whether a registry may have the image at all.
  bool may_ask(const std::string& ref) const {
    if (supply_.offline || supply_.subjects.lists(ref)) return false;
    return !supply_.packages.contains(ref) || is_in_registry(supply_.project, ref);
  }
  /// "" or why it could not be pulled.
  std::string pull(const image::NeededImage& image);
  /// Whether all that failed is that registries could not be reached.
  bool only_host_failed() const { return host_failed_ && !other_failed_; }

 private:
  std::string failed(const Error& error) {
    if (error.code() == ExitCode::interrupted) throw error;
    (error.code() == ExitCode::host ? host_failed_ : other_failed_) = true;
    return error.what();
  }

  oci::Store& store_;
  const ImageSupply& supply_;
  std::unique_ptr<registry::Client> client_;
  std::set<std::string> unreachable_;  ///< registries
  bool host_failed_ = false, other_failed_ = false;
};

std::string Puller::pull(const image::NeededImage& image) {
  const bool package = supply_.packages.contains(image.ref);
  oci::Reference reference;
  try {
    reference =
        oci::parse_reference(package ? published_name(supply_.project, image.ref) : image.ref);
    if (unreachable_.contains(reference.registry))
      return reference.registry + " was not asked again: it could not be reached";
    if (!client_)
      client_ =
          std::make_unique<registry::Client>(with_environment(supply_.registry), supply_.stop);
    const auto start = std::chrono::steady_clock::now();
    // In full: an image YAML finds it by any way of writing it.
    const std::string name = package ? image.ref : reference.str();
    const auto pulled = client_->pull(reference, store_, {.arches = image.arches, .name = name});
    if (!pulled) {
      other_failed_ = true;
      return fmt::format("the registry {} does not have it{}", reference.registry,
                         image.arches.empty() ? "" : " for " + text::join(image.arches, ", "));
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (!supply_.quiet)
      fmt::print(stderr, "image {} pulled in {:.1f} s\n", image.ref, elapsed.count());
    return "";
  } catch (const Error& error) {
    const std::string why = failed(error);
    if (error.code() == ExitCode::host) unreachable_.insert(reference.registry);
    return why;
  }
}

std::string advice(const image::NeededImage& image, const std::string& arch,
                   const ImageSupply& supply) {
  const std::string build = supply.packages.how_to_build(image.ref, arch);
  if (!build.empty()) return "; " + build;
  if (supply.subjects.lists(image.ref)) return "; it is under test and not pulled";
  if (supply.offline) return "; get it with: rtfx cache pull " + image.ref;
  return "; rtfx cache import takes it from an archive";
}

}  // namespace

void require_images(const image::ImageSpec& spec, oci::Store& store,
                    const image::AssembleOptions& options, const ImageSupply& supply) {
  Puller puller(store, supply);
  std::vector<std::string> problems;
  bool local = false;
  for (image::NeededImage& image : image::check_images(spec, store, options)) {
    if (options.given.contains(image.ref)) continue;
    const bool wanted = supply.pull || !image.problem.empty();
    if (!wanted) continue;
    if (puller.may_ask(image.ref)) {
      const std::string why = puller.pull(image);
      if (why.empty()) continue;
      image.problem =
          image.problem.empty() ? "image " + image.ref + ": " + why : image.problem + "; " + why;
    } else if (image.problem.empty()) {
      continue;
    } else {
      local = true;
    }
    problems.push_back(image.problem + advice(image, options.arch.name, supply));
  }
  if (!problems.empty())
    throw Error(text::join(problems, "\n"),
                puller.only_host_failed() && !local ? ExitCode::host : ExitCode::failed);
}

}  // namespace rtfx::commands
