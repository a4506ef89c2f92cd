// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/process/loop.hpp"

namespace rtfx::console {

/// Writes text to a descriptor without ever waiting for its reader: what a pipe or a terminal does
/// not take at once is kept, in memory and then on disk, in order. A reader that has gone away, or a
/// full disk, is no error: the rest is dropped.
class Writer {
 public:
  explicit Writer(int fd);
  /// Calls finish().
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// From now on what is kept is written as time goes by, and not only when there is more to write.
  void attach(process::Loop& loop);
  /// Nothing of the loop is used afterwards.
  void detach();

  void write(std::string_view text);
  /// Tries again to write what is kept.
  void flush();
  /// Waits until everything is written, or until the program is told to stop.
  void finish();

  /// Whether something is kept.
  bool behind() const { return !kept_.empty() || spilled_ > 0; }
  /// errno of what went wrong for good, or 0.
  int problem() const { return problem_; }
  /// The descriptor that it really writes to.
  int fd() const { return own_ >= 0 ? own_ : fd_; }

 private:
  std::size_t put(std::string_view text);
  void keep(std::string_view text);
  bool refill();
  void try_later();

  int fd_;
  int own_ = -1;  ///< the same file once more, but non-blocking
  bool waits_ = false;
  int problem_ = 0;
  process::Loop* loop_ = nullptr;
  std::optional<process::Loop::Timer> timer_;
  std::string kept_;
  /// What does not fit into memory, after kept_.
  std::unique_ptr<FILE, int (*)(FILE*)> spill_{nullptr, std::fclose};
  long spill_read_ = 0;
  std::size_t spilled_ = 0;
};

}  // namespace rtfx::console
