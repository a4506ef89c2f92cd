// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/publish.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>

#include "ci/publish/lock.hpp"
#include "ci/publish/steps.hpp"
#include "harness/oci/store_files.hpp"
#include "harness/registry/parallel.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::publish {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr unsigned max_rounds = 20;

/// One round: what the target has is looked at once, and everything that it lacks is written. Throws Conflict when somebody
/// else has written meanwhile what has to be taken into account.
class Round {
 public:
  Round(const Order& order, Target& target, oci::Store& store, Journal& journal,
        const Evidence& evidence, const Say& say)
      : order_(order),
        target_(target),
        store_(store),
        journal_(journal),
        evidence_(evidence),
        say_(say),
        plan_(look(order, target, store)) {}

  Publication run() {
    journal_.append("begin", {{"id", order_.id}, {"target", target_.name()}}, plan_.moves());
    stage_indexes();
    attach(index_subjects());
    move(plan_.arch_tags);
    move(plan_.index_tags);
    const Clock::time_point settled = Clock::now() + target_.settling(window_);
    // It is by digest, so that it need not wait for the indexes to stay.
    stage_record();
    settle(settled);
    move(plan_.names);
    attach({{record_repository(order_.org), &plan_.record, {}}});
    move(plan_.record_tags);
    move(plan_.latest);
    target_.commit();
    for (const Phase* phase : plan_.phases()) check(*phase);
    journal_.append("done", {{"target", target_.name()},
                             {"images", std::to_string(plan_.items.size())},
                             {"record", plan_.record.descriptor.digest.str()}});
    return publication();
  }

 private:
  /// Something that evidence is about.
  struct Subject {
    std::string repository;
    const registry::Document* document;
    std::vector<oci::Descriptor> tested;
  };

  /// An index that its tag stands for is in the target with all that it lists.
  void stage_indexes() {
    std::vector<const Item*> missing;
    for (const Item& item : plan_.items) {
      const bool arch_tag_moves =
          std::any_of(item.arch_tags.begin(), item.arch_tags.end(), [&](const auto& tag) {
            return tag.second != item.shipment->manifests.at(tag.first).digest;
          });
      if (item.index_moves() || arch_tag_moves) missing.push_back(&item);
    }
    if (missing.empty()) return;
    journal_.append("staging",
                    {{"target", target_.name()}, {"images", std::to_string(missing.size())}});
    std::atomic<std::size_t> written = 0;
    registry::for_each_in_parallel(missing, [&](const Item* item) {
      written += target_.stage(item->shipment->repository, store_, {item->index.descriptor});
    });
    if (written > 0) wrote_ = true;
    journal_.note("staged", {{"target", target_.name()}, {"written", std::to_string(written)}});
  }

  std::vector<Subject> index_subjects() const {
    std::vector<Subject> subjects;
    for (const Item& item : plan_.items)
      subjects.push_back({item.shipment->repository, &item.index, item.tested});
    return subjects;
  }

  void attach(const std::vector<Subject>& subjects) {
    if (!evidence_) return;
    std::mutex mutex;
    std::vector<Referrer> referrers;
    std::vector<std::pair<std::string, Attachment>> tagged;
    registry::for_each_in_parallel(subjects, [&](const Subject& subject) {
      for (Attachment& made :
           evidence_(target_, store_, subject.repository, *subject.document, subject.tested)) {
        const std::lock_guard lock(mutex);
        if (made.tag.empty())
          referrers.push_back({subject.repository, made.manifest, made.subject});
        else
          tagged.emplace_back(subject.repository, std::move(made));
      }
    });
    std::sort(referrers.begin(), referrers.end(), [](const Referrer& a, const Referrer& b) {
      return std::tie(a.repository, a.subject, a.manifest.digest) <
             std::tie(b.repository, b.subject, b.manifest.digest);
    });
    if (!referrers.empty() && target_.attach(store_, referrers) > 0) wrote_ = true;
    registry::for_each_in_parallel(tagged, [&](const auto& item) { tag(item.first, item.second); });
  }

  /// The tag of a signature is no tag of the release: it stays when the release is taken back, as the signed index does.
  void tag(const std::string& repository, const Attachment& made) {
    if (target_.current_digest(repository, made.tag) == made.manifest.digest) return;
    wrote_ = true;
    target_.stage(repository, store_, {made.manifest});
    target_.tag(repository, made.tag, {made.manifest, store_.read(made.manifest)});
  }

