// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/secret.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace rtfx::sign {

Secret::Secret(std::size_t capacity)
    : bytes_(std::make_unique<char[]>(capacity)), capacity_(capacity) {}

Secret::Secret(std::string_view bytes) : Secret(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), bytes_.get());
  size_ = bytes.size();
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      capacity_(std::exchange(other.capacity_, 0)),
      size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  bytes_ = std::move(other.bytes_);
  capacity_ = std::exchange(other.capacity_, 0);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::resize(std::size_t size) { size_ = std::min(size, capacity_); }

void Secret::wipe() {
  if (bytes_) OPENSSL_cleanse(bytes_.get(), capacity_);
}

}  // namespace rtfx::sign
