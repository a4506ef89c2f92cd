// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/boot.hpp"

namespace rtfx::vm {

namespace {

/// Without an option ROM, which only serves to boot from the network.
std::string network_device(const BootSpec& spec) {
  std::string properties = "netdev=net0";
  if (!spec.mac.empty()) properties += ",mac=" + spec.mac;
  if (spec.arch.virtio == VirtioBus::pci) properties += ",romfile=";
  return virtio_device(spec.arch, "net", properties);
}

std::string machine(const BootSpec& spec) {
  const bool kvm = spec.accelerator == Accelerator::kvm;
  std::string result = spec.machine.empty() ? spec.arch.machine : spec.machine;
  if (kvm && spec.machine.empty() && !spec.arch.kvm_machine.empty())
    result += "," + spec.arch.kvm_machine;
  result += ",accel=" + accelerator_name(spec.accelerator);
  if (!spec.shares.empty()) result += ",memory-backend=memory";  // virtiofsd reads and writes it
  return result;
}

std::string cpu(const BootSpec& spec) {
  if (!spec.cpu.empty()) return spec.cpu;
  return spec.accelerator == Accelerator::kvm ? "host" : spec.arch.cpu;
}

}  // namespace

std::string accelerator_name(Accelerator accelerator) {
  switch (accelerator) {
    case Accelerator::tcg:
      return "tcg";
    case Accelerator::kvm:
      return "kvm";
  }
  return {};
}

std::string complete_cmdline(const std::string& cmdline, const Arch& arch) {
  std::string result(text::trim(cmdline));
  const std::string console = "console=" + arch.console;
  bool has_console = false, has_panic = false;
  for (const std::string& word : text::split_list(result, ' ')) {
    has_console = has_console || word == console || word.starts_with(console + ",");
    has_panic = has_panic || word.starts_with("panic=");
  }
  const auto append = [&result](const std::string& word) {
    result += (result.empty() ? "" : " ") + word;
  };
  if (!has_console) append(console);
  if (!has_panic) append("panic=-1");
  return result;
}

std::vector<std::string> qemu_command_line(const BootSpec& spec, const std::string& qmp) {
  const Arch& arch = spec.arch;
  std::vector<std::string> line = {arch.qemu, "-nodefaults", "-no-user-config", "-no-reboot"};
  const auto add = [&line](std::initializer_list<std::string> words) {
    line.insert(line.end(), words);
  };
  const auto add_all = [&line](const std::vector<std::string>& words) {
    line.insert(line.end(), words.begin(), words.end());
  };
  if (!qmp.empty()) add({"-S"});
  // Devices of today: qemu's default is the draft that came before virtio 1.0.
  if (arch.virtio == VirtioBus::mmio) add({"-global", "virtio-mmio.force-legacy=false"});
  add_all(display_arguments(arch, spec.display));
  add({"-machine", machine(spec)});
  if (const std::string model = cpu(spec); !model.empty()) add({"-cpu", model});
  add({"-smp", std::to_string(spec.cpus), "-m", std::to_string(spec.memory_mib)});
  if (!spec.shares.empty()) {
    add({"-object",
         fmt::format("memory-backend-memfd,id=memory,size={}M,share=on", spec.memory_mib)});
  }
  if (!spec.uuid.empty()) add({"-uuid", spec.uuid});
  if (!spec.pid_file.empty()) add({"-pidfile", spec.pid_file.string()});
  if (spec.firmware) {
    add_all(firmware_arguments(*spec.firmware));
  } else if (spec.accelerator == Accelerator::tcg) {
    add_all(arch.firmware_args);  // under KVM the kernel of the host takes its place
  }
  add({"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console", "-monitor",
       "none"});
  if (!qmp.empty()) {
    add({"-chardev", fmt::format("socket,id=qmp,path={},abstract=on", qmp),  //
         "-mon", "chardev=qmp,mode=control"});
  }
  add({"-object", "rng-random,id=rng0,filename=/dev/urandom", "-device",
       virtio_device(arch, "rng", "rng=rng0")});
  if (const std::string card = netdev(spec.network, spec.publish); !card.empty())
    add({"-netdev", card, "-device", network_device(spec)});
  add_all(drive_arguments(arch, spec.drives));
  add_all(share_arguments(arch, spec.shares));
  if (spec.usb) add({"-device", "qemu-xhci,id=usb"});
  for (const std::string& device : spec.devices) add({"-device", device});
  if (spec.kernel.empty()) return line;
  add({"-kernel", spec.kernel.string()});
  if (!spec.initrd.empty()) add({"-initrd", escaped(spec.initrd)});
  add({"-append", complete_cmdline(spec.cmdline, arch)});
  return line;
}

}  // namespace rtfx::vm
