// SPDX-License-Identifier: Apache-2.0
#include "harness/image/merge.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/files.hpp"

namespace rtfx::image {

namespace {

using yaml::Node;

constexpr std::string_view package_prefix = "@pkg:";
constexpr std::array<std::string_view, 6> lists = {"init",     "onboot",  "onshutdown",
                                                   "services", "volumes", "files"};

void resolve_packages(Node& node, const PackageResolver& resolver, Diagnostics& diagnostics) {
  if (node.kind == Node::Kind::scalar && node.scalar.starts_with(package_prefix)) {
    try {
      node.scalar =
          resolver(node.where.file.parent_path(), node.scalar.substr(package_prefix.size()));
    } catch (const Error& error) {
      diagnostics.error(node.where, node.scalar + ": " + error.what());
    }
  }
  for (Node& item : node.items) resolve_packages(item, resolver, diagnostics);
  for (Node::Entry& entry : node.entries) resolve_packages(entry.value, resolver, diagnostics);
}

Node::Entry& entry_of(Node& map, const Node::Entry& like, Node::Kind kind) {
  const auto it = std::find_if(map.entries.begin(), map.entries.end(),
                               [&](const Node::Entry& entry) { return entry.key == like.key; });
  if (it != map.entries.end()) return *it;
  map.entries.push_back({like.key, like.where, {}});
  map.entries.back().value.kind = kind;
  map.entries.back().value.where = like.value.where;
  return map.entries.back();
}

void merge_kernel(Node& root, const Node::Entry& section) {
  Node& kernel = entry_of(root, section, Node::Kind::map).value;
  kernel.where = section.value.where;
  for (const Node::Entry& field : section.value.entries) {
    if (field.value.kind == Node::Kind::null) continue;
    entry_of(kernel, field, Node::Kind::null) = field;
  }
}

void check_trust(const Node& node, Diagnostics& diagnostics) {
  yaml::MapReader reader(node, "trust", diagnostics);
  reader.strings("image");
  reader.strings("org");
  reader.finish();
}

/// The line of the first byte that is not UTF-8. YAML may be UTF-16 as well, which begins with its
/// mark.
std::optional<int> line_that_is_not_utf8(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return std::nullopt;
  int line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first == '\n') ++line;
    const std::size_t more = first < 0x80                    ? 0
                             : first >= 0xc2 && first < 0xe0 ? 1
                             : first >= 0xe0 && first < 0xf0 ? 2
                             : first >= 0xf0 && first < 0xf5 ? 3
                                                             : std::string_view::npos;
    if (more > text.size() - i - 1) return line;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80) return line;
    i += more + 1;
  }
  return std::nullopt;
}

Node parse_document(const ImageFile& file, Diagnostics& diagnostics) {
  Node nothing;
  nothing.where = {file.name, 0};
  try {
    const std::string text = file.text ? *file.text : read_file(file.name);
    const auto line = line_that_is_not_utf8(text);
    if (!line) return yaml::parse(text, file.name, diagnostics);
    diagnostics.error({file.name, *line}, "not UTF-8");
  } catch (const Error& error) {
    diagnostics.error({}, error.what());
  }
  return nothing;
}

void merge_section(Node& root, const Node::Entry& section, Diagnostics& diagnostics) {
  const Node::Kind kind = section.value.kind;
  const auto wrong = [&](const char* wanted) {
    diagnostics.error(section.value.where,
                      section.key + ": expected " + wanted + ", got " + kind_name(section.value));
  };
  if (section.key == "trust") {
    check_trust(section.value, diagnostics);
  } else if (section.key == "kernel") {
    if (kind == Node::Kind::map) {
      merge_kernel(root, section);
    } else if (kind != Node::Kind::null) {
      wrong("a map");
    }
  } else if (std::find(lists.begin(), lists.end(), section.key) != lists.end()) {
    if (kind == Node::Kind::list) {
      auto& items = entry_of(root, section, Node::Kind::list).value.items;
      items.insert(items.end(), section.value.items.begin(), section.value.items.end());
    } else if (kind != Node::Kind::null) {
      wrong("a list");
    }
  } else {
    root.entries.push_back(section);
  }
}

}  // namespace

Node merge_files(const std::vector<ImageFile>& files, const PackageResolver& resolver,
                 Diagnostics& diagnostics) {
  Node root;
  root.kind = Node::Kind::map;
  root.where = {files.empty() ? std::filesystem::path() : files.front().name, 0};
  const PackageResolver refuse = [](const auto&, const auto&) -> std::string {
    throw Error("only a YAML of this host can name packages");
  };
  for (const ImageFile& file : files) {
    const std::size_t problems = diagnostics.messages().size();
    Node document = parse_document(file, diagnostics);
    if (document.kind != Node::Kind::map) {
      if (diagnostics.messages().size() == problems)
        diagnostics.error(
            document.where,
            "expected the description of an image (a map with kernel, init, ...), got " +
                kind_name(document));
      continue;
    }
    resolve_packages(document, file.remote ? refuse : resolver, diagnostics);
    for (const Node::Entry& section : document.entries) merge_section(root, section, diagnostics);
  }
  return root;
}

}  // namespace rtfx::image
