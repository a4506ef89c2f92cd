// SPDX-License-Identifier: Apache-2.0
//
// What the event log and SUMMARY.json say in the same words.
#pragma once

#include <string>
#include <vector>

#include "results/event.hpp"

namespace rtfx::results {

/// Appends an object of the machine: rtf's `system`.
void write_host(std::string& out, const RunStarted& run);
/// Appends a list of objects.
void write_subjects(std::string& out, const std::vector<Subject>& subjects);

}  // namespace rtfx::results
