// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

namespace rtfx::runner {

/// Runs body(i) for every i once, each after all of after[i] (which must be smaller numbers),
/// `jobs` at the same time; among those that could start the smallest goes first, so that one job
/// means plain order. When `stop` is requested nothing more is started. The first exception of a
/// body stops the rest in the same way and is thrown when all that ran has ended. Returns whether
/// every body ran.
bool run_in_order(const std::vector<std::vector<std::size_t>>& after, int jobs,
                  const std::function<void(std::size_t)>& body, std::stop_token stop);

}  // namespace rtfx::runner
