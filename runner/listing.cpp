// SPDX-License-Identifier: Apache-2.0
#include "runner/listing.hpp"

#include "runner/select.hpp"

namespace rtfx::runner {
namespace {

class Lister {
 public:
  Lister(const Group& tree, const std::string& pattern, const std::string& user_labels,
         const Arch& arch, const ArchTable& arches)
      : pattern_(pattern, tree), arch_(arch), present_(present_labels(user_labels, arch, arches)) {
    add(tree);
  }

  std::vector<ListRow> take() { return std::move(rows_); }

 private:
  void add(const Group& group) {
    if (!group_runs(group, present_) || !pattern_.reaches_into(group.name)) {
      rows_.push_back({group.name, arch_.name, false, nullptr, group.labels});
      return;
    }
    for (const auto& child : group.children) {
      if (child.group) add(*child.group);
      if (child.test) add(*child.test);
    }
  }

  void add(const Case& test) {
    const bool runs = labels_match(test.labels, present_) && pattern_.matches(test.name);
    rows_.push_back({test.name, arch_.name, runs, &test, test.labels});
  }

  Pattern pattern_;
  const Arch& arch_;
  Labels present_;
  std::vector<ListRow> rows_;
};

}  // namespace

std::vector<ListRow> list_rows(const Group& tree, const std::string& pattern,
                               const std::string& user_labels, const Arch& arch,
                               const ArchTable& arches) {
  return Lister(tree, pattern, user_labels, arch, arches).take();
}

std::vector<ListRow> keep_shard(std::vector<ListRow> rows, Shard shard) {
  std::erase_if(rows, [](const ListRow& row) { return !row.runs; });
  const ShardRange range = shard_range(rows.size(), shard.index, shard.count);
  const auto first = rows.begin() + static_cast<std::ptrdiff_t>(range.start);
  return {first, first + static_cast<std::ptrdiff_t>(range.count)};
}

}  // namespace rtfx::runner
