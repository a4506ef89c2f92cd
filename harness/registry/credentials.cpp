// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/credentials.hpp"

#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::registry {

namespace {

using Json = nlohmann::json;

/// "https://index.docker.io/v1/", "registry.example.org:5000/" -> the registry's name.
std::string registry_of(std::string_view server) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (server.starts_with(scheme)) server.remove_prefix(scheme.size());
  }
  const std::string host(server.substr(0, server.find('/')));
  const bool hub = host == "index.docker.io" || host == "registry-1.docker.io";
  return hub ? "docker.io" : host;
}

std::string server_of(const std::string& registry) {
  return registry == "docker.io" ? "https://index.docker.io/v1/" : registry;
}

std::filesystem::path docker_config(const RegistryOptions& options) {
  if (!options.docker_config.empty()) return options.docker_config;
  const std::string directory = environment("DOCKER_CONFIG");
  if (!directory.empty()) return std::filesystem::path(directory) / "config.json";
  const std::string home = environment("HOME");
  return home.empty() ? std::filesystem::path{}
                      : std::filesystem::path(home) / ".docker/config.json";
}

/// The text is never shown: it holds a secret.
std::pair<std::string, Credential> parse_option(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string registry = registry_of(text.substr(0, equals));
  const std::string secret = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (registry.empty() || secret.empty())
    throw Error("--registry-creds: expected REGISTRY=USER:PASSWORD or REGISTRY=TOKEN",
                ExitCode::usage);
  Credential credential{.source = "--registry-creds"};
  const std::size_t colon = secret.find(':');
  if (colon == std::string::npos) {
    credential.bearer = secret;
  } else {
    credential.user = secret.substr(0, colon);
    credential.password = secret.substr(colon + 1);
    if (credential.user.empty() || credential.password.empty())
      throw Error("--registry-creds: user and password for " + registry + " must not be empty",
                  ExitCode::usage);
  }
  return {registry, std::move(credential)};
}

