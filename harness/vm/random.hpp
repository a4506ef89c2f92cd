// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rtfx::vm {

/// So many bytes that nobody can guess (getrandom(2)).
std::string random_bytes(std::size_t count);
/// The same, two digits a byte.
std::string random_hex(std::size_t count);
/// "1b4e28ba-2fa1-41d2-883f-0016d3cca427": a UUID of version 4 (RFC 9562, 5.4).
std::string random_uuid();
/// "36:de:ad:be:ef:00": an address of one card, locally administered.
std::string random_mac();

}  // namespace rtfx::vm
