// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/challenge.hpp"

#include <algorithm>

namespace rtfx::registry {

namespace {

constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         token_marks.find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  void skip(std::string_view characters) {
    while (!at_end() && characters.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view token() {
    const std::size_t start = at_;
    while (!at_end() && is_token_char(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string value() {
    if (!take('"')) return std::string(token());
    std::string result;
    while (!at_end() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      result += text_[at_++];
    }
    take('"');
    return result;
  }
  std::size_t position() const { return at_; }
  void back_to(std::size_t position) { at_ = position; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Reads "name=value" pairs until the next scheme begins, which is a word without "=".
void read_parameters(Reader& reader, Challenge& challenge) {
  while (!reader.at_end()) {
    reader.skip(" \t,");
    const std::size_t start = reader.position();
    const std::string name = lower(reader.token());
    reader.skip(" \t");
    if (name.empty() || !reader.take('=')) {
      reader.back_to(start);
      return;
    }
    reader.skip(" \t");
    challenge.parameters.emplace(name, reader.value());
    reader.skip(" \t");
  }
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> result;
  Reader reader(header);
  while (true) {
    reader.skip(" \t,");
    Challenge challenge{lower(reader.token()), {}};
    if (challenge.scheme.empty()) return result;
    read_parameters(reader, challenge);
    result.push_back(std::move(challenge));
  }
}

std::vector<Challenge> challenges_of(const Response& response) {
  std::vector<Challenge> result;
  for (const auto& [name, value] : response.headers) {
    if (name != "www-authenticate") continue;
    const std::vector<Challenge> found = parse_challenges(value);
    result.insert(result.end(), found.begin(), found.end());
  }
  return result;
}

}  // namespace rtfx::registry
