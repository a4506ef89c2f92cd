// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/plan.hpp"

#include <algorithm>
#include <map>

#include "base/files.hpp"
#include "harness/kernel/configuration.hpp"
#include "harness/kernel/maker.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::kernel {

namespace {

const char* suffix_of(Part part) {
  switch (part) {
    case Part::kernel:
      return "";
    case Part::binary:
      return "-bin";
    case Part::modules:
      return "-modules";
  }
  return "";
}

/// A part of a flavour in the words of packages.
pkg::Package package_of(const Series& series, const Flavour& flavour, Part part, bool in_git) {
  pkg::Package package;
  package.directory = series.directory;
  package.build_yml = series.file;
  package.image = series.image + suffix_of(part);
  package.org = series.org;
  package.tag_template = series.version;
  if (flavour.name != series.flavours.front().name) package.tag_template += "-" + flavour.name;
  package.arches = flavour.arches;
  if (!in_git) return package;
  package.tag_template += "-{{.Hash}}";
  // What the tag covers beside the series' own folder.
  for (const fs::path& folder : series.config_folders) {
    if (folder != series.directory)
      package.extra_sources.push_back(folder.lexically_relative(series.directory).string() +
                                      ":config");
  }
  return package;
}

/// Names kernels; keeps what is open of git.
class Namer {
 public:
  explicit Namer(const pkg::PackageSettings& settings) : settings_(settings) {}

  pkg::PlannedPackage plan(const std::shared_ptr<const Series>& series, const Flavour& flavour,
                           Part part) {
    const bool in_git = repositories_.of(series->directory) != nullptr;
    pkg::PlannedPackage planned;
    planned.package = package_of(*series, flavour, part, in_git);
    planned.revision = pkg::revision_of(planned.package, {}, pkg::TagMode::deep, {}, repositories_);
    planned.ref = pkg::ref_with_hash(planned.package, {}, planned.revision.hash);
    const pkg::Revision& revision = planned.revision;
    const bool clean = revision.in_git && !revision.dirty && revision.hidden_dirt.empty();
    if (clean) planned.made_of = series->config_folders;
    if (clean && !revision.commit.empty())
      planned.labels["org.opencontainers.image.revision"] = revision.commit;
    planned.maker = make_maker(series, flavour.name, part, afresh_);
    return planned;
  }

  const pkg::PackageSettings& settings() const { return settings_; }

 private:
  const pkg::PackageSettings settings_;
  git::Repositories repositories_;
  const std::shared_ptr<AfreshResults> afresh_ = make_afresh_results();
};

}  // namespace

std::vector<pkg::PlannedPackage> plan_series(const std::shared_ptr<const Series>& series,
                                             const std::vector<std::string>& flavours,
                                             const pkg::PackageSettings& settings,
                                             Diagnostics& diagnostics) {
  std::vector<pkg::PlannedPackage> plan;
  Namer namer(settings);
  for (const Flavour& flavour : series->flavours) {
    const bool wanted = flavours.empty() ||
                        std::find(flavours.begin(), flavours.end(), flavour.name) != flavours.end();
    if (!wanted) continue;
    for (const std::string& arch : flavour.arches)
      fragments_of(*series, flavour, arch, diagnostics);
    try {
      pkg::PlannedPackage kernel = namer.plan(series, flavour, Part::kernel);
      const std::string ref = kernel.ref;
      plan.push_back(std::move(kernel));
      // They are other files of the same compilation, so when that fails they need not try.
      for (const Part part : {Part::binary, Part::modules}) {
        plan.push_back(namer.plan(series, flavour, part));
        plan.back().needed_refs = {ref};
      }
    } catch (const Error& error) {
      diagnostics.error({series->file, 0}, error.what());
    }
  }
  return plan;
}

struct ImageNames::State {
  explicit State(const pkg::PackageSettings& settings) : packages(settings), kernels(settings) {}
  pkg::PackageNames packages;
  Namer kernels;
  std::map<fs::path, pkg::NamedPackage> known;
};

ImageNames::ImageNames(const pkg::PackageSettings& settings) : state_(new State(settings)) {}
ImageNames::~ImageNames() = default;

std::optional<pkg::NamedPackage> ImageNames::find_package(const fs::path& directory,
                                                          Diagnostics& diagnostics) {
  return state_->packages.find(directory, diagnostics);
}

pkg::NamedPackage ImageNames::named(const fs::path& path) {
  const std::string text = path.string();
  const std::size_t colon = text.rfind(':');
  const bool flavoured = colon != std::string::npos && text.find('/', colon) == std::string::npos;
  const fs::path directory = flavoured ? fs::path(text.substr(0, colon)) : path;
  if (!is_series(directory) || fs::exists(directory / "build.yml"))
    return state_->packages.named(path);
  if (const auto known = state_->known.find(path); known != state_->known.end())
    return known->second;

  Diagnostics diagnostics;
  const pkg::PackageSettings& settings = state_->kernels.settings();
  const auto series = std::make_shared<const Series>(
      load_series(directory, settings.org, settings.arches, diagnostics));
  diagnostics.throw_if_any();
  const Flavour& flavour =
      flavoured ? series->flavour(text.substr(colon + 1)) : series->flavours.front();
  const pkg::PlannedPackage planned = state_->kernels.plan(series, flavour, Part::kernel);
  return state_->known
      .emplace(path, pkg::NamedPackage{planned.package, planned.revision, planned.ref})
      .first->second;
}

}  // namespace rtfx::kernel
