// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::vm {

std::vector<Publish> with_free_ports(std::vector<Publish> publish) {
  std::vector<FileDescriptor> held;  // until all are chosen, so that they differ
  for (Publish& port : publish) {
    if (port.host != 0) continue;
    const int type = port.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
    FileDescriptor socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (!socket || ::bind(socket.get(), generic, size) != 0 ||
        ::getsockname(socket.get(), generic, &size) != 0) {
      throw system_error("looking for a free port", errno);
    }
    port.host = ::ntohs(address.sin_port);
    held.push_back(std::move(socket));
  }
  return publish;
}

}  // namespace rtfx::vm
