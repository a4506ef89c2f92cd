// SPDX-License-Identifier: Apache-2.0
//
// What must be known of a Dockerfile before a builder gets it: which images it names, for which platforms, and whose
// programs it runs. The builder interprets the rest.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rtfx::pkg {

/// Values that FROM lines may use, by name: build arguments and the platform arguments (TARGETPLATFORM ...).
using Arguments = std::map<std::string, std::string>;

/// An image from outside that FROM, COPY --from or RUN --mount=from= names.
struct ImageUse {
  std::string image;     ///< with variables replaced
  std::string platform;  ///< "linux/arm64": --platform of the FROM line, else the target's
  std::size_t line = 0;  ///< in the Dockerfile, from 1
};

/// A Dockerfile (https://docs.docker.com/reference/dockerfile), with line continuation, comments, the escape
/// directive and here-documents.
class Dockerfile {
 public:
  /// `file` is what messages name. Throws Error (ExitCode::usage) with file and line when there is no FROM or a FROM
  /// line cannot be understood.
  Dockerfile(std::string text, std::filesystem::path file);

  /// Every image that the build uses, in the order of the file; "scratch" and stages are not among them. `arguments`
  /// are those of the build; `target` is its platform. Throws Error when a name stays empty.
  std::vector<ImageUse> images(const Arguments& arguments, const std::string& target) const;
  /// The platforms whose programs RUN starts in the stages that the last one is made of.
  std::set<std::string> run_platforms(const Arguments& arguments, const std::string& target) const;
  /// The text with the name of every image replaced by what `rename` says.
  std::string renamed(const Arguments& arguments, const std::string& target,
                      const std::function<std::string(const ImageUse&)>& rename) const;

 private:
  /// A word of the file that may name an image.
  struct Word {
    std::string text;
    std::size_t offset = 0;
    std::size_t line = 0;
  };
  struct Stage {
    std::string name;  ///< lower case; may be empty
    Word image;
    std::string platform;      ///< as written; may be empty
    std::vector<Word> copies;  ///< COPY --from=, RUN --mount=from=
    bool runs = false;
  };
  struct Instruction;
  struct Resolved;

  void parse();
  void add(const Instruction& instruction);
  std::string replaced(const std::string& text, const Arguments& arguments, std::size_t line) const;
  std::vector<Resolved> resolve(const Arguments& arguments, const std::string& target) const;
  int stage_index(const std::string& name, std::size_t before) const;

  std::string text_;
  std::filesystem::path file_;
  std::vector<std::pair<std::string, std::string>> global_arguments_;  ///< with defaults, in order
  std::set<std::string> with_default_;
  std::vector<Stage> stages_;
};

}  // namespace rtfx::pkg
