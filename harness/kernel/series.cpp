// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/series.hpp"

#include <glob.h>

#include <algorithm>
#include <cctype>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"

namespace rtfx::kernel {

namespace {

/// What may stand in a tag, and in a name of a file.
bool is_name(const std::string& word) {
  return !word.empty() && std::isalnum(static_cast<unsigned char>(word.front())) != 0 &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
         });
}

bool is_sha256(const std::string& word) {
  constexpr std::size_t digits = 64;
  return word.size() == digits && word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool stays_inside(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return !normal.empty() && !normal.is_absolute() && *normal.begin() != "..";
}

class SeriesReader {
 public:
  SeriesReader(const yaml::Node& node, Series& series, Diagnostics& diagnostics)
      : reader_(node, "kernel", diagnostics), series_(series), diagnostics_(diagnostics) {}

  void read(const std::vector<std::string>& default_arches) {
    series_.image = reader_.string_or("image", series_.image);
    if (const auto org = reader_.string("org")) series_.org = *org;
    series_.version = reader_.required_string("version");
    if (!series_.version.empty() && !is_name(series_.version))
      tell("version",
           "\"" + series_.version + "\" cannot stand in a tag; expected 6.12 or 6.12.57");
    read_arches(default_arches);
    if (const yaml::Node* source = reader_.require("source")) read_source(*source);
    read_config();
    read_patches();
    if (const yaml::Node* flavours = reader_.require("flavours")) read_flavours(*flavours);
    series_.labels = reader_.strings("labels").value_or(std::vector<std::string>());
    reader_.finish();
  }

 private:
  void tell(const char* key, const std::string& message) {
    const yaml::Node* value = reader_.get(key);
    diagnostics_.error(value != nullptr ? value->where : reader_.where(),
                       std::string(key) + ": " + message);
  }

  void read_arches(const std::vector<std::string>& default_arches) {
    series_.arches = reader_.strings("arches").value_or(default_arches);
    if (series_.arches.empty())
      tell("arches", "names none; leave the key out for all of the project's");
  }

  void read_source(const yaml::Node& node) {
    yaml::MapReader source(node, "source", diagnostics_);
    if (node.find("debian") != nullptr) {
      DebianSource debian;
      debian.package = source.required_string("debian");
      debian.suite = source.required_string("suite");
      debian.components = source.strings("components").value_or(debian.components);
      for (const std::string& word : {debian.package, debian.suite}) {
        if (!word.empty() && !is_name(word))
          source.error(node.where, "source: \"" + word + "\" is not a name");
      }
      series_.source = std::move(debian);
    } else {
      series_.source = read_url(source, node);
    }
    source.finish();
  }

  UrlSource read_url(yaml::MapReader& source, const yaml::Node& node) {
    UrlSource url;
    url.url = source.required_string("url");
    url.sha256 = source.required_string("sha256");
    url.signature = source.string_or("signature", "");
    if (const auto keyring = source.string("keyring")) url.keyring = series_.directory / *keyring;
    for (const std::string& address : {url.url, url.signature}) {
      const bool known = address.starts_with("https://") || address.starts_with("http://") ||
                         address.starts_with("file:///");
      if (!address.empty() && !known)
        source.error(node.where, "source: \"" + address +
                                     "\" is no address of the form https://, http:// or file:///");
    }
    if (!url.sha256.empty() && !is_sha256(url.sha256))
      source.error(node.where, "source: sha256 has to be 64 hex digits in lower case");
    if (url.signature.empty() != url.keyring.empty())
      source.error(node.where,
                   "source: signature and keyring belong together; one of them is missing");
    if (!url.keyring.empty() && !fs::is_regular_file(url.keyring))
      source.error(node.where, "source: there is no keyring " + url.keyring.string());
    return url;
  }

  void read_config() {
    if (const auto shared = reader_.string("config")) {
      const fs::path folder = (series_.directory / *shared).lexically_normal();
      series_.config_folders.push_back(folder);
      if (!fs::is_directory(folder)) tell("config", folder.string() + " is not a folder");
    }
    series_.config_folders.push_back(series_.directory);
  }

  void read_patches() {
    for (const yaml::Node* item : reader_.list("patches")) {
      if (item->kind != yaml::Node::Kind::scalar || !stays_inside(item->scalar)) {
        diagnostics_.error(
            item->where,
            "patches: expected a file or pattern below this folder, got " + yaml::kind_name(*item));
        continue;
      }
      glob_t found{};
      ::glob((series_.directory / item->scalar).c_str(), 0, nullptr, &found);
      for (std::size_t i = 0; i < found.gl_pathc; ++i)
        series_.patches.emplace_back(found.gl_pathv[i]);
      if (found.gl_pathc == 0)
        diagnostics_.error(item->where, "patches: \"" + item->scalar + "\" finds no file");
      ::globfree(&found);
    }
  }

  void read_flavours(const yaml::Node& node) {
    yaml::MapReader(node, "flavours", diagnostics_);
    for (const yaml::Node::Entry& entry : node.entries) read_flavour(entry);
    if (node.kind == yaml::Node::Kind::map && node.entries.empty())
      diagnostics_.error(node.where, "flavours: name at least one; the first is the default");
  }

  void read_flavour(const yaml::Node::Entry& entry) {
    const std::string what = "flavours." + entry.key;
    Flavour flavour;
    flavour.name = entry.key;
    if (!is_name(entry.key))
      diagnostics_.error(entry.where, "flavours: \"" + entry.key + "\" cannot stand in a tag");
    const yaml::Node empty{yaml::Node::Kind::map, entry.where, {}, false, {}, {}};
    const bool bare = entry.value.kind == yaml::Node::Kind::null;
    yaml::MapReader reader(bare ? empty : entry.value, what, diagnostics_);
    flavour.configs = reader.strings("configs").value_or(std::vector<std::string>{entry.key});
    flavour.arches = reader.strings("arches").value_or(series_.arches);
    for (const std::string& arch : flavour.arches) {
      if (std::find(series_.arches.begin(), series_.arches.end(), arch) != series_.arches.end())
        continue;
      diagnostics_.error(reader.get("arches")->where, what + ".arches: " + arch +
                                                          " is not among the arches of the series" +
                                                          text::did_you_mean(arch, series_.arches));
    }
    read_targets(reader, what, flavour);
    reader.finish();
    series_.flavours.push_back(std::move(flavour));
  }

  void read_targets(yaml::MapReader& reader, const std::string& what, Flavour& flavour) {
    const yaml::Node* targets = reader.get("targets");
    if (targets == nullptr) return;
    yaml::MapReader(*targets, what + ".targets", diagnostics_);
    for (const yaml::Node::Entry& target : targets->entries) {
      if (target.value.kind != yaml::Node::Kind::scalar || !is_name(target.value.scalar)) {
        diagnostics_.error(target.where,
                           what + ".targets." + target.key +
                               ": expected the name of an image, such as vmlinux, got " +
                               yaml::kind_name(target.value));
      }
      flavour.targets[target.key] = target.value.scalar;
    }
  }

  yaml::MapReader reader_;
  Series& series_;
  Diagnostics& diagnostics_;
};

}  // namespace

