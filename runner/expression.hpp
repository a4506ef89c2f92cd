// SPDX-License-Identifier: Apache-2.0
//
//     expression = and { ("|" | "or") and }
//     and        = not { ("&" | "and" | "-") not }        a - b is a & !b
//     not        = { "!" | "not" } ( "(" expression ")" | predicate )
//     predicate  = ("label" | "group" | "name" | "arch") "(" text ")"  |  "all()"  |  "none()"
//
// The text is what stands up to the next ")", without blanks around it; or anything between double
// quotes, in which \" and \\ stand for themselves. The model is the filterset of cargo-nextest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "runner/pattern.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// A filter over (case x iteration x arch).
class Expression {
 public:
  /// Throws Error with the place, "expression:LINE:COLUMN: ...": ExitCode::usage for wrong syntax,
  /// ExitCode::nothing_to_run for a label, group, name or arch that there is none of.
  Expression(std::string_view text, const Group& tree, const NameIndex& names,
             const ArchTable& arches, bool prefix_only = false);

  bool selects(const Case& test, std::string_view unit, const Arch& arch) const;

 private:
  friend class ExpressionParser;
  enum class What { label, group, name, arch, all, none };
  struct Predicate {
    What what;
    std::string text;
    std::vector<Pattern> pattern = {};  ///< one for What::name
  };
  /// In reverse Polish notation: long expressions need no deep stack.
  enum class Operator { push, conjunction, disjunction, difference, negation };
  struct Step {
    Operator op;
    std::size_t predicate = 0;  ///< for push
  };
  static bool holds(const Predicate& predicate, const Case& test, std::string_view unit,
                    const Arch& arch);

  std::vector<Predicate> predicates_;
  std::vector<Step> steps_;
};

}  // namespace rtfx::runner
