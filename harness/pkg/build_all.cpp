// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/build_all.hpp"

#include <fcntl.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/files.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// The arches of a package that the request asks for, in the package's order.
std::vector<std::string> requested_arches(const Package& package, const BuildRequest& request) {
  std::vector<std::string> arches;
  for (const std::string& arch : package.arches) {
    const bool wanted = request.arches.empty() || contains(request.arches, arch);
    if (wanted && !contains(request.skip_arches, arch)) arches.push_back(arch);
  }
  return arches;
}

std::string log_name(const UnitResult& unit) {
  // "org/image:tag" -> "org_image-arch.log": one file per package and arch, replaced by the next
  // build.
  std::string name = unit.ref.substr(0, unit.ref.rfind(':'));
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), ':', '_');
  return name + "-" + unit.arch + ".log";
}

/// Hands out units whose needs are met to as many threads as there are jobs.
class Scheduler {
 public:
  Scheduler(const std::vector<PlannedPackage>& plan, const BuildRequest& request,
            const BuildEnvironment& environment,
            const std::function<void(const UnitResult&)>& progress, std::stop_token stop)
      : plan_(plan),
        request_(request),
        environment_(environment),
        progress_(progress),
        stop_(std::move(stop)),
        units_(plan_units(plan, request, environment)),
        states_(units_.size(), State::waiting) {
    const std::string host = host_arch(environment.arches);
    for (const UnitResult& unit : units_) {
      std::vector<std::size_t> needs;
      for (const std::string& ref : plan[unit.package].needed_refs) {
        const auto needed = std::find_if(units_.begin(), units_.end(), [&](const UnitResult& u) {
          return u.ref == ref && u.arch == host;
        });
        needs.push_back(static_cast<std::size_t>(needed - units_.begin()));
      }
      needs_.push_back(std::move(needs));
    }
  }

  std::vector<UnitResult> run() {
    const unsigned jobs =
        std::max(1U, request_.jobs != 0 ? request_.jobs : std::thread::hardware_concurrency());
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::min<std::size_t>(jobs, units_.size()); ++i)
      threads.emplace_back([this] { work(); });
    threads.clear();
    return std::move(units_);
  }

 private:
  enum class State { waiting, running, done };

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      block_dependents();
      const std::optional<std::size_t> next = ready();
      if (next) {
        states_[*next] = State::running;
        lock.unlock();
        build(units_[*next]);
        lock.lock();
        finish(*next);
      } else if (std::all_of(states_.begin(), states_.end(),
                             [](State state) { return state != State::waiting; })) {
        return;
      } else {
        changed_.wait(lock);
      }
    }
  }

  void finish(std::size_t index) {
    states_[index] = State::done;
    if (progress_) progress_(units_[index]);
    changed_.notify_all();
  }

  std::optional<std::size_t> ready() const {
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const bool free = std::all_of(needs_[i].begin(), needs_[i].end(),
                                    [&](std::size_t need) { return states_[need] == State::done; });
      if (states_[i] == State::waiting && free) return i;
    }
    return std::nullopt;
  }

  /// Units are in the order of build, so one pass reaches all that depend on a failure, however
  /// indirectly.
  void block_dependents() {
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (states_[i] != State::waiting) continue;
      for (const std::size_t need : needs_[i]) {
        if (states_[need] != State::done || units_[need].ok()) continue;
        const bool cancelled = units_[need].ending == UnitEnding::cancelled;
        units_[i].ending = cancelled ? UnitEnding::cancelled : UnitEnding::blocked;
        units_[i].code = units_[need].code;
        units_[i].error = units_[i].ref + " for " + units_[i].arch + ": needs " + units_[need].ref +
                          " for " + units_[need].arch + ", which was not built";
        finish(i);
        break;
      }
    }
  }

  void build(UnitResult& unit) {
    const auto start = std::chrono::steady_clock::now();
    try {
      if (stop_.stop_requested())
        throw Error(unit.ref + " for " + unit.arch + ": cancelled", ExitCode::interrupted);
      Built built = build_logged(unit);
      if (!built.manifest.platform) built.manifest.platform = oci::Platform{"linux", unit.arch, ""};
      environment_.store.add_to_index(unit.ref, built.manifest);
      unit.manifest = std::move(built.manifest);
      unit.ending = built.cached ? UnitEnding::cached : UnitEnding::built;
    } catch (const Error& error) {
      unit.ending =
          error.code() == ExitCode::interrupted ? UnitEnding::cancelled : UnitEnding::failed;
      unit.error = error.what();
      unit.code = error.code();
    } catch (const std::exception& error) {
      unit.code = ExitCode::failed;
      unit.ending = UnitEnding::failed;
      unit.error = unit.ref + " for " + unit.arch + ": " + error.what();
    }
    unit.elapsed = std::chrono::steady_clock::now() - start;
  }

  Built build_logged(UnitResult& unit) {
    FileDescriptor file;
    const fs::path path = request_.log_directory / log_name(unit);
    const auto log = [&](std::string_view bytes) {
      if (request_.log_directory.empty()) return;
      // The file is made with the first output, so that cached units have none.
      if (!file) {
        fs::create_directories(path.parent_path());
        file = FileDescriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!file) throw system_error("writing " + path.string(), errno);
        unit.log = path;
      }
      write_all(file.get(), bytes, path.string());
    };
    return build_package(plan_[unit.package], environment_.arches.find(unit.arch), environment_,
                         request_.force && unit.requested, log, stop_);
  }

  const std::vector<PlannedPackage>& plan_;
  const BuildRequest& request_;
  const BuildEnvironment& environment_;
  const std::function<void(const UnitResult&)>& progress_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<UnitResult> units_;
  std::vector<State> states_;
  std::vector<std::vector<std::size_t>> needs_;
};

}  // namespace

