// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/build_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::commands {

namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

void copy(const std::filesystem::path& from, int to, const std::string& name) {
  const FileDescriptor input(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) throw system_error("reading " + from.string(), errno);
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t got = ::read(input.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading " + from.string(), errno);
    if (got == 0) return;
    write_all(to, {buffer.data(), static_cast<std::size_t>(got)}, name);
  }
}

}  // namespace

SingleOutput::SingleOutput(std::string file, const std::filesystem::path& scratch)
    : file_(std::move(file)) {
  if (file_ == "-") {
    if (::isatty(STDOUT_FILENO) == 1)
      throw Error("--o -: standard output is a terminal; redirect it, or give a file",
                  ExitCode::usage);
    work_ = std::make_unique<TemporaryDirectory>("output", scratch);
    return;
  }
  std::error_code error;
  const auto status = std::filesystem::status(file_, error);
  if (std::filesystem::is_directory(status))
    throw Error("--o: " + file_ + " is a directory", ExitCode::usage);
  replace_ = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
  if (!std::filesystem::is_directory(folder_of(file_), error))
    throw Error("--o: " + folder_of(file_).string() + " is not a directory", ExitCode::usage);
  work_ =
      std::make_unique<TemporaryDirectory>(".rtfx-output", replace_ ? folder_of(file_) : scratch);
}

SingleOutput::~SingleOutput() = default;

const std::filesystem::path& SingleOutput::directory() const { return work_->path(); }

void SingleOutput::deliver(image::Assembled& assembled) const {
  const std::filesystem::path output = assembled.outputs.at(0);
  if (file_ == "-") {
    copy(output, STDOUT_FILENO, "standard output");
  } else if (replace_) {
    if (::rename(output.c_str(), file_.c_str()) != 0) throw system_error("writing " + file_, errno);
  } else {
    const FileDescriptor fd(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) throw system_error("writing " + file_, errno);
    copy(output, fd.get(), file_);
  }
  assembled.outputs = {file_};
}

}  // namespace rtfx::commands
