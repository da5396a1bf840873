// Requests to a running seekfsd, by libcurl.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace seekfs::cli {

using QueryItems = std::vector<std::pair<std::string, std::string>>;

struct DaemonReply {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case; the last of a name counts
  std::string body;                                         ///< empty when a sink took it

  /// The value of a header; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// Takes a piece of a 2xx reply's body; its Error ends the transfer and comes back to the caller.
using BodyReceiver = std::function<Status(std::span<const std::byte>)>;

/// One connection, kept alive between requests. One thread at a time.
class DaemonClient {
 public:
  /// `base` is "http://127.0.0.1:7070" or "unix:/run/seekfs.sock"; bad_request for anything else.
  static Result<DaemonClient> connect_to(std::string base);
  ~DaemonClient();
  DaemonClient(DaemonClient&&) noexcept;
  DaemonClient& operator=(DaemonClient&&) noexcept;

  /// GET base + path with the query escaped. A reply that is no success becomes the Error that its problem document
  /// names. `internal` when no daemon answers there, `transient` when a body ends short.
  Result<DaemonReply> get(std::string_view path, const QueryItems& query = {}, const BodyReceiver& receive = {});
  /// The same, but any complete reply is a success and its body comes back.
  Result<DaemonReply> get_any(std::string_view path, const QueryItems& query = {});

  /// POST without a body; errors as get(). The daemon may take as long as it needs for its answer.
  Result<DaemonReply> post(std::string_view path, const QueryItems& query = {});
  /// POST with a JSON body; errors as get().
  Result<DaemonReply> post_json(std::string_view path, const QueryItems& query, const std::string& body);
  /// DELETE; errors as get().
  Result<DaemonReply> remove(std::string_view path);

  const std::string& base() const noexcept;

 private:
  enum class Verb : std::uint8_t { get, post, del };
  struct State;
  explicit DaemonClient(std::unique_ptr<State> state);
  Result<DaemonReply> perform(Verb verb, std::string_view path, const QueryItems& query, const BodyReceiver& receive,
                              const std::string& body = {});

  std::unique_ptr<State> state_;
};

/// The Error that a reply's problem document describes; made from the status alone when the body is none.
Error error_of_reply(const DaemonReply& reply);

}  // namespace seekfs::cli
