// /readv's framed form (application/vnd.seekfs.frames): each item answers for itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "http/exchange.h"
#include "http/routes/readv_body.h"

namespace seekfs::http {

inline constexpr std::string_view frames_content_type = "application/vnd.seekfs.frames";

/// u32 index, u32 HTTP status, u64 length, little-endian.
void append_frame_header(std::string& out, std::uint32_t index, std::uint32_t status, std::uint64_t length);

/// Whether an Accept field names the framed form.
bool accepts_frames(std::string_view accept) noexcept;

/// Replies to `requested` items of one version, in their order. An item that fails before its first byte has left is a
/// frame with the problem; a later failure is an Error, which ends the connection.
async::Task<void> reply_frames(Exchange& exchange, const reader::VersionRef& version,
                               const std::vector<ReadvItem>& requested);

}  // namespace seekfs::http
