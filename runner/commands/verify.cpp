// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "ci/evidence/verify.hpp"
#include "harness/oci/reference.hpp"
#include "harness/sign/key_source.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string ref, key;
  bool json = false;
  std::shared_ptr<registry::RegistryOptions> registry;
};

/// A reference, taken apart as targets want it.
struct Place {
  std::string target;  ///< "oci:DIR" or HOST[:PORT]
  std::string repository;
  std::string which;  ///< tag or digest
};

Error bad_ref(const std::string& ref) {
  return Error("\"" + ref +
                   "\" is no reference to verify; expected HOST/REPOSITORY:TAG, "
                   "HOST/REPOSITORY@sha256:… or oci:DIR:REPOSITORY:TAG",
               ExitCode::usage);
}

/// "linuxkit/redis:TAG" or "linuxkit/redis@sha256:…".
void split_name(const std::string& name, const std::string& ref, Place& place) {
  std::size_t at = name.find('@');
  if (at == std::string::npos) at = name.rfind(':');
  if (at == 0 || at == std::string::npos || at + 1 == name.size()) throw bad_ref(ref);
  place.repository = name.substr(0, at);
  place.which = name.substr(at + 1);
}

Place parse_place(const std::string& ref) {
  Place place;
  if (ref.starts_with("oci:")) {
    const std::size_t colon = ref.find(':', 4);
    if (colon == std::string::npos || colon == 4) throw bad_ref(ref);
    place.target = ref.substr(0, colon);
    if (!fs::is_directory(ref.substr(4, colon - 4)))
      throw Error(ref.substr(4, colon - 4) + " is no folder with an OCI layout", ExitCode::usage);
    split_name(ref.substr(colon + 1), ref, place);
    return place;
  }
  const oci::Reference reference = oci::parse_reference(ref);
  place.target = reference.registry;
  place.repository = reference.repository;
  place.which = reference.digest ? reference.digest->str() : reference.tag;
  return place;
}

void print_checks(const std::vector<evidence::Check>& checks) {
  std::string subject;
  for (const evidence::Check& check : checks) {
    if (check.subject != subject) fmt::print("{}\n", text::one_line(check.subject));
    subject = check.subject;
    fmt::print("  {:<4} {}: {}\n", check.good ? "ok" : "BAD", check.what,
               text::one_line(check.detail));
  }
}

void print_json(const std::string& ref, const std::vector<evidence::Check>& checks, bool verified) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const evidence::Check& check : checks)
    list.push_back({{"subject", check.subject},
                    {"check", check.what},
                    {"ok", check.good},
                    {"detail", text::printable(check.detail)}});
  const nlohmann::ordered_json report = {
      {"ref", ref}, {"verified", verified}, {"checks", std::move(list)}};
  fmt::print("{}\n", report.dump(2));
}

int verify(const Context& context, const Options& options) {
  const Place place = parse_place(options.ref);
  const sign::PublicKey key = sign::load_public_key(options.key);
  std::vector<std::string> arches;
  if (context.arch != "all") arches = text::split_list(context.arch);
  const auto target = publish::open_target(place.target,
                                           {fs::current_path(), with_environment(*options.registry),
                                            context.cache_directory() / "locks"},
                                           context.stop);
  const std::vector<evidence::Check> checks =
      evidence::verify(*target, place.repository, place.which, key, arches);
  const auto bad = std::count_if(checks.begin(), checks.end(),
                                 [](const evidence::Check& check) { return !check.good; });
  if (options.json) {
    print_json(options.ref, checks, bad == 0);
  } else {
    print_checks(checks);
    fmt::print("{}\n",
               bad == 0 ? "verified"
                        : fmt::format("NOT verified: {} of {} checks failed", bad, checks.size()));
  }
  return static_cast<int>(bad == 0 ? ExitCode::ok : ExitCode::failed);
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("verify", "check signatures and evidence of something that was released");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("ref", options->ref,
                   "HOST/REPOSITORY:TAG, …@DIGEST, or oci:DIR:REPOSITORY:TAG; an index or a "
                   "release record")
      ->required()
      ->type_name("REF");
  command->add_option("--key", options->key, "public key: a PEM file, env://NAME or pkcs11:...")
      ->required()
      ->type_name("PUB");
  command->add_flag("--json", options->json, "print the checks as JSON");
  options->registry = add_registry_flags(*command);
  command->callback([&context, options] {
    context.action = [&context, options] { return verify(context, *options); };
  });
}

}  // namespace rtfx::commands
