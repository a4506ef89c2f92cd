// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/dockerfile.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace {

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text)
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// The `escape` parser directive: one of the comments at the top of the file, before anything else.
char escape_of(const std::string& text) {
  for (const std::string& line : text::split(text, '\n')) {
    const std::string_view comment = text::trim(line);
    const std::size_t equals = comment.find('=');
    if (!comment.starts_with("#") || equals == std::string_view::npos) return '\\';
    const std::string key = lower(text::trim(comment.substr(1, equals - 1)));
    const std::string_view value = text::trim(comment.substr(equals + 1));
    if (key == "escape" && value == "`") return '`';
  }
  return '\\';
}

Error problem(const std::filesystem::path& file, std::size_t line, const std::string& what) {
  return Error(file.string() + ":" + std::to_string(line) + ": " + what, ExitCode::usage);
}

}  // namespace

/// One instruction with the words of its continued lines; bodies of here-documents are left out.
struct Dockerfile::Instruction {
  std::string keyword;  ///< upper case
  std::vector<Word> words;
};

/// A stage with everything replaced.
struct Dockerfile::Resolved {
  std::optional<ImageUse> base;  ///< nullopt: scratch, or another stage
  std::size_t base_offset = 0, base_length = 0;
  std::vector<std::pair<ImageUse, Word>> copies;
  std::vector<std::size_t> needs;  ///< stages
  std::string platform;
};

Dockerfile::Dockerfile(std::string text, std::filesystem::path file)
    : text_(std::move(text)), file_(std::move(file)) {
  parse();
  if (stages_.empty())
    throw Error(file_.string() + ": there is no FROM line; a Dockerfile needs one",
                ExitCode::usage);
}

