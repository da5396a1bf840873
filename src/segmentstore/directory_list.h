// Several directories as one cache: that they are different ones, and which of them a page belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "env/file.h"
#include "segmentstore/location.h"

namespace seekfs::segmentstore {

/// `invalid` when there is none, or when two are the same or one lies in the other. Creates those that are missing, so
/// that links are seen through; one that can't be created is compared as it is written.
Status check_directories(env::FileSystem& files, const std::vector<std::string>& paths);

/// Deals pages to directories by rendezvous hashing (Thaler, Ravishankar: Using Name-Based Mappings to Increase Hit
/// Rates, IEEE/ACM Transactions on Networking 6(1), 1998): each page goes where the hash of page and path is highest.
/// So a directory that is added takes only its share from each of the others, and the order of the list means nothing.
/// Thread-safe.
class PageDealer {
 public:
  /// At least one path.
  explicit PageDealer(const std::vector<std::string>& paths);
  /// The index of the page's directory.
  std::size_t directory_of(Fingerprint fingerprint) const noexcept;

 private:
  std::vector<std::uint64_t> seeds_;
};

}  // namespace seekfs::segmentstore
