// SPDX-License-Identifier: Apache-2.0
#include "harness/image/tree.hpp"

#include <deque>
#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::image {

namespace {

bool is_below(std::string_view path, std::string_view directory) {
  return directory.empty() || (path.size() > directory.size() && path.starts_with(directory) &&
                               path[directory.size()] == '/');
}

std::string shown(std::string_view path) { return "\"/" + text::printable(path) + "\""; }

/// The names of a path in front of the ones that are still to be walked.
void push_front(std::deque<std::string>& names, std::string_view path) {
  std::vector<std::string> parts = text::split(path, '/');
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
    if (!it->empty() && *it != ".") names.push_front(std::move(*it));
  }
}

}  // namespace

const Inode* Tree::find(std::string_view path) const {
  const auto it = entries_.find(path);
  return it == entries_.end() ? nullptr : &inode(it->second);
}

std::uint32_t Tree::add_origin(Origin origin) {
  origins_.push_back(std::move(origin));
  return static_cast<std::uint32_t>(origins_.size() - 1);
}

std::uint32_t Tree::add_inode(Inode inode) {
  if (inodes_.size() == std::numeric_limits<std::uint32_t>::max()) throw Error("too many files");
  inodes_.push_back(std::move(inode));
  return static_cast<std::uint32_t>(inodes_.size() - 1);
}

std::string Tree::resolve(std::string_view path, bool last) const {
  constexpr int most_links = 40;  // as the kernel has it (path_resolution(7))
  std::deque<std::string> names;
  push_front(names, path);
  std::string at;
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == "..") {
      at = std::string(parent_of(at));
      continue;
    }
    std::string next = join_path(at, name);
    const Inode* found = names.empty() && !last ? nullptr : find(next);
    if (found == nullptr || found->type != FileType::symlink) {
      at = std::move(next);
      continue;
    }
    if (++links > most_links) throw Error(shown(path) + " leads through too many symbolic links");
    if (found->target.starts_with('/')) at.clear();
    push_front(names, found->target);
  }
  return at;
}

std::string Tree::resolve_parents(std::string_view path) const { return resolve(path, false); }

bool Tree::has_children(std::string_view path) const {
  const auto next = entries_.upper_bound(path);
  return next != entries_.end() && is_below(next->first, path);
}

void Tree::make_parents(std::string_view path, int layer, std::uint32_t origin) {
  const std::string_view parent = parent_of(path);
  if (parent.empty()) return;
  const Inode* found = find(parent);
  if (found == nullptr) {
    make_parents(parent, layer, origin);
    Inode directory;
    directory.type = FileType::directory;
    directory.mode = 0755;
    directory.origin = origin;
    entries_.emplace(parent, Entry{add_inode(std::move(directory)), layer});
  } else if (found->type != FileType::directory) {
    throw Error(shown(path) + " is below " + shown(parent) + ", which is not a directory");
  }
}

void Tree::erase_below(std::string_view path, int layer) {
  auto it = entries_.upper_bound(path);
  while (it != entries_.end() && is_below(it->first, path)) {
    // A directory stays when something of this layer is in it: that was put there after it, in this
    // order.
    it = it->second.layer < layer &&
                 !(inode(it->second).type == FileType::directory &&
                   [&] {
                     for (auto child = std::next(it);
                          child != entries_.end() && is_below(child->first, it->first); ++child) {
                       if (child->second.layer >= layer) return true;
                     }
                     return false;
                   }())
             ? entries_.erase(it)
             : std::next(it);
  }
}

void Tree::put(std::string_view given, Inode inode, int layer) {
  const std::string path = resolve_parents(given);
  // The root directory is there by itself.
  if (path.empty()) return;
  make_parents(path, layer, inode.origin);
  const auto it = entries_.find(path);
  const bool both_directories = it != entries_.end() && inode.type == FileType::directory &&
                                this->inode(it->second).type == FileType::directory;
  if (it != entries_.end() && !both_directories) remove(path);
  entries_[path] = Entry{add_inode(std::move(inode)), layer};
}

