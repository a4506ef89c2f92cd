// SPDX-License-Identifier: Apache-2.0
//
// What publishing an order comes to, given what the target has now. Nothing is written to the target by looking.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ci/publish/publish.hpp"

namespace rtfx::publish {

/// Nothing yet.
inline registry::Document no_document() { return {{"", Digest::of(""), 0, std::nullopt, {}}, ""}; }

/// A tag that has to be moved.
struct Step {
  Move move;
  registry::Document document;  ///< what it is moved to
};

/// Tags that are moved at the same time.
struct Phase {
  std::string what;  ///< "arch tags"
  /// Somebody else may add to what these tags stand for: then the order is looked at anew.
  bool merged = false;
  std::vector<Step> steps;
};

/// One index of the order.
struct Item {
  const Shipment* shipment = nullptr;
  std::vector<oci::Descriptor> tested;                     ///< ours, with their platforms
  std::optional<Digest> before;                            ///< what the tag stands for
  registry::Document index = no_document();                ///< what it should stand for
  std::map<std::string, std::optional<Digest>> arch_tags;  ///< by arch: what TAG-ARCH stands for
  std::map<std::string, std::optional<Digest>> names;      ///< by name of the release

  bool index_moves() const { return before != index.descriptor.digest; }
};

struct Plan {
  std::vector<Item> items;
  registry::Document record = no_document();
  Phase arch_tags, index_tags, names, record_tags, latest;

  /// In their order.
  std::vector<const Phase*> phases() const;
  std::vector<Move> moves() const;
};

/// Asks the target what it has, makes the indexes and the record (in the store), and says which tags have to move. Throws
/// Error when a tag would lose an arch.
Plan look(const Order& order, Target& target, oci::Store& store);

}  // namespace rtfx::publish
