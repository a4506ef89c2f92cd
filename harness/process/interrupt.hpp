// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>

namespace rtfx::process {

/// Turns SIGINT and SIGTERM, and SIGHUP unless it is ignored (nohup), into a stop request for the whole program. To be
/// called once, at the start of main(), before any thread: it blocks the signals and waits for them on a thread of its
/// own. A second signal (one within 50 ms counts as the first) ends this process at once with 130, and thereby, with
/// SIGKILL, everything that it runs.
/// Children get the original signal mask back. SIGPIPE is ignored. SIGTSTP and SIGCONT are left alone: Ctrl-Z stops
/// this process, and what it runs, in sessions of their own, goes on; see Loop::after.
std::stop_token handle_interrupts();

/// SIGUSR1 calls this, on the thread that handle_interrupts started; without a callback it is ignored. The callback must
/// not throw nor block, since signals are not seen meanwhile; it may post to a Loop. Returns when a call of the former
/// callback is over, so a callback must not call it.
void on_status_request(std::function<void()> callback);

/// The second signal calls this before it ends the process: the last chance to leave a terminal as it was found. What it
/// points to is called from another thread, and must not wait for one.
void at_sudden_end(void (*last_words)() noexcept);

/// Whether a signal has asked to stop.
bool interrupted();

}  // namespace rtfx::process
