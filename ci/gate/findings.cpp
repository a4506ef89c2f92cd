// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/findings.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace rtfx::gate {
namespace {

using results::Result;
using results::UnitId;
using results::UnitRecord;

/// (image, arch) -> digest
using Digests = std::map<std::pair<std::string, std::string>, std::string>;

Digests digests_of(const std::vector<results::Subject>& subjects) {
  Digests digests;
  for (const results::Subject& subject : subjects)
    digests[{subject.name, subject.arch}] = subject.digest;
  return digests;
}

/// What one run says about one arch.
struct Witness {
  const JudgedRun* run = nullptr;
  std::map<UnitId, const UnitRecord*> units;
  /// Why its results do not count ("it tested …"); "" when they do.
  std::string objection;
};

/// A run names a digest once for each image and arch; a log of several runs may have named others before.
std::string digest_objection(const Plan& plan, const std::string& arch, const JudgedRun& run,
                             const Digests& to_ship) {
  for (const results::Subject& subject : run.record.start.subjects) {
    const auto shipped = to_ship.find({subject.name, subject.arch});
    if (subject.arch == arch && shipped != to_ship.end() && shipped->second != subject.digest)
      return fmt::format("it tested {} with {}, not with {}", subject.name, subject.digest,
                         shipped->second);
  }
  const Digests tested = digests_of(run.record.start.subjects);
  for (const Requirement& requirement : plan.requirements) {
    const UnitId& unit = requirement.unit;
    if (unit.kind == "package" && unit.arch == arch && to_ship.contains({unit.name, arch}) &&
        !tested.contains({unit.name, arch}))
      return "it did not test " + unit.name;
  }
  return "";
}

std::string objection(const Plan& plan, const std::string& arch, const JudgedRun& run,
                      const Digests& to_ship) {
  const std::string& commit = run.record.start.commit;
  if (commit != plan.commit) {
    return fmt::format("it is of {}, the plan is of {}",
                       commit.empty() ? "no commit" : "commit " + commit,
                       plan.commit.empty() ? "no commit" : "commit " + plan.commit);
  }
  return digest_objection(plan, arch, run, to_ship);
}

/// The runs that planned anything for the arch.
std::vector<Witness> witnesses_of(const Plan& plan, const std::string& arch,
                                  const std::vector<JudgedRun>& runs, const Digests& to_ship) {
  std::vector<Witness> witnesses;
  for (const JudgedRun& run : runs) {
    Witness witness{&run, {}, ""};
    for (const UnitRecord& unit : run.record.units) {
      if (unit.planned.unit.arch == arch) witness.units[unit.planned.unit] = &unit;
    }
    if (witness.units.empty()) continue;
    witness.objection = objection(plan, arch, run, to_ship);
    witnesses.push_back(std::move(witness));
  }
  return witnesses;
}

/// "fail: exit 1"
std::string words(const results::UnitFinished& finished) {
  std::string text = results::result_name(finished.result);
  if (!finished.reason.empty()) text += ": " + finished.reason;
  return text;
}

bool failed(const UnitRecord& record) {
  const Result result = record.finished->result;
  return result == Result::fail || result == Result::error || result == Result::timeout;
}

/// What the witnesses have for one unit.
struct Testimony {
  const UnitRecord *pass = nullptr, *failure = nullptr, *other = nullptr;
  const JudgedRun* failed_in = nullptr;
  std::string unfinished;  ///< why a result that there is, or would be, does not count
};

void hear(const Witness& witness, const UnitId& unit, Testimony& testimony) {
  const auto found = witness.units.find(unit);
  if (found == witness.units.end()) return;
  if (!witness.objection.empty()) {
    testimony.unfinished = "a run does not count: " + witness.objection;
    return;
  }
  const UnitRecord& record = *found->second;
  const results::RunRecord& run = witness.run->record;
  const bool cut_off =
      !run.finished && (!record.finished || record.finished->interrupted || !failed(record));
  if (cut_off) {
    testimony.unfinished = "the run did not come to its end";
    if (!run.reason.empty()) testimony.unfinished += ": " + run.reason;
  } else if (!record.finished) {
    return;
  } else if (record.finished->result == Result::pass) {
    if (testimony.pass == nullptr || testimony.pass->flaky()) testimony.pass = &record;
  } else if (failed(record)) {
    testimony.failure = &record;
    testimony.failed_in = witness.run;
  } else {
    testimony.other = &record;
  }
}

Finding conclude(const Testimony& testimony) {
  Finding finding;
  if (testimony.pass != nullptr) {
    finding.record = testimony.pass;
    finding.result = "pass";
    if (testimony.failure != nullptr) {
      finding.disagrees = testimony.failure;
      finding.result = "flaky";
      finding.reason = fmt::format("flaky: it passed, but not in {} ({})",
                                   testimony.failed_in->name, words(*testimony.failure->finished));
    } else if (testimony.pass->flaky()) {
      const results::UnitRetried& last = testimony.pass->retried.back();
      finding.result = "flaky";
      finding.reason = fmt::format("flaky: it passed at attempt {} ({}{}{} before)",
                                   last.attempt + 1, results::result_name(last.result),
                                   last.reason.empty() ? "" : ": ", last.reason);
    }
    finding.excusable = finding.flaky();
  } else if (const UnitRecord* record =
                 testimony.failure != nullptr ? testimony.failure : testimony.other) {
    finding.record = record;
    finding.result = results::result_name(record->finished->result);
    finding.reason = words(*record->finished);
    finding.excusable = true;
  } else {
    finding.result = "missing";
    finding.reason = "no result";
    finding.excusable = testimony.unfinished.empty();
    if (!testimony.unfinished.empty()) finding.reason += " that counts: " + testimony.unfinished;
  }
  return finding;
}

/// Why a package's passing result does not prove the digest that would ship; or "".
std::string package_problem(const UnitId& unit, const std::vector<Witness>& witnesses,
                            const Digests& to_ship) {
  const auto shipped = to_ship.find({unit.name, unit.arch});
  for (const Witness& witness : witnesses) {
    bool named = false;
    for (const results::Subject& subject : witness.run->record.start.subjects) {
      if (subject.name != unit.name || subject.arch != unit.arch) continue;
      named = true;
      if (shipped != to_ship.end() && subject.digest != shipped->second)
        return "the tests ran with " + subject.digest + ", not with " + shipped->second;
    }
    if (!named) return "no tests ran with it in " + witness.run->name;
  }
  if (shipped == to_ship.end()) return "there is no image to publish";
  return "";
}

Finding find(const Requirement& requirement, const std::vector<Witness>& witnesses,
             const Digests& to_ship) {
  Testimony testimony;
  for (const Witness& witness : witnesses) hear(witness, requirement.unit, testimony);
  Finding finding = conclude(testimony);
  if (requirement.unit.kind != "package") return finding;
  finding.excusable = false;
  const bool digest_matters = finding.passed() || finding.flaky() ||
                              (finding.result == "missing" && !testimony.unfinished.empty());
  if (!digest_matters) return finding;
  if (std::string problem = package_problem(requirement.unit, witnesses, to_ship);
      !problem.empty()) {
    finding.result = "missing";
    finding.reason = std::move(problem);
  }
  return finding;
}

}  // namespace

std::vector<Finding> look_up(const Plan& plan, const std::vector<JudgedRun>& runs,
                             const std::vector<results::Subject>& to_ship) {
  const Digests digests = digests_of(to_ship);
  std::map<std::string, std::vector<Witness>> by_arch;
  for (const std::string& arch : plan.arches())
    by_arch[arch] = witnesses_of(plan, arch, runs, digests);
  std::vector<Finding> findings;
  for (const Requirement& requirement : plan.requirements) {
    Finding finding = find(requirement, by_arch[requirement.unit.arch], digests);
    if (!requirement.obstacle.empty()) {
      finding.result = "missing";
      finding.reason = requirement.obstacle;
      finding.excusable = false;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace rtfx::gate
