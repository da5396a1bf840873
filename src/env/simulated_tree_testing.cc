// Look-ups, changes of names, their durability, and what a crash leaves of them.
#include "env/simulated_tree_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <unordered_map>

namespace seekfs::env {
namespace {

constexpr std::size_t max_stale_blocks = 64;
/// Separates the random sequences of the nodes of one crash.
constexpr std::uint64_t node_seed_step = 0x9E3779B97F4A7C15;

std::unexpected<Error> fail_path(int error_number, std::string_view action, const std::string& path) {
  return std::unexpected<Error>(error_from_errno(error_number, fmt::format("{} {}", action, path)));
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return parts;
}

std::uint64_t blocks_below(const SimulatedNode& node) {
  std::uint64_t blocks = node.blocks();
  for (const auto& [name, child] : node.entries) blocks += blocks_below(*child);
  return blocks;
}

void sync_below(SimulatedNode& node) {
  node.content.sync();
  node.durable_entries = node.entries;
  for (const auto& [name, child] : node.entries) sync_below(*child);
}

}  // namespace

SimulatedTree::SimulatedTree() : root_(std::make_shared<SimulatedNode>()) {
  root_->id = 1;
  root_->type = FileType::directory;
  root_->permissions = 0755;
}

Result<SimulatedNodeRef> SimulatedTree::find(std::string_view action, const std::string& path) const {
  if (path.empty()) return fail_path(ENOENT, action, path);
  SimulatedNodeRef node = root_;
  for (const std::string_view part : components(path)) {
    if (!node->is_directory()) return fail_path(ENOTDIR, action, path);
    const auto found = node->entries.find(part);
    if (found == node->entries.end()) return fail_path(ENOENT, action, path);
    node = found->second;
  }
  return node;
}

Result<SimulatedTree::Place> SimulatedTree::place(std::string_view action, const std::string& path) const {
  std::vector<std::string_view> parts = components(path);
  if (parts.empty()) return fail_path(path.empty() ? ENOENT : EBUSY, action, path);
  Place place{root_, std::string(parts.back()), nullptr};
  parts.pop_back();
  for (const std::string_view part : parts) {
    const auto found = place.directory->entries.find(part);
    if (found == place.directory->entries.end()) return fail_path(ENOENT, action, path);
    place.directory = found->second;
    if (!place.directory->is_directory()) return fail_path(ENOTDIR, action, path);
  }
  const auto found = place.directory->entries.find(place.name);
  if (found != place.directory->entries.end()) place.node = found->second;
  return place;
}

SimulatedNodeRef SimulatedTree::create(const Place& place, FileType type, std::uint32_t permissions,
                                       std::int64_t now_ns) {
  auto node = std::make_shared<SimulatedNode>();
  node->id = next_id_++;
  node->type = type;
  node->permissions = permissions;
  node->mtime_ns = node->ctime_ns = now_ns;
  place.directory->entries[place.name] = node;
  changes_.push_back({nullptr, "", place.directory, place.name, node});
  return node;
}

void SimulatedTree::forget(const SimulatedNodeRef& node) {
  node->links = 0;
  for (const SimulatedContent::BlockRef& block : node->content.blocks()) {
    if (block == nullptr) continue;
    if (stale_.size() == max_stale_blocks) stale_.erase(stale_.begin());
    stale_.push_back(block);
  }
}

void SimulatedTree::remove(const Place& place) {
  place.directory->entries.erase(place.name);
  changes_.push_back({place.directory, place.name, nullptr, "", place.node});
  forget(place.node);
}

Status SimulatedTree::check_rename(const std::string& from_path, const Place& from, const std::string& to_path,
                                   const Place& to) {
  const std::string action = "rename " + from_path + " to";
  if (from.node == nullptr) return fail_path(ENOENT, action, to_path);
  if (to.node != nullptr) {
    if (to.node->is_directory() && !from.node->is_directory()) return fail_path(EISDIR, action, to_path);
    if (!to.node->is_directory() && from.node->is_directory()) return fail_path(ENOTDIR, action, to_path);
    if (!to.node->entries.empty()) return fail_path(EEXIST, action, to_path);
  }
  const auto from_parts = components(from_path);
  const auto to_parts = components(to_path);
  if (to_parts.size() > from_parts.size() &&
      std::ranges::equal(from_parts, std::span(to_parts).first(from_parts.size()))) {
    return fail_path(EINVAL, action, to_path);
  }
  return {};
}

void SimulatedTree::rename(const Place& from, const Place& to) {
  if (from.node == to.node) return;
  from.directory->entries.erase(from.name);
  to.directory->entries[to.name] = from.node;
  changes_.push_back({from.directory, from.name, to.directory, to.name, from.node});
  if (to.node != nullptr) forget(to.node);
}

void SimulatedTree::sync_directory(const SimulatedNodeRef& directory) {
  // A change of another directory comes along when this one builds on it: the creation of what was renamed to here.
  std::set<const SimulatedNode*> needed;
  std::vector<bool> durable(changes_.size());
  for (std::size_t i = changes_.size(); i-- > 0;) {
    const Change& change = changes_[i];
    durable[i] =
        change.from_directory == directory || change.to_directory == directory || needed.contains(change.node.get());
    if (durable[i]) needed.insert(change.node.get());
  }
  std::vector<Change> left;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    Change& change = changes_[i];
    if (!durable[i]) {
      left.push_back(std::move(change));
      continue;
    }
    if (change.from_directory != nullptr) {
      const auto found = change.from_directory->durable_entries.find(change.from);
      if (found != change.from_directory->durable_entries.end() && found->second == change.node) {
        change.from_directory->durable_entries.erase(found);
      }
    }
    if (change.to_directory != nullptr) change.to_directory->durable_entries[change.to] = change.node;
  }
  changes_ = std::move(left);
}

