// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ci/evidence/statements.hpp"
#include "ci/publish/target.hpp"
#include "harness/sign/key.hpp"

namespace rtfx::evidence {

/// A statement that a key has signed, and that is about the index that was asked for.
struct Statement {
  std::string predicate_type;
  std::set<std::string> subjects;  ///< sha256, hex
  std::string payload;             ///< the signed bytes
  bool passed = false;             ///< a test result that tells no failure
};

/// What is attached to an index, as far as it counts.
struct SignedStatements {
  std::vector<Statement> good;
  /// Why others of this predicate type do not count; "" is the type of what could not be read.
  std::multimap<std::string, std::string> refused;

  std::vector<Statement> of(std::string_view predicate_type) const;
  /// One line.
  std::string why_none(std::string_view predicate_type) const;
};

/// Reads the bundles that refer to the index. A statement counts when its bundle is signed by `key` and one of its
/// subjects is the index. Throws Error when the target cannot be asked.
SignedStatements read_statements(publish::Target& target, const std::string& repository,
                                 const Digest& index, const sign::PublicKey& key);

/// "PASSED, 12 tests", "WARNED, 11 tests, 1 waived". Throws Error when a test failed.
std::string outcome_of(const Statement& test_result);
/// "commit 0123… by https://…".
std::string origin_of(const Statement& provenance);

}  // namespace rtfx::evidence
