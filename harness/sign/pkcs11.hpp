// SPDX-License-Identifier: Apache-2.0
//
// Keys that never leave a token (PKCS#11), through OpenSSL's engine "pkcs11" (libp11).
#pragma once

#include <memory>
#include <string>

#include "harness/sign/key.hpp"

namespace rtfx::sign {

/// `uri` as RFC 7512; its query may have "module-path", but no "pin-value": a PIN does not belong on a command line.
/// Throws Error: ExitCode::host when OpenSSL has no such engine, ExitCode::usage when the token has no such key, or it
/// is of a type that does not sign releases, or the PIN is wrong.
std::shared_ptr<const PrivateKey> token_private_key(const std::string& uri);
PublicKey token_public_key(const std::string& uri);

}  // namespace rtfx::sign
