// /healthz, /readyz, /version and /metrics: about the process, not about data.
#include <string>
#include <vector>

#include "http/handlers.h"
#include "http/json_text.h"

namespace seekfs::http {
namespace {

std::string_view name_of(ServingState state) noexcept {
  switch (state) {
    case ServingState::starting: return "starting";
    case ServingState::ready: return "ready";
    case ServingState::draining: break;
  }
  return "draining";
}

void append_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& items) {
  json.key(name).begin_array();
  for (const std::string& item : items) json.value(item);
  json.end_array();
}

}  // namespace

Status healthz(Exchange& exchange) {
  SEEKFS_TRY(exchange.query.allow_only({}));
  ReplyHead head;
  head.content_type = "text/plain";
  exchange.reply(head, "ok\n");
  return {};
}

Status readyz(Exchange& exchange) {
  SEEKFS_TRY(exchange.query.allow_only({}));
  const ServingState state = exchange.shared.state.load(std::memory_order_relaxed);
  std::string content;
  JsonWriter json(content);
  json.begin_object().member("status", name_of(state));
  append_list(json, "degraded", exchange.reader().degraded());
  json.end_object();
  ReplyHead head;
  head.content_type = "application/json";
  if (state != ServingState::ready) {
    head.status = 503;
    head.retry_after = std::chrono::seconds(1);
  }
  exchange.reply(head, std::move(content));
  return {};
}

Status metrics(Exchange& exchange) {
  SEEKFS_TRY(exchange.query.allow_only({}));
  ReplyHead head;
  head.content_type = "text/plain; version=0.0.4; charset=utf-8";
  exchange.reply(head, to_prometheus_text(exchange.shared.parts.metrics));
  return {};
}

Status version(Exchange& exchange) {
  SEEKFS_TRY(exchange.query.allow_only({}));
  const ServerOptions& options = exchange.shared.options;
  std::string content;
  JsonWriter json(content);
  json.begin_object().member("version", options.version).member("build", options.build);
  append_list(json, "features", options.features);
  json.end_object();
  exchange.reply_json(std::move(content));
  return {};
}

}  // namespace seekfs::http
