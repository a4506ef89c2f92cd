// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/vm/media.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

/// What the command line of `rtfx boot` says; docs/boot.md.
struct BootOptions {
  std::string image;
  bool kernel = false, iso = false, squashfs = false;
  int cpus = 1, memory_mib = 512;
  std::string accelerator = "auto", machine, cpu, qemu, virtio;
  bool uefi = false;
  std::string firmware;
  std::string append;
  std::vector<std::string> disks, devices, publish, shares;
  bool snapshot = false;
  std::string data, data_file;
  bool has_data = false;
  std::string network;
  std::string virtiofsd;
  bool usb = false, gui = false, detached = false;
  std::string state;
  std::vector<std::string> expect, reject, allow;
  std::string probe;
  double timeout = 120, silence = 60;
  bool has_timeout = false, has_silence = false;
  bool interactive = false, shell_on_fail = false;
  std::string console_log, console_times;
  int log_limit_mib = 256;
  bool json = false, print_command = false;

  vm::MediumChoice choice() const;
};

/// Adds the flags to the command; the options must live as long as it.
void add_boot_options(CLI::App& command, BootOptions& options);

}  // namespace rtfx::commands
