// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "results/record.hpp"

namespace rtfx::results {

/// Takes a text piece by piece.
using Sink = std::function<void(std::string_view)>;

// The report files are functions of the record and the logs, written row by row: none of them is in
// memory as a whole. Columns and keys are rtf's where rtf has them.
void write_tests_csv(const RunRecord& run, const Sink& sink);
void write_summary_csv(const RunRecord& run, const Sink& sink);
/// rtf's keys, plus top-level integers passed, flaky, failed, errored, timed_out, skipped, cancelled,
/// missing, and "arch" per result.
void write_summary_json(const RunRecord& run, const Sink& sink);
/// JUnit for Jenkins, GitLab and the actions of GitHub; docs/results.md says what is in it. `folder`
/// is where the logs are.
void write_junit(const RunRecord& run, const std::filesystem::path& folder, const Sink& sink);
/// TESTS.log: for each unit its log between header lines.
void write_tests_log(const RunRecord& run, const std::filesystem::path& folder, const Sink& sink);

// The same, as texts.
std::string tests_csv(const RunRecord& run);
std::string summary_csv(const RunRecord& run);
std::string summary_json(const RunRecord& run);
std::string junit_xml(const RunRecord& run, const std::filesystem::path& folder);
std::string tests_log(const RunRecord& run, const std::filesystem::path& folder);

/// Writes TESTS.csv, SUMMARY.csv, SUMMARY.json, TESTS.log and junit.xml into the folder, each
/// replaced in one step. Throws Error when the disk refuses.
void write_reports(const RunRecord& run, const std::filesystem::path& folder);
/// junit.xml once more, at a place of the user's choice; replaced in one step when it is a file, and
/// written to when it is something else, such as /dev/stdout.
void write_junit_file(const RunRecord& run, const std::filesystem::path& folder,
                      const std::filesystem::path& file);

}  // namespace rtfx::results
