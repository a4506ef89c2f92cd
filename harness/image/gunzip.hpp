// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string_view>

#include "harness/image/spool.hpp"

namespace rtfx::image {

/// Decompresses one gzip member (RFC 1952); what is behind it is left out. Throws Error for damaged
/// and truncated ones.
void gunzip(const Extent& packed, const Spool& spool, const Sink& sink, std::stop_token stop);
void gunzip(std::string_view packed, const Sink& sink);

}  // namespace rtfx::image
