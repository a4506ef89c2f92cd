// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "harness/kernel/configuration.hpp"
#include "harness/kernel/plan.hpp"
#include "harness/pkg/image_maker.hpp"

namespace rtfx::kernel {

/// What was compiled afresh: the images of one kernel are all compared with the same second compilation.
class AfreshResults;
std::shared_ptr<AfreshResults> make_afresh_results();

/// Compiles the kernels of a flavour and makes one of its images; the makers of the others share `afresh`. All that it keeps
/// is in <cache>/kernels, beside the scratch folder of the environment; at any time one kernel of a cache is compiled, with
/// all processors.
std::shared_ptr<const pkg::ImageMaker> make_maker(std::shared_ptr<const Series> series,
                                                  std::string flavour, Part part,
                                                  std::shared_ptr<AfreshResults> afresh);

/// Where kernels are built, for those who want a source or a configuration only.
struct Workshop {
  SourcePlace sources;
  std::filesystem::path folder;  ///< <cache>/kernels
};
/// Asks for the address of the Debian archive when the series needs it.
Workshop workshop_of(const Series& series, const pkg::BuildEnvironment& environment);

}  // namespace rtfx::kernel
