// Sending the bytes of file ranges: from L1 by gathered writes, and from where the first page is missing on by a
// stream.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "async/task.h"
#include "http/exchange.h"
#include "reader/read_service.h"

namespace seekfs::http {

/// Bytes that one reply pins in L1 at a time, so that a slow client holds no more than that.
inline constexpr std::uint64_t send_window = 8U << 20U;

/// Replies with `head` and the ranges back to back, until all has been taken by the kernel. The head is made when the
/// first page is there, so that it says whether the server is draining by then, and so that an Error before it can
/// still become a status. No page is held while another is waited for. On an Error of the reader, `failed_item` (when
/// not null) names the range.
async::Task<void> send_ranges(Exchange& exchange, const ReplyHead& head, std::vector<reader::ReadItem> items,
                              std::size_t* failed_item);

}  // namespace seekfs::http
