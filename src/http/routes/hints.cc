// /hints and /hints/{id}: what clients say that they will read, how far its prefetch has come, and its end.
#include <algorithm>
#include <string>

#include "http/handlers.h"
#include "http/json_text.h"
#include "http/request_check.h"
#include "http/reservation.h"
#include "http/routes/body_length.h"
#include "http/routes/hints_body.h"

namespace seekfs::http {
namespace {

Result<reader::Hints*> service(const Exchange& exchange) {
  if (exchange.shared.parts.hints != nullptr) return exchange.shared.parts.hints;
  return fail(ErrorCode::bad_request, "this server takes no hints");
}

/// A hint is a wish to read, so that whoever may read may send one; but no web page of another origin.
Status check_origin(const Exchange& exchange) { return check_may_change(exchange.head, true); }

void append_amount(JsonWriter& json, std::string_view name, const reader::HintAmount& amount) {
  json.key(name).begin_object().member("pages", amount.pages).member("bytes", amount.bytes).end_object();
}

std::string status_json(const reader::HintStatus& status, std::optional<std::uint64_t> newest) {
  std::string content;
  JsonWriter json(content);
  json.begin_object().member("id", status.id).member("ns", status.ns).member("version", status.version);
  json.key("newest_version");
  if (newest) {
    json.value(*newest);
  } else {
    json.null();
  }
  json.member("epoch", status.epoch).member("priority", status.priority);
  json.member("state", to_string(status.state)).member("detail", status.detail);
  json.member("items", std::uint64_t{status.items}).member("counted", status.counted);
  append_amount(json, "wanted", status.wanted);
  append_amount(json, "resident", status.resident);
  append_amount(json, "failed", status.failed);
  append_amount(json, "fetched", status.fetched);
  json.member("error_count", status.error_count).key("errors").begin_array();
  for (const reader::HintItemError& error : status.errors) {
    json.begin_object().member("index", std::uint64_t{error.index}).member("path", error.path);
    json.member("code", to_string(error.code)).member("detail", error.detail).end_object();
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(status.expires_in);
  json.end_array().member("expires_in_ms", static_cast<std::uint64_t>(left.count())).end_object();
  return content;
}

/// The namespace's newest version where it is known without a wait.
std::optional<std::uint64_t> newest_version(const Exchange& exchange, const std::string& ns) {
  const auto version = exchange.reader().try_open_version(ns, {});
  if (!version || !*version) return std::nullopt;
  return (*version)->manifest->version();
}

/// What a body of `bytes` takes while it is read: itself and its windows. No item is shorter than [0,1].
std::uint64_t memory_for(std::uint64_t bytes, std::uint64_t max_items) {
  constexpr std::uint64_t shortest_item = 5;
  constexpr std::uint64_t item_cost = 128;
  return 2 * bytes + (std::min(bytes / shortest_item, max_items) + 1) * item_cost;
}

async::Task<reader::HintRequest> receive_hint(Exchange& exchange, std::uint64_t max_items) {
  SEEKFS_CO_ASSIGN(
      const Reservation reserved,
      co_await Reservation::acquire(exchange.shared.parts.memory, memory_for(*exchange.head.content_length, max_items),
                                    exchange.wait_deadline()));
  std::string body(*exchange.head.content_length, '\0');
  SEEKFS_CO_TRY(co_await exchange.body.read_body(body));
  auto hint = parse_hints_body(body, max_items);
  if (hint) co_return std::move(*hint);
  exchange.note.index = hint.error().index;
  co_return std::unexpected(std::move(hint.error().error));
}

}  // namespace

async::Task<void> hints(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(reader::Hints * known, service(exchange));
  SEEKFS_CO_TRY(check_origin(exchange));
  SEEKFS_CO_TRY(exchange.query.allow_only({"ns", "version"}));
  SEEKFS_CO_ASSIGN(const std::string_view ns, exchange.query.required("ns"));
  exchange.note.ns = ns;
  SEEKFS_CO_ASSIGN(const auto version, exchange.query.version());
  SEEKFS_CO_TRY(check_body_length(exchange));
  SEEKFS_CO_ASSIGN(reader::HintRequest request, co_await receive_hint(exchange, known->options().max_items));
  SEEKFS_CO_ASSIGN(reader::VersionRef opened,
                   co_await exchange.reader().open_version(std::string(ns), version, exchange.wait_deadline()));
  exchange.note.version = opened.manifest->version();
  SEEKFS_CO_ASSIGN(const reader::HintStatus status, known->add(std::move(request), std::move(opened)));
  ReplyHead head;
  head.status = 202;
  head.content_type = "application/json";
  head.version = status.version;
  exchange.reply(head, status_json(status, newest_version(exchange, status.ns)));
  co_return Status{};
}

Status one_hint(Exchange& exchange) {
  SEEKFS_ASSIGN(reader::Hints * known, service(exchange));
  SEEKFS_TRY(exchange.query.allow_only({}));
  const bool ends = exchange.head.method == Method::del;
  if (ends) SEEKFS_TRY(check_origin(exchange));
  SEEKFS_ASSIGN(const reader::HintStatus status, ends ? known->cancel(exchange.rest) : known->find(exchange.rest));
  exchange.reply_json(status_json(status, newest_version(exchange, status.ns)), status.version);
  return {};
}

}  // namespace seekfs::http
