// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_dockerfile.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"

namespace rtfx::pkg {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

/// The name of a directive, in small letters, or "" when the line is none.
std::string directive(std::string_view line) {
  line = text::trim(line);
  if (line.starts_with("//"))
    line.remove_prefix(2);
  else if (line.starts_with("#"))
    line.remove_prefix(1);
  else
    return "";
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return "";
  const std::string name = lower(text::trim(line.substr(0, equals)));
  const bool word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  return word && !text::trim(line.substr(equals + 1)).empty() ? name : "";
}

using Variables = std::map<std::string, std::string>;

bool is_name(char c, bool first) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (!first && c >= '0' && c <= '9');
}

/// $NAME, ${NAME}, ${NAME:-word} and ${NAME:+word}; what else there is stays.
std::string expand(std::string_view word, const Variables& variables) {
  std::string result;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '$') {
      result += word[i];
      continue;
    }
    const bool braces = i + 1 < word.size() && word[i + 1] == '{';
    std::size_t end = i + (braces ? 2 : 1);
    const std::size_t start = end;
    while (end < word.size() && is_name(word[end], end == start)) ++end;
    if (end == start) {
      result += word[i];
      continue;
    }
    const auto found = variables.find(std::string(word.substr(start, end - start)));
    const std::string value = found == variables.end() ? "" : found->second;
    if (!braces) {
      result += value;
      i = end - 1;
      continue;
    }
    const std::size_t close = word.find('}', end);
    if (close == std::string_view::npos) return result.append(word.substr(i));
    const std::string_view rest = word.substr(end, close - end);
    if (rest.starts_with(":-"))
      result += value.empty() ? expand(rest.substr(2), variables) : value;
    else if (rest.starts_with(":+"))
      result += value.empty() ? "" : expand(rest.substr(2), variables);
    else
      result += value;
    i = close;
  }
  return result;
}

/// The words of an instruction; the quotes and brackets of its JSON form are no part of them.
std::vector<std::string> words_of(std::string_view arguments) {
  const bool json = text::trim(arguments).starts_with("[");
  std::vector<std::string> words;
  std::string word;
  for (const char c : arguments) {
    const bool separates =
        c == ' ' || c == '\t' || c == '\r' || (json && (c == ',' || c == '[' || c == ']'));
    if (separates && !word.empty()) words.push_back(std::exchange(word, {}));
    if (!separates && c != '"' && c != '\'') word += c;
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

bool is_remote(const std::string& source) {
  const std::string name = lower(source);
  return name.find("://") != std::string::npos || name.starts_with("git@") ||
         name.starts_with("github.com/");
}

/// The words that end the here-documents of an instruction.
std::vector<std::string> here_documents(const std::string& instruction) {
  std::vector<std::string> ends;
  for (std::size_t at = 0; (at = instruction.find("<<", at)) != std::string::npos;) {
    at += 2;
    if (at < instruction.size() && instruction[at] == '-') ++at;
    const bool quoted =
        at < instruction.size() && (instruction[at] == '"' || instruction[at] == '\'');
    if (quoted) ++at;
    const std::size_t start = at;
    while (at < instruction.size() && is_name(instruction[at], at == start)) ++at;
    if (at > start) ends.push_back(instruction.substr(start, at - start));
  }
  return ends;
}

/// "NAME=VALUE" words, and for ENV "NAME VALUE" as well.
void assign(const std::vector<std::string>& words, bool keep, Variables& variables) {
  if (words.size() == 2 && words[0].find('=') == std::string::npos) {
    variables.insert_or_assign(words[0], expand(words[1], variables));
    return;
  }
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = word.substr(0, equals);
    if (!keep || !variables.contains(name))
      variables.insert_or_assign(name, expand(word.substr(equals + 1), variables));
  }
}

}  // namespace

std::string without_frontend(const std::string& dockerfile) {
  std::vector<std::string> lines = text::split(dockerfile, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0 && lines[i].starts_with("\xef\xbb\xbf")) lines[i].erase(0, 3);
    if (i == 0 && lines[i].starts_with("#!")) continue;
    const std::string name = directive(lines[i]);
    if (name.empty()) break;
    // It remains a directive, but one that means nothing: others may follow, and only directives may stand before them.
    if (name == "syntax") lines[i] = "# rtfx=none";
  }
  return text::join(lines, "\n");
}

std::optional<RemoteSource> find_remote_source(const std::string& dockerfile,
                                               const std::vector<std::string>& build_args) {
  Variables variables;
  assign(build_args, false, variables);
  const std::vector<std::string> lines = text::split(dockerfile, '\n');
  char escape = '\\';
  bool directives = true;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string name = directives ? directive(lines[i]) : "";
    if (name.empty()) directives = false;
    if (name == "escape" && lines[i].find('`') != std::string::npos) escape = '`';
    std::string_view line = text::trim(lines[i]);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t first = i + 1;
    std::string instruction(line);
    while (instruction.ends_with(escape) && i + 1 < lines.size()) {
      instruction.pop_back();
      line = text::trim(lines[++i]);
      // Comments between the lines of one instruction are no part of it.
      if (line.empty() || line.front() == '#')
        instruction += escape;
      else
        instruction += " " + std::string(line);
    }
    const std::size_t blank = instruction.find_first_of(" \t");
    if (blank == std::string::npos) continue;
    const std::string keyword = lower(instruction.substr(0, blank));
    std::vector<std::string> words = words_of(std::string_view(instruction).substr(blank));
    if (keyword == "run" || keyword == "copy" || keyword == "add") {
      for (const std::string& end : here_documents(instruction))
        while (i + 1 < lines.size() && text::trim(lines[++i]) != end) continue;
    }
    if (keyword == "arg") assign(words, true, variables);
    if (keyword == "env") assign(words, false, variables);
    if (keyword != "add" || words.empty()) continue;
    words.pop_back();
    for (const std::string& word : words) {
      const std::string source = expand(word, variables);
      if (!word.starts_with("--") && is_remote(source)) return RemoteSource{source, first};
    }
  }
  return std::nullopt;
}

}  // namespace rtfx::pkg
