// The one place that knows Beast: its parser takes the header apart, without a body and without allocations.
#include "http/request_parser.h"

#include <fmt/format.h>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "http/ascii.h"

namespace seekfs::http {
namespace {

namespace beast = boost::beast::http;
using BeastError = boost::beast::error_code;

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

Method method_of(beast::verb verb) noexcept {
  switch (verb) {
    case beast::verb::get: return Method::get;
    case beast::verb::head: return Method::head;
    case beast::verb::post: return Method::post;
    case beast::verb::delete_: return Method::del;
    default: return Method::other;
  }
}

Refusal bad(std::string detail) { return {400, ErrorCode::bad_request, std::move(detail)}; }

}  // namespace

/// Receives what Beast finds. The body is never given to it.
class RequestParser::Beast final : public beast::basic_parser<true> {
 public:
  Beast(RequestHead& head, std::optional<Refusal>& refusal, const ParserLimits& limits)
      : head_(head), refusal_(refusal), limits_(limits) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    body_limit(boost::none);
  }
  void set_input(std::string_view input) noexcept { input_ = input; }
  bool has_start_line() const noexcept { return has_start_line_; }

 private:
  void refuse(Refusal refusal, BeastError& ec) {
    refusal_ = std::move(refusal);
    ec = beast::error::bad_field;
  }

  void on_request_impl(beast::verb verb, boost::beast::string_view method, boost::beast::string_view target,
                       int version, BeastError& ec) override {
    has_start_line_ = true;
    if (target.size() > limits_.target_bytes) {
      refuse({414, ErrorCode::too_large, fmt::format("the target is longer than {} bytes", limits_.target_bytes)}, ec);
      return;
    }
    head_.method = method_of(verb);
    head_.method_text = view(method);
    head_.target = view(target);
    head_.http_1_0 = version == 10;
  }

  /// A value that Beast joined from several lines lies in a buffer of Beast's, unless all but one of them are empty:
  /// then a line end stands before it.
  bool is_folded(std::string_view name, std::string_view value) const noexcept {
    if (value.empty()) return false;
    const std::less<const char*> before;
    if (before(value.data(), input_.data()) || !before(value.data(), input_.data() + input_.size())) return true;
    const char* const name_end = name.data() + name.size();
    const std::string_view between(name_end, static_cast<std::size_t>(value.data() - name_end));
    return between.find('\n') != std::string_view::npos;
  }

  static void keep_first(std::string_view& field, std::string_view value) noexcept {
    if (field.empty()) field = value;
  }

  /// Several lines of a field are one value with commas between (RFC 9110 section 5.3). Of fields that are no lists
  /// that makes a value which is not valid, and so is ignored as section 13.1 wants it.
  static void join(std::string_view& field, std::string& joined, std::string_view value) {
    if (field.empty()) {
      field = value;
      return;
    }
    if (joined.empty()) joined = field;
    joined.append(", ").append(value);
    field = joined;
  }

  /// Whoever honours one of two ranges gives another answer than whoever honours the other.
  void keep_only(std::string_view& field, bool& seen, std::string_view value, std::string_view name, BeastError& ec) {
    if (std::exchange(seen, true)) return refuse(bad(fmt::format("the request has more than one {}", name)), ec);
    field = value;
  }

  void on_field_impl(beast::field field, boost::beast::string_view name, boost::beast::string_view text,
                     BeastError& ec) override {
    const std::string_view value = view(text);
    if (is_folded(view(name), value))
      return refuse(bad("a header field continues on a second line, which is obsolete"), ec);
    switch (field) {
      case beast::field::host:
        ++head_.host_count;
        head_.host = value;
        break;
      case beast::field::content_length: ++head_.content_length_count; break;
      case beast::field::transfer_encoding:
        ++head_.transfer_encoding_count;
        head_.transfer_encoding = value;
        break;
      case beast::field::origin: join(head_.origin, joined_.origin, value); break;
      case beast::field::accept: join(head_.accept, joined_.accept, value); break;
      case beast::field::expect: join(head_.expect, joined_.expect, value); break;
      case beast::field::range: keep_only(head_.range, has_range_, value, "Range", ec); break;
      case beast::field::if_range: keep_only(head_.if_range, has_if_range_, value, "If-Range", ec); break;
      case beast::field::if_match: join(head_.if_match, joined_.if_match, value); break;
      case beast::field::if_none_match: join(head_.if_none_match, joined_.if_none_match, value); break;
      case beast::field::if_modified_since: join(head_.if_modified_since, joined_.if_modified_since, value); break;
      case beast::field::if_unmodified_since:
        join(head_.if_unmodified_since, joined_.if_unmodified_since, value);
        break;
      case beast::field::unknown:
        if (equal_ignoring_case(view(name), "X-Request-Id")) keep_first(head_.request_id, value);
        break;
      default: break;
    }
  }