void Tree::link(std::string_view given, std::string_view given_target, int layer) {
  const std::string path = resolve_parents(given), target = resolve_parents(given_target);
  const auto it = entries_.find(target);
  if (it == entries_.end())
    throw Error("the hard link " + shown(given) + " points to " + shown(given_target) +
                ", which is not there");
  if (inode(it->second).type == FileType::directory)
    throw Error("the hard link " + shown(given) + " points to the directory " +
                shown(given_target));
  const std::uint32_t shared = it->second.inode;
  if (path.empty() || path == target) return;
  make_parents(path, layer, inodes_[shared].origin);
  remove(path);
  entries_[path] = Entry{shared, layer};
}

void Tree::remove(std::string_view path) {
  erase_below(path, std::numeric_limits<int>::max());
  const auto it = entries_.find(path);
  if (it != entries_.end()) entries_.erase(it);
}

void Tree::whiteout(std::string_view given, int layer) {
  const std::string path = resolve_parents(given);
  if (path.empty()) return;
  erase_below(path, layer);
  const auto it = entries_.find(path);
  if (it != entries_.end() && it->second.layer < layer && !has_children(path)) entries_.erase(it);
}

void Tree::clear(std::string_view given, int layer) { erase_below(resolve(given, true), layer); }

void Tree::move_contents(const std::string& from, const std::string& to) {
  std::vector<std::pair<std::string, Entry>> moved;
  for (auto it = entries_.upper_bound(from); it != entries_.end() && is_below(it->first, from);
       it = entries_.erase(it))
    moved.emplace_back(to + it->first.substr(from.size()), it->second);
  for (auto& [path, entry] : moved) {
    const Inode* there = find(path);
    if (there != nullptr && there->type == FileType::directory &&
        inode(entry).type == FileType::directory)
      continue;
    if (there != nullptr)
      throw Error(shown(from) + " becomes a symbolic link to " + shown(to) +
                  ", but both directories have a " + shown(base_of(path)));
    make_parents(path, entry.layer, inode(entry).origin);
    entries_.emplace(path, entry);
  }
}

/// Prepares `path` for an entry that is merged in. False: what is there stays.
bool Tree::merge_over(const std::string& path, const Inode& inode) {
  const Inode* there = find(path);
  if (there == nullptr) return true;
  if (inode.type == FileType::directory) {
    if (there->type != FileType::symlink) return true;
    const Inode* behind = find(resolve(path, true));
    return behind == nullptr || behind->type != FileType::directory;
  }
  if (there->type != FileType::directory || !has_children(path)) return true;
  const std::string destination =
      inode.type == FileType::symlink
          ? resolve(inode.target.starts_with('/') ? inode.target
                                                  : join_path(parent_of(path), inode.target),
                    true)
          : path;
  if (destination == path || is_below(destination, path))
    throw Error(shown(path) + " is a directory with files in it and cannot be replaced by a file");
  if (find(destination) == nullptr) {
    Inode directory = *there;
    make_parents(destination, 0, directory.origin);
    entries_.emplace(destination, Entry{add_inode(std::move(directory)), 0});
  }
  move_contents(path, destination);
  return true;
}

void Tree::merge_entry(std::string_view given, Inode inode) {
  const std::string path = resolve_parents(given);
  if (!path.empty() && merge_over(path, inode)) put(path, std::move(inode));
}

void Tree::merge(const Tree& other, std::string_view prefix, std::uint32_t origin) {
  std::map<std::uint32_t, std::string> first_names;  // of inodes with several names
  std::map<std::uint32_t, int> names;
  for (const auto& [path, entry] : other.entries_) ++names[entry.inode];
  for (const auto& [path, entry] : other.entries_) {
    const std::string to = join_path(prefix, path);
    const auto first = first_names.find(entry.inode);
    if (first != first_names.end()) {
      merge_over(resolve_parents(to), other.inode(entry));
      link(to, first->second);
      continue;
    }
    Inode copy = other.inode(entry);
    copy.origin = origin;
    merge_entry(to, std::move(copy));
    if (names[entry.inode] > 1) first_names.emplace(entry.inode, to);
  }
}

}  // namespace rtfx::image
