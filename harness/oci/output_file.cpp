// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::oci {

OutputFile::OutputFile(fs::path file)
    : file_(std::move(file)),
      temporary_(temporary_name(file_)),
      fd_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
  if (!fd_) throw system_error("writing " + file_.string(), errno);
}

OutputFile::~OutputFile() {
  if (fd_) ::unlink(temporary_.c_str());
}

void OutputFile::commit() {
  if (::rename(temporary_.c_str(), file_.c_str()) != 0)
    throw system_error("writing " + file_.string(), errno);
  fd_.close();
}

}  // namespace rtfx::oci
