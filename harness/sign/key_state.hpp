// SPDX-License-Identifier: Apache-2.0
//
// For the files of this folder.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/error.hpp"
#include "harness/sign/core_dumps.hpp"
#include "harness/sign/key.hpp"

namespace rtfx::sign {

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;

struct PublicKey::State {
  Key key;
  KeyType type = KeyType::ecdsa_p256;
  std::string der;  ///< SubjectPublicKeyInfo
};

struct PrivateKey::State {
  NoCoreDumps no_core_dumps{};
  Key key;
  PublicKey public_key;
  std::mutex mutex{};  ///< a token does one thing after the other
};

/// Throws Error (ExitCode::usage) naming the key unless it is of a type that signs releases.
KeyType type_of(EVP_PKEY* key, const std::string& name);

/// The public half.
PublicKey public_half(EVP_PKEY* key, const std::string& name);

/// Signs and verifies once, so that a token that cannot sign, or a key whose halves do not fit, is noticed before
/// anything is built.
std::shared_ptr<const PrivateKey> checked(Key key, const std::string& name);

/// OpenSSL's own reason for what failed last, "" when it has none; forgets it.
std::string openssl_reason();

inline Error bad_key(const std::string& message) { return Error(message, ExitCode::usage); }

}  // namespace rtfx::sign
