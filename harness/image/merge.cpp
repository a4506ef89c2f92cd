// SPDX-License-Identifier: Apache-2.0
#include "harness/image/merge.hpp"

#include <algorithm>
#include <array>

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

Node merge_files(const std::vector<std::filesystem::path>& files, const PackageResolver& resolver,
                 Diagnostics& diagnostics) {
  Node root;
  root.kind = Node::Kind::map;
  root.where = {files.empty() ? std::filesystem::path() : files.front(), 0};
  for (const std::filesystem::path& file : files) {
    const std::size_t problems = diagnostics.messages().size();
    Node document = yaml::parse_file(file, diagnostics);
    if (document.kind != Node::Kind::map) {
      if (diagnostics.messages().size() == problems)
        diagnostics.error(
            document.where,
            "expected the description of an image (a map with kernel, init, ...), got " +
                kind_name(document));
      continue;
    }
    resolve_packages(document, resolver, diagnostics);
    for (const Node::Entry& section : document.entries) merge_section(root, section, diagnostics);
  }
  return root;
}

}  // namespace rtfx::image
