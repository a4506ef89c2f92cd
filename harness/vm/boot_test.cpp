// SPDX-License-Identifier: Apache-2.0
//
// Boots tiny amd64 kernels under the real qemu: a few instructions each, started by qemu's multiboot loader (Multiboot
// Specification 0.6.96) through -kernel as a Linux kernel is.
#include "harness/vm/boot.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/process/fake_runner.hpp"
#include "harness/vm/nameless.hpp"

namespace rtfx::vm {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

enum class Then { halt, power_off, reset, repeat };

/// A multiboot kernel that writes `text` to the first serial port and then does as it is told.
std::string tiny_kernel(const std::string& text, Then then) {
  constexpr std::uint32_t load_address = 0x100000, header_size = 32;
  std::string image;
  const auto bytes = [&image](std::initializer_list<int> list) {
    for (const int byte : list) image += static_cast<char>(byte);
  };
  const auto word = [&image](std::uint32_t value) {
    for (int i = 0; i < 4; ++i) image += static_cast<char>(value >> (8 * i));
  };
  constexpr std::uint32_t magic = 0x1badb002, addresses_follow = 0x10000;
  word(magic), word(addresses_follow), word(0 - magic - addresses_follow);
  word(load_address), word(load_address), word(0), word(0), word(load_address + header_size);
  const auto text_address = image.size() + 1;
  bytes({0xbe}), word(0);                                        // mov esi, text (filled in below)
  bytes({0xb9}), word(static_cast<std::uint32_t>(text.size()));  // mov ecx, length
  bytes({0x66, 0xba, 0xf8, 0x03});  // mov dx, 0x3f8: the data register of the serial port
  bytes({0xe3, 0x04});              // jecxz past the loop
  bytes({0xac, 0xee, 0xe2, 0xfc});  // lodsb; out dx, al; loop
  switch (then) {
    case Then::halt:
      bytes({0xfa, 0xf4, 0xeb, 0xfd});  // cli; hlt; jmp to the hlt
      break;
    case Then::power_off:  // ACPI's PM1a control register on q35: SLP_EN, type S5
      bytes({0x66, 0xba, 0x04, 0x06, 0x66, 0xb8, 0x00, 0x20, 0x66, 0xef, 0xf4});
      break;
    case Then::reset:  // the reset line of the keyboard controller
      bytes({0xb0, 0xfe, 0xe6, 0x64, 0xf4});
      break;
    case Then::repeat:  // back to the start
      bytes({0xe9}), word(0 - static_cast<std::uint32_t>(image.size() + 4 - header_size));
      break;
  }
  const auto address = static_cast<std::uint32_t>(load_address + image.size());
  for (std::size_t i = 0; i < 4; ++i)
    image[text_address + i] = static_cast<char>(address >> (8 * i));
  return image + text;
}

class Boot : public testing::Test {
 protected:
  Boot() {
    spec.arch = ArchTable::builtin().find("amd64");
    spec.kernel = directory.path() / "kernel";
    spec.timeout = 20s;
    spec.memory_mib = 64;
  }

  BootOutcome boot(const std::string& text, Then then, std::stop_token stop = {}) {
    write_file_atomically(spec.kernel, tiny_kernel(text, then));
    return vm::boot(
        spec, process::system_runner(), [this](std::string_view bytes) { console += bytes; }, stop);
  }