const Flavour& Series::flavour(const std::string& name) const {
  std::vector<std::string> names;
  for (const Flavour& candidate : flavours) {
    if (candidate.name == name) return candidate;
    names.push_back(candidate.name);
  }
  throw Error(file.string() + ": there is no flavour \"" + name + "\"" +
                  text::did_you_mean(name, names) + " (known: " + text::join(names, ", ") + ")",
              ExitCode::nothing_to_run);
}

bool is_series(const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / "kernel.yml", error);
}

Series load_series(const fs::path& directory, const std::string& default_org,
                   const std::vector<std::string>& default_arches, Diagnostics& diagnostics) {
  Series series;
  series.directory = fs::absolute(directory).lexically_normal();
  if (!series.directory.has_filename()) series.directory = series.directory.parent_path();
  series.file = series.directory / "kernel.yml";
  series.org = default_org;
  if (!is_series(series.directory)) {
    diagnostics.error({series.directory, 0}, "no kernels: there is no kernel.yml");
    return series;
  }
  const std::size_t problems = diagnostics.messages().size();
  const yaml::Node node = yaml::parse_file(series.file, diagnostics);
  if (node.kind == yaml::Node::Kind::null && diagnostics.messages().size() == problems) {
    diagnostics.error({series.file, 0}, "is empty; docs/kernels.md says what is needed");
  } else if (diagnostics.messages().size() == problems || node.kind == yaml::Node::Kind::map) {
    SeriesReader(node, series, diagnostics).read(default_arches);
  }
  return series;
}

}  // namespace rtfx::kernel
