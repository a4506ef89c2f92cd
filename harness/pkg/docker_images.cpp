// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_images.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::pkg {

namespace {

constexpr const char* what = "depends.docker-images";

/// A problem with a path that must stay in `base`, or "".
std::string path_problem(const fs::path& base, const std::string& text) {
  const fs::path path = text;
  if (path.is_absolute()) return "must be relative to the package, not \"" + text + "\"";
  const fs::path normal = path.lexically_normal();
  if (normal == "." || normal == "./") return "must not be the package's directory itself";
  if (normal.empty() || *normal.begin() == "..")
    return "must be inside the package, not \"" + text + "\"";
  if (const auto link = symlink_below(base, normal))
    return "\"" + text + "\" leads through the symbolic link " + link->string();
  return "";
}

class Reader {
 public:
  Reader(const yaml::Node& node, const fs::path& directory, Diagnostics& diagnostics)
      : node_(node),
        directory_(directory),
        reader_(node, what, diagnostics),
        diagnostics_(diagnostics) {}

  std::optional<DockerImages> read() {
    const std::size_t problems = diagnostics_.messages().size();
    if (node_.kind != yaml::Node::Kind::map) return std::nullopt;  // the reader has said so
    read_target();
    read_list();
    reader_.finish();
    if (diagnostics_.messages().size() != problems) return std::nullopt;
    return std::move(images_);
  }

 private:
  void error(const Location& where, const std::string& message) {
    diagnostics_.error(where, std::string(what) + ": " + message);
  }

  Location place_of(const char* key) const {
    const yaml::Node* value = node_.find(key);
    return value == nullptr ? node_.where : value->where;
  }

  void check_path(const char* key, const std::string& text) {
    const std::string problem = path_problem(directory_, text);
    if (!problem.empty()) error(place_of(key), std::string(key) + " " + problem);
  }

  void read_target() {
    const auto file = reader_.string("target");
    const auto directory = reader_.string("target-dir");
    if (file && directory) {
      error(place_of("target-dir"), "target and target-dir exclude each other");
    } else if (!file && !directory) {
      error(node_.where, "target (one archive) or target-dir (one for each image) is missing");
    } else if (file) {
      check_path("target", *file);
      if (file->ends_with('/'))
        error(place_of("target"), "target must be a file's name, not \"" + *file + "\"");
    } else {
      check_path("target-dir", *directory);
    }
    images_.target_is_directory = directory.has_value();
    images_.target = fs::path(directory ? *directory : file.value_or("")).lexically_normal();
    if (!images_.target.has_filename()) images_.target = images_.target.parent_path();
  }

  void read_list() {
    const auto file = reader_.string("from-file");
    const auto list = reader_.list("list");
    const bool has_list = node_.find("list") != nullptr;
    if (file && has_list) {
      error(place_of("from-file"), "list and from-file exclude each other");
    } else if (!file && !has_list) {
      error(node_.where, "list or from-file is missing: it names no images");
    } else if (file) {
      read_file_of_images(*file);
    }
    for (const yaml::Node* item : list) {
      if (item->kind != yaml::Node::Kind::scalar) {
        error(item->where, "list: wanted is the name of an image, not " + yaml::kind_name(*item));
      } else {
        add_image(item->scalar, item->where);
      }
    }
  }

  void read_file_of_images(const std::string& name) {
    const std::size_t problems = diagnostics_.messages().size();
    check_path("from-file", name);
    if (diagnostics_.messages().size() != problems) return;
    const fs::path path = directory_ / fs::path(name).lexically_normal();
    std::error_code failed;
    if (!fs::is_regular_file(path, failed)) {
      error(place_of("from-file"), "there is no file " + path.string());
      return;
    }
    int line = 0;
    for (const std::string& text : text::split(read_file(path), '\n')) {
      ++line;
      const std::string image(text::trim(text));
      if (!image.empty() && !text.starts_with('#')) add_image(image, {path, line});
    }
  }

  void add_image(const std::string& image, const Location& where) {
    if (image.find('@') == std::string::npos) {
      error(where, "image \"" + image + "\" lacks a digest; wanted is NAME@sha256:DIGITS");
      return;
    }
    try {
      oci::parse_reference(image);
    } catch (const Error& problem) {
      error(where, problem.what());
      return;
    }
    if (std::find(images_.images.begin(), images_.images.end(), image) != images_.images.end()) {
      error(where, "image \"" + image + "\" is there twice");
    } else {
      images_.images.push_back(image);
    }
  }

  const yaml::Node& node_;
  const fs::path& directory_;
  yaml::MapReader reader_;
  Diagnostics& diagnostics_;
  DockerImages images_;
};

}  // namespace

std::optional<fs::path> symlink_below(const fs::path& base, const fs::path& path) {
  fs::path at = base;
  for (const fs::path& part : path) {
    at /= part;
    std::error_code error;
    if (fs::is_symlink(fs::symlink_status(at, error))) return at;
  }
  return std::nullopt;
}

std::optional<DockerImages> read_docker_images(const yaml::Node& node, const fs::path& directory,
                                               Diagnostics& diagnostics) {
  return Reader(node, directory, diagnostics).read();
}

}  // namespace rtfx::pkg
