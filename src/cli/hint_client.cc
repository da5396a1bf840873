// Bodies, lists, and the loop that waits.
#include "cli/hint_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/promise.h"
#include "async/sync_wait.h"
#include "base/number.h"
#include "base/units.h"
#include "cli/json_fields.h"
#include "cli/text_format.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

namespace json = boost::json;
using reader::HintAmount;
using reader::HintState;
using reader::HintStatus;

constexpr std::chrono::milliseconds ask_every{200};

bool read_amount(const json::object& object, std::string_view name, HintAmount& amount) {
  const json::object* member = object_of(object, name);
  const auto pages = member == nullptr ? std::nullopt : number_of<std::uint64_t>(*member, "pages");
  const auto bytes = member == nullptr ? std::nullopt : number_of<std::uint64_t>(*member, "bytes");
  if (pages && bytes) amount = {*pages, *bytes};
  return pages && bytes;
}

std::optional<HintState> state_named(std::string_view name) {
  for (const HintState state : {HintState::waiting, HintState::running, HintState::paused, HintState::done,
                                HintState::stopped, HintState::failed, HintState::cancelled}) {
    if (to_string(state) == name) return state;
  }
  return std::nullopt;
}

bool read_errors(const json::object& object, HintStatus& status) {
  const json::array* errors = array_of(object, "errors");
  const auto count = number_of<std::uint64_t>(object, "error_count");
  if (errors == nullptr || !count) return false;
  status.error_count = *count;
  for (const json::value& item : *errors) {
    const json::object* error = item.if_object();
    if (error == nullptr) return false;
    status.errors.push_back({.index = number_of<std::size_t>(*error, "index").value_or(0),
                             .path = text_of(*error, "path").value_or(""),
                             .code = error_code_named(text_of(*error, "code").value_or("")),
                             .detail = text_of(*error, "detail").value_or("")});
  }
  return true;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// What all hints together want and have.
struct Sum {
  std::uint64_t wanted = 0;
  std::uint64_t done = 0;
  bool counted = true;
};

Sum sum_of(const std::vector<HintReply>& hints) {
  Sum sum;
  for (const auto& [status, text] : hints) {
    sum.wanted += status.wanted.bytes;
    sum.done += status.resident.bytes + status.failed.bytes;
    sum.counted = sum.counted && status.counted;
  }
  return sum;
}

/// Says why a hint does not go on, once for each reason.
void warn_of_pause(Session& session, const HintStatus& before, const HintStatus& now) {
  if (now.state != HintState::paused || (before.state == HintState::paused && before.detail == now.detail)) return;
  session.console().warn(fmt::format("{} waits: {}", now.ns, printable(now.detail)));
}

Status ask_again(Session& session, DaemonClient& daemon, HintReply& hint) {
  SEEKFS_ASSIGN(HintReply now, ask_after(daemon, hint.status.id));
  warn_of_pause(session, hint.status, now.status);
  const auto figures = [](const HintStatus& status) {
    return std::tuple(status.state, status.wanted.pages, status.resident.pages, status.failed.pages,
                      status.fetched.pages);
  };
  const bool is_new = figures(now.status) != figures(hint.status);
  hint = std::move(now);
  if (session.json() && is_new) return session.console().out(hint.json + "\n");
  return {};
}

}  // namespace

Result<HintReply> parse_hint_reply(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return unexpected_reply("/hints");
  HintReply reply{.status = {}, .json = std::string(text)};
  HintStatus& status = reply.status;
  const auto id = text_of(*object, "id");
  const auto ns = text_of(*object, "ns");
  const auto version = number_of<std::uint64_t>(*object, "version");
  const auto state = state_named(text_of(*object, "state").value_or(""));
  const json::value* counted = object->if_contains("counted");
  if (!id || !ns || !version || !state || counted == nullptr || !counted->is_bool() ||
      !read_amount(*object, "wanted", status.wanted) || !read_amount(*object, "resident", status.resident) ||
      !read_amount(*object, "failed", status.failed) || !read_amount(*object, "fetched", status.fetched) ||
      !read_errors(*object, status)) {
    return unexpected_reply("/hints");
  }
  status.id = *id;
  status.ns = *ns;
  status.version = *version;
  status.state = *state;
  status.counted = counted->get_bool();
  status.detail = text_of(*object, "detail").value_or("");
  status.items = number_of<std::size_t>(*object, "items").value_or(0);
  status.priority = number_of<std::uint64_t>(*object, "priority").value_or(0);
  return reply;
}

