// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/vm/boot.hpp"
#include "harness/vm/ports.hpp"

namespace rtfx::vm {
namespace {

std::string command_line(const std::string& arch, Accelerator accelerator = Accelerator::tcg) {
  BootSpec spec;
  spec.arch = ArchTable::builtin().find(arch);
  spec.accelerator = accelerator;
  spec.kernel = "vm-kernel";
  spec.initrd = "vm-initrd.img";
  spec.cmdline = "quiet\n";
  spec.publish = {{.host = 8080, .guest = 80}, {.host = 5353, .guest = 53, .protocol = "udp"}};
  return text::join(qemu_command_line(spec, "rtfx-0"), " ");
}

TEST(QemuCommandLine, is_this_for_amd64) {
  EXPECT_EQ(
      command_line("amd64"),
      "qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -S -display none -machine "
      "q35,accel=tcg -cpu max,-cx16 "
      "-smp 1 -m 512 -chardev stdio,id=console,signal=off -serial chardev:console -monitor none "
      "-chardev socket,id=qmp,path=rtfx-0,abstract=on -mon chardev=qmp,mode=control "
      "-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0 "
      "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53 "
      "-device virtio-net-pci,netdev=net0,romfile= "
      "-kernel vm-kernel -initrd vm-initrd.img -append quiet console=ttyS0 panic=-1");
}

TEST(QemuCommandLine, is_this_for_amd64_with_kvm) {
  EXPECT_THAT(command_line("amd64", Accelerator::kvm),
              testing::HasSubstr(" -machine q35,accel=kvm -cpu host -smp "));
}

TEST(QemuCommandLine, is_this_for_arm64) {
  EXPECT_EQ(
      command_line("arm64"),
      "qemu-system-aarch64 -nodefaults -no-user-config -no-reboot -S -display none -machine "
      "virt,accel=tcg "
      "-cpu cortex-a57 "
      "-smp 1 -m 512 -chardev stdio,id=console,signal=off -serial chardev:console -monitor none "
      "-chardev socket,id=qmp,path=rtfx-0,abstract=on -mon chardev=qmp,mode=control "
      "-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0 "
      "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53 "
      "-device virtio-net-pci,netdev=net0,romfile= "
      "-kernel vm-kernel -initrd vm-initrd.img -append quiet console=ttyAMA0 panic=-1");
}

TEST(QemuCommandLine, is_this_for_s390x) {
  EXPECT_EQ(
      command_line("s390x"),
      "qemu-system-s390x -nodefaults -no-user-config -no-reboot -S -display none "
      "-machine s390-ccw-virtio,accel=tcg -cpu qemu,vx=off "
      "-smp 1 -m 512 -chardev stdio,id=console,signal=off -serial chardev:console -monitor none "
      "-chardev socket,id=qmp,path=rtfx-0,abstract=on -mon chardev=qmp,mode=control "
      "-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-ccw,rng=rng0 "
      "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53 "
      "-device virtio-net-ccw,netdev=net0 "
      "-kernel vm-kernel -initrd vm-initrd.img -append quiet console=ttysclp0 panic=-1");
}

TEST(QemuCommandLine, is_this_for_riscv64) {
  EXPECT_EQ(command_line("riscv64"),
            "qemu-system-riscv64 -nodefaults -no-user-config -no-reboot -S -display none -machine "
            "virt,accel=tcg "
            "-smp 1 -m 512 -bios default "
            "-chardev stdio,id=console,signal=off -serial chardev:console -monitor none "
            "-chardev socket,id=qmp,path=rtfx-0,abstract=on -mon chardev=qmp,mode=control "
            "-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0 "
            "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53 "
            "-device virtio-net-pci,netdev=net0,romfile= "
            "-kernel vm-kernel -initrd vm-initrd.img -append quiet console=ttyS0 panic=-1");
}

TEST(CompleteCmdline, adds_only_what_is_missing) {
  const Arch arch = ArchTable::builtin().find("arm64");
  struct {
    const char *given, *completed;
  } const cases[] = {
      {"", "console=ttyAMA0 panic=-1"},
      {" quiet \n", "quiet console=ttyAMA0 panic=-1"},
      {"console=ttyAMA0", "console=ttyAMA0 panic=-1"},
      {"console=ttyAMA0,115200 panic=10", "console=ttyAMA0,115200 panic=10"},
      {"console=tty0 console=ttyS0", "console=tty0 console=ttyS0 console=ttyAMA0 panic=-1"},
      {"console=ttyAMA01", "console=ttyAMA01 console=ttyAMA0 panic=-1"},
      {"kpanic=1", "kpanic=1 console=ttyAMA0 panic=-1"},
  };
  for (const auto& [given, completed] : cases)
    EXPECT_EQ(complete_cmdline(given, arch), completed) << given;
}

TEST(ParsePublish, takes_what_the_help_says) {
  const auto parsed = parse_publish("8080:80/udp");
  EXPECT_EQ(parsed.host, 8080);
  EXPECT_EQ(parsed.guest, 80);
  EXPECT_EQ(parsed.protocol, "udp");
  EXPECT_EQ(parse_publish(":6379").host, 0);
  EXPECT_EQ(parse_publish("auto:6379/udp").host, 0);
  EXPECT_EQ(parse_publish("1:65535").protocol, "tcp");
}

TEST(ParsePublish, refuses_everything_else) {
  for (const char* text :
       {"", "80", ":", "80:", "0:80", "80:0", "80:65536", "a:80", "80:80/icmp", "80:80/", "any:80",
        "1:2:3", "-1:80", " 1:2", "0x50:80", "99999999999:80"}) {
    try {
      parse_publish(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_EQ(error.what(), "cannot publish \"" + std::string(text) +
                                  "\": expected [HOST]:GUEST[/tcp|udp] with ports from 1 to 65535, "
                                  "or auto for HOST");
    }
  }
}

TEST(FreePorts, differ_and_leave_the_given_ones_alone) {
  const auto ports = with_free_ports(
      {{.guest = 1}, {.host = 99, .guest = 2}, {.guest = 3}, {.guest = 4, .protocol = "udp"}});
  EXPECT_EQ(ports[1].host, 99);
  EXPECT_GT(ports[0].host, 1023);
  EXPECT_NE(ports[0].host, ports[2].host);
  EXPECT_GT(ports[3].host, 1023);
}

}  // namespace
}  // namespace rtfx::vm
