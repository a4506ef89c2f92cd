// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_suites.hpp"

#include "base/error.hpp"
#include "harness/pkg/archive_retry.hpp"

namespace rtfx::pkg {

Fetched fetch_packages(const std::filesystem::path& cache, const ArchiveSuites& from,
                       const ArchiveRequest& request, const Steps& steps) {
  std::string wanted =
      from.suites.at(0);  // the codename of the first suite, as soon as it is known
  std::string problems;
  for (std::size_t i = 0;; ++i) {
    Fetched fetched{{from.uri, from.suites.at(i), from.components, from.arch}, {}};
    const std::string& suite = fetched.source.suite;
    const bool last = i + 1 == from.suites.size();
    try {
      Archive archive(cache, fetched.source, steps);
      const std::string codename = archive.codename();
      if (i == 0) {
        wanted = codename;
      } else if (codename != wanted || codename.empty()) {
        throw Error(suite + " is " + (codename.empty() ? "of no known release" : codename) +
                    " there, not " + wanted);
      }
      fetched.packages = archive.fetch(request);
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted) throw;
      if (i == 0 && (last || !is_out_of_step(error.what()))) throw;
      problems +=
          (i == 0 ? "" : "\nand in its stead from " + suite + ": ") + std::string(error.what());
      if (last) throw Error(problems);
      continue;
    }
    if (i > 0 && steps.warn)
      steps.warn("the archive does not have all that its index of " + from.suites.front() +
                 " for " + from.arch + " names; the packages are those of its index of " + suite);
    return fetched;
  }
}

}  // namespace rtfx::pkg
