// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ci/gate/decision.hpp"
#include "ci/publish/publish.hpp"
#include "harness/sign/key.hpp"
#include "runner/project.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

/// --key and --no-sign.
struct SignFlags {
  std::string key;  ///< FILE, env://NAME or pkcs11:…
  bool no_sign = false;
  std::shared_ptr<const sign::PrivateKey> loaded;  ///< by load_signing_key; null: nothing is signed
};

std::shared_ptr<SignFlags> add_sign_flags(CLI::App& command);

/// Loads the key that releases are signed with: --key, else $RTFX_KEY. None with --no-sign, and, said on standard error,
/// when nobody names one. Called before anything is built: a wrong passphrase is told at once, and the variable that held
/// it is gone before a test could print it. Throws Error.
void load_signing_key(SignFlags& flags);

/// "signed with the ECDSA P-256 key <hint>", or "not signed".
std::string signature_text(const SignFlags& flags);

/// What is attached to what is published. `folder`: _release/<id>, which gets the statements.
publish::Evidence release_evidence(const gate::Decision& decision, const runner::Project& project,
                                   std::shared_ptr<const sign::PrivateKey> key,
                                   const std::filesystem::path& folder);

}  // namespace rtfx::commands
