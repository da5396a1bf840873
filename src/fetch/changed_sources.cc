// A small map with a time on each entry.
#include "fetch/changed_sources.h"

#include <algorithm>

namespace seekfs::fetch {

std::string ChangedSources::identity(const objectstore::ObjectRef& object) {
  return object.key + '\n' + object.if_match.value_or("") + '\n' + object.version_id.value_or("");
}

void ChangedSources::add(const objectstore::ObjectRef& object, StoreFailure failure) {
  const env::TimePoint now = clock_.now();
  MutexLock lock(mutex_);
  std::erase_if(entries_, [now](const auto& entry) { return entry.second.until <= now; });
  if (entries_.size() >= limit_) {
    entries_.erase(std::ranges::min_element(
        entries_, [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
  entries_.insert_or_assign(identity(object), Entry{std::move(failure), now + remember_});
}

std::optional<StoreFailure> ChangedSources::find(const objectstore::ObjectRef& object) const {
  MutexLock lock(mutex_);
  if (entries_.empty()) return std::nullopt;
  const auto entry = entries_.find(identity(object));
  if (entry == entries_.end() || entry->second.until <= clock_.now()) return std::nullopt;
  return entry->second.failure;
}

}  // namespace seekfs::fetch