std::string to_string(UnitEnding ending) {
  switch (ending) {
    case UnitEnding::built:
      return "built";
    case UnitEnding::cached:
      return "cached";
    case UnitEnding::failed:
      return "failed";
    case UnitEnding::blocked:
      return "blocked";
    case UnitEnding::cancelled:
      return "cancelled";
  }
  return "";
}

std::vector<UnitResult> plan_units(const std::vector<PlannedPackage>& plan,
                                   const BuildRequest& request,
                                   const BuildEnvironment& environment) {
  const std::string host = host_arch(environment.arches);
  std::vector<std::vector<std::string>> arches;
  for (const PlannedPackage& planned : plan)
    arches.push_back(planned.requested ? requested_arches(planned.package, request)
                                       : std::vector<std::string>{});

  // From the last package to the first: those that need others come later in the plan.
  std::vector<bool> only_needed(plan.size(), false);
  for (std::size_t i = plan.size(); i-- > 0;) {
    if (arches[i].empty() && !only_needed[i]) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (!contains(plan[i].needed_refs, plan[j].ref) || contains(arches[j], host)) continue;
      if (!contains(plan[j].package.arches, host)) {
        throw Error(plan[j].package.build_yml.string() + ": " + plan[i].ref +
                        " needs this package for the build host's arch " + host +
                        ", which is not among its arches",
                    ExitCode::usage);
      }
      only_needed[j] = true;
    }
  }

  std::vector<UnitResult> units;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    UnitResult unit;
    unit.package = i;
    unit.ref = plan[i].ref;
    if (only_needed[i]) {
      unit.arch = host;
      unit.requested = false;
      units.push_back(unit);
    }
    unit.requested = true;
    for (const std::string& arch : arches[i]) {
      in_context(plan[i].package.build_yml.string(), [&] { environment.arches.find(arch); });
      unit.arch = arch;
      units.push_back(unit);
    }
  }
  // What others wait for first: the build host's arch of every package.
  std::stable_sort(units.begin(), units.end(), [&](const UnitResult& a, const UnitResult& b) {
    if (a.package != b.package) return a.package < b.package;
    return (a.arch == host) > (b.arch == host);
  });
  return units;
}

std::vector<UnitResult> build_all(const std::vector<PlannedPackage>& plan,
                                  const BuildRequest& request, const BuildEnvironment& environment,
                                  const std::function<void(const UnitResult&)>& progress,
                                  std::stop_token stop) {
  return Scheduler(plan, request, environment, progress, std::move(stop)).run();
}

}  // namespace rtfx::pkg