namespace {

/// Reads a text line by line with offsets.
class Lines {
 public:
  explicit Lines(const std::string& text) : text_(text) {}
  bool done() const { return next_ > text_.size() || (next_ == text_.size() && !first_); }
  /// The next line without its end.
  std::string_view read() {
    first_ = false;
    start_ = next_;
    const std::size_t end = text_.find('\n', start_);
    next_ = end == std::string::npos ? text_.size() + 1 : end + 1;
    ++number_;
    std::string_view line = std::string_view(text_).substr(
        start_, (end == std::string::npos ? text_.size() : end) - start_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  std::size_t start() const { return start_; }
  std::size_t number() const { return number_; }

 private:
  const std::string& text_;
  std::size_t start_ = 0, next_ = 0, number_ = 0;
  bool first_ = true;
};

/// The names of the here-documents that a word opens: `<<EOF`, `<<-"EOF"`, `3<<EOF`.
std::optional<std::pair<std::string, bool>> here_document(std::string_view word) {
  while (!word.empty() && std::isdigit(static_cast<unsigned char>(word.front())) != 0)
    word.remove_prefix(1);
  if (!word.starts_with("<<")) return std::nullopt;
  word.remove_prefix(2);
  const bool tabs = word.starts_with("-");
  if (tabs) word.remove_prefix(1);
  if (word.size() >= 2 && (word.front() == '"' || word.front() == '\'') &&
      word.back() == word.front())
    word = word.substr(1, word.size() - 2);
  if (word.empty() || word.find_first_of("<>\"'") != std::string_view::npos) return std::nullopt;
  return std::pair(std::string(word), tabs);
}

void skip_here_document(Lines& lines, const std::string& name, bool tabs) {
  while (!lines.done()) {
    std::string_view line = lines.read();
    while (tabs && line.starts_with("\t")) line.remove_prefix(1);
    if (line == name) return;
  }
}

}  // namespace

void Dockerfile::parse() {
  const char escape = escape_of(text_);
  Lines lines(text_);
  Instruction instruction;
  bool continued = false;
  const auto finish = [&] {
    if (instruction.keyword.empty()) return;
    add(instruction);
    if (instruction.keyword == "RUN" || instruction.keyword == "COPY" ||
        instruction.keyword == "ADD") {
      for (const Word& word : instruction.words) {
        if (const auto name = here_document(word.text))
          skip_here_document(lines, name->first, name->second);
      }
    }
    instruction = {};
  };
  while (!lines.done()) {
    std::string_view line = lines.read();
    const std::string_view trimmed = text::trim(line);
    // Comments and empty lines do not end a continued instruction.
    if (trimmed.empty() || trimmed.starts_with("#")) continue;
    std::string_view body = line;
    while (!body.empty() && is_space(body.back())) body.remove_suffix(1);
    continued = body.ends_with(escape);
    if (continued) body.remove_suffix(1);
    for (std::size_t at = 0; at < body.size();) {
      if (is_space(body[at])) {
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < body.size() && !is_space(body[end])) ++end;
      const std::string word(body.substr(at, end - at));
      if (instruction.keyword.empty()) {
        for (const char c : word)
          instruction.keyword += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      } else {
        instruction.words.push_back({word, lines.start() + at, lines.number()});
      }
      at = end;
    }
    if (!continued) finish();
  }
  finish();
}

void Dockerfile::add(const Instruction& instruction) {
  const std::vector<Word>& words = instruction.words;
  if (instruction.keyword == "ARG" && stages_.empty()) {
    for (const Word& word : words) {
      const std::size_t equals = word.text.find('=');
      std::string value = equals == std::string::npos ? "" : word.text.substr(equals + 1);
      if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
          value.back() == value.front())
        value = value.substr(1, value.size() - 2);
      const std::string name = word.text.substr(0, equals);
      if (equals != std::string::npos) with_default_.insert(name);
      global_arguments_.emplace_back(name, value);
    }
    return;
  }
  if (instruction.keyword == "FROM") {
    Stage stage;
    std::size_t at = 0;
    for (; at < words.size() && words[at].text.starts_with("--"); ++at) {
      if (words[at].text.starts_with("--platform="))
        stage.platform = words[at].text.substr(std::string_view("--platform=").size());
    }
    const std::size_t left = words.size() - at;
    const bool named = left == 3 && lower(words[at + 1].text) == "as";
    if (left != 1 && !named) {
      const std::size_t line = words.empty() ? 0 : words.front().line;
      throw problem(file_, line, "FROM is to be followed by IMAGE, or IMAGE AS NAME");
    }
    stage.image = words[at];
    if (named) stage.name = lower(words[at + 2].text);
    stages_.push_back(std::move(stage));
    return;
  }
  if (stages_.empty()) return;
  Stage& stage = stages_.back();
  if (instruction.keyword == "RUN") stage.runs = true;
  if (instruction.keyword != "RUN" && instruction.keyword != "COPY") return;
  for (const Word& word : words) {
    if (!word.text.starts_with("--")) break;
    const bool mount = word.text.starts_with("--mount=");
    const std::size_t from = mount ? word.text.find("from=")
                                   : (word.text.starts_with("--from=") ? 2 : std::string::npos);
    if (from == std::string::npos) continue;
    if (mount && word.text[from - 1] != ',' && word.text[from - 1] != '=') continue;
    const std::size_t begin = from + 5;
    const std::size_t end = mount ? word.text.find(',', begin) : std::string::npos;
    stage.copies.push_back({word.text.substr(begin, end == std::string::npos ? end : end - begin),
                            word.offset + begin, word.line});
  }
}

std::string Dockerfile::replaced(const std::string& text, const Arguments& arguments,
                                 std::size_t line) const {
  std::string result;
  const auto value_of = [&](const std::string& name) {
    const auto it = arguments.find(name);
    return it == arguments.end() ? std::string() : it->second;
  };
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      if (text[at] != '"' && text[at] != '\'') result += text[at];
      ++at;
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == '{') {
      const std::size_t close = text.find('}', at);
      if (close == std::string::npos)
        throw problem(file_, line, "\"" + text + "\": ${ is not closed");
      const std::string inside = text.substr(at + 2, close - at - 2);
      const std::size_t end = static_cast<std::size_t>(
          std::find_if_not(inside.begin(), inside.end(), is_name) - inside.begin());
      const std::string value = value_of(inside.substr(0, end));
      std::string_view rest = std::string_view(inside).substr(end);
      if (rest.starts_with(":")) rest.remove_prefix(1);
      if (rest.empty()) {
        result += value;
      } else if (rest.front() == '-') {
        result += value.empty() ? std::string(rest.substr(1)) : value;
      } else if (rest.front() == '+') {
        result += value.empty() ? "" : std::string(rest.substr(1));
      } else {
        throw problem(
            file_, line,
            "\"" + text + "\": only ${NAME}, ${NAME:-WORD} and ${NAME:+WORD} are understood");
      }
      at = close + 1;
    } else {
      std::size_t end = at + 1;
      while (end < text.size() && is_name(text[end])) ++end;
      result += value_of(text.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  return result;
}

int Dockerfile::stage_index(const std::string& name, std::size_t before) const {
  const std::string wanted = lower(name);
  for (std::size_t i = before; i-- > 0;) {
    if (!stages_[i].name.empty() && stages_[i].name == wanted) return static_cast<int>(i);
  }
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc{} && end == name.data() + name.size();
  return is_number && number < before ? static_cast<int>(number) : -1;
}

std::vector<Dockerfile::Resolved> Dockerfile::resolve(const Arguments& arguments,
                                                      const std::string& target) const {
  // Arguments of the build count in FROM lines only when an ARG above the first FROM declares them; the platform's
  // always do.
  Arguments known;
  for (const char* name : {"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
                           "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"}) {
    if (const auto it = arguments.find(name); it != arguments.end()) known.insert(*it);
  }
  for (const auto& [name, value] : global_arguments_) {
    if (const auto given = arguments.find(name); given != arguments.end()) {
      known[name] = given->second;
    } else if (with_default_.contains(name)) {
      known[name] = replaced(value, known, 1);
    }
  }
  std::vector<Resolved> result;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    Resolved resolved;
    const std::string platform = replaced(stage.platform, known, stage.image.line);
    resolved.platform = platform.empty() ? target : platform;
    const std::string image = replaced(stage.image.text, known, stage.image.line);
    if (image.empty())
      throw problem(file_, stage.image.line,
                    "FROM " + stage.image.text +
                        " names no image: a variable in it has no value; "
                        "give it in buildArgs, or a default in an ARG line above the first FROM");
    // Only names of stages count here: "FROM 1" is an image.
    const int base =
        std::isdigit(static_cast<unsigned char>(image.front())) != 0 ? -1 : stage_index(image, i);
    if (base >= 0) {
      resolved.needs.push_back(static_cast<std::size_t>(base));
      if (platform.empty()) resolved.platform = result[static_cast<std::size_t>(base)].platform;
    } else if (image != "scratch") {
      resolved.base = ImageUse{image, resolved.platform, stage.image.line};
      resolved.base_offset = stage.image.offset;
      resolved.base_length = stage.image.text.size();
    }
    for (const Word& copy : stage.copies) {
      const int from = stage_index(copy.text, i);
      if (from >= 0) {
        resolved.needs.push_back(static_cast<std::size_t>(from));
      } else {
        resolved.copies.emplace_back(ImageUse{copy.text, target, copy.line}, copy);
      }
    }
    result.push_back(std::move(resolved));
  }
  return result;
}

std::vector<ImageUse> Dockerfile::images(const Arguments& arguments,
                                         const std::string& target) const {
  std::vector<ImageUse> uses;
  for (const Resolved& stage : resolve(arguments, target)) {
    if (stage.base) uses.push_back(*stage.base);
    for (const auto& [use, word] : stage.copies) uses.push_back(use);
  }
  return uses;
}

std::set<std::string> Dockerfile::run_platforms(const Arguments& arguments,
                                                const std::string& target) const {
  const std::vector<Resolved> stages = resolve(arguments, target);
  std::vector<bool> reached(stages.size(), false);
  reached.back() = true;
  std::set<std::string> platforms;
  for (std::size_t i = stages.size(); i-- > 0;) {
    if (!reached[i]) continue;
    if (stages_[i].runs) platforms.insert(stages[i].platform);
    for (const std::size_t need : stages[i].needs) reached[need] = true;
  }
  return platforms;
}

std::string Dockerfile::renamed(const Arguments& arguments, const std::string& target,
                                const std::function<std::string(const ImageUse&)>& rename) const {
  struct Change {
    std::size_t offset, length;
    std::string name;
  };
  std::vector<Change> changes;
  for (const Resolved& stage : resolve(arguments, target)) {
    if (stage.base) changes.push_back({stage.base_offset, stage.base_length, rename(*stage.base)});
    for (const auto& [use, word] : stage.copies)
      changes.push_back({word.offset, word.text.size(), rename(use)});
  }
  std::string result;
  std::size_t at = 0;
  for (const Change& change : changes) {
    result += text_.substr(at, change.offset - at) + change.name;
    at = change.offset + change.length;
  }
  return result + text_.substr(at);
}

}  // namespace rtfx::pkg
