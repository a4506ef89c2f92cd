// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/key_pem.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>

namespace rtfx::sign {
namespace {

/// One block of a PEM text; its bytes are wiped.
struct Block {
  std::string label;
  std::string header;  ///< "Proc-Type: 4,ENCRYPTED…" of traditional keys
  Secret bytes;
};

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

/// The first block that is not the curve, which `openssl ecparam -genkey` writes in front.
bool read_block(std::string_view pem, Block& block) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  for (;;) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* bytes = nullptr;
    long length = 0;
    if (!bio || PEM_read_bio(bio.get(), &label, &header, &bytes, &length) != 1) {
      ERR_clear_error();
      return false;
    }
    block.label = label;
    block.header = header;
    block.bytes =
        Secret(std::string_view(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(length)));
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(bytes, static_cast<std::size_t>(length));
    if (block.label != "EC PARAMETERS") return true;
  }
}

Error damaged(const std::string& name) { return bad_key(name + ": the private key is damaged"); }

Error wrong_passphrase(const std::string& name) {
  return bad_key(name + ": the passphrase is wrong");
}

struct PlainDeleter {
  void operator()(PKCS8_PRIV_KEY_INFO* key) const { PKCS8_PRIV_KEY_INFO_free(key); }
};
using Plain = std::unique_ptr<PKCS8_PRIV_KEY_INFO, PlainDeleter>;

Key key_of(const Plain& plain, const std::string& name) {
  if (!plain) throw damaged(name);
  Key key(EVP_PKCS82PKEY(plain.get()));
  const std::string reason = openssl_reason();
  if (!key)
    throw bad_key(name + ": OpenSSL cannot read this key" +
                  (reason.empty() ? "" : " (" + reason + ")") +
                  "; releases are signed with ECDSA P-256 or Ed25519");
  return key;
}

Key plain_key(const Block& block, const std::string& name) {
  const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.view().data());
  const Plain plain(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(block.bytes.size())));
  return key_of(plain, name);
}

struct EncryptedDeleter {
  void operator()(X509_SIG* key) const { X509_SIG_free(key); }
};

Key encrypted_key(const Block& block, const std::string& name, const AskPassphrase& ask) {
  const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.view().data());
  const std::unique_ptr<X509_SIG, EncryptedDeleter> encrypted(
      d2i_X509_SIG(nullptr, &at, static_cast<long>(block.bytes.size())));
  ERR_clear_error();
  if (!encrypted) throw damaged(name);
  const Secret passphrase = ask();
  const Plain plain(PKCS8_decrypt(encrypted.get(), passphrase.view().data(),
                                  static_cast<int>(passphrase.size())));
  ERR_clear_error();
  if (!plain) throw wrong_passphrase(name);
  return key_of(plain, name);
}

int give_passphrase(char* buffer, int room, int, void* secret) {
  const std::string_view passphrase = static_cast<const Secret*>(secret)->view();
  if (passphrase.size() > static_cast<std::size_t>(room)) return -1;
  std::copy(passphrase.begin(), passphrase.end(), buffer);
  return static_cast<int>(passphrase.size());
}

/// "EC PRIVATE KEY" (SEC 1), perhaps encrypted in OpenSSL's old way (RFC 1421 headers).
Key traditional_key(Block& block, const std::string& name, const AskPassphrase& ask) {
  if (!block.header.empty()) {
    EVP_CIPHER_INFO cipher{};
    if (PEM_get_EVP_CIPHER_INFO(block.header.data(), &cipher) != 1) throw damaged(name);
    if (cipher.cipher != nullptr) {
      Secret passphrase = ask();
      long length = static_cast<long>(block.bytes.size());
      const int good = PEM_do_header(&cipher, reinterpret_cast<unsigned char*>(block.bytes.data()),
                                     &length, give_passphrase, &passphrase);
      ERR_clear_error();
      if (good != 1) throw wrong_passphrase(name);
      block.bytes.resize(static_cast<std::size_t>(length));
    }
  }
  const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.view().data());
  Key key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, static_cast<long>(block.bytes.size())));
  ERR_clear_error();
  if (!key) throw damaged(name);
  return key;
}

Error unfit(const std::string& label, const std::string& name) {
  if (label == "ENCRYPTED SIGSTORE PRIVATE KEY" || label == "ENCRYPTED COSIGN PRIVATE KEY")
    return bad_key(
        name +
        " is in cosign's own encrypted form, which OpenSSL cannot read; make a key with \"openssl "
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -out KEY\" and give it to "
        "cosign with \"cosign import-key-pair --key KEY\"");
  if (label == "OPENSSH PRIVATE KEY")
    return bad_key(name +
                   " is in OpenSSH's form; PKCS#8 is needed: \"openssl genpkey -algorithm ED25519 "
                   "-aes256 -out KEY\" makes such a key");
  if (label == "PUBLIC KEY")
    return bad_key(name + " is a public key; signing needs the private one");
  return bad_key(name + " holds a \"" + label +
                 "\"; wanted is a PKCS#8 private key of type ECDSA P-256 or Ed25519");
}

}  // namespace

Key private_key_of_pem(std::string_view pem, const std::string& name, const AskPassphrase& ask) {
  Block block;
  if (!read_block(pem, block))
    throw bad_key(name + (pem.find("-----BEGIN ") == std::string_view::npos
                              ? " holds no PEM text (\"-----BEGIN PRIVATE KEY-----\" …)"
                              : ": its PEM text is damaged"));
  if (block.label == "PRIVATE KEY") return plain_key(block, name);
  if (block.label == "ENCRYPTED PRIVATE KEY") return encrypted_key(block, name, ask);
  if (block.label == "EC PRIVATE KEY") return traditional_key(block, name, ask);
  throw unfit(block.label, name);
}

bool holds_private_key(std::string_view pem) {
  Block block;
  return read_block(pem, block) && block.label.ends_with("PRIVATE KEY");
}

}  // namespace rtfx::sign
