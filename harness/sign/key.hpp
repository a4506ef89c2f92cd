// SPDX-License-Identifier: Apache-2.0
//
// Keys that sign releases, and what they sign: bytes in, bytes out. Signatures are those of cosign: ECDSA over SHA-256 as
// DER, or pure Ed25519 (RFC 8032).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace rtfx::sign {

enum class KeyType { ecdsa_p256, ed25519 };

/// "ECDSA P-256", "Ed25519".
std::string to_string(KeyType type);

/// Copies are the same key.
class PublicKey {
 public:
  struct State;  ///< for the files of this folder

  /// Reads "-----BEGIN PUBLIC KEY-----" (SubjectPublicKeyInfo, RFC 5280). `name` is for messages. Throws Error
  /// (ExitCode::usage) when it is something else, damaged, or of another type.
  static PublicKey from_pem(std::string_view pem, const std::string& name);
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  KeyType type() const;
  std::string pem() const;
  /// SHA-256 of the SubjectPublicKeyInfo in base64: the hint of sigstore bundles (RFC 6962, 3.2, "key_id").
  std::string hint() const;
  /// Whether the signature is one of this key over the message. What is no signature at all is a "no".
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  std::shared_ptr<const State> state_;
};

/// While one exists, the process leaves no core file and other processes of the user cannot read its memory.
class PrivateKey {
 public:
  struct State;  ///< for the files of this folder

  explicit PrivateKey(std::unique_ptr<State> state);
  ~PrivateKey();
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;

  const PublicKey& public_key() const;
  /// The raw signature (not base64). Thread-safe. Throws Error.
  std::string sign(std::string_view message) const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::sign
