// One attempt at a GET: one exchange, and a second one on another connection when the first byte is late. The first to
// answer well wins; the other is cancelled. Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "objectstore/s3/attempts.h"
#include "objectstore/s3/object_head.h"

namespace seekfs::objectstore::s3 {

/// What is asked, and what the answer must be like.
struct GetQuestion {
  std::string key;
  std::optional<ByteRange> range;
  std::optional<std::string> etag;  ///< the state that is wanted
  std::string action;
  Purpose purpose = Purpose::demand;
};

struct GetAnswer {
  std::optional<GetHead> head;     ///< of the answer whose body went to the sink, whole or not
  std::optional<Failure> failure;  ///< nothing: the body has ended, or the sink wanted no more
  bool ended_by_sink = false;
};

/// `sink` gets bytes of one answer only. `paid` is what this attempt paid as a retry. All arguments outlive it.
boost::asio::awaitable<GetAnswer, async::Executor> hedged_get(const EngineParts& parts, const GetQuestion& question,
                                                              const SignedHttp& sent, OriginGate::RetryToken paid,
                                                              BodySink& sink);

}  // namespace seekfs::objectstore::s3
