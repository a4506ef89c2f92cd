// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "harness/pkg/tool.hpp"

namespace rtfx::pkg {

/// Whether what apt or a program on top of it printed tells of a network or server that may work again in a moment: no
/// connection, a name that does not resolve now, a gateway's error, files that are just being replaced. A file that is
/// not there, a wrong signature or a full disk is none.
bool is_network_failure(std::string_view output);

/// Whether it tells of an archive whose files are not those of its index: some are not there, or are others. Archives and
/// mirrors are like that for a while when they change, and some for longer.
bool is_out_of_step(std::string_view output);

/// Steps::run for a command that downloads: tried again, twice at most, when only the network has failed, after `pause`
/// and then three times as long. The deadline of `steps` is that of all tries together.
void run_download(const Steps& steps, const std::string& name, const process::Command& command,
                  std::chrono::milliseconds pause = std::chrono::seconds(2));

}  // namespace rtfx::pkg
