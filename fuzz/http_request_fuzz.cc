// Fuzzer of everything that reads a request before a route does: parser, checks, target, host, query, and of /readv's
// body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/query.h"
#include "http/range_header.h"
#include "http/request_check.h"
#include "http/request_parser.h"
#include "http/routes/readv_body.h"
#include "http/target.h"

namespace {

using namespace seekfs::http;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Whether a header arrives in one piece or in two must not matter.
void check_cut(std::string_view input, RequestParser::State whole_state, std::size_t whole_size) {
  RequestParser parser({});
  RequestParser::State state = parser.parse(input.substr(0, input.size() / 2));
  if (state == RequestParser::State::need_more) state = parser.parse(input);
  require(state == whole_state);
  if (state == RequestParser::State::complete) require(parser.header_size() == whole_size);
}

void use_head(const RequestHead& head) {
  const auto refusal = check_request(head);
  require(!refusal || (refusal->status >= 400 && !refusal->detail.empty()));
  (void)host_allowed({true, "127.0.0.1"}, head.host);
  const RangeDecision range = decide_range(head.range, 1000);
  require(range.off <= 1000 && range.len <= 1000 - range.off);
  const auto target = parse_target(head.target);
  if (!target) return;
  require(target->path.starts_with('/'));
  Query query;
  (void)query.parse(target->query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  RequestParser parser({});
  const RequestParser::State state = parser.parse(input);
  if (state == RequestParser::State::complete) {
    require(parser.header_size() <= size);
    use_head(parser.head());
  }
  check_cut(input, state, state == RequestParser::State::complete ? parser.header_size() : 0);
  const auto items = parse_readv_body(input, 16);
  require(!items || items->size() <= 16);
  Query query;
  (void)query.parse(input);
  return 0;
}
