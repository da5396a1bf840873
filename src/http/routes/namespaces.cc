// /namespaces and /namespaces/{ns}: what is published, by the manifests that are known.
#include <string>
#include <vector>

#include "base/percent_decode.h"
#include "http/handlers.h"
#include "http/json_text.h"

namespace seekfs::http {
namespace {

void append_namespace(JsonWriter& json, const reader::NamespaceStatus& status) {
  json.begin_object().member("ns", status.ns);
  json.key("version");
  if (status.version == 0) {
    json.null();
  } else {
    json.value(status.version);
  }
  json.member("files", status.files).member("bytes", status.bytes).member("created_at", status.created_at);
  json.key("degraded");
  if (status.degraded) {
    json.value(*status.degraded);
  } else {
    json.null();
  }
  json.end_object();
}

}  // namespace

async::Task<void> namespaces(Exchange& exchange) {
  SEEKFS_CO_TRY(exchange.query.allow_only({}));
  SEEKFS_CO_ASSIGN(const std::vector<reader::NamespaceStatus> known,
                   co_await exchange.reader().namespaces(exchange.wait_deadline()));
  std::string content;
  JsonWriter json(content);
  json.begin_object().key("namespaces").begin_array();
  for (const reader::NamespaceStatus& status : known) append_namespace(json, status);
  json.end_array().end_object();
  exchange.reply_json(std::move(content));
  co_return Result<void>{};
}

async::Task<void> one_namespace(Exchange& exchange) {
  SEEKFS_CO_TRY(exchange.query.allow_only({}));
  std::string& scratch = exchange.scratch.decoded;
  scratch.clear();
  scratch.reserve(exchange.rest.size());
  const auto ns = percent_decode(exchange.rest, PlusSign::plus, scratch);
  if (!ns) co_return fail(ErrorCode::bad_request, "the namespace has a bad percent escape");
  exchange.note.ns = *ns;
  SEEKFS_CO_ASSIGN(const reader::NamespaceStatus status,
                   co_await exchange.reader().namespace_status(std::string(*ns), exchange.wait_deadline()));
  std::string content;
  JsonWriter json(content);
  append_namespace(json, status);
  exchange.reply_json(std::move(content), status.version == 0 ? std::nullopt : std::optional(status.version));
  co_return Result<void>{};
}

}  // namespace seekfs::http
