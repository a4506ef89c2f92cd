// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/qmp.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "harness/vm/random.hpp"

namespace rtfx::vm {

namespace {

constexpr std::size_t longest_message = std::size_t{1} << 20;

struct Message {
  bool greeting = false;
  std::string id, event, reason;
};

Message parse(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto text = [&json](const char* pointer) {
    const nlohmann::json::json_pointer at(pointer);
    return json.is_object() && json.contains(at) && json[at].is_string()
               ? json[at].get<std::string>()
               : std::string();
  };
  return {json.is_object() && json.contains("QMP"), text("/id"), text("/event"),
          text("/data/reason")};
}

}  // namespace

Qmp::Qmp() : name_("rtfx-" + random_hex(16)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name_.data(),
              name_.size());  // after the 0 that makes it abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
  listener_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_ ||
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 1) != 0) {
    throw system_error("making a socket", errno);
  }
}

void Qmp::accept() {
  FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  // An abstract socket has no permissions, but it tells who has come.
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      peer.uid != ::geteuid()) {
    return;
  }
  connection_ = std::move(socket);
  listener_.close();
}

void Qmp::poll(std::chrono::milliseconds patience) {
  const bool connected = static_cast<bool>(connection_);
  pollfd waiting{closed_ ? -1 : connected ? connection_.get() : listener_.get(), POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return;
  if (connected) {
    closed_ = !read();  // what qemu said before is known
  } else {
    accept();
  }
}

void Qmp::drain() {
  if (!connection_) return;
  while (read()) {
  }
}

bool Qmp::read() {
  char buffer[4096];
  const ssize_t size = ::recv(connection_.get(), buffer, sizeof buffer, 0);
  if (size <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(size));
  std::size_t start = 0;
  for (std::size_t end; (end = input_.find('\n', start)) != input_.npos; start = end + 1) {
    handle(input_.substr(start, end - start));
  }
  input_.erase(0, start);
  if (input_.size() > longest_message) input_.clear();
  return true;
}

void Qmp::handle(const std::string& line) {
  const Message message = parse(line);
  if (message.greeting) {
    send(R"({"execute":"qmp_capabilities","id":"hello"})");
  } else if (message.id == "hello") {
    send(R"({"execute":"cont"})");
    running_ = true;
  } else if (message.event == "GUEST_PANICKED") {
    guest_panicked_ = true;
  } else if (message.event == "SHUTDOWN") {
    shutdown_reason_ = message.reason;
  }
}

void Qmp::send(const std::string& line) {
  const std::string text = line + "\n";
  // So little always fits; when qemu is gone, its exit tells.
  (void)!::send(connection_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace rtfx::vm
