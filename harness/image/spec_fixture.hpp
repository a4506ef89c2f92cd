// SPDX-License-Identifier: Apache-2.0
//
// For the tests: image YAMLs in a directory of their own, and what is wrong with them.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "harness/image/spec.hpp"

namespace rtfx::image::fixture {

class Spec : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    write_file_atomically(directory.path() / name, text);
    return directory.path() / name;
  }
  std::shared_ptr<const ImageSpec> load(const std::vector<ImageFile>& files) {
    Diagnostics diagnostics;
    const auto resolver = [](const std::filesystem::path& base, const std::string& path) {
      if (path == "../missing") throw Error("there is no package");
      return "org/" + base.filename().string() + "." +
             std::filesystem::path(path).filename().string() + ":1";
    };
    auto spec = load_image(files, resolver, diagnostics);
    problems.clear();
    for (std::string message : diagnostics.messages()) {
      const std::string place = directory.path().string() + "/";
      if (message.starts_with(place)) message = message.substr(place.size());
      problems.push_back(message);
    }
    return spec;
  }
  std::shared_ptr<const ImageSpec> load_text(const std::string& text) {
    return load({write("x.yml", text)});
  }

  TemporaryDirectory directory;
  std::vector<std::string> problems;
};

}  // namespace rtfx::image::fixture
