// Looking into a reply's head, and the exchange of small replies.
#include "objectstore/s3/http_client.h"

#include <strings.h>

#include <utility>

namespace seekfs::objectstore::s3 {

std::optional<std::string_view> HttpReplyHead::find(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name.size() == name.size() && strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return header.value;
    }
  }
  return std::nullopt;
}

async::Task<HttpReply> exchange(HttpClient& client, HttpRequest request) {
  WholeReply receiver;
  const std::unique_ptr<HttpTransfer> transfer = client.start(std::move(request), receiver);
  co_return co_await transfer->wait();
}

}  // namespace seekfs::objectstore::s3
