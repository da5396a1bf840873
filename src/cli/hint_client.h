// Hints through the daemon's /hints endpoints: posting lists, asking after them, waiting for their end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/daemon_client.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "reader/hint.h"

namespace seekfs::cli {

/// What /hints answers, and its text.
struct HintReply {
  reader::HintStatus status;  ///< without expires_in and epoch
  std::string json;
};
/// `corrupt` when the text is not what /hints answers.
Result<HintReply> parse_hint_reply(std::string_view text);

/// What a hint is to be posted with.
struct HintOptions {
  std::uint64_t epoch = 0;
  std::uint64_t priority = 0;
  std::chrono::milliseconds ttl{};
};
/// The body of POST /hints.
std::string hint_body(const std::vector<reader::HintWindow>& windows, const HintOptions& options);

/// A list as people write it: a path a line, a folder with its slash, or path, offset and length with tabs between;
/// empty lines are passed over. bad_request naming the line.
Result<std::vector<reader::HintWindow>> parse_hint_list(std::string_view text);

/// What a hint lives for unless told: ten minutes; when somebody waits for its end, who forgets it then, as long as a
/// hint may live.
std::chrono::milliseconds default_hint_ttl(bool waited_for);

Result<HintReply> ask_after(DaemonClient& daemon, std::string_view id);

/// Asks until all hints have ended, with a progress line; with --json each status that is new is a line. What they came
/// to is printed, then they are forgotten. The exit code of the first thing that went wrong; `failure` when not all is
/// resident.
Result<ExitCode> wait_for_hints(Session& session, std::vector<HintReply> hints);

/// One line about a hint.
std::string hint_line(const reader::HintStatus& status);
/// Errors of items on stderr, and what the hint came to.
ExitCode report_errors(Session& session, const reader::HintStatus& status);

}  // namespace seekfs::cli
