// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/sign_flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/files.hpp"
#include "ci/evidence/evidence.hpp"
#include "harness/sign/key_source.hpp"

namespace rtfx::commands {
namespace {

void tell(const std::string& line) {
  std::fflush(stdout);
  fmt::print(stderr, "rtfx: {}\n", line);
}

/// Who runs this: what the environment says, as far as it is the same for the same pipeline.
std::string builder_id() {
  const std::string given = environment("RTFX_BUILDER_ID");
  if (!given.empty()) return given;
  const std::string github = environment("GITHUB_SERVER_URL");
  if (!github.empty())
    return github + "/" + environment("GITHUB_WORKFLOW_REF", environment("GITHUB_REPOSITORY"));
  return environment("CI_PROJECT_URL", "urn:rtfx:builder:local");
}

std::string source_uri() {
  const std::string github = environment("GITHUB_SERVER_URL");
  if (!github.empty()) return github + "/" + environment("GITHUB_REPOSITORY");
  return environment("CI_PROJECT_URL");
}

}  // namespace

std::shared_ptr<SignFlags> add_sign_flags(CLI::App& command) {
  auto flags = std::make_shared<SignFlags>();
  CLI::Option* key =
      command
          .add_option("--key", flags->key,
                      "sign with this private key: FILE, env://NAME or pkcs11:... (else $RTFX_KEY)")
          ->type_name("KEY");
  command.add_flag("--no-sign", flags->no_sign, "publish without signatures")->excludes(key);
  return flags;
}

void load_signing_key(SignFlags& flags) {
  const std::string location = flags.key.empty() ? environment("RTFX_KEY") : flags.key;
  if (flags.no_sign) return;
  if (location.empty())
    return tell(
        "warning: no --key and no RTFX_KEY: what is published will not be signed (--no-sign says "
        "that this is meant)");
  flags.loaded =
      sign::load_private_key(location, [](const std::string& line) { tell("warning: " + line); });
}

std::string signature_text(const SignFlags& flags) {
  if (!flags.loaded) return "not signed";
  const sign::PublicKey& key = flags.loaded->public_key();
  return "signed with the " + sign::to_string(key.type()) + " key " + key.hint();
}

publish::Evidence release_evidence(const gate::Decision& decision, const runner::Project& project,
                                   std::shared_ptr<const sign::PrivateKey> key,
                                   const std::filesystem::path& folder) {
  return evidence::make_evidence(decision, std::move(key),
                                 {project.org, source_uri(), builder_id()}, folder / "statements");
}

}  // namespace rtfx::commands
