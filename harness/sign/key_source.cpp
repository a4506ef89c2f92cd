// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/key_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.hpp"
#include "harness/sign/key_pem.hpp"
#include "harness/sign/passphrase.hpp"
#include "harness/sign/pkcs11.hpp"

namespace rtfx::sign {
namespace {

constexpr std::string_view environment_prefix = "env://";
constexpr std::string_view pkcs11_prefix = "pkcs11:";
constexpr std::size_t largest_file = 64 << 10;

struct Text {
  std::string name;  ///< for messages
  Secret pem;
};

Secret read_secret_file(const std::string& path, const Warn& warn) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    throw Error(system_error("reading the key " + path, errno).what(), ExitCode::usage);
  Secret bytes(largest_file);
  std::size_t length = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), bytes.data() + length, bytes.capacity() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(system_error("reading the key " + path, errno).what(), ExitCode::usage);
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
    if (length == bytes.capacity()) throw bad_key(path + " is too large for a key");
  }
  bytes.resize(length);
  constexpr mode_t others = 077;
  if (warn && S_ISREG(status.st_mode) && (status.st_mode & others) != 0 &&
      holds_private_key(bytes.view()))
    warn(fmt::format("the private key {} can be read by others (mode {:04o}): chmod 600 {}", path,
                     status.st_mode & 07777, path));
  return bytes;
}

Text read_text(const std::string& location, const Warn& warn) {
  if (!location.starts_with(environment_prefix))
    return {location, read_secret_file(location, warn)};
  const std::string variable = location.substr(environment_prefix.size());
  Secret pem;
  if (variable.empty() || !take_from_environment(variable.c_str(), pem))
    throw bad_key(location + ": the environment variable " + variable + " is not set");
  return {location, std::move(pem)};
}

}  // namespace

std::shared_ptr<const PrivateKey> load_private_key(const std::string& location, const Warn& warn) {
  if (location.starts_with(pkcs11_prefix)) return token_private_key(location);
  const NoCoreDumps no_core_dumps;
  const Text text = read_text(location, warn);
  return checked(
      private_key_of_pem(text.pem.view(), text.name, [&] { return passphrase_for(text.name); }),
      text.name);
}

PublicKey load_public_key(const std::string& location) {
  if (location.starts_with(pkcs11_prefix)) return token_public_key(location);
  const NoCoreDumps no_core_dumps;
  const Text text = read_text(location, {});
  if (!holds_private_key(text.pem.view())) return PublicKey::from_pem(text.pem.view(), text.name);
  const Key key =
      private_key_of_pem(text.pem.view(), text.name, [&] { return passphrase_for(text.name); });
  return public_half(key.get(), text.name);
}

}  // namespace rtfx::sign
