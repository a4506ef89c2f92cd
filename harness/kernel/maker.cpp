// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/maker.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "base/files.hpp"
#include "harness/kernel/compile.hpp"
#include "harness/kernel/image.hpp"
#include "harness/kernel/lock.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::kernel {

class AfreshResults {
 public:
  /// The result of a kernel, compiled when there is none. Callers hold the lock of the folder, so that nobody waits here.
  template <typename Compile>
  Result get(const std::string& kernel, const Compile& compile) {
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(kernel);
    return found != results_.end() ? found->second
                                   : results_.emplace(kernel, compile()).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Result> results_;  ///< by the folder of the kernel
};

std::shared_ptr<AfreshResults> make_afresh_results() { return std::make_shared<AfreshResults>(); }

namespace {

/// From the end of waiting for others on. Ten times what a lean kernel takes on two processors.
constexpr std::chrono::milliseconds usual_timeout = std::chrono::hours(2);

std::string own_uname() {
  utsname names{};
  ::uname(&names);
  return names.machine;
}

/// The files of one of the images.
ImageContent content_of(const Result& result, Part part) {
  ImageContent content;
  switch (part) {
    case Part::kernel:
      content.files = {{"kernel", result.image()},
                       {"kernel.tar", result.modules_tar()},
                       {"kernel-dev.tar", result.dev_tar()}};
      break;
    case Part::binary:
      content.files = {{"boot/image", result.image()}};
      break;
    case Part::modules:
      content.files = files_below(result.modules(), "lib/modules");
      content.folders = {"lib/modules/" + result.release};
      break;
  }
  return content;
}

/// Compiling takes long enough for somebody to go on working meanwhile; the tag would lie then.
void require_unchanged(const pkg::PlannedPackage& planned) {
  const std::string hash = pkg::revision_of(planned.package, {}, pkg::TagMode::deep).hash;
  if (hash != planned.revision.hash)
    throw Error("its files have changed while it was built; build it again");
}

class Maker final : public pkg::ImageMaker {
 public:
  Maker(std::shared_ptr<const Series> series, std::string flavour, Part part,
        std::shared_ptr<AfreshResults> afresh)
      : series_(std::move(series)),
        flavour_(std::move(flavour)),
        part_(part),
        afresh_(std::move(afresh)) {}

  std::string name() const override { return "make"; }

  oci::Descriptor make(const pkg::PlannedPackage& planned, const Arch& arch, bool afresh,
                       const pkg::BuildEnvironment& environment, const pkg::Log& log,
                       std::stop_token stop) const override {
    const Workshop workshop = workshop_of(*series_, environment);
    const FileDescriptor lock =
        lock_folder(workshop.folder, "another kernel that is being built", stop, log);
    const pkg::Steps steps{
        environment.runner, log, stop,
        std::chrono::steady_clock::now() + environment.timeout.value_or(usual_timeout)};
    const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
    const CompileJob job{*series_,
                         series_->flavour(flavour_),
                         arch,
                         own_uname(),
                         planned.revision.timestamp,
                         environment.processes != 0 ? environment.processes : processors,
                         afresh};
    const SourceTree source = source_tree(*series_, workshop.sources, steps);
    const auto compiled = [&] { return compile(job, source, workshop.folder, steps); };
    const Result result =
        afresh
            ? afresh_->get(folder_of(workshop.folder, *series_, job.flavour, arch, source).string(),
                           compiled)
            : compiled();
    ImageContent content = content_of(result, part_);
    require_unchanged(planned);
    content.arch = arch.name;
    content.labels = planned.labels;
    content.timestamp = planned.revision.timestamp;
    return write_image(content, environment.store, workshop.folder, stop);
  }

 private:
  const std::shared_ptr<const Series> series_;
  const std::string flavour_;
  const Part part_;
  const std::shared_ptr<AfreshResults> afresh_;
};

}  // namespace

std::shared_ptr<const pkg::ImageMaker> make_maker(std::shared_ptr<const Series> series,
                                                  std::string flavour, Part part,
                                                  std::shared_ptr<AfreshResults> afresh) {
  return std::make_shared<const Maker>(std::move(series), std::move(flavour), part,
                                       std::move(afresh));
}

Workshop workshop_of(const Series& series, const pkg::BuildEnvironment& environment) {
  const fs::path cache = fs::absolute(environment.scratch).lexically_normal().parent_path();
  Workshop workshop{{cache / "kernels/source", cache / "debs", environment.debian_mirror},
                    cache / "kernels"};
  if (std::holds_alternative<DebianSource>(series.source) && workshop.sources.mirror.empty())
    workshop.sources.mirror = pkg::debian_mirror(environment.runner);
  return workshop;
}

}  // namespace rtfx::kernel
