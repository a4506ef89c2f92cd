// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "results/record.hpp"

namespace rtfx::results {

/// The texts of the report files; pure functions of the record. Columns and keys are rtf's where
/// rtf has them.
std::string tests_csv(const RunRecord& run);
std::string summary_csv(const RunRecord& run);
/// rtf's keys, plus top-level integers passed, failed, errored, timed_out, skipped, cancelled,
/// missing, and "arch" per result.
std::string summary_json(const RunRecord& run);
/// JUnit for Jenkins and GitLab: testsuites > testsuite (one per arch and group) > testcase; unique
/// names; output of the unit's log as system-out, sanitised and cut to head and tail. `folder` is
/// where the logs are.
std::string junit_xml(const RunRecord& run, const std::filesystem::path& folder);
/// TESTS.log: for each unit its log between header lines.
void write_tests_log(const RunRecord& run, const std::filesystem::path& folder);

/// Writes TESTS.csv, SUMMARY.csv, SUMMARY.json, TESTS.log and junit.xml into the folder, each
/// atomically.
void write_reports(const RunRecord& run, const std::filesystem::path& folder);

}  // namespace rtfx::results
