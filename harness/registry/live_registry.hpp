// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: Debian's docker-registry on a port of loopback that the kernel chooses.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/files.hpp"
#include "harness/process/process.hpp"

namespace rtfx::registry {

class LiveRegistry {
 public:
  static bool is_installed() { return process::find_program("docker-registry").has_value(); }

  LiveRegistry() {
    write_file_atomically(directory_.path() / "config.yml",
                          "version: 0.1\nstorage: {filesystem: {rootdirectory: " +
                              (directory_.path() / "data").string() +
                              "}, delete: {enabled: true}, maintenance: {uploadpurging: {enabled: "
                              "false}}}\nhttp: {addr: \"127.0.0.1:0\"}\n");
    server_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !host_.empty() || ended_; });
    if (host_.empty()) throw Error("docker-registry does not start: " + log_);
  }

  /// "127.0.0.1:PORT".
  const std::string& host() const { return host_; }

 private:
  void serve(const std::stop_token& stop) {
    process::Command command;
    command.argv = {"docker-registry", "serve", (directory_.path() / "config.yml").string()};
    command.timeout = std::chrono::minutes(5);
    try {
      process::system_runner().run(
          command, [this](process::Stream, std::string_view text) { take(text); }, stop);
    } catch (const Error& error) {
      take(error.what());
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void take(std::string_view text) {
    const std::lock_guard lock(mutex_);
    log_ += text;
    const std::string mark = "listening on ";
    const std::size_t at = log_.find(mark);
    const std::size_t end =
        at == std::string::npos ? at : log_.find_first_of(",\" \n", at + mark.size());
    if (!host_.empty() || end == std::string::npos) return;
    host_ = log_.substr(at + mark.size(), end - at - mark.size());
    changed_.notify_all();
  }

  TemporaryDirectory directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_, host_;
  bool ended_ = false;
  std::jthread server_;
};

}  // namespace rtfx::registry
