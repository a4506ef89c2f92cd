// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

namespace rtfx::process {

/// Turns SIGINT and SIGTERM, and SIGHUP unless it is ignored (nohup), into a stop request for the whole program. To be
/// called once, at the start of main(), before any thread: it blocks the signals and waits for them on a thread of its
/// own. A second signal (one within 50 ms counts as the first) ends this process at once with 130, and thereby, with
/// SIGKILL, everything that it runs.
/// Children get the original signal mask back. SIGPIPE is ignored.
std::stop_token handle_interrupts();

/// Whether a signal has asked to stop.
bool interrupted();

}  // namespace rtfx::process
