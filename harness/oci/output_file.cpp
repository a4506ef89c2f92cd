// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::oci {

OutputFile::OutputFile(fs::path file) : file_(std::move(file)) {
  std::error_code error;
  if (fs::exists(file_, error)) file_ = fs::canonical(file_, error);
  const bool in_place = fs::exists(file_, error) && !fs::is_regular_file(file_, error);
  if (!in_place) temporary_ = temporary_name(file_);
  fd_ = FileDescriptor(
      in_place ? ::open(file_.c_str(), O_WRONLY | O_CLOEXEC)
               : ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd_) throw system_error("writing " + file_.string(), errno);
}

OutputFile::~OutputFile() {
  if (fd_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::commit() {
  if (!temporary_.empty() && ::rename(temporary_.c_str(), file_.c_str()) != 0)
    throw system_error("writing " + file_.string(), errno);
  fd_.close();
}

}  // namespace rtfx::oci
