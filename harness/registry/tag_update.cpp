// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/tag_update.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <random>

#include "harness/registry/parallel.hpp"
#include "harness/registry/tag_lock.hpp"

namespace rtfx::registry {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr unsigned max_rounds = 20;

/// Long enough for another host that has read what was there before us to have written: several times what it took us.
milliseconds settling(milliseconds window) {
  return std::clamp<milliseconds>(window * 5, 200ms, 3s);
}

/// Two that undo each other's work do not meet again at once.
milliseconds aside(milliseconds window) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto most = static_cast<unsigned>(std::max<milliseconds>(window * 8, 100ms).count());
  return milliseconds(random() % most);
}

/// One tag on its way to what it should stand for.
class Change {
 public:
  Change(Client& client, const TagUpdate& update, std::mutex& callbacks)
      : client_(client), update_(update), callbacks_(callbacks) {}

  /// Reads, merges and writes. Ends with wrote() false when nothing is to be done.
  void round() {
    client_.patiently([&] {
      for (unsigned tries = 0; !attempt(); ++tries)
        if (tries == max_rounds) give_up();
    });
    if (!first_) first_ = change_;
  }

  /// Whether the tag stands for what was written.
  bool stands() const {
    const auto now = client_.published_descriptor(update_.tag);
    return now && now->digest == written_.descriptor.digest;
  }
  /// Another one has written: whether it knew of ours.
  bool is_complete() const {
    const auto now = client_.published(update_.tag);
    return now && !update_.wanted(now);
  }

  bool wrote() const { return change_ != Pushed::Change::unchanged; }
  milliseconds window() const { return window_; }
  TagUpdated result() const { return {first_.value_or(change_), written_}; }
  [[noreturn]] void give_up() const {
    throw Error("writing " + update_.tag.familiar() +
                ": others change it all the time; it was written " + std::to_string(max_rounds) +
                " times and did not last; try again later");
  }

 private:
  /// False when somebody else wrote before we could.
  bool attempt() {
    auto start = Clock::now();
    const std::optional<Document> before = client_.published(update_.tag);
    const std::optional<Document> wanted = update_.wanted(before);
    if (!wanted && !before) throw Error("nothing to write to " + update_.tag.familiar());
    const Document& next = wanted ? *wanted : *before;
    if (tell(next) && wanted) {
      start = Clock::now();
      const auto now = client_.published_descriptor(update_.tag);
      const bool same = now.has_value() == before.has_value() &&
                        (!now || now->digest == before->descriptor.digest);
      if (!same) return false;
    }
    written_ = next;
    change_ = Pushed::Change::unchanged;
    if (!wanted) return true;
    change_ = before ? Pushed::Change::updated : Pushed::Change::created;
    if (!first_) first_ = change_;  // also when its answer gets lost
    client_.put_manifest(update_.tag, next);
    window_ = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    return true;
  }

  bool tell(const Document& document) {
    if (!update_.before || told_ == document.descriptor.digest) return false;
    const std::lock_guard lock(callbacks_);
    update_.before(document);
    told_ = document.descriptor.digest;
    return true;
  }

  Client& client_;
  const TagUpdate& update_;
  std::mutex& callbacks_;
  std::optional<Digest> told_;
  std::optional<Pushed::Change> first_;
  Pushed::Change change_ = Pushed::Change::unchanged;
  Document written_{{"", Digest::of(""), 0, std::nullopt, {}}, ""};
  milliseconds window_{0};
};

/// All publishers take their locks in the same order.
std::vector<std::unique_ptr<TagLock>> lock_all(Client& client,
                                               const std::vector<TagUpdate>& updates,
                                               const std::filesystem::path& locks) {
  std::map<std::string, const oci::Reference*> tags;
  for (const TagUpdate& update : updates) tags.emplace(update.tag.str(), &update.tag);
  if (tags.size() != updates.size()) throw Error("a tag is to be written twice at once");
  std::vector<std::unique_ptr<TagLock>> result;
  for (const auto& [name, tag] : tags)
    result.push_back(std::make_unique<TagLock>(client, locks, *tag));
  return result;
}

milliseconds longest_window(const std::vector<Change*>& changes) {
  milliseconds result{0};
  for (const Change* change : changes) result = std::max(result, change->window());
  return result;
}

/// Those whose tag does not stand for what they wrote.
std::vector<Change*> fallen(const std::vector<Change*>& changes) {
  std::vector<char> lost(changes.size());
  std::vector<std::size_t> numbers(changes.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  for_each_in_parallel(numbers, [&](std::size_t i) { lost[i] = changes[i]->stands() ? 0 : 1; });
  std::vector<Change*> result;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (lost[i] != 0) result.push_back(changes[i]);
  return result;
}

}  // namespace

std::vector<TagUpdated> update_tags(Client& client, const std::vector<TagUpdate>& updates,
                                    const std::filesystem::path& locks) {
  const auto held = lock_all(client, updates, locks);
  std::mutex callbacks;
  std::vector<std::unique_ptr<Change>> changes;
  std::vector<Change*> pending;
  for (const TagUpdate& update : updates) {
    changes.push_back(std::make_unique<Change>(client, update, callbacks));
    pending.push_back(changes.back().get());
  }
  for (unsigned rounds = 0; !pending.empty(); ++rounds) {
    if (rounds == max_rounds) pending.front()->give_up();
    for_each_in_parallel(pending, [](Change* change) { change->round(); });
    std::erase_if(pending, [](const Change* change) { return !change->wrote(); });
    if (pending.empty()) break;
    const milliseconds window = longest_window(pending);
    std::vector<Change*> again = fallen(pending);
    std::erase_if(pending, [&](Change* change) {
      return std::find(again.begin(), again.end(), change) != again.end();
    });
    if (!pending.empty()) {
      client.wait(settling(window));
      for (Change* change : fallen(pending)) again.push_back(change);
    }
    // When the others knew of ours, the next round finds nothing to do.
    const auto complete = [](const Change* change) { return change->is_complete(); };
    if (!std::all_of(again.begin(), again.end(), complete)) client.wait(aside(window));
    pending = std::move(again);
  }
  std::vector<TagUpdated> result;
  for (const auto& change : changes) result.push_back(change->result());
  return result;
}

}  // namespace rtfx::registry
