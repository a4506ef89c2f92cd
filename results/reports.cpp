// SPDX-License-Identifier: Apache-2.0
#include "results/reports.hpp"

#include <fcntl.h>

#include <cerrno>
#include <functional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "results/output_file.hpp"

namespace rtfx::results {
namespace {

std::string text_of(const std::function<void(const Sink&)>& write) {
  std::string text;
  write([&](std::string_view piece) { text += piece; });
  return text;
}

void file_of(const std::filesystem::path& path, const std::function<void(const Sink&)>& write) {
  OutputFile file(path);
  write([&](std::string_view piece) { file.append(piece); });
  file.commit();
}

}  // namespace

std::string tests_csv(const RunRecord& run) {
  return text_of([&](const Sink& sink) { write_tests_csv(run, sink); });
}

std::string summary_csv(const RunRecord& run) {
  return text_of([&](const Sink& sink) { write_summary_csv(run, sink); });
}

std::string summary_json(const RunRecord& run) {
  return text_of([&](const Sink& sink) { write_summary_json(run, sink); });
}

std::string junit_xml(const RunRecord& run, const std::filesystem::path& folder) {
  return text_of([&](const Sink& sink) { write_junit(run, folder, sink); });
}

std::string tests_log(const RunRecord& run, const std::filesystem::path& folder) {
  return text_of([&](const Sink& sink) { write_tests_log(run, folder, sink); });
}

void write_reports(const RunRecord& run, const std::filesystem::path& folder) {
  file_of(folder / "TESTS.csv", [&](const Sink& sink) { write_tests_csv(run, sink); });
  file_of(folder / "SUMMARY.csv", [&](const Sink& sink) { write_summary_csv(run, sink); });
  file_of(folder / "SUMMARY.json", [&](const Sink& sink) { write_summary_json(run, sink); });
  file_of(folder / "junit.xml", [&](const Sink& sink) { write_junit(run, folder, sink); });
  file_of(folder / "TESTS.log", [&](const Sink& sink) { write_tests_log(run, folder, sink); });
}

void write_junit_file(const RunRecord& run, const std::filesystem::path& folder,
                      const std::filesystem::path& file) {
  std::error_code absent;
  const auto type = std::filesystem::status(file, absent).type();
  using std::filesystem::file_type;
  if (type == file_type::regular || type == file_type::not_found) {
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), absent);
    file_of(file, [&](const Sink& sink) { write_junit(run, folder, sink); });
    return;
  }
  const FileDescriptor out(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!out) throw system_error("writing " + file.string(), errno);
  write_junit(run, folder,
              [&](std::string_view piece) { write_all(out.get(), piece, file.string()); });
}

}  // namespace rtfx::results