std::string hint_body(const std::vector<reader::HintWindow>& windows, const HintOptions& options) {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("epoch", options.epoch).member("priority", options.priority);
  json.member("ttl_ms", static_cast<std::uint64_t>(options.ttl.count())).key("windows").begin_array();
  for (const reader::HintWindow& window : windows) {
    json.begin_object().member(window.is_prefix ? "prefix" : "path", window.name);
    if (!window.ranges.empty()) {
      json.key("ranges").begin_array();
      for (const reader::HintRange& range : window.ranges) {
        json.begin_array().value(range.off).value(range.len).end_array();
      }
      json.end_array();
    }
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

Result<std::vector<reader::HintWindow>> parse_hint_list(std::string_view text) {
  std::vector<reader::HintWindow> windows;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::vector<std::string_view> fields = split(line, '\t');
    reader::HintWindow window{.name = std::string(fields[0]), .is_prefix = fields[0].ends_with('/'), .ranges = {}};
    if (fields.size() > 1) {
      const auto off = parse_number(fields[1]);
      const auto len = fields.size() == 3 ? parse_number(fields[2]) : std::nullopt;
      if (!off || !len || window.is_prefix) {
        return fail(ErrorCode::bad_request,
                    fmt::format("line {} of the list is neither a path nor a path, an offset and a length with tabs "
                                "between",
                                number));
      }
      window.ranges.push_back({*off, *len});
    }
    windows.push_back(std::move(window));
  }
  if (windows.empty()) return fail(ErrorCode::bad_request, "the list has no paths");
  return windows;
}

std::chrono::milliseconds default_hint_ttl(bool waited_for) {
  return waited_for ? std::chrono::hours(24) : std::chrono::minutes(10);
}

Result<HintReply> ask_after(DaemonClient& daemon, std::string_view id) {
  SEEKFS_ASSIGN(const DaemonReply reply, daemon.get(fmt::format("/v1/hints/{}", id)));
  return parse_hint_reply(reply.body);
}

std::string hint_line(const HintStatus& status) {
  std::string line = fmt::format("{}  {} v-{}  {}: {} of {} resident, {} fetched", status.id, status.ns, status.version,
                                 to_string(status.state), format_size_approx(status.resident.bytes),
                                 format_size_approx(status.wanted.bytes), format_size_approx(status.fetched.bytes));
  if (status.failed.pages > 0) line += fmt::format(", {} failed", format_size_approx(status.failed.bytes));
  if (!status.detail.empty()) line += fmt::format(" ({})", printable(status.detail));
  return line + "\n";
}

ExitCode report_errors(Session& session, const HintStatus& status) {
  for (const reader::HintItemError& error : status.errors) {
    session.console().error(fmt::format("{}: {}", printable(error.path), printable(error.detail)));
  }
  if (status.error_count > status.errors.size()) {
    session.console().error(fmt::format("and {} more", status.error_count - status.errors.size()));
  }
  if (!status.errors.empty()) return exit_code(status.errors.front().code);
  if (status.state == HintState::failed) return ExitCode::origin;
  const bool all = status.state == HintState::done && status.resident.pages == status.wanted.pages;
  return all ? ExitCode::ok : ExitCode::failure;
}

Result<ExitCode> wait_for_hints(Session& session, std::vector<HintReply> hints) {
  SEEKFS_ASSIGN(DaemonClient * daemon, session.daemon());
  async::Timers timers(session.clock());
  const auto unfinished = [](const HintReply& hint) { return !is_final(hint.status.state); };
  while (std::ranges::any_of(hints, unfinished)) {
    const async::Promise<void> never;
    [[maybe_unused]] const Status waited =
        async::sync_wait(never.wait_until(timers, session.clock().now() + ask_every, "a pause"));
    for (HintReply& hint : hints) {
      if (unfinished(hint)) SEEKFS_TRY(ask_again(session, *daemon, hint));
    }
    const Sum sum = sum_of(hints);
    session.console().progress("warm", sum.done, sum.counted ? sum.wanted : 0);
  }
  session.console().clear_progress();
  ExitCode worst = ExitCode::ok;
  for (const HintReply& hint : hints) {
    if (!session.json()) SEEKFS_TRY(session.console().out(hint_line(hint.status)));
    const ExitCode code = report_errors(session, hint.status);
    if (worst == ExitCode::ok) worst = code;
    // An error changes nothing: its time may have been over at this very moment.
    [[maybe_unused]] const auto forgotten = daemon->remove(fmt::format("/v1/hints/{}", hint.status.id));
  }
  return worst;
}

}  // namespace seekfs::cli
