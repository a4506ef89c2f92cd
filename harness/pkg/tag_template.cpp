// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "base/text.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::pkg {

namespace {

Error template_error(const std::string& tag_template, const std::string& why) {
  return Error("invalid tag template \"" + tag_template + "\": " + why +
                   "; understood are {{.Hash}} and {{slice .Hash FROM TO}}",
               ExitCode::usage);
}

std::string render_action(const std::string& action, const std::string& hash,
                          const std::string& tag_template) {
  const std::vector<std::string> words = text::split_list(action, ' ');
  if (words.size() == 1 && words[0] == ".Hash") return hash;
  if (words.size() < 3 || words.size() > 4 || words[0] != "slice" || words[1] != ".Hash")
    throw template_error(tag_template, "cannot understand {{" + action + "}}");
  const auto index = [&](const std::string& word) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size())
      throw template_error(tag_template, "\"" + word + "\" is not a number");
    if (value > hash.size())
      throw template_error(tag_template, word + " is beyond the end of \"" + hash + "\"");
    return value;
  };
  const std::size_t from = index(words[2]);
  const std::size_t to = words.size() == 4 ? index(words[3]) : hash.size();
  if (from > to) throw template_error(tag_template, words[2] + " is behind " + words[3]);
  return hash.substr(from, to - from);
}

}  // namespace

std::string render_tag(const std::string& tag_template, const std::string& hash) {
  std::string tag;
  for (std::size_t at = 0; at < tag_template.size();) {
    const std::size_t open = tag_template.find("{{", at);
    tag += tag_template.substr(at, open - at);
    if (open == std::string::npos) break;
    const std::size_t close = tag_template.find("}}", open);
    if (close == std::string::npos) throw template_error(tag_template, "{{ is not closed");
    tag += render_action(tag_template.substr(open + 2, close - open - 2), hash, tag_template);
    at = close + 2;
  }
  return tag;
}

}  // namespace rtfx::pkg
