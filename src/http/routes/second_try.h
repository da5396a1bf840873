// One more try of a request whose object has changed in the store since its version was published.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "async/task.h"
#include "http/exchange.h"

namespace seekfs::http {

/// Whether a request that ended with `sent`, on the version that is in the note, is to be answered anew: it found an
/// object changed, no byte has left, it pinned no version, and the namespace's newest version is another by now. What
/// was queued is dropped before the store is asked.
async::Task<bool> is_worth_a_second_try(Exchange& exchange, std::string_view ns, std::optional<std::uint64_t> pinned,
                                        const Status& sent);

}  // namespace seekfs::http
