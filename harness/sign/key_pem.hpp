// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/sign/key_state.hpp"
#include "harness/sign/secret.hpp"

namespace rtfx::sign {

/// Gives the passphrase; called at most once, and only when one is needed.
using AskPassphrase = std::function<Secret()>;

/// The first private key of a PEM text (RFC 7468, "PRIVATE KEY" and "ENCRYPTED PRIVATE KEY"; OpenSSL's traditional
/// "EC PRIVATE KEY"). Throws Error (ExitCode::usage) that tells a damaged text, a wrong passphrase and a key of
/// another kind apart.
Key private_key_of_pem(std::string_view pem, const std::string& name, const AskPassphrase& ask);

/// Whether the first PEM block is a private key.
bool holds_private_key(std::string_view pem);

}  // namespace rtfx::sign
