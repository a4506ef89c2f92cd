// SPDX-License-Identifier: Apache-2.0
//
// Where keys come from. A location is text without secrets, so it may stand on a command line and in messages:
//
//   FILE                a PEM file
//   env://NAME          the PEM text is the value of an environment variable, as with cosign
//   pkcs11:...          a key of a token (RFC 7512), through OpenSSL's engine "pkcs11"
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/sign/key.hpp"

namespace rtfx::sign {

/// Told what the user should know though the key was loaded: one line each.
using Warn = std::function<void(const std::string&)>;

/// Loads the private key: PKCS#8, plain or encrypted, or the traditional form of EC keys. The passphrase, where one is
/// needed, is $RTFX_KEY_PASSWORD, else $COSIGN_PASSWORD, else it is asked for on the terminal. Throws Error
/// (ExitCode::usage) that says what is wrong and never what the key or the passphrase is.
std::shared_ptr<const PrivateKey> load_private_key(const std::string& location,
                                                   const Warn& warn = {});

/// Loads the public key; of a location that holds a private key, its public half.
PublicKey load_public_key(const std::string& location);

}  // namespace rtfx::sign
