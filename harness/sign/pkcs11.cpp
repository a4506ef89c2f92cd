// SPDX-License-Identifier: Apache-2.0
#define OPENSSL_SUPPRESS_DEPRECATED  // engines are what Debian has for tokens; providers replace them

#include "harness/sign/pkcs11.hpp"

#include <openssl/err.h>
#include <openssl/opensslconf.h>
#include <openssl/ui.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#include <optional>
#include <vector>

#include "base/text.hpp"
#include "harness/sign/key_state.hpp"
#include "harness/sign/passphrase.hpp"

namespace rtfx::sign {
namespace {

Error no_engine(const std::string& uri) {
  return Error(uri +
                   ": this OpenSSL has no engine \"pkcs11\"; install it (Debian: apt-get install "
                   "libengine-pkcs11-openssl)",
               ExitCode::host);
}

/// The URI without what is ours to act upon.
struct Address {
  std::string key;     ///< for the engine
  std::string module;  ///< the token's library, or ""
};

Address parse(const std::string& uri) {
  Address address;
  const std::size_t question = uri.find('?');
  address.key = uri.substr(0, question);
  if (question == std::string::npos) return address;
  std::vector<std::string> rest;
  for (const std::string& part : text::split(uri.substr(question + 1), '&')) {
    if (part.starts_with("pin-value="))
      throw bad_key(address.key +
                    ": a PIN in the URI can be seen by everybody on this host; give it in "
                    "RTFX_KEY_PASSWORD");
    if (part.starts_with("module-path=")) {
      address.module = part.substr(part.find('=') + 1);
    } else {
      rest.push_back(part);
    }
  }
  if (!rest.empty()) address.key += "?" + text::join(rest, "&");
  return address;
}

#ifndef OPENSSL_NO_ENGINE

/// What the engine's question for a PIN needs; exceptions do not pass through C.
struct Question {
  std::string name;
  bool asked = false;
  std::optional<Error> failure;
};

int answer(UI* ui, UI_STRING* prompt) {
  auto* question = static_cast<Question*>(UI_get0_user_data(ui));
  if (UI_get_string_type(prompt) != UIT_PROMPT) return 1;
  if (question == nullptr || question->asked) return 0;  // a second question means: it was wrong
  question->asked = true;
  try {
    Secret pin = passphrase_for(question->name);
    return UI_set_result_ex(ui, prompt, pin.view().data(), static_cast<int>(pin.size())) == 0;
  } catch (const Error& error) {
    question->failure = error;
    return 0;
  }
}

struct MethodDeleter {
  void operator()(UI_METHOD* method) const { UI_destroy_method(method); }
};

/// The engine, initialised; a reference of ours lives as long as the keys, as OpenSSL counts them.
struct EngineDeleter {
  void operator()(ENGINE* engine) const {
    ENGINE_finish(engine);
    ENGINE_free(engine);
  }
};
using Engine = std::unique_ptr<ENGINE, EngineDeleter>;

Engine open_engine(const std::string& uri, const Address& address) {
  ENGINE_load_dynamic();
  ENGINE* found = ENGINE_by_id("pkcs11");
  ERR_clear_error();
  if (found == nullptr) throw no_engine(uri);
  ENGINE_ctrl_cmd_string(found, "QUIET", nullptr, 1);
  const bool module = address.module.empty() ||
                      ENGINE_ctrl_cmd_string(found, "MODULE_PATH", address.module.c_str(), 0) == 1;
  if (!module || ENGINE_init(found) != 1) {
    const std::string reason = openssl_reason();
    ENGINE_free(found);
    throw Error(uri + ": the token's library cannot be used" +
                    (reason.empty() ? "" : " (" + reason + ")") +
                    "; name it with ?module-path=FILE or PKCS11_MODULE_PATH",
                ExitCode::host);
  }
  return Engine(found);
}

enum class Half { public_key, private_key };

Key load(const std::string& uri, Half half) {
  const Address address = parse(uri);
  const Engine engine = open_engine(uri, address);
  const std::unique_ptr<UI_METHOD, MethodDeleter> method(UI_create_method("rtfx"));
  if (!method) throw Error("OpenSSL could not prepare a question for a PIN");
  UI_method_set_reader(method.get(), answer);
  Question question{.name = uri, .asked = false, .failure = {}};
  Key key(half == Half::private_key
              ? ENGINE_load_private_key(engine.get(), address.key.c_str(), method.get(), &question)
              : ENGINE_load_public_key(engine.get(), address.key.c_str(), method.get(), &question));
  const std::string reason = openssl_reason();
  if (question.failure) throw *question.failure;
  if (!key)
    throw bad_key(uri + ": the token gives no such key" +
                  (question.asked ? ", or the PIN is wrong" : "") +
                  (reason.empty() ? "" : " (" + reason + ")"));
  return key;
}

#else

enum class Half { public_key, private_key };

Key load(const std::string& uri, Half) {
  parse(uri);
  throw no_engine(uri);
}

#endif

}  // namespace

std::shared_ptr<const PrivateKey> token_private_key(const std::string& uri) {
  return checked(load(uri, Half::private_key), uri);
}

PublicKey token_public_key(const std::string& uri) {
  const Key key = load(uri, Half::public_key);
  return public_half(key.get(), uri);
}

}  // namespace rtfx::sign