void SimulatedTree::sync_all() {
  sync_below(*root_);
  changes_.clear();
}

std::uint64_t SimulatedTree::blocks() const { return blocks_below(*root_); }

/// Builds the tree of what is durable, then applies those of the other changes that the crash keeps.
class SimulatedTree::Crash {
 public:
  Crash(const SimulatedTree& tree, std::uint64_t seed)
      : tree_(tree), seed_(seed), random_(make_seeded_random(seed)), mood_(CrashMood::draw(*random_)) {}

  SimulatedNodeRef run() {
    SimulatedNodeRef root = clone(tree_.root_);
    applied_.resize(tree_.changes_.size());
    for (std::size_t i = 0; i < tree_.changes_.size(); ++i) {
      const bool kept = mood_.keeps(*random_);
      if (kept) apply(i);
      if (!kept && mood_.names_in_order) break;
    }
    for (const auto& [old, node] : clones_) node->durable_entries = node->entries;
    return root;
  }

 private:
  SimulatedNodeRef clone(const SimulatedNodeRef& old) {
    auto node = std::make_shared<SimulatedNode>();
    clones_[old.get()] = node;
    node->id = old->id;
    node->type = old->type;
    node->permissions = old->permissions;
    node->mtime_ns = old->mtime_ns;
    node->ctime_ns = old->ctime_ns;
    // A sequence of its own for each node, so that names, which order the tree, do not matter.
    const std::unique_ptr<Random> random = make_seeded_random(seed_ ^ (old->id * node_seed_step));
    node->content = old->content.after_crash(mood_, *random, tree_.stale_);
    for (const auto& [name, child] : old->durable_entries) node->entries[name] = clone(child);
    return node;
  }

  SimulatedNodeRef cloned(const SimulatedNodeRef& old) const {
    const auto found = old == nullptr ? clones_.end() : clones_.find(old.get());
    return found == clones_.end() ? nullptr : found->second;
  }

  /// A name can't be two nodes: keeping what took it means that its older node had left it.
  void vacate(const SimulatedNodeRef& directory, const std::string& name, std::size_t before) {
    for (std::size_t i = 0; i < before; ++i) {
      const Change& change = tree_.changes_[i];
      if (!applied_[i] && change.from_directory == directory && change.from == name) apply(i);
    }
  }

  void apply(std::size_t index) {
    const Change& change = tree_.changes_[index];
    const SimulatedNodeRef from = cloned(change.from_directory);
    const SimulatedNodeRef to = cloned(change.to_directory);
    if (change.to_directory != nullptr && to == nullptr) return;
    if (change.from_directory != nullptr) {
      if (from == nullptr) return;
      const auto found = from->entries.find(change.from);
      if (found == from->entries.end() || found->second != cloned(change.node)) return;
    }
    applied_[index] = true;
    if (to != nullptr && to->entries.contains(change.to)) vacate(change.to_directory, change.to, index);
    if (from != nullptr) from->entries.erase(change.from);
    if (to != nullptr) to->entries[change.to] = from == nullptr ? clone(change.node) : cloned(change.node);
  }

  const SimulatedTree& tree_;
  std::uint64_t seed_;
  std::unique_ptr<Random> random_;
  CrashMood mood_;
  std::unordered_map<const SimulatedNode*, SimulatedNodeRef> clones_;
  std::vector<bool> applied_;
};

/// Copies nodes, each once.
class SimulatedTree::Copy {
 public:
  SimulatedNodeRef operator()(const SimulatedNodeRef& old) {
    if (old == nullptr) return nullptr;
    SimulatedNodeRef& known = copies_[old.get()];
    if (known != nullptr) return known;
    const SimulatedNodeRef node = known = std::make_shared<SimulatedNode>(*old);
    node->open_files = 0;
    node->lock_holder = nullptr;
    for (auto& [name, child] : node->entries) child = (*this)(child);
    for (auto& [name, child] : node->durable_entries) child = (*this)(child);
    return node;
  }

 private:
  std::unordered_map<const SimulatedNode*, SimulatedNodeRef> copies_;
};

SimulatedTree SimulatedTree::after_crash(std::uint64_t seed) const {
  SimulatedTree left;
  left.next_id_ = next_id_;
  left.root_ = Crash(*this, seed).run();
  return left;
}

SimulatedTree SimulatedTree::copy() const {
  SimulatedTree same;
  Copy copy;
  same.root_ = copy(root_);
  same.next_id_ = next_id_;
  same.stale_ = stale_;
  for (const Change& change : changes_) {
    same.changes_.push_back(
        {copy(change.from_directory), change.from, copy(change.to_directory), change.to, copy(change.node)});
  }
  return same;
}

}  // namespace seekfs::env
