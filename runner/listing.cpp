// SPDX-License-Identifier: Apache-2.0
#include "runner/listing.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/error.hpp"

namespace rtfx::runner {
namespace {

/// The cases that patterns and expression select for a target, and the groups that they are in.
class Selected {
 public:
  Selected(const Group& tree, const Selector& selector, const Labels& present, const Arch& arch)
      : selector_(selector), present_(present), arch_(arch) {
    add(tree);
  }

  bool contains(const void* case_or_group) const { return found_.contains(case_or_group); }
  bool empty() const { return found_.empty(); }

 private:
  bool add(const Group& group) {
    bool any = false;
    for (const auto& child : group.children) {
      const bool selected = child.group ? add(*child.group) : add(*child.test);
      any = any || selected;
    }
    if (any) found_.insert(&group);
    return any;
  }

  bool add(const Case& test) {
    const std::vector<std::string> units = unit_names(test, present_);
    const bool any = std::any_of(units.begin(), units.end(), [&](const std::string& unit) {
      return selector_.selects(test, unit, arch_);
    });
    if (any) found_.insert(&test);
    return any;
  }

  const Selector& selector_;
  const Labels& present_;
  const Arch& arch_;
  std::unordered_set<const void*> found_;
};

/// Walks a tree as rtf does when it lists.
class Lister {
 public:
  Lister(const Selector& selector, const Selected* selected, const Labels& present,
         const Arch& arch, std::vector<ListRow>& rows)
      : selector_(selector), selected_(selected), present_(present), arch_(arch), rows_(rows) {}

  void add(const Group& group) {
    if (!enters(group)) {
      rows_.push_back({nullptr, &group, &arch_, false});
      return;
    }
    for (const auto& child : group.children) {
      if (child.group) add(*child.group);
      if (child.test) {
        const bool named = selected_ == nullptr || selected_->contains(child.test.get());
        const bool runs = named && labels_match(child.test->labels, present_);
        rows_.push_back({child.test.get(), nullptr, &arch_, runs});
      }
    }
  }

 private:
  /// rtf asks only whether the pattern and the name of the group agree as far as both go.
  bool enters(const Group& group) const {
    if (!group_runs(group, present_)) return false;
    if (selected_ == nullptr) return true;
    if (selector_.only_prefixes()) return selector_.reaches_into(group.name);
    return group.children.empty() || selected_->contains(&group);
  }

  const Selector& selector_;
  const Selected* selected_;  ///< null: all
  const Labels& present_;
  const Arch& arch_;
  std::vector<ListRow>& rows_;
};

}  // namespace

std::vector<ListRow> list_rows(const Group& tree, const Selector& selector,
                               const std::string& user_labels, const std::vector<Arch>& targets,
                               const ArchTable& arches) {
  std::vector<ListRow> rows;
  bool any = selector.everything();
  for (const Arch& arch : targets) {
    const Labels present = present_labels(user_labels, arch, arches);
    std::optional<Selected> selected;
    if (!selector.everything()) {
      selected.emplace(tree, selector, present, arch);
      any = any || !selected->empty();
    }
    Lister(selector, selected ? &*selected : nullptr, present, arch, rows).add(tree);
  }
  if (!any) throw Error(selector.why_nothing(), ExitCode::nothing_to_run);
  return rows;
}

std::vector<ListRow> info_rows(const Group& tree, const Selector& selector,
                               const std::string& user_labels, const std::vector<Arch>& targets,
                               const ArchTable& arches) {
  std::vector<ListRow> rows;
  const Labels present = present_labels(user_labels, targets.front(), arches);
  Lister(selector, nullptr, present, targets.front(), rows).add(tree);
  if (selector.everything()) return rows;
  std::vector<Selected> selected;
  for (const Arch& arch : targets) selected.emplace_back(tree, selector, present, arch);
  std::erase_if(rows, [&](const ListRow& row) {
    const void* told = row.test ? static_cast<const void*>(row.test) : row.group;
    return std::none_of(selected.begin(), selected.end(),
                        [&](const Selected& of_arch) { return of_arch.contains(told); });
  });
  if (rows.empty()) throw Error(selector.why_nothing(), ExitCode::nothing_to_run);
  return rows;
}

std::vector<ListRow> rows_of(const Plan& plan, const std::vector<Arch>& targets) {
  std::vector<ListRow> rows;
  const CaseUnit* last = nullptr;
  for (const CaseUnit& unit : plan.units) {
    if (!unit.skip_reason.empty()) continue;
    if (last == nullptr || last->test != unit.test || last->arch != unit.arch) {
      const auto arch = std::find_if(targets.begin(), targets.end(), [&](const Arch& target) {
        return target.name == unit.arch->name;
      });
      rows.push_back({unit.test, nullptr, &*arch, true});
    }
    last = &unit;
  }
  return rows;
}

}  // namespace rtfx::runner
