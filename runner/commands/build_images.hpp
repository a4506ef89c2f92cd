// SPDX-License-Identifier: Apache-2.0
//
// Where `rtfx build` gets images from that it lacks.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "harness/image/image.hpp"
#include "harness/registry/options.hpp"
#include "runner/commands/build_packages.hpp"
#include "runner/commands/build_subjects.hpp"

namespace rtfx::commands {

struct ImageSupply {
  const std::optional<runner::Project>& project;
  const Packages& packages;
  const Subjects& subjects;
  registry::RegistryOptions registry;
  bool pull = false;     ///< ask the registries also for what is there
  bool offline = false;  ///< ask no registry
  bool quiet = false;    ///< do not tell what is pulled
  std::stop_token stop;
};

/// Makes sure that the store has every image of the spec: what it lacks is pulled. An image that a
/// release tests is never pulled. Throws Error with a line for each image that cannot be had, and
/// what to do.
void require_images(const image::ImageSpec& spec, oci::Store& store,
                    const image::AssembleOptions& options, const ImageSupply& supply);

/// --docker: images of the spec that the docker daemon has for the arch, taken into the store
/// without a name. What docker lacks, or that there is no docker, is no error.
std::map<std::string, oci::Descriptor> images_of_docker(const image::ImageSpec& spec,
                                                        oci::Store& store, const Arch& arch,
                                                        std::stop_token stop);

}  // namespace rtfx::commands
