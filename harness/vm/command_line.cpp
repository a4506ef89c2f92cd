// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/boot.hpp"

namespace rtfx::vm {

namespace {

/// A port number, or nothing.
std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535)
    return std::nullopt;
  return port;
}

/// A comma starts the next option of a qemu argument; two stand for one.
std::string escaped(const std::filesystem::path& path) {
  std::string result;
  for (const char c : path.string()) result.append(c == ',' ? 2 : 1, c);
  return result;
}

std::string device(const Arch& arch, const std::string& kind, const std::string& properties) {
  switch (arch.virtio) {
    case VirtioBus::pci:
      return fmt::format("virtio-{}-pci,{}", kind, properties);
    case VirtioBus::ccw:
      return fmt::format("virtio-{}-ccw,{}", kind, properties);
  }
  return {};
}

/// Without an option ROM, which only serves to boot from the network.
std::string network_device(const Arch& arch) {
  return device(arch, "net",
                arch.virtio == VirtioBus::pci ? "netdev=net0,romfile=" : "netdev=net0");
}

std::string network(const std::vector<Publish>& publish) {
  std::string result = "user,id=net0";
  for (const Publish& port : publish) {
    result += fmt::format(",hostfwd={}:127.0.0.1:{}-:{}", port.protocol, port.host, port.guest);
  }
  return result;
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

Publish parse_publish(const std::string& text) {
  const auto bad = [&text]() {
    return Error(
        fmt::format(
            "cannot publish \"{}\": expected [HOST]:GUEST[/tcp|udp] with ports from 1 to 65535",
            text),
        ExitCode::usage);
  };
  Publish result;
  std::string_view ports = text;
  if (const auto slash = ports.find('/'); slash != std::string_view::npos) {
    result.protocol = ports.substr(slash + 1);
    ports = ports.substr(0, slash);
    if (result.protocol != "tcp" && result.protocol != "udp") throw bad();
  }
  const auto colon = ports.find(':');
  if (colon == std::string_view::npos) throw bad();
  const auto guest = parse_port(ports.substr(colon + 1));
  if (!guest) throw bad();
  result.guest = *guest;
  if (colon > 0) {
    const auto host = parse_port(ports.substr(0, colon));
    if (!host) throw bad();
    result.host = *host;
  }
  return result;
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

std::vector<std::string> qemu_command_line(const BootSpec& spec,
                                           const std::filesystem::path& qmp_socket) {
  const Arch& arch = spec.arch;
  const bool kvm = spec.accelerator == Accelerator::kvm;
  std::vector<std::string> line = {
      arch.qemu,    "-nodefaults", "-no-user-config",
      "-no-reboot", "-S",          "-display",
      "none",       "-machine",    arch.machine + ",accel=" + accelerator_name(spec.accelerator)};
  const auto add = [&line](std::initializer_list<std::string> words) {
    line.insert(line.end(), words);
  };
  if (const std::string cpu = kvm ? "host" : arch.cpu; !cpu.empty()) add({"-cpu", cpu});
  add({"-smp", std::to_string(spec.cpus), "-m", std::to_string(spec.memory_mib)});
  line.insert(line.end(), arch.firmware_args.begin(), arch.firmware_args.end());
  add({"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console", "-monitor",
       "none"});
  add({"-chardev", fmt::format("socket,id=qmp,path={},server=on,wait=off", escaped(qmp_socket)),  //
       "-mon", "chardev=qmp,mode=control"});
  add({"-object", "rng-random,id=rng0,filename=/dev/urandom", "-device",
       device(arch, "rng", "rng=rng0")});
  add({"-netdev", network(spec.publish), "-device", network_device(arch)});
  add({"-kernel", spec.kernel.string()});
  if (!spec.initrd.empty()) add({"-initrd", escaped(spec.initrd)});
  add({"-append", complete_cmdline(spec.cmdline, arch)});
  return line;
}

}  // namespace rtfx::vm
