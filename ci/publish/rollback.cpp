// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/rollback.hpp"

#include <algorithm>
#include <functional>
#include <mutex>

#include "ci/publish/lock.hpp"
#include "harness/registry/parallel.hpp"

namespace rtfx::publish {
namespace {

constexpr unsigned max_rounds = 20;

/// One look at the tags, and the moves that it asks for.
class Round {
 public:
  Round(const std::vector<TagHistory>& tags, Target& target, Journal& journal)
      : tags_(tags), target_(target), journal_(journal) {}

  RolledBack run() {
    look();
    std::vector<Move> moves;
    for (const Step& step : steps_) moves.push_back(step.move);
    journal_.append("rolling back", {{"target", target_.name()}}, moves);
    // Tags go back before others go away: a registry may delete a manifest only when no tag needs it.
    take_back_all([](const Move& move) { return move.to.has_value(); });
    take_back_all([](const Move& move) { return !move.to; });
    target_.commit();
    registry::for_each_in_parallel(steps_, [&](const Step& step) { check(step); });
    journal_.append(result_.left.empty() ? "rolled back" : "rollback ended",
                    {{"target", target_.name()}, {"left", std::to_string(result_.left.size())}});
    return std::move(result_);
  }

 private:
  struct Step {
    const TagHistory* history;
    Move move;
  };

  void look() {
    std::vector<std::optional<Digest>> now(tags_.size());
    std::vector<std::size_t> numbers(tags_.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
    registry::for_each_in_parallel(numbers, [&](std::size_t i) {
      now[i] = target_.current_digest(tags_[i].repository, tags_[i].tag);
    });
    for (const std::size_t i : numbers) {
      const TagHistory& tag = tags_[i];
      const bool ours =
          now[i] && std::find(tag.ours.begin(), tag.ours.end(), *now[i]) != tag.ours.end();
      if (now[i] == tag.before)
        went_back(tag);
      else if (ours)
        steps_.push_back({&tag, {tag.repository, tag.tag, now[i], tag.before}});
      else
        leave(tag, "somebody else has moved it since; it is " +
                       (now[i] ? now[i]->str() : std::string("not there")));
    }
  }

  /// What was moved last goes back first.
  void take_back_all(const std::function<bool(const Move&)>& chosen) {
    std::vector<Step> steps;
    for (const Step& step : steps_)
      if (chosen(step.move)) steps.push_back(step);
    for (auto begin = steps.rbegin(); begin != steps.rend();) {
      const auto end = std::find_if(begin, steps.rend(), [&](const Step& step) {
        return step.history->what != begin->history->what;
      });
      const std::vector<Step> together(begin, end);
      registry::for_each_in_parallel(together, [&](const Step& step) { take_back(step); });
      begin = end;
    }
  }

  /// The tags of the repository that are to go away.
  std::vector<std::string> going(const std::string& repository) const {
    std::vector<std::string> tags;
    for (const Step& step : steps_)
      if (!step.move.to && step.move.repository == repository) tags.push_back(step.move.tag);
    return tags;
  }

  void take_back(const Step& step) {
    const Move& move = step.move;
    try {
      if (!move.to) {
        if (!target_.untag(move.repository, move.tag, move.from, going(move.repository)))
          leave(*step.history,
                "it was new, and the registry does not delete tags, or not without harm to others");
        return;
      }
      const auto before = target_.current(move.repository, move.to->str());
      if (before)
        target_.move(move.repository, move.tag, move.from, *before);
      else
        leave(*step.history, "what it stood for is not in the target any more: " + move.to->str());
    } catch (const Conflict& conflict) {
      leave(*step.history, conflict.what());
    }
  }

  void check(const Step& step) {
    if (is_left(*step.history)) return;
    const auto now = target_.current_digest(step.move.repository, step.move.tag);
    if (now == step.move.to)
      went_back(*step.history);
    else
      leave(*step.history, "it is " + (now ? now->str() : std::string("not there")) +
                               " after it was taken back; somebody else publishes there");
  }

  std::string ref(const TagHistory& tag) const { return target_.ref(tag.repository, tag.tag); }

  void went_back(const TagHistory& tag) {
    const std::lock_guard lock(mutex_);
    (tag.before ? result_.restored : result_.removed).push_back(ref(tag));
  }
  void leave(const TagHistory& tag, const std::string& why) {
    const std::lock_guard lock(mutex_);
    result_.left.push_back({ref(tag), why});
  }
  bool is_left(const TagHistory& tag) {
    const std::lock_guard lock(mutex_);
    return std::any_of(result_.left.begin(), result_.left.end(),
                       [&](const LeftTag& left) { return left.ref == ref(tag); });
  }

  const std::vector<TagHistory>& tags_;
  Target& target_;
  Journal& journal_;
  std::mutex mutex_;
  std::vector<Step> steps_;
  RolledBack result_;
};

void sort(RolledBack& result) {
  std::sort(result.restored.begin(), result.restored.end());
  std::sort(result.removed.begin(), result.removed.end());
  std::sort(result.left.begin(), result.left.end(),
            [](const LeftTag& a, const LeftTag& b) { return a.ref < b.ref; });
}

}  // namespace

RolledBack roll_back(const std::filesystem::path& folder, const std::string& org, Target& target,
                     const std::filesystem::path& locks, const Say& say) {
  const PublishLock lock(target, org, locks, say);
  const std::vector<TagHistory> tags = tags_of(read_journal(folder), target.name());
  if (tags.empty()) return {};
  Journal journal(folder);
  for (unsigned round = 1;; ++round) {
    try {
      RolledBack result = Round(tags, target, journal).run();
      sort(result);
      return result;
    } catch (const Conflict&) {
      // A layout says so when everything is committed: nothing has changed.
      if (round == max_rounds) throw;
      target.wait(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace rtfx::publish
