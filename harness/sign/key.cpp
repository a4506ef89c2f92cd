// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/key.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "harness/sign/base64.hpp"
#include "harness/sign/key_state.hpp"

namespace rtfx::sign {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Ed25519 digests by itself.
const EVP_MD* digest_for(KeyType type) {
  switch (type) {
    case KeyType::ecdsa_p256:
      return EVP_sha256();
    case KeyType::ed25519:
      return nullptr;
  }
  return nullptr;
}

std::string curve_of(EVP_PKEY* key) {
  char name[80] = "";
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof name, &length) != 1) return "";
  return {name, length};
}

std::string der_of(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int length = i2d_PUBKEY(key, &bytes);
  if (length <= 0) return "";
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return der;
}

std::string sha256(std::string_view bytes) {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), value, &length, EVP_sha256(), nullptr) != 1)
    throw Error("OpenSSL could not digest a public key");
  return {reinterpret_cast<const char*>(value), length};
}

}  // namespace

std::string to_string(KeyType type) {
  switch (type) {
    case KeyType::ecdsa_p256:
      return "ECDSA P-256";
    case KeyType::ed25519:
      return "Ed25519";
  }
  return "";
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "" : reason;
}

KeyType type_of(EVP_PKEY* key, const std::string& name) {
  const std::string wanted = "; releases are signed with ECDSA P-256 or Ed25519";
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return KeyType::ed25519;
    case EVP_PKEY_EC: {
      const std::string curve = curve_of(key);
      if (curve == "prime256v1" || curve == "P-256") return KeyType::ecdsa_p256;
      throw bad_key(name + " is an EC key on the curve " + (curve.empty() ? "?" : curve) + wanted);
    }
    default:
      break;
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  throw bad_key(name + " is a key of type " + (type == nullptr ? "?" : type) + wanted);
}

PublicKey public_half(EVP_PKEY* key, const std::string& name) {
  auto state = std::make_shared<PublicKey::State>();
  state->type = type_of(key, name);
  state->der = der_of(key);
  const unsigned char* bytes = bytes_of(state->der);
  state->key.reset(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(state->der.size())));
  if (!state->key) throw bad_key(name + " has no public half that OpenSSL can read");
  return PublicKey(std::move(state));
}

std::shared_ptr<const PrivateKey> checked(Key key, const std::string& name) {
  const PublicKey half = public_half(key.get(), name);
  auto loaded = std::make_shared<const PrivateKey>(std::unique_ptr<PrivateKey::State>(
      new PrivateKey::State{.key = std::move(key), .public_key = half}));
  const std::string probe = "rtfx: does this key sign?";
  const std::string signature = in_context(name, [&] { return loaded->sign(probe); });
  if (!half.verify(probe, signature))
    throw bad_key(name + ": its public half does not verify what its private half signs");
  return loaded;
}

PublicKey PublicKey::from_pem(std::string_view pem, const std::string& name) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key) throw bad_key(name + " is no public key: its PEM text is damaged");
  return public_half(key.get(), name);
}

KeyType PublicKey::type() const { return state_->type; }

std::string PublicKey::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) != 1)
    throw Error("OpenSSL could not write a public key");
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string PublicKey::hint() const { return base64(sha256(state_->der)); }

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new());
  const bool good = context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, digest_for(state_->type), nullptr,
                                         state_->key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                     bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

PrivateKey::PrivateKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrivateKey::~PrivateKey() = default;

const PublicKey& PrivateKey::public_key() const { return state_->public_key; }

std::string PrivateKey::sign(std::string_view message) const {
  const std::lock_guard lock(state_->mutex);
  const Context context(EVP_MD_CTX_new());
  std::size_t length = 0;
  const KeyType type = public_key().type();
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, digest_for(type), nullptr, state_->key.get()) !=
          1 ||
      EVP_DigestSign(context.get(), nullptr, &length, bytes_of(message), message.size()) != 1)
    throw Error("signing with the " + to_string(type) + " key failed: " + openssl_reason());
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     bytes_of(message), message.size()) != 1)
    throw Error("signing with the " + to_string(type) + " key failed: " + openssl_reason());
  signature.resize(length);
  return signature;
}

}  // namespace rtfx::sign
