// Which GETs go on while readers wait for the bytes of others. Pure: a function of what it was told, so that it is
// tested and simulated without I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "env/clock.h"

namespace seekfs::fetch {

struct TailLimits {
  bool yields = true;  ///< false: every tail runs
  /// How many tails run while readers wait, but only for the first byte of their GETs: the link would be idle.
  std::uint32_t beside_first_bytes = 4;
  /// A tail that has been paused for so long goes on for a page.
  env::Duration longest_pause = std::chrono::seconds(1);
  /// Once the pauses of a GET come to this together, it is paused no more: its deadline goes on, and so does the
  /// server's patience.
  env::Duration longest_in_all = std::chrono::seconds(10);
};

/// The tail of a GET is what is left of it when no reader waits for any of its pages: run-on, read-ahead, hints; a GET
/// that prefetches is all tail. It yields at the start of a page:
///
/// - to a reader whose bytes are coming by another GET: it is paused;
/// - to readers who still wait for a first byte: only so many tails run;
/// - to a reader whose GET waits for a permit: it ends there, since it holds one, but not before it has brought a page.
///
/// Speculative pages, which nobody has announced, yield to all readers; read-ahead and hints not to those of their own
/// object, who are about to want them. As soon as a reader waits for one of its pages, a GET has no tail. Not
/// thread-safe.
class TailPolicy {
 public:
  using Id = std::uint64_t;
  enum class Step : std::uint8_t { run, pause, end };

  explicit TailPolicy(TailLimits limits) : limits_(limits) {}

  /// A GET is about to be sent, for pages of `object` (any number that stands for it). `wanted`: a reader waits for one
  /// of them.
  Id begin(std::uint64_t object, bool wanted);
  void end(Id id);
  /// One of its pages is complete; `wanted`: a reader waits for one of those that follow.
  void page_done(Id id, bool wanted);

  struct NextPage {
    bool wanted = false;       ///< a reader waits for it or one of those that follow
    bool speculative = false;  ///< nobody has asked for it, not even as a hint or as read-ahead
  };
  /// The bytes of its next page are there, or about to be. After `pause` it is asked for again once due() names it;
  /// asking earlier does no harm.
  Step next_page(Id id, NextPage page, env::TimePoint now);
  /// A reader waits for one of its pages.
  void raise(Id id);
  /// A reader's GET can't be sent since all permits are held; until permit_granted(), or until a tail has ended for it.
  void permit_wanted() noexcept { permit_wanted_ = true; }
  void permit_granted() noexcept;
  /// Every tail ends at its next page.
  void close() noexcept { closed_ = true; }

  /// Paused GETs that are to ask for their next page, oldest pause first; each is named once a pause. To be called
  /// after each of the above, and when next_due() has come.
  std::vector<Id> due(env::TimePoint now);
  /// When due() has more to say although nothing else happens.
  std::optional<env::TimePoint> next_due() const;

 private:
  struct Get {
    std::uint64_t object = 0;
    bool wanted = false;
    bool started = false;  ///< its bytes are coming
    bool speculative = false;
    bool useful = false;  ///< it has brought a page
    std::optional<env::TimePoint> paused_at;
    bool named = false;  ///< by due(), since it was paused
    env::Duration paused_before{0};
  };
  bool has_patience(const Get& get, env::TimePoint now) const;
  bool may_run(const Get& tail) const;
  Step decide(const Get& get, env::TimePoint now);

  const TailLimits limits_;
  std::map<Id, Get> gets_;
  Id last_id_ = 0;
  bool permit_wanted_ = false;
  std::optional<Id> ender_;  ///< named so that its permit comes back soon
  bool closed_ = false;
};

}  // namespace seekfs::fetch
