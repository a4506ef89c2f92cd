// SPDX-License-Identifier: Apache-2.0
#include "results/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/error.hpp"

namespace rtfx::results {
namespace {

constexpr std::size_t buffer_size = 1 << 16;

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path), part_(path) {
  static std::atomic<unsigned> serial{0};
  part_ += ".tmp." + std::to_string(getpid()) + "." + std::to_string(serial++);
  file_ = FileDescriptor(open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file_) throw system_error("writing " + path_.string(), errno);
  buffer_.reserve(buffer_size);
}

OutputFile::~OutputFile() {
  if (!part_.empty()) unlink(part_.c_str());
}

void OutputFile::append(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > buffer_size) flush();
  if (bytes.size() > buffer_size) {
    write_all(file_.get(), bytes, path_.string());
  } else {
    buffer_ += bytes;
  }
}

void OutputFile::flush() {
  write_all(file_.get(), buffer_, path_.string());
  buffer_.clear();
}

void OutputFile::commit() {
  flush();
  // Some file systems tell of a full disk only here.
  if (close(file_.release()) != 0) throw system_error("writing " + path_.string(), errno);
  if (rename(part_.c_str(), path_.c_str()) != 0)
    throw system_error("writing " + path_.string(), errno);
  part_.clear();
}

}  // namespace rtfx::results
