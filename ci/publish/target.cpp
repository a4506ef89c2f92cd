// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/target.hpp"

#include "harness/oci/reference.hpp"

namespace rtfx::publish {
namespace {

bool looks_like_a_registry(const std::string& text) {
  const std::string host = text.substr(0, text.find('/'));
  return (host == "localhost" || host.find_first_of(".:[") != std::string::npos) &&
         !text.ends_with('/') && text.find_first_of(" \t@") == std::string::npos &&
         text.find("://") == std::string::npos;
}

}  // namespace

std::unique_ptr<Target> open_target(const std::string& text, const TargetOptions& options,
                                    std::stop_token stop) {
  if (text.starts_with("oci:")) {
    const std::string directory = text.substr(4);
    if (directory.empty())
      throw Error("\"oci:\" names no folder; expected oci:DIR", ExitCode::usage);
    return make_layout_target((options.base / directory).lexically_normal(), std::move(stop));
  }
  if (!looks_like_a_registry(text))
    throw Error(
        "\"" + text +
            "\" is no place to publish to; expected oci:DIR or HOST[:PORT][/PREFIX], for example "
            "oci:_release/oci or 127.0.0.1:5000/test",
        ExitCode::usage);
  oci::parse_reference(text + "/org/image");
  return make_registry_target(
      text, std::make_unique<registry::Client>(options.registry, std::move(stop)), options.locks);
}

}  // namespace rtfx::publish
