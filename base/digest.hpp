// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace rtfx {

/// A SHA-256 digest as OCI writes it, "sha256:<64 lower-case hex>" (OCI image-spec, "Digests").
class Digest {
 public:
  /// Throws Error unless `text` is a well-formed sha256 digest.
  static Digest parse(std::string_view text);
  static Digest of(std::string_view bytes);
  /// Streams the file; memory does not grow with its size.
  static Digest of_file(const std::filesystem::path& path);

  const std::string& str() const { return text_; }
  std::string hex() const { return text_.substr(7); }
  auto operator<=>(const Digest&) const = default;

 private:
  friend class Hasher;
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Computes a Digest piece by piece.
class Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept;
  ~Hasher();
  void update(std::string_view bytes);
  /// The digest of all that was given; the hasher must not be used afterwards.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-1 as 40 hex digits; only for names that git and linuxkit define that way.
std::string sha1_hex(std::string_view bytes);

}  // namespace rtfx
