// One request and its reply, as a route's handler sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/task.h"
#include "http/parts.h"
#include "http/query.h"
#include "http/reply_writer.h"
#include "http/request.h"
#include "http/route.h"

namespace seekfs::http {

/// Gives a handler the request's body.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// Fills `out` with the next out.size() bytes of the body (no more than its Content-Length says are left), after the
  /// 100 (Continue) that the client may be waiting for. An Error ends the request; its status is in the note.
  virtual async::Task<void> read_body(std::span<char> out) = 0;
};

/// What a problem document and its header say beyond the Error: filled in by a handler as it learns it.
struct ProblemNote {
  int status = 0;  ///< 0: that of the error's code
  std::string_view ns;
  std::string_view path;
  std::optional<std::size_t> index;
  std::optional<std::uint64_t> version;
  std::optional<std::uint64_t> file_size;  ///< for Content-Range of a 416
  std::string_view allow;
};

/// Buffers that keep their memory from request to request.
struct Scratch {
  std::string decoded;
  std::string hash;
};

/// Valid until the reply is finished. A handler begins a reply and queues its body, or returns an Error: before any
/// byte of the reply has left that becomes a problem document, afterwards the connection is reset.
class Exchange {
 public:
  Exchange(Shared& shared_parts, const RequestHead& request_head, const Query& request_query, ReplyWriter& reply_writer,
           BodyReader& body_reader, Scratch& buffers)
      : shared(shared_parts),
        head(request_head),
        query(request_query),
        writer(reply_writer),
        body(body_reader),
        scratch(buffers) {}

  Shared& shared;
  const RequestHead& head;
  const Query& query;
  ReplyWriter& writer;
  BodyReader& body;
  Scratch& scratch;

  Route route = Route::none;
  std::string_view rest;
  std::string_view request_id;
  std::string_view date;
  bool may_keep_alive = true;
  bool on_loopback = false;  ///< the listener's address is one that only this machine reaches
  ProblemNote note;

  reader::ReadService& reader() const noexcept { return shared.parts.reader; }
  env::TimePoint wait_deadline() const { return shared.wait_deadline(); }

  void begin(const ReplyHead& reply);
  /// A whole reply with a body.
  void reply(ReplyHead reply, std::string content);
  void reply_json(std::string content, std::optional<std::uint64_t> version = {});
};

}  // namespace seekfs::http