std::string string_at(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

/// One entry of "auths"; nullopt when it holds nothing, as docker leaves it beside a credential helper.
std::optional<Credential> parse_auth(const Json& entry, const std::string& what,
                                     const std::string& file) {
  Credential credential{string_at(entry, "username"), string_at(entry, "password"),
                        string_at(entry, "identitytoken"), string_at(entry, "registrytoken"), file};
  const std::string auth = string_at(entry, "auth");
  if (!auth.empty()) {
    std::string pair;
    try {
      pair = from_base64(auth);
    } catch (const Error&) {
      throw Error(what + ".auth is not base64; log in again with docker login", ExitCode::usage);
    }
    const std::size_t colon = pair.find(':');
    if (colon == std::string::npos)
      throw Error(what + ".auth is not USER:PASSWORD in base64; log in again with docker login",
                  ExitCode::usage);
    credential.user = pair.substr(0, colon);
    credential.password = pair.substr(colon + 1);
    // docker pads old entries with zero bytes.
    credential.password.erase(credential.password.find_last_not_of('\0') + 1);
  }
  if (credential.user == "<token>") {
    if (credential.identity_token.empty()) credential.identity_token = credential.password;
    credential.user.clear();
    credential.password.clear();
  }
  const bool empty =
      credential.password.empty() && credential.identity_token.empty() && credential.bearer.empty();
  return empty ? std::nullopt : std::optional(std::move(credential));
}

Json parse_config(const std::filesystem::path& file) {
  const Json json = Json::parse(read_file(file), nullptr, false);
  if (!json.is_object())
    throw Error(
        file.string() + " is not a JSON object; repair it, or log in again with docker login",
        ExitCode::usage);
  return json;
}

const Json& object_at(const Json& json, const char* key, const std::filesystem::path& file) {
  static const Json none = Json::object();
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return none;
  if (!it->is_object())
    throw Error(file.string() + ": " + key + " is not a JSON object", ExitCode::usage);
  return *it;
}

/// What is run is docker-credential-NAME from the PATH, whatever the configuration says.
void check_helper(const std::string& name, const std::filesystem::path& file) {
  if (name.find('/') != std::string::npos)
    throw Error(
        file.string() + ": \"" + text::one_line(name) + "\" is not the name of a credential helper",
        ExitCode::usage);
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string result(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::string from_base64(std::string_view text) {
  text = text::trim(text);
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  std::string result(padded.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                   reinterpret_cast<const unsigned char*>(padded.data()),
                                   static_cast<int>(padded.size()));
  const std::size_t padding = padded.size() - text.size();
  if (size < 0 || padding > 2 || text.find('=') != std::string_view::npos)
    throw Error("not base64");
  result.resize(static_cast<std::size_t>(size) - padding);
  return result;
}

Credentials::Credentials(const RegistryOptions& options, process::Runner& runner,
                         std::stop_token stop)
    : runner_(runner), stop_(std::move(stop)), config_(docker_config(options)) {
  for (const std::string& text : options.credentials) {
    auto [registry, credential] = parse_option(text);
    given_[registry] = std::move(credential);
  }
  std::error_code error;
  if (config_.empty() || !std::filesystem::exists(config_, error)) {
    if (!options.docker_config.empty())
      throw Error(config_.string() + " is not there", ExitCode::usage);
    return;
  }
  const Json json = parse_config(config_);
  for (const auto& [server, entry] : object_at(json, "auths", config_).items()) {
    const std::string what = config_.string() + ": auths." + text::one_line(server);
    if (!entry.is_object()) throw Error(what + " is not a JSON object", ExitCode::usage);
    if (auto credential = parse_auth(entry, what, config_.string()))
      logged_in_.emplace(registry_of(server), *std::move(credential));
  }
  for (const auto& [server, name] : object_at(json, "credHelpers", config_).items()) {
    if (!name.is_string())
      throw Error(config_.string() + ": credHelpers has a value that is not a string",
                  ExitCode::usage);
    check_helper(name.get<std::string>(), config_);
    helpers_.emplace(registry_of(server), name.get<std::string>());
  }
  default_helper_ = string_at(json, "credsStore");
  check_helper(default_helper_, config_);
}

std::optional<Credential> Credentials::ask_helper(const std::string& helper,
                                                  const std::string& server) const {
  const std::string program = "docker-credential-" + helper;
  if (!process::find_program(program))
    throw Error(config_.string() + " keeps the login of " + server + " in " + program +
                    ", which is not installed; install it, or give --registry-creds",
                ExitCode::host);
  const process::Captured result = process::run_captured(
      runner_,
      {.argv = {program, "get"}, .stdin_text = server, .timeout = std::chrono::seconds(60)}, stop_);
  if (result.outcome.ending == process::Ending::cancelled)
    throw Error("interrupted", ExitCode::interrupted);
  if (!result.outcome.ok()) {
    // The protocol has no code for this, only this text.
    if (result.out.find("credentials not found") != std::string::npos) return std::nullopt;
    throw Error(
        program + " get: " + result.outcome.str() + ": " + text::flattened(text::trim(result.err)),
        ExitCode::host);
  }
  const Json json = Json::parse(result.out, nullptr, false);
  if (!json.is_object()) throw Error(program + " get: the answer is not a JSON object");
  const std::string user = string_at(json, "Username");
  const std::string secret = string_at(json, "Secret");
  if (secret.empty()) return std::nullopt;
  if (user == "<token>") return Credential{.identity_token = secret, .source = program};
  return Credential{.user = user, .password = secret, .source = program};
}

std::optional<Credential> Credentials::look_up(const std::string& registry) const {
  if (const auto it = given_.find(registry); it != given_.end()) return it->second;
  const auto helper = helpers_.find(registry);
  const std::string& name = helper != helpers_.end() ? helper->second : default_helper_;
  if (!name.empty()) {
    if (auto found = ask_helper(name, server_of(registry))) return found;
  }
  const auto it = logged_in_.find(registry);
  return it == logged_in_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<Credential> Credentials::find(const std::string& registry) {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find(registry);
  if (it != known_.end()) return it->second;
  return known_.emplace(registry, look_up(registry)).first->second;
}

}  // namespace rtfx::registry
