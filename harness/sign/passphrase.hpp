// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/sign/secret.hpp"

namespace rtfx::sign {

/// The value of an environment variable, which is overwritten and taken out of the environment, so that no child
/// program and no /proc/PID/environ shows it. Returns whether it was set.
bool take_from_environment(const char* name, Secret& value);

/// The passphrase of a key, or the PIN of a token ("key.pem", "pkcs11:token=ci"): $RTFX_KEY_PASSWORD, else
/// $COSIGN_PASSWORD (both are taken out of the environment), else the terminal is asked. Throws Error
/// (ExitCode::usage) when there is none.
Secret passphrase_for(const std::string& name);

}  // namespace rtfx::sign
