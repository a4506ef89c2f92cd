// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx {
namespace {

constexpr std::string_view prefix = "sha256:";
constexpr std::size_t hex_length = 64;

std::string to_hex(const unsigned char* bytes, unsigned length) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += digits[bytes[i] >> 4];
    hex += digits[bytes[i] & 15];
  }
  return hex;
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using HashContext = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

HashContext start(const EVP_MD* algorithm) {
  HashContext context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1)
    throw Error("OpenSSL has no such digest");
  return context;
}

std::string finish_hex(EVP_MD_CTX* context) {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context, value, &length) != 1)
    throw Error("OpenSSL could not finish a digest");
  return to_hex(value, length);
}

}  // namespace

struct Hasher::State {
  HashContext context;
};

Hasher::Hasher() : state_(std::make_unique<State>()) { state_->context = start(EVP_sha256()); }
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1)
    throw Error("OpenSSL could not digest");
}

Digest Hasher::finish() { return Digest(std::string(prefix) + finish_hex(state_->context.get())); }

Digest Digest::parse(std::string_view text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool well_formed = text.starts_with(prefix) && text.size() == prefix.size() + hex_length &&
                           std::all_of(text.begin() + prefix.size(), text.end(), is_hex);
  if (!well_formed) throw Error("\"" + std::string(text) + "\" is not a sha256 digest");
  return Digest(std::string(text));
}

Digest Digest::of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Digest Digest::of_file(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + path.string(), errno);
  Hasher hasher;
  std::vector<char> buffer(1 << 18);
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got == 0) return hasher.finish();
    if (got > 0) {
      hasher.update({buffer.data(), static_cast<std::size_t>(got)});
    } else if (errno != EINTR) {
      throw system_error("reading " + path.string(), errno);
    }
  }
}

std::string sha1_hex(std::string_view bytes) {
  const HashContext context = start(EVP_sha1());
  if (EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1)
    throw Error("OpenSSL could not digest");
  return finish_hex(context.get());
}

}  // namespace rtfx
