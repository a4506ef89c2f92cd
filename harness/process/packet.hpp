// SPDX-License-Identifier: Apache-2.0
//
// Packets with descriptors, over the sockets between rtfx and its supervisors. Internal to this folder.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace rtfx::process {

/// Descriptors that travel with a packet (SCM_RIGHTS, unix(7)).
struct PassedDescriptors {
  static constexpr unsigned most = 4;
  int fds[most] = {-1, -1, -1, -1};
  unsigned count = 0;

  /// Those that were received are the receiver's to close.
  void close() noexcept;
};

/// Sends one packet without waiting; false with errno. The sender keeps its descriptors.
/// Allocates nothing and takes no lock, like receive_packet: both may be used between fork and exec.
bool send_packet(int socket, const void* data, std::size_t size,
                 const PassedDescriptors& passed = {}) noexcept;

/// Receives one packet, as recvmsg(2) does with these flags: its size, 0 at the end, -1 with errno. The descriptors
/// are close-on-exec.
ssize_t receive_packet(int socket, void* data, std::size_t size, int flags,
                       PassedDescriptors& passed) noexcept;

}  // namespace rtfx::process
