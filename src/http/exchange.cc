// Beginning replies with what the connection knows.
#include "http/exchange.h"

namespace seekfs::http {

void Exchange::begin(const ReplyHead& reply) {
  ReplyContext context;
  context.http_1_0 = head.http_1_0;
  context.date = date;
  context.request_id = request_id;
  const bool ends_with_connection = head.http_1_0 && !reply.content_length && !reply.no_body;
  context.keep_alive = may_keep_alive && head.keep_alive && !shared.draining() && !ends_with_connection;
  writer.begin(reply, context, head.method != Method::head);
}

void Exchange::reply(ReplyHead reply, std::string content) {
  reply.content_length = content.size();
  begin(reply);
  writer.body(std::move(content));
  writer.end();
}

void Exchange::reply_json(std::string content, std::optional<std::uint64_t> version) {
  ReplyHead reply_head;
  reply_head.content_type = "application/json";
  reply_head.version = version;
  reply(reply_head, std::move(content));
}

}  // namespace seekfs::http
