// How a publish that needs an old object again, and a gc that may be about to delete it, keep out of each other's way.
//
// An object that no version reaches and that is old may be on gc's list at the very moment at which a publish finds it.
// Each side therefore writes its own marker first and looks for the other's afterwards: whatever the order, at least
// one of the two sees the other and stops. Markers lie in namespaces/{ns}/.seekfs/ and lapse by the store's clock, so
// that what a killed process leaves behind blocks nobody for long.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "publish/parts.h"

namespace seekfs::publish {

/// For how long a gc's marker counts. A gc renews its marker after half of that.
inline constexpr std::chrono::milliseconds gc_lease = std::chrono::hours(1);

/// The publisher's side. One thread at a time.
class RevivalMarker {
 public:
  /// `lapse` is how long the marker counts: half of gc's minimum age.
  RevivalMarker(const Parts& parts, std::string ns, std::chrono::milliseconds lapse);
  /// Removes the marker.
  ~RevivalMarker();
  RevivalMarker(const RevivalMarker&) = delete;
  RevivalMarker& operator=(const RevivalMarker&) = delete;

  /// After success no gc deletes anything until this object is destroyed or the marker has lapsed. conflict while a gc
  /// is at work. May be called again; only the first call asks the store.
  Status announce();

 private:
  const Parts parts_;
  const std::string ns_;
  const std::chrono::milliseconds lapse_;
  std::optional<std::string> key_;
};

/// gc's side. One thread at a time. The marker is replaced and removed only by its ETag, so that of several that find a
/// lapsed one a single gc takes its place, and none removes another's.
class GcMarker {
 public:
  /// `lapse` as the publishers use it.
  GcMarker(const Parts& parts, std::string ns, std::chrono::milliseconds lapse);
  /// Removes the marker.
  ~GcMarker();
  GcMarker(const GcMarker&) = delete;
  GcMarker& operator=(const GcMarker&) = delete;

  /// conflict while another gc or a publish that brings back old objects is at work.
  Status acquire();
  /// To be called before each deletion: renews the marker when it is half over; conflict when it had lapsed or is
  /// another's.
  Status keep();

 private:
  Status write();
  Status check_publishers();

  const Parts parts_;
  const std::string ns_;
  const std::chrono::milliseconds lapse_;
  std::string owner_;
  std::optional<std::string> etag_;  ///< of the marker, while it is this gc's
  env::TimePoint written_;
};

}  // namespace seekfs::publish
