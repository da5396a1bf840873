// Names of states, and the list of errors.
#include "reader/hint.h"

#include <utility>

namespace seekfs::reader {
namespace {

constexpr std::size_t most_errors = 100;

}  // namespace

std::string_view to_string(HintState state) noexcept {
  switch (state) {
    case HintState::waiting: return "waiting";
    case HintState::running: return "running";
    case HintState::paused: return "paused";
    case HintState::done: return "done";
    case HintState::stopped: return "stopped";
    case HintState::failed: return "failed";
    case HintState::cancelled: return "cancelled";
  }
  return "cancelled";
}

bool is_final(HintState state) noexcept {
  return state != HintState::waiting && state != HintState::running && state != HintState::paused;
}

void add_error(HintStatus& status, HintItemError error) {
  for (const HintItemError& known : status.errors) {
    if (known.index == error.index && known.path == error.path) return;
  }
  ++status.error_count;
  if (status.errors.size() < most_errors) status.errors.push_back(std::move(error));
}

}  // namespace seekfs::reader
