// SPDX-License-Identifier: Apache-2.0
#include "harness/process/packet.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rtfx::process {

namespace {

struct ControlBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(PassedDescriptors::most * sizeof(int))];
};

}  // namespace

void PassedDescriptors::close() noexcept {
  for (unsigned i = 0; i < count; ++i) ::close(fds[i]);
  count = 0;
}

bool send_packet(int socket, const void* data, std::size_t size,
                 const PassedDescriptors& passed) noexcept {
  iovec part{const_cast<void*>(data), size};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (passed.count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(passed.count * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(passed.count * sizeof(int));
    std::memcpy(CMSG_DATA(header), passed.fds, passed.count * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(size);
}

ssize_t receive_packet(int socket, void* data, std::size_t size, int flags,
                       PassedDescriptors& passed) noexcept {
  iovec part{data, size};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t received = 0;
  do {
    received = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  passed.count = 0;
  if (received < 0) return received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    passed.count = static_cast<unsigned>((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(passed.fds, CMSG_DATA(header), passed.count * sizeof(int));
  }
  return received;
}

}  // namespace rtfx::process
