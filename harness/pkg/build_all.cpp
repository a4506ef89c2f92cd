// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/build_all.hpp"

#include <fcntl.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/files.hpp"
#include "harness/oci/reference.hpp"

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

std::string log_name(const UnitResult& unit, const PlannedPackage& planned) {
  // "org/image:tag" -> "org_image-arch.log": one file per package and arch, replaced by the next
  // build. What a tag says beside the hash tells packages of one image from each other.
  std::string name = unit.ref.substr(0, unit.ref.rfind(':'));
  std::string beside =
      planned.package.tag_template.substr(0, planned.package.tag_template.find("{{"));
  while (beside.ends_with('-')) beside.pop_back();
  if (planned.maker) name += "-" + beside;
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), ':', '_');
  return name + "-" + unit.arch + ".log";
}

UnitEnding ending_of(Origin origin) {
  switch (origin) {
    case Origin::store:
      return UnitEnding::cached;
    case Origin::registry:
      return UnitEnding::in_registry;
    case Origin::pulled:
      return UnitEnding::pulled;
    case Origin::built:
      return UnitEnding::built;
    case Origin::would_build:
      return UnitEnding::would_build;
  }
  return UnitEnding::failed;
}

/// Finds the units depth first: a unit comes after those that its Dockerfile names.
class UnitPlanner {
 public:
  UnitPlanner(const std::vector<PlannedPackage>& plan, const BuildRequest& request,
              const BuildEnvironment& environment)
      : plan_(plan), request_(request), environment_(environment) {
    for (std::size_t i = 0; i < plan.size(); ++i) by_name_[oci::expand_reference(plan[i].ref)] = i;
  }

  std::vector<UnitResult> units() {
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      if (!plan_[i].requested) continue;
      std::vector<std::string> arches = requested_arches(plan_[i].package, request_);
      // What others wait for first: tools for the build host.
      std::stable_partition(arches.begin(), arches.end(), [&](const std::string& arch) {
        return arch == host_arch(environment_.arches);
      });
      for (const std::string& arch : arches) add(i, arch);
    }
    return std::move(units_);
  }

 private:
  std::size_t add(std::size_t package, const std::string& arch) {
    const PlannedPackage& planned = plan_[package];
    const auto [known, is_new] = indexes_.try_emplace({package, arch}, in_progress);
    if (!is_new) {
      if (known->second == in_progress)
        throw Error(planned.package.build_yml.string() + ": " + planned.ref +
                        " needs itself: its Dockerfile names it, or an image that is made from it",
                    ExitCode::usage);
      return known->second;
    }
    UnitResult unit;
    unit.package = package;
    unit.ref = planned.ref;
    unit.arch = arch;
    unit.requested =
        planned.requested && contains(requested_arches(planned.package, request_), arch);
    in_context(planned.package.build_yml.string(), [&] { environment_.arches.find(arch); });
    for (const auto& [need, need_arch] : needs_of(planned, arch)) {
      if (!contains(plan_[need].package.arches, need_arch))
        throw Error(plan_[need].package.build_yml.string() + ": " + planned.ref +
                        " needs this package for " + need_arch + ", which is not among its arches",
                    ExitCode::usage);
      unit.needs.push_back(add(need, need_arch));
    }
    units_.push_back(std::move(unit));
    return indexes_[{package, arch}] = units_.size() - 1;
  }

  /// Packages of the plan, with arches: those that the Dockerfile names, and requested ones that a build argument names
  /// only.
  std::set<std::pair<std::size_t, std::string>> needs_of(const PlannedPackage& planned,
                                                         const std::string& arch) {
    std::set<std::pair<std::size_t, std::string>> needs;
    std::set<std::size_t> named;
    for (const ImageUse& use : images_of(planned, arch)) {
      const auto package = by_name_.find(oci::expand_reference(use.image));
      if (package == by_name_.end()) continue;
      needs.emplace(package->second, arch_of_platform(use.platform));
      named.insert(package->second);
    }
    for (const std::string& ref : planned.needed_refs) {
      const std::size_t package = by_name_.at(oci::expand_reference(ref));
      if (!named.contains(package) && plan_[package].requested &&
          contains(requested_arches(plan_[package].package, request_), arch))
        needs.emplace(package, arch);
    }
    return needs;
  }

  /// What its Dockerfile names, if it has one.
  std::vector<ImageUse> images_of(const PlannedPackage& planned, const std::string& arch) {
    if (!planned.dockerfile) return {};
    return planned.dockerfile->images(dockerfile_arguments(planned, arch, arch_of_builder(arch)),
                                      "linux/" + arch);
  }

  const std::string& arch_of_builder(const std::string& arch) {
    const auto [known, is_new] = builders_.try_emplace(arch);
    if (is_new) known->second = builder_arch(environment_, arch);
    return known->second;
  }

  static constexpr std::size_t in_progress = static_cast<std::size_t>(-1);
  const std::vector<PlannedPackage>& plan_;
  const BuildRequest& request_;
  const BuildEnvironment& environment_;
  std::map<std::string, std::size_t> by_name_;  ///< packages, by their name in full
  std::map<std::string, std::string> builders_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> indexes_;
  std::vector<UnitResult> units_;
};

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
        states_(units_.size(), State::waiting) {}

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
      const bool free = std::all_of(units_[i].needs.begin(), units_[i].needs.end(),
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
      for (const std::size_t need : units_[i].needs) {
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
      unit.ending = ending_of(built.origin);
      unit.kind = built.kind;
      unit.builder = built.builder;
      unit.warnings = std::move(built.warnings);
      if (built.manifest) {
        if (!built.manifest->platform)
          built.manifest->platform = oci::Platform{"linux", unit.arch, ""};
        if (built.origin != Origin::registry)
          environment_.store.add_to_index(unit.ref, *built.manifest);
        unit.manifest = std::move(built.manifest);
      }
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
    const fs::path path = request_.log_directory / log_name(unit, plan_[unit.package]);
    bool started = false;
    const auto log = [&](std::string_view bytes) {
      {
        const std::lock_guard lock(output_mutex_);
        if (!started && request_.started) request_.started(unit);
        started = true;
        if (request_.output) request_.output(unit, bytes);
      }
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
    BuildOptions options = request_.options;
    options.force = options.force && unit.requested;
    options.check_reproducible = options.check_reproducible && unit.requested;
    return build_package(plan_[unit.package], environment_.arches.find(unit.arch), environment_,
                         options, log, stop_);
  }

  const std::vector<PlannedPackage>& plan_;
  const BuildRequest& request_;
  const BuildEnvironment& environment_;
  const std::function<void(const UnitResult&)>& progress_;
  std::stop_token stop_;
  std::mutex mutex_, output_mutex_;
  std::condition_variable changed_;
  std::vector<UnitResult> units_;
  std::vector<State> states_;
};

}  // namespace

std::string to_string(UnitEnding ending) {
  switch (ending) {
    case UnitEnding::built:
      return "built";
    case UnitEnding::cached:
      return "cached";
    case UnitEnding::pulled:
      return "pulled";
    case UnitEnding::in_registry:
      return "in registry";
    case UnitEnding::would_build:
      return "would be built";
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
  return UnitPlanner(plan, request, environment).units();
}

std::vector<UnitResult> build_all(const std::vector<PlannedPackage>& plan,
                                  const BuildRequest& request, const BuildEnvironment& environment,
                                  const std::function<void(const UnitResult&)>& progress,
                                  std::stop_token stop) {
  return Scheduler(plan, request, environment, progress, std::move(stop)).run();
}

}  // namespace rtfx::pkg