  TemporaryDirectory directory;
  BootSpec spec;
  std::string console;
};

TEST_F(Boot, succeeds_with_the_last_expect) {
  spec.expect = {"^one$", "two"};
  spec.console_log = directory.path() / "log";
  const auto outcome = boot("one\r\n\x1b[1mtwo\x1b[0m\r\n", Then::halt);
  EXPECT_EQ(outcome.ending, BootEnding::expected);
  EXPECT_TRUE(outcome.ok);
  EXPECT_EQ(outcome.message, "saw \"two\"");
  EXPECT_THAT(outcome.last_lines, ElementsAre("one", "two"));
  EXPECT_THAT(console, testing::StartsWith("one\r\n\x1b[1mtwo\x1b[0m\r"))
      << "qemu may be gone before the very end";
  EXPECT_EQ(read_file(spec.console_log), console);
  EXPECT_LT(outcome.elapsed, 10s);
}

TEST_F(Boot, sees_a_prompt_that_has_no_newline) {
  spec.expect = {"login: $"};
  EXPECT_EQ(boot("host login: ", Then::halt).ending, BootEnding::expected);
}

TEST_F(Boot, fails_with_a_reject) {
  spec.expect = {"never"};
  spec.reject = {"BUG"};
  const auto outcome = boot("a BUG\n", Then::halt);
  EXPECT_EQ(outcome.ending, BootEnding::rejected);
  EXPECT_FALSE(outcome.ok);
}

TEST_F(Boot, tells_power_off_from_reset) {
  const auto off = boot("x\n", Then::power_off);
  EXPECT_EQ(off.ending, BootEnding::powered_off);
  EXPECT_TRUE(off.ok);
  const auto reset = boot("x\n", Then::reset);
  EXPECT_EQ(reset.ending, BootEnding::reset);
  EXPECT_EQ(reset.message, "the guest reset itself");
  spec.expect = {"y"};
  const auto early = boot("x\n", Then::power_off);
  EXPECT_EQ(early.ending, BootEnding::early_exit);
  EXPECT_EQ(early.message, "the guest powered off before expect 1 of 1, \"y\"");
}

TEST_F(Boot, matches_the_last_line_of_a_guest_that_ends_without_newline) {
  spec.expect = {"x"};
  EXPECT_EQ(boot("x", Then::power_off).ending, BootEnding::expected);
}

TEST_F(Boot, notices_a_kernel_panic_whether_the_guest_ends_or_hangs) {
  for (const Then then : {Then::reset, Then::halt}) {
    spec.expect = {"Welcome"};
    const auto outcome = boot("Kernel panic - not syncing: test\nCPU: 0\n", then);
    EXPECT_EQ(outcome.ending, BootEnding::panicked);
    EXPECT_EQ(outcome.message, "Kernel panic - not syncing: test");
    EXPECT_THAT(outcome.last_lines, ElementsAre("Kernel panic - not syncing: test", "CPU: 0"));
    EXPECT_LT(outcome.elapsed, 10s);
  }
}

TEST_F(Boot, notices_silence) {
  spec.silence = 500ms;
  spec.expect = {"y"};
  const auto outcome = boot("x\n", Then::halt);
  EXPECT_EQ(outcome.ending, BootEnding::silent);
  EXPECT_EQ(outcome.message, "no console output for 0.5 s, waiting for expect 1 of 1, \"y\"");
}

TEST_F(Boot, ends_a_guest_that_floods_the_console_at_the_time_limit) {
  spec.timeout = 1s;
  spec.expect = {"y"};
  const auto outcome = boot(std::string(1000, 'x'), Then::repeat);
  EXPECT_EQ(outcome.ending, BootEnding::timed_out);
  EXPECT_GE(outcome.elapsed, 1s);
  EXPECT_LT(outcome.elapsed, 3s);
}

TEST_F(Boot, is_cancelled_by_a_stop_request) {
  std::stop_source stop;
  std::jthread canceller([&] {
    std::this_thread::sleep_for(300ms);
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(boot("x\n", Then::halt, stop.get_token()).ending, BootEnding::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST_F(Boot, probes_after_the_expects_until_it_succeeds) {
  spec.expect = {"x"};
  spec.publish = {{.guest = 80}};
  std::vector<Publish> told;
  spec.on_publish = [&](const std::vector<Publish>& ports) { told = ports; };
  spec.silence = 1500ms;  // the probe takes longer
  spec.probe = "cd " + directory.path().string() +
               "; echo $RTFX_PORT_80 >>ports; test $(wc -l <ports) -ge 8";
  const auto outcome = boot("x\n", Then::halt);
  EXPECT_EQ(outcome.ending, BootEnding::expected) << outcome.message;
  EXPECT_EQ(outcome.message, "saw \"x\", and the probe succeeded");
  ASSERT_EQ(told.size(), 1u);
  const std::string line = std::to_string(told[0].host) + "\n";
  std::string lines;
  for (int attempt = 0; attempt < 8; ++attempt) lines += line;
  EXPECT_EQ(read_file(directory.path() / "ports"), lines);
  EXPECT_EQ(outcome.published.at(0).host, told[0].host);
}

TEST_F(Boot, fails_when_the_probe_never_succeeds) {
  spec.probe = "echo not yet >&2; exit 3";
  spec.timeout = 1500ms;
  const auto outcome = boot("", Then::halt);
  EXPECT_EQ(outcome.ending, BootEnding::probe_failed);
  EXPECT_EQ(outcome.message, "no success within the time limit; last: exit 3: not yet");
}

TEST_F(Boot, gives_up_a_probe_that_hangs_when_the_guest_panics) {
  spec.probe = "sleep 60";
  const auto outcome = boot("Kernel panic - not syncing: late\n", Then::reset);
  EXPECT_EQ(outcome.ending, BootEnding::panicked);
  EXPECT_LT(outcome.elapsed, 5s);
}

TEST_F(Boot, reports_what_qemu_says_when_a_port_is_taken) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  spec.publish = {{.host = ::ntohs(address.sin_port), .guest = 80}};
  try {
    boot("x\n", Then::halt);
    ADD_FAILURE() << "it booted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.what(), HasSubstr("the guest was not started: qemu failed (exit 1): "));
    EXPECT_THAT(error.what(), HasSubstr("Could not set up host forwarding rule"));
  }
  ::close(listener);
}

TEST_F(Boot, says_what_is_missing) {
  const auto message = [this]() -> std::string {
    try {
      vm::boot(spec, process::system_runner(), {}, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "booted";
  };
  EXPECT_THAT(message(),
              HasSubstr("cannot read the kernel " + spec.kernel.string() + ": No such file"));
  write_file_atomically(spec.kernel, "x");
  spec.initrd = directory.path();
  EXPECT_THAT(message(), HasSubstr("the initrd " + directory.path().string() + " is no file"));
  spec.initrd.clear();
  spec.console_log = "/no/such/place/log";
  EXPECT_THAT(message(),
              HasSubstr("cannot write the console log /no/such/place/log: No such file"));
  spec.arch.qemu = "qemu-system-none";
  EXPECT_EQ(message(), "qemu-system-none is not installed: apt-get install qemu-system-x86");
}

/// Without the hosts of the other machines this is as near to their KVM as one gets.
TEST(ProbeGuest, ends_qemu_under_tcg_as_it_says) {
  const ArchTable table = ArchTable::builtin();
  for (const std::string& name : table.names()) {
    const Arch& arch = table.find(name);
    ASSERT_TRUE(arch.probe) << name;
    const auto qemu = process::find_program(arch.qemu);
    if (!qemu) continue;
    const NamelessFile image = NamelessFile::with(arch.probe->image);
    const auto ran = process::run_captured(
        process::system_runner(),
        {.argv = probe_command_line(arch, *qemu, Accelerator::tcg, image.path()), .timeout = 20s});
    EXPECT_EQ(ran.outcome.ending, process::Ending::exited) << name;
    EXPECT_EQ(ran.outcome.exit_code, arch.probe->exit_code) << name << ran.err;
    EXPECT_EQ(ran.out, arch.probe->output) << name;
  }
}

/// The probe with a qemu that only pretends.
class KvmProbeTest : public testing::Test {
 protected:
  KvmProbeTest() {
    if (host_arch(ArchTable::builtin()) != "amd64") return;
    runner.script = [this](const process::Command&) { return result; };
  }
  bool applies() {
    return host_arch(ArchTable::builtin()) == "amd64" && ::access("/dev/kvm", R_OK | W_OK) == 0 &&
           process::find_program("qemu-system-x86_64");
  }
  TemporaryDirectory cache;
  process::FakeRunner runner;
  process::FakeResult result;
};

TEST_F(KvmProbeTest, believes_only_the_known_exit_code_and_remembers_it) {
  if (!applies()) GTEST_SKIP() << "no /dev/kvm here";
  result.outcome = {
      .ending = process::Ending::exited, .exit_code = probe_of_pc().exit_code, .elapsed = 200ms};
  const auto first = probe_kvm(runner, cache.path());
  EXPECT_TRUE(first.usable);
  EXPECT_EQ(first.reason, "a guest ran in 0.2 s");
  EXPECT_FALSE(first.remembered);
  result.outcome = {.ending = process::Ending::timed_out};
  const auto second = probe_kvm(runner, cache.path());
  EXPECT_TRUE(second.usable);
  EXPECT_TRUE(second.remembered);
  EXPECT_EQ(runner.commands.size(), 1u);
}

TEST_F(KvmProbeTest, asks_again_when_what_it_knows_is_not_for_this_host_or_unreadable) {
  if (!applies()) GTEST_SKIP() << "no /dev/kvm here";
  result.outcome = {.ending = process::Ending::timed_out};
  for (const char* known :
       {"", "{", "[]",
        "{\"circumstances\":{\"boot_id\":\"other\"},\"usable\":true,\"reason\":\"x\"}"}) {
    write_file_atomically(cache.path() / "kvm.json", known);
    const auto probe = probe_kvm(runner, cache.path());
    EXPECT_FALSE(probe.usable) << known;
    EXPECT_EQ(probe.reason, "a guest hung (3 s)");
    EXPECT_FALSE(probe.remembered);
  }
  EXPECT_EQ(runner.commands.size(), 4u);
}

TEST_F(KvmProbeTest, tells_why_a_guest_fails) {
  if (!applies()) GTEST_SKIP() << "no /dev/kvm here";
  result = process::FakeRunner::exit(1, "", "qemu: failed to set MSR\nmore\n");
  EXPECT_EQ(probe_kvm(runner, cache.path()).reason,
            "a guest failed: exit 1: qemu: failed to set MSR");
}

TEST(ChooseAccelerator, is_tcg_for_guests_of_another_arch) {
  process::FakeRunner runner;
  const TemporaryDirectory cache;
  const std::string host = host_arch(ArchTable::builtin());
  const Arch guest = ArchTable::builtin().find(host == "s390x" ? "amd64" : "s390x");
  const auto choice = choose_accelerator(guest, runner, cache.path());
  EXPECT_EQ(choice.accelerator, Accelerator::tcg);
  EXPECT_EQ(choice.reason, guest.name + " guest on " + host + " host");
  EXPECT_TRUE(runner.commands.empty());
}

}  // namespace
}  // namespace rtfx::vm
