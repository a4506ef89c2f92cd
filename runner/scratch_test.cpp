// SPDX-License-Identifier: Apache-2.0
#include "runner/scratch.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "base/files.hpp"

namespace rtfx::runner {
namespace {

TEST(ScratchPool, gives_the_next_unit_only_what_nobody_has_touched) {
  ScratchPool pool;
  const auto next_after = [&](const std::function<void(const fs::path&)>& use) {
    auto directory = pool.take();
    const fs::path path = directory->path();
    EXPECT_TRUE(fs::is_empty(path));
    use(path);
    pool.give_back(std::move(directory));
    auto next = pool.take();
    const bool same = next->path() == path;
    EXPECT_EQ(fs::exists(path), same);
    pool.give_back(std::move(next));
    return same;
  };
  EXPECT_TRUE(next_after([](const fs::path&) {}));
  EXPECT_FALSE(next_after([](const fs::path& path) { write_file_atomically(path / "f", ""); }));
  EXPECT_FALSE(next_after([](const fs::path& path) { fs::permissions(path, fs::perms(0755)); }));
  EXPECT_FALSE(next_after([](const fs::path& path) { fs::remove(path); }));
}

}  // namespace
}  // namespace rtfx::runner
