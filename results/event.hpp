// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ktap.hpp"

namespace rtfx::results {

/// The ways a unit can end. rtf's four values are a projection of these (see rtf_result).
enum class Result { pass, fail, error, timeout, skip, cancel };
std::string result_name(Result result);
/// Throws Error for an unknown word.
Result parse_result(const std::string& name);
/// rtf's number for it: 0 pass, 1 fail (error and timeout too), 2 skip, 3 cancel.
int rtf_result(Result result);
/// rtf's word for it: "Pass", "Fail", "Skip" or "Cancel".
std::string rtf_result_name(Result result);

/// Identity of what is scheduled: (case x iteration x arch), (package x arch), (image x arch).
struct UnitId {
  std::string kind;  ///< "case", "group", "package", "image"
  /// "linuxkit.examples.redis", "linuxkit/redis:<tag>"; repeated cases have ".1", ".2" … as in rtf.
  std::string name;
  std::string arch;  ///< GOARCH
  auto operator<=>(const UnitId&) const = default;
  std::size_t hash() const;
};

/// Something that was tested: the digest that a verdict may speak about.
struct Subject {
  std::string name;  ///< org/image:tag
  std::string arch;
  std::string digest;  ///< of the per-arch manifest
  auto operator<=>(const Subject&) const = default;
};

/// First line of a log.
struct RunStarted {
  std::string run_id, version, host_os, host_arch, commit, command_line;
  std::vector<std::string> labels;  ///< all of the run: given, of the host, of the target
  std::string given_labels;         ///< as -l gave them
  std::string shard;                ///< "2/5", or "" for the whole
  std::vector<Subject> subjects;
  /// The machine, as in rtf's SUMMARY files: distribution ("Debian"), its version ("12"), hardware;
  /// "" and -1 when unknown.
  std::string host_name, host_version, host_model, host_cpu;
  std::int64_t host_memory = -1;  ///< bytes
  std::string hostname = {};      ///< the machine's name in its network
  /// Of a merged run: the ids of the runs whose events follow, as their own run_started name them.
  std::vector<std::string> merged = {};
};
/// The unit belongs to the run; one for each unit, before anything is started.
struct UnitPlanned {
  UnitId unit;
  std::string summary, issue, author;
  std::vector<std::string> labels;
  std::string file;  ///< the script, relative to the folder of the cases or of the project; or ""
  /// Of a case: position in the plan of the whole run, of which this one may be a shard; -1: not
  /// known.
  int order = -1;
};
/// An attempt begins; there is more than one only when units are retried.
struct UnitStarted {
  UnitId unit;
  int attempt = 1;
};
/// An attempt that did not pass, and is followed by another.
struct UnitRetried {
  UnitId unit;
  int attempt = 1;  ///< the one that ended
  Result result = Result::fail;
  std::string reason;
  std::chrono::nanoseconds elapsed{0};
  bool leaked = false;
  std::string log;  ///< as in UnitFinished
};
/// The last attempt, or the only one.
struct UnitFinished {
  UnitId unit;
  Result result = Result::pass;
  std::string reason;  ///< for everything but a pass: one line
  std::chrono::nanoseconds elapsed{0};
  bool leaked = false;          ///< it left processes behind
  std::string log;              ///< path of its log, relative to the run's folder; may be empty
  std::string benchmark;        ///< text after RT_BENCHMARK_RESULT:, or ""
  std::vector<KtapTest> tests;  ///< results within it that it printed in KTAP
  std::string key;              ///< digest over everything that the result depends on, or ""
  std::string reused_from;      ///< id of the run whose result this is, when it was not run again
  /// The run was stopped while it ran (result `cancel`): it has still to be run.
  bool interrupted = false;
};
struct RunFinished {
  bool complete = true;  ///< false: interrupted, or out of time
  std::string reason;    ///< why it is not complete
};

/// One line of events.jsonl.
struct Event {
  std::variant<RunStarted, UnitPlanned, UnitStarted, UnitRetried, UnitFinished, RunFinished> what;
  /// The epoch: not yet known; EventLog::append sets it.
  std::chrono::system_clock::time_point time{};
};

}  // namespace rtfx::results
