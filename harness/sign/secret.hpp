// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace rtfx::sign {

/// Bytes that are overwritten before their memory is given back. They are never copied into a std::string.
class Secret {
 public:
  Secret() = default;
  /// Room for `capacity` bytes; none is used yet.
  explicit Secret(std::size_t capacity);
  /// A copy.
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  char* data() { return bytes_.get(); }
  std::size_t capacity() const { return capacity_; }
  std::size_t size() const { return size_; }
  /// `size` of at most capacity() bytes are used.
  void resize(std::size_t size);
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  void wipe();

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, size_ = 0;
};

}  // namespace rtfx::sign
