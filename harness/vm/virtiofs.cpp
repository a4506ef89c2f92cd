// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/virtiofs.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

constexpr std::chrono::hours as_long_as_the_guest{24 * 365};
constexpr const char* places[] = {"/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd",
                                  "/usr/local/lib/qemu/virtiofsd"};

/// A unix socket that listens, and a way to it that no directory has.
struct Listener {
  FileDescriptor socket, way;
};

Listener listen() {
  Listener listener;
  const TemporaryDirectory directory("rtfx", "/tmp");  // a socket's address has room for 107 bytes
  const std::string path = (directory.path() / "fs").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  listener.socket = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.socket ||
      ::bind(listener.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 ||
      ::listen(listener.socket.get(), 1) != 0) {
    throw system_error("making a socket", errno);
  }
  listener.way = FileDescriptor(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!listener.way) throw system_error("opening a socket", errno);
  return listener;
}

}  // namespace

struct Virtiofs::Server {
  fs::path directory;
  Listener listener;
  std::jthread thread;
};

Virtiofs::Virtiofs(const std::vector<fs::path>& directories, const fs::path& program,
                   process::Runner& runner, std::function<void(const std::string&)> failed)
    : program_(program), runner_(runner), failed_(std::move(failed)) {
  for (const fs::path& directory : directories) {
    servers_.push_back(std::make_unique<Server>());
    Server& server = *servers_.back();
    server.directory = fs::absolute(directory);
    server.listener = listen();
    server.thread = std::jthread([this, &server] { serve(server); });
  }
}

Virtiofs::~Virtiofs() { end_.request_stop(); }

std::vector<Share> Virtiofs::shares() const {
  std::vector<Share> shares;
  for (const auto& server : servers_)
    shares.push_back({fmt::format("/proc/{}/fd/{}", ::getpid(), server->listener.way.get())});
  return shares;
}

void Virtiofs::serve(Server& server) {
  const std::string what = fmt::format("virtiofsd for {}: ", server.directory.string());
  try {
    const process::Command command{
        .argv = {program_.string(), "--fd=0", "-o", "source=" + server.directory.string()},
        .stdin_fd = server.listener.socket.get(),
        .timeout = as_long_as_the_guest};
    const auto ended = process::run_captured(runner_, command, end_.get_token());
    if (end_.stop_requested() || ended.outcome.ok()) return;
    const auto lines = text::split_list(ended.err, '\n');
    failed_(what + ended.outcome.str() +
            (lines.empty() ? "" : ": " + text::printable(lines.back())));
  } catch (const Error& error) {
    failed_(what + error.what());
  }
}

fs::path find_virtiofsd(const fs::path& wished) {
  if (!wished.empty()) {
    if (const auto found = process::find_program(wished.string())) return *found;
    throw Error(fmt::format("cannot run {}", wished.string()), ExitCode::usage);
  }
  if (const auto found = process::find_program("virtiofsd")) return *found;
  for (const char* place : places) {
    if (::access(place, X_OK) == 0) return place;
  }
  throw Error(
      "virtiofsd is not installed: apt-get install virtiofsd (before Debian 13: it comes with "
      "qemu-system-common)",
      ExitCode::host);
}

}  // namespace rtfx::vm
