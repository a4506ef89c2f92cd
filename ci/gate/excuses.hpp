// SPDX-License-Identifier: Apache-2.0
//
// Why each package ships or not, a line for every package and arch, as Debian's britney writes its excuses.
#pragma once

#include <string>
#include <vector>

#include "ci/gate/plan.hpp"
#include "ci/gate/verdict.hpp"

namespace rtfx::gate {

struct Excuse {
  std::string package;  ///< org/image:tag
  std::string arch;
  bool ships = false;
  std::string why;  ///< one line
};

/// In the order of packages in the plan, arches within.
std::vector<Excuse> make_excuses(const Plan& plan, const Verdict& verdict);

/// "org/image:tag\n  amd64  ships: …\n".
std::string excuses_text(const std::vector<Excuse>& excuses);
std::string excuses_json(const std::vector<Excuse>& excuses, const Verdict& verdict,
                         const std::string& release_id);
/// A page that needs no other file.
std::string excuses_html(const std::vector<Excuse>& excuses, const Verdict& verdict,
                         const std::string& release_id);

}  // namespace rtfx::gate
