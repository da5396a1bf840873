// The options of a transfer, libcurl's callbacks, and the result.
#include "objectstore/s3/curl_transfer.h"

#include <fmt/format.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/units.h"
#include "objectstore/s3/curl_error.h"
#include "objectstore/s3/transfer_inbox.h"
#include "objectstore/s3/url_origin.h"

namespace seekfs::objectstore::s3 {
namespace {

// Few system calls for a large body.
constexpr long receive_buffer = 512 * KiB;
constexpr long send_buffer = 256 * KiB;

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

}  // namespace

/// Sets options until one is refused.
class EasyOptions {
 public:
  explicit EasyOptions(CURL* easy) : easy_(easy) {}
  template <class Value>
  void set(CURLoption option, Value value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  CURLcode code() const noexcept { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

CurlTransfer::CurlTransfer(HttpRequest request, HttpReceiver& receiver, std::string ca_bundle,
                           std::shared_ptr<TransferInbox> inbox)
    : request_(std::move(request)),
      ca_bundle_(std::move(ca_bundle)),
      intake_(receiver, gate_),
      inbox_(std::move(inbox)) {}

void CurlTransfer::resume() { inbox_->post({.kind = TransferCommand::Kind::resume, .transfer = shared_from_this()}); }

bool CurlTransfer::end_pause() {
  last_progress_ = clock_->now();
  return std::exchange(paused_, false);
}

Status CurlTransfer::make_headers() {
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) {
    curl_slist* const longer = curl_slist_append(list, line.c_str());
    if (longer == nullptr) return false;
    headers_.release();  // NOLINT(bugprone-unused-return-value): it is the list that `longer` now is
    headers_.reset(list = longer);
    return true;
  };
  // Without "Expect: 100-continue" no server can refuse the expectation itself with a 417, after which libcurl would
  // send the request again within this transfer.
  bool complete = add("Expect:");
  for (const HttpHeader& header : request_.headers) {
    if (header.name.empty() || has_line_break(header.name) || has_line_break(header.value)) {
      return fail(ErrorCode::invalid, fmt::format("{}: a header with a line break or without a name", what_));
    }
    // Without a value libcurl would leave the header out; the semicolon says that it is meant to be empty.
    complete = complete && add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  if (!complete) return fail(ErrorCode::exhausted, fmt::format("{}: no memory for the headers", what_));
  return {};
}

void CurlTransfer::set_upload(EasyOptions& easy) {
  easy.set(CURLOPT_UPLOAD, 1L);
  easy.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body_range.len));
  easy.set(CURLOPT_READFUNCTION, &CurlTransfer::on_read);
  easy.set(CURLOPT_READDATA, this);
  // For a kept connection that turns out to be closed when a part of the body has gone into it.
  easy.set(CURLOPT_SEEKFUNCTION, &CurlTransfer::on_seek);
  easy.set(CURLOPT_SEEKDATA, this);
  easy.set(CURLOPT_UPLOAD_BUFFERSIZE, send_buffer);
}

Status CurlTransfer::set_up(CURL* handle, const CurlClientOptions& options, const env::Clock& clock) {
  self_ = weak_from_this();
  clock_ = &clock;
  last_progress_ = clock.now();
  SEEKFS_ASSIGN(const UrlOrigin origin, url_origin(request_.url));
  what_ = request_.method + " " + origin.name;
  if (request_.body == nullptr && request_.body_range.len > 0) {
    return fail(ErrorCode::invalid, fmt::format("{}: the range of a body without a body", what_));
  }
  SEEKFS_TRY(make_headers());

  EasyOptions easy(handle);
  easy.set(CURLOPT_PRIVATE, this);
  easy.set(CURLOPT_ERRORBUFFER, detail_.data());
  easy.set(CURLOPT_NOSIGNAL, 1L);
  easy.set(CURLOPT_QUICK_EXIT, 1L);  // the end of a transfer does not wait for its thread that asks the name server

  easy.set(CURLOPT_URL, request_.url.c_str());
  easy.set(CURLOPT_PATH_AS_IS, 1L);
  easy.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  easy.set(CURLOPT_PROTOCOLS_STR, "http,https");
  easy.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (origin.local) easy.set(CURLOPT_PROXY, "");
  if (!options.user_agent.empty()) easy.set(CURLOPT_USERAGENT, options.user_agent.c_str());
  easy.set(CURLOPT_HTTPHEADER, headers_.get());

  if (request_.method == "HEAD") {
    easy.set(CURLOPT_NOBODY, 1L);
  } else {
    if (request_.body != nullptr || request_.method == "PUT" || request_.method == "POST") set_upload(easy);
    easy.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  easy.set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  easy.set(CURLOPT_HEADERDATA, this);
  easy.set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  easy.set(CURLOPT_WRITEDATA, this);
  easy.set(CURLOPT_BUFFERSIZE, receive_buffer);

  easy.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  easy.set(CURLOPT_FRESH_CONNECT, request_.fresh_connection ? 1L : 0L);
  easy.set(CURLOPT_TCP_NODELAY, 1L);
  easy.set(CURLOPT_TCP_KEEPALIVE, 1L);
  easy.set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
  easy.set(CURLOPT_OPENSOCKETDATA, this);
  if (!ca_bundle_.empty()) {
    easy.set(CURLOPT_CAINFO, ca_bundle_.c_str());
    easy.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // else the system's are trusted, too
  }
  if (easy.code() != CURLE_OK) return std::unexpected(curl_error({.code = easy.code(), .what = what_}));
  return {};
}

std::size_t CurlTransfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  transfer.last_progress_ = transfer.clock_->now();
  return transfer.intake_.take_header_line({data, size}) ? size : 0;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  transfer.last_progress_ = transfer.clock_->now();
  switch (transfer.intake_.take_body(std::as_bytes(std::span(data, size)), transfer.self_)) {
    case ReplyIntake::Next::more: return size;
    case ReplyIntake::Next::pause: transfer.paused_ = true; return CURL_WRITEFUNC_PAUSE;
    case ReplyIntake::Next::end: break;
  }
  return size + 1;  // anything but `size` ends the transfer, 0 only when there were bytes
}

std::size_t CurlTransfer::on_read(char* out, std::size_t, std::size_t room, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const ByteRange& range = transfer.request_.body_range;
  const std::size_t count = std::min<std::uint64_t>(room, range.len - transfer.sent_);
  if (count == 0) return 0;
  if (!transfer.gate_.enter()) return CURL_READFUNC_ABORT;
  const Status read =
      transfer.request_.body->read_at(range.off + transfer.sent_, std::as_writable_bytes(std::span(out, count)));
  const bool wanted = transfer.gate_.leave();
  if (!read) transfer.body_error_ = read.error();
  if (!read || !wanted) return CURL_READFUNC_ABORT;
  transfer.sent_ += count;
  transfer.last_progress_ = transfer.clock_->now();
  return count;
}

int CurlTransfer::on_seek(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > transfer.request_.body_range.len) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.sent_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  // libcurl reports every failure as "couldn't connect".
  static_cast<CurlTransfer*>(self)->socket_errno_ = descriptor < 0 ? errno : 0;
  return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
}

env::TimePoint CurlTransfer::due(env::Duration stall_timeout) const {
  return paused_ ? request_.deadline : std::min(request_.deadline, last_progress_ + stall_timeout);
}

std::optional<Error> CurlTransfer::overdue(env::TimePoint now, env::Duration stall_timeout) const {
  if (now >= request_.deadline) return Error(ErrorCode::timeout, what_ + ": not done before its deadline");
  if (paused_ || now < last_progress_ + stall_timeout) return std::nullopt;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(stall_timeout).count();
  return Error(ErrorCode::transient, fmt::format("{}: no byte came or went for {} ms", what_, milliseconds));
}

void CurlTransfer::finish(CURLcode code) {
  if (body_error_) return fail_with(std::move(*body_error_).with_context(what_));
  if (code == CURLE_OK || intake_.ended_early()) {
    Result<HttpReply> reply = intake_.finish();
    if (!reply) return fail_with(reply.error().with_context(what_));
    return settle(std::move(reply));
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) return fail_with(Error(ErrorCode::cancelled, what_ + ": cancelled"));
  fail_with(curl_error(
      {.code = code, .what = what_, .detail = detail_.data(), .socket_errno = socket_errno_, .ca_bundle = ca_bundle_}));
}

void CurlTransfer::fail_with(Error error) { settle(std::unexpected<Error>(std::move(error))); }

void CurlTransfer::settle(Result<HttpReply> result) {
  ended_.store(true, std::memory_order_release);
  done_.set(std::move(result));
}

}  // namespace seekfs::objectstore::s3
