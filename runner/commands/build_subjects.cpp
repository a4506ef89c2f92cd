// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/build_subjects.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::commands {

namespace {

std::string without_tag(const std::string& full_ref) {
  const std::string ref = full_ref.substr(0, full_ref.find('@'));
  const std::size_t colon = ref.rfind(':'), slash = ref.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return tagged ? ref.substr(0, colon) : ref;
}

}  // namespace

Subjects::Subjects(const std::string& file, const std::string& arch) : file_(file) {
  int number = 0;
  for (const std::string& line : text::split(file.empty() ? "" : read_file(file), '\n')) {
    ++number;
    if (text::trim(line).empty()) continue;
    try {
      const auto json = nlohmann::json::parse(line);
      if (json.at("arch") != arch) continue;
      const std::string name = json.at("name").get<std::string>();
      digests_.insert_or_assign(oci::expand_reference(name),
                                Digest::parse(json.at("digest").get<std::string>()));
      names_[without_tag(oci::expand_reference(name))] = name;
    } catch (const nlohmann::json::exception&) {
      throw Error(fmt::format("{}:{}: expected {{\"name\": ..., \"arch\": ..., \"digest\": ...}}",
                              file, number),
                  ExitCode::usage);
    }
  }
}

bool Subjects::lists(const std::string& ref) const {
  return names_.contains(without_tag(oci::expand_reference(ref)));
}

void Subjects::check(const std::vector<image::UsedImage>& images) const {
  std::vector<std::string> problems;
  for (const image::UsedImage& image : images) {
    const std::string ref = oci::expand_reference(image.ref);
    const auto listed = digests_.find(ref);
    const auto other = names_.find(without_tag(ref));
    if (listed != digests_.end() && listed->second != image.digest) {
      problems.push_back(
          fmt::format("image {} is {} in the content store, but {} is what {} says is tested",
                      image.ref, image.digest.str(), listed->second.str(), file_));
    } else if (listed == digests_.end() && other != names_.end() &&
               !(ref.find('@') != std::string::npos &&
                 digests_.at(oci::expand_reference(other->second)) == image.digest)) {
      problems.push_back(fmt::format("image {} is not what is tested: {} lists {}", image.ref,
                                     file_, other->second));
    }
  }
  if (!problems.empty()) throw Error(text::join(problems, "\n"));
}

}  // namespace rtfx::commands