  void on_header_impl(BeastError&) override {}
  void on_response_impl(int, boost::beast::string_view, int, BeastError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  std::size_t on_body_impl(boost::beast::string_view, BeastError&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, BeastError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view, BeastError&) override { return 0; }
  void on_finish_impl(BeastError&) override {}

  /// The values of fields that came in several lines, which head_ then refers to.
  struct Joined {
    std::string origin;
    std::string accept;
    std::string expect;
    std::string if_match;
    std::string if_none_match;
    std::string if_modified_since;
    std::string if_unmodified_since;
  };

  RequestHead& head_;
  std::optional<Refusal>& refusal_;
  const ParserLimits& limits_;
  std::string_view input_;
  Joined joined_;
  bool has_start_line_ = false;
  bool has_range_ = false;
  bool has_if_range_ = false;
};

struct RequestParser::Impl {
  ParserLimits limits;
  RequestHead head;
  std::optional<Refusal> refusal;
  std::size_t consumed = 0;
  std::optional<Beast> beast;
};

RequestParser::RequestParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  impl_->head = {};
  impl_->refusal.reset();
  impl_->consumed = 0;
  impl_->beast.emplace(impl_->head, impl_->refusal, impl_->limits);
}

const RequestHead& RequestParser::head() const noexcept { return impl_->head; }
std::size_t RequestParser::header_size() const noexcept { return impl_->consumed; }
const Refusal& RequestParser::refusal() const noexcept { return *impl_->refusal; }

namespace {

/// A well-formed version that is not ours, as opposed to garbage in its place.
bool names_other_version(std::string_view input) {
  std::string_view line = input.substr(0, input.find("\r\n"));
  const std::size_t at = line.rfind(" HTTP/");
  if (at == std::string_view::npos) return false;
  line.remove_prefix(at + 6);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool well_formed = line.size() == 3 && digit(line[0]) && line[1] == '.' && digit(line[2]);
  return well_formed && line != "1.0" && line != "1.1";
}

Refusal explain(const BeastError& error, std::string_view input, bool has_start_line, const ParserLimits& limits) {
  if (error == beast::error::header_limit) {
    if (!has_start_line) {
      return {414, ErrorCode::too_large, fmt::format("the request line is longer than {} bytes", limits.header_bytes)};
    }
    return {431, ErrorCode::too_large, fmt::format("the header is longer than {} bytes", limits.header_bytes)};
  }
  if (error == beast::error::bad_version && names_other_version(input)) {
    return {505, ErrorCode::bad_request, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  return bad(fmt::format("the request is not well-formed HTTP: {}", error.message()));
}

}  // namespace

RequestParser::State RequestParser::parse(std::string_view input) {
  Impl& impl = *impl_;
  impl.beast->set_input(input);
  // Beast returns after each part of a request (start line and fields at once, when both are there).
  while (true) {
    const std::string_view rest = input.substr(impl.consumed);
    BeastError error;
    impl.consumed += impl.beast->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    if (impl.refusal) return State::refused;
    if (error == beast::error::need_more) return State::need_more;
    if (error) {
      impl.refusal = explain(error, input, impl.beast->has_start_line(), impl.limits);
      return State::refused;
    }
    if (!impl.beast->is_header_done()) continue;
    impl.head.keep_alive = impl.beast->keep_alive();
    if (const auto length = impl.beast->content_length()) impl.head.content_length = *length;
    return State::complete;
  }
}

}  // namespace seekfs::http