  void move(const Phase& phase) {
    if (phase.steps.empty()) return;
    std::vector<Move> moves;
    for (const Step& step : phase.steps) moves.push_back(step.move);
    journal_.append("moving", {{"target", target_.name()}, {"what", phase.what}}, moves);
    wrote_ = true;
    std::mutex mutex;
    registry::for_each_in_parallel(phase.steps, [&](const Step& step) {
      const auto start = Clock::now();
      target_.move(step.move.repository, step.move.tag, step.move.from, step.document);
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
      const std::lock_guard lock(mutex);
      window_ = std::max(window_, took);
    });
    journal_.note("moved", {{"target", target_.name()}, {"what", phase.what}});
  }

  void stage_record() {
    if (target_.stage(record_repository(order_.org), store_, {plan_.record.descriptor}) > 0)
      wrote_ = true;
  }

  /// Another host may have read before us what it writes after us, until then.
  void settle(Clock::time_point then) {
    if (plan_.index_tags.steps.empty() || target_.settling(window_) == 0ms) return;
    target_.wait(std::max(std::chrono::ceil<std::chrono::milliseconds>(then - Clock::now()), 0ms));
    check(plan_.index_tags);
  }

  /// Reads back what was moved.
  void check(const Phase& phase) {
    registry::for_each_in_parallel(phase.steps, [&](const Step& step) {
      const Move& move = step.move;
      const std::optional<Digest> now = target_.current_digest(move.repository, move.tag);
      if (now != move.to) differs(phase, move, now);
    });
  }

  void differs(const Phase& phase, const Move& move, const std::optional<Digest>& now) {
    const std::string message = target_.ref(move.repository, move.tag) + " is " +
                                (now ? now->str() : "not there") + " after " + move.to->str() +
                                " was written; somebody else publishes there at the same time";
    if (phase.merged) throw Conflict(message);
    const bool record = move.repository == record_repository(order_.org);
    if (!record || !now || move.tag == record_tag(plan_.record.descriptor.digest))
      throw Error(message);
    // The name went to a release that came after this one.
    if (!read_record(target_, order_.org, now->str())) throw Error(message);
    say_(message + "; that release came later");
  }

  Publication publication() const {
    Publication result;
    for (const Item& item : plan_.items) {
      Published entry{item.shipment->repository + ":" + item.shipment->tag,
                      item.index.descriptor.digest,
                      {},
                      registry::arches_of(oci::parse_index(item.index.bytes).manifests),
                      item.index_moves()};
      for (const auto& [arch, manifest] : item.shipment->manifests) {
        entry.manifests.emplace(arch, manifest.digest);
        if (item.arch_tags.at(arch) != manifest.digest) entry.changed = true;
      }
      result.images.push_back(std::move(entry));
    }
    result.record_digest = plan_.record.descriptor.digest;
    result.record = record_repository(order_.org) + ":" + record_tag(result.record_digest);
    result.changed = wrote_;
    return result;
  }

  const Order& order_;
  Target& target_;
  oci::Store& store_;
  Journal& journal_;
  const Evidence& evidence_;
  const Say& say_;
  Plan plan_;
  std::chrono::milliseconds window_{0};
  std::atomic<bool> wrote_{false};
};

/// Two that undo each other's work do not meet again at once.
std::chrono::milliseconds aside() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds(50 + random() % 250);
}

}  // namespace

Publication publish(const Order& order, Target& target, oci::Store& store, Journal& journal,
                    const Evidence& evidence, const Say& say) {
  store.start_writing();
  const PublishLock lock(target, order.org, order.locks, say);
  bool wrote = false;
  for (unsigned round = 1;; ++round) {
    try {
      Publication publication = Round(order, target, store, journal, evidence, say).run();
      publication.changed = publication.changed || wrote;
      return publication;
    } catch (const Conflict& conflict) {
      if (round == max_rounds)
        throw Error(conflict.with_context("others change the same tags all the time; after " +
                                          std::to_string(max_rounds) +
                                          " attempts; try again later"));
      journal.append("conflict", {{"target", target.name()}, {"what", conflict.what()}});
      wrote = true;
      target.wait(aside());
    }
  }
}

}  // namespace rtfx::publish
