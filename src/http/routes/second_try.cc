// The decision: only what the client cannot notice is done again.
#include "http/routes/second_try.h"

#include <string>

namespace seekfs::http {

async::Task<bool> is_worth_a_second_try(Exchange& exchange, std::string_view ns, std::optional<std::uint64_t> pinned,
                                        const Status& sent) {
  if (sent || sent.error().code != ErrorCode::source_changed) co_return false;
  if (pinned || !exchange.note.version || exchange.writer.sent_any()) co_return false;
  exchange.writer.discard();  // no page is held while the store is asked
  co_return co_await exchange.reader().reload(std::string(ns), *exchange.note.version, exchange.wait_deadline());
}

}  // namespace seekfs::http
