// Whose turn it is among namespaces whose fetches wait: deficit round robin (Shreedhar and Varghese, "Efficient fair
// queuing using deficit round-robin", SIGCOMM 1995), in the variant that lets a turn overdraw and pays it back after.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace seekfs::fetch {

/// Items of several owners: each in the order of its sequence numbers, the owners in turns of equal bytes. Not
/// thread-safe.
template <class Item>
class FairOrder {
 public:
  /// What an owner may take in a turn before the next one's comes.
  static constexpr std::int64_t quantum_bytes = 1 << 20;
  /// What one take costs at least, so that many small ones are no way round.
  static constexpr std::int64_t least_cost_bytes = 256 << 10;

  bool empty() const noexcept { return waiting_ == 0; }

  /// Sequence numbers are unique.
  void push(const std::string& owner, std::uint64_t sequence, Item item) {
    const auto [place, added] = owners_.try_emplace(owner);
    if (added) turns_.push_back(owner);
    place->second.items.emplace(sequence, std::move(item));
    ++waiting_;
  }

  /// An owner whose last item goes loses what it might still have taken, but not what it owes to others that wait:
  /// whoever has all its items in one large take would otherwise never pay.
  void erase(const std::string& owner, std::uint64_t sequence) {
    const auto place = owners_.find(owner);
    waiting_ -= place->second.items.erase(sequence);
    if (waiting_ == 0) {
      owners_.clear();
      turns_.clear();
    } else if (place->second.items.empty() && place->second.deficit >= 0) {
      owners_.erase(place);
      turns_.erase(std::ranges::find(turns_, owner));
    }
  }

  /// The oldest item of the owner whose turn it is; not when empty. charge() follows.
  const Item& next() {
    while (true) {
      const auto place = owners_.find(turns_.front());
      Owner& owner = place->second;
      const bool waits = !owner.items.empty();
      if (waits && owner.deficit > 0) return owner.items.begin()->second;
      owner.deficit += quantum_bytes;
      if (waits && owner.deficit > 0) continue;
      if (!waits && owner.deficit >= 0) {
        owners_.erase(place);
        turns_.pop_front();
      } else {
        end_turn();
      }
    }
  }

  /// The owner whose turn it was has taken so much. To be called before its items are erased.
  void charge(std::uint64_t bytes) {
    Owner& owner = owners_.find(turns_.front())->second;
    owner.deficit -= std::max(static_cast<std::int64_t>(bytes), least_cost_bytes);
    if (owner.deficit <= 0) end_turn();
  }

  /// The owner has taken so much beside what its turns gave it. Nothing when nobody waits.
  void charge_more(const std::string& owner, std::uint64_t bytes) {
    if (empty()) return;
    const auto [place, added] = owners_.try_emplace(owner);
    if (added) turns_.push_back(owner);
    place->second.deficit -= static_cast<std::int64_t>(bytes);
  }

  /// Everything, oldest first.
  std::vector<Item> take_all() {
    std::map<std::uint64_t, Item> all;
    for (auto& [name, owner] : owners_) all.merge(owner.items);
    std::vector<Item> items;
    items.reserve(all.size());
    for (auto& [sequence, item] : all) items.push_back(std::move(item));
    owners_.clear();
    turns_.clear();
    waiting_ = 0;
    return items;
  }

 private:
  struct Owner {
    std::map<std::uint64_t, Item> items;
    std::int64_t deficit = 0;
  };
  void end_turn() {
    turns_.push_back(std::move(turns_.front()));
    turns_.pop_front();
  }

  std::map<std::string, Owner> owners_;
  std::deque<std::string> turns_;  ///< the first one's turn it is
  std::size_t waiting_ = 0;        ///< items of all owners
};

}  // namespace seekfs::fetch
