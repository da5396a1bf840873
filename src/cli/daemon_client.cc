// The curl handle behind DaemonClient: callbacks that collect a reply, and what its failures mean.
#include "cli/daemon_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/json_read.h"

namespace seekfs::cli {
namespace {

constexpr std::size_t max_small_body = 256U << 20U;
constexpr long connect_timeout_ms = 5000;
/// A transfer that moves nothing for this long is given up; it is longer than the daemon's own wait for a page.
constexpr long stall_seconds = 120;

/// What the callbacks of one request work on.
struct Transfer {
  CURL* handle = nullptr;
  DaemonReply reply;
  const BodyReceiver* receive = nullptr;
  std::optional<Error> failure;
};

std::size_t on_header(char* data, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, count);
  if (line.starts_with("HTTP/")) transfer.reply.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  transfer.reply.headers.insert_or_assign(std::move(name), std::string(value));
  return count;
}

std::size_t on_body(char* data, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.receive != nullptr && *transfer.receive && status >= 200 && status < 300) {
    auto taken = (*transfer.receive)(std::as_bytes(std::span(data, count)));
    if (taken) return count;
    transfer.failure = std::move(taken).error();
    return 0;
  }
  if (transfer.reply.body.size() + count > max_small_body) {
    transfer.failure = Error(ErrorCode::too_large, "the daemon's reply is larger than any reply of this kind");
    return 0;
  }
  transfer.reply.body.append(data, count);
  return count;
}

}  // namespace

struct DaemonClient::State {
  std::string base;         ///< as it was named
  std::string url;          ///< what paths follow
  std::string socket_path;  ///< empty: TCP
  std::unique_ptr<CURL, void (*)(CURL*)> handle{curl_easy_init(), curl_easy_cleanup};
};

DaemonClient::DaemonClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
DaemonClient::~DaemonClient() = default;
DaemonClient::DaemonClient(DaemonClient&&) noexcept = default;
DaemonClient& DaemonClient::operator=(DaemonClient&&) noexcept = default;

const std::string& DaemonClient::base() const noexcept { return state_->base; }

Result<DaemonClient> DaemonClient::connect_to(std::string base) {
  while (base.ends_with('/')) base.pop_back();
  constexpr std::string_view scheme = "http://";
  constexpr std::string_view unix_scheme = "unix:";
  const bool is_unix = base.starts_with("unix:/");
  const bool is_url = base.starts_with(scheme) && base.size() > scheme.size() &&
                      base.find_first_of("/?#@ ", scheme.size()) == std::string::npos;
  if (!is_unix && !is_url) {
    return fail(ErrorCode::bad_request,
                fmt::format("'{}' is no daemon's address; write http://HOST:PORT or unix:/PATH", base));
  }
  auto state = std::make_unique<State>();
  if (state->handle == nullptr) return fail(ErrorCode::exhausted, "libcurl gave no handle");
  if (is_unix) state->socket_path = base.substr(unix_scheme.size());
  state->url = is_unix ? "http://localhost" : base;
  state->base = std::move(base);
  return DaemonClient(std::move(state));
}

std::string_view DaemonReply::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<DaemonReply> DaemonClient::get(std::string_view path, const QueryItems& query, const BodyReceiver& receive) {
  SEEKFS_ASSIGN(DaemonReply reply, perform(Verb::get, path, query, receive));
  if (reply.status < 200 || reply.status >= 300) return std::unexpected(error_of_reply(reply));
  return reply;
}

Result<DaemonReply> DaemonClient::post(std::string_view path, const QueryItems& query) {
  SEEKFS_ASSIGN(DaemonReply reply, perform(Verb::post, path, query, {}));
  if (reply.status < 200 || reply.status >= 300) return std::unexpected(error_of_reply(reply));
  return reply;
}

Result<DaemonReply> DaemonClient::post_json(std::string_view path, const QueryItems& query, const std::string& body) {
  SEEKFS_ASSIGN(DaemonReply reply, perform(Verb::post, path, query, {}, body));
  if (reply.status < 200 || reply.status >= 300) return std::unexpected(error_of_reply(reply));
  return reply;
}

Result<DaemonReply> DaemonClient::remove(std::string_view path) {
  SEEKFS_ASSIGN(DaemonReply reply, perform(Verb::del, path, {}, {}));
  if (reply.status < 200 || reply.status >= 300) return std::unexpected(error_of_reply(reply));
  return reply;
}

Result<DaemonReply> DaemonClient::get_any(std::string_view path, const QueryItems& query) {
  return perform(Verb::get, path, query, {});
}

Result<DaemonReply> DaemonClient::perform(Verb verb, std::string_view path, const QueryItems& query,
                                          const BodyReceiver& receive, const std::string& body) {
  CURL* handle = state_->handle.get();
  curl_easy_reset(handle);
  std::string url = state_->url + std::string(path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    const std::unique_ptr<char, void (*)(void*)> escaped(
        curl_easy_escape(handle, value.data(), static_cast<int>(value.size())), curl_free);
    url += fmt::format("{}{}={}", separator, name, escaped.get() == nullptr ? "" : escaped.get());
    separator = '&';
  }
  Transfer transfer;
  transfer.handle = handle;
  transfer.receive = &receive;
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
  if (!state_->socket_path.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, state_->socket_path.c_str());
  // A daemon on this machine is never behind the proxy that the environment may name.
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> fields(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  if (verb == Verb::post) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    if (!body.empty()) curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.get());
  } else {
    if (verb == Verb::del) curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "DELETE");
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, stall_seconds);
  }
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "seekfs-ctl/" SEEKFS_VERSION);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  const CURLcode code = curl_easy_perform(handle);
  if (transfer.failure) return std::unexpected(std::move(*transfer.failure));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  transfer.reply.status = static_cast<int>(status);
  if (code == CURLE_OK) return std::move(transfer.reply);
  if (status != 0) {
    return fail(ErrorCode::transient,
                fmt::format("the daemon broke off its reply ({}); its log says why", curl_easy_strerror(code)));
  }
  return fail(ErrorCode::internal,
              fmt::format("no daemon answers at {} ({}); start seekfsd, name it with --addr, or do "
                          "without it by --direct",
                          state_->base, curl_easy_strerror(code)));
}

Error error_of_reply(const DaemonReply& reply) {
  const auto problem = parse_problem(reply.body);
  if (!problem) return {ErrorCode::internal, fmt::format("the daemon answered {} without saying why", reply.status)};
  std::string message = problem->detail;
  if (!problem->request_id.empty()) message += fmt::format(" (request {})", problem->request_id);
  return {problem->code, std::move(message)};
}

}  // namespace seekfs::cli
