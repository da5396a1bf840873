// Reading the head line by line, and copying the body into the sink's pieces.
#include "objectstore/s3/reply_intake.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/units.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::size_t max_head_bytes = 256 * KiB;
constexpr std::size_t max_kept_body = 1 * MiB;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

bool ReplyIntake::end(std::optional<Error> error) {
  ended_early_ = true;
  if (!error_) error_ = std::move(error);
  return false;
}

bool ReplyIntake::take_header_line(std::string_view line) {
  if (ended_early_) return false;
  head_bytes_ += line.size();
  if (head_bytes_ > max_head_bytes) {
    // libcurl keeps every line, those of a trailer, too.
    return end(Error(ErrorCode::corrupt,
                     head_shown_ ? "the trailer of the reply does not end" : "the head of the reply does not end"));
  }
  if (head_shown_) return true;  // a trailer
  if (line.starts_with("HTTP/")) {
    start_head(line);
    return true;
  }
  if (!trimmed(line).empty()) {
    take_field(line);
    return true;
  }
  head_complete_ = true;
  const bool interim = reply_.head.status < 200;
  return interim || show_head();
}

void ReplyIntake::start_head(std::string_view status_line) {
  reply_.head = {};
  head_complete_ = false;
  const std::size_t blank = status_line.find(' ');
  if (blank == std::string_view::npos) return;
  const std::string_view rest = trimmed(status_line.substr(blank));
  std::from_chars(rest.data(), rest.data() + rest.size(), reply_.head.status);
}

void ReplyIntake::take_field(std::string_view line) {
  std::vector<HttpHeader>& headers = reply_.head.headers;
  if ((line.front() == ' ' || line.front() == '\t') && !headers.empty()) {  // folded: RFC 9112, section 5.2
    headers.back().value.append(" ").append(trimmed(line));
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  headers.push_back({std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
}

bool ReplyIntake::show_head() {
  head_shown_ = true;
  if (!gate_.enter()) return end(Error(ErrorCode::cancelled, "cancelled"));
  const HttpReceiver::Choice choice = receiver_.on_head(reply_.head);
  const bool wanted = gate_.leave();
  if (choice.abandon) return end(Error(ErrorCode::cancelled, "given up by its receiver"));
  if (!wanted) return end(Error(ErrorCode::cancelled, "cancelled"));
  sink_ = choice.sink;
  return true;
}

ReplyIntake::Next ReplyIntake::take_body(std::span<const std::byte> bytes, const std::weak_ptr<PausedBody>& body) {
  if (ended_early_) return Next::end;
  if (!head_shown_ && !show_head()) return Next::end;
  if (sink_ == nullptr) return keep(bytes) ? Next::more : Next::end;
  if (!gate_.enter()) {
    end(Error(ErrorCode::cancelled, "cancelled"));
    return Next::end;
  }
  const std::size_t known = std::min(taken_before_pause_, bytes.size());
  const Left left = pour(bytes.subspan(known), body);
  if (!gate_.leave()) {
    end(Error(ErrorCode::cancelled, "cancelled"));
    return Next::end;
  }
  if (left.pause) {
    taken_before_pause_ = bytes.size() - left.count;
    return Next::pause;
  }
  taken_before_pause_ -= known;
  if (left.count == 0) return Next::more;
  reply_.ended_by_sink = true;
  end(std::nullopt);
  return Next::end;
}

ReplyIntake::Left ReplyIntake::pour(std::span<const std::byte> bytes, const std::weak_ptr<PausedBody>& body) {
  while (!bytes.empty()) {
    if (sink_->wants_pause(body)) return {.count = bytes.size(), .pause = true};
    const std::span<std::byte> room = sink_->prepare();
    if (room.empty()) break;
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    sink_->commit(count);
    bytes = bytes.subspan(count);
  }
  return {.count = bytes.size(), .pause = false};
}

bool ReplyIntake::keep(std::span<const std::byte> bytes) {
  const std::size_t count = std::min(bytes.size(), max_kept_body - reply_.body.size());
  reply_.body.append(reinterpret_cast<const char*>(bytes.data()), count);
  if (count == bytes.size()) return true;
  reply_.body_cut = true;
  return end(std::nullopt);
}

Result<HttpReply> ReplyIntake::finish() {
  if (!ended_early_ && !head_shown_) {
    if (!head_complete_) return fail(ErrorCode::corrupt, "a reply without a head");
    show_head();
  }
  if (error_) return std::unexpected<Error>(*std::move(error_));
  return std::move(reply_);
}

}  // namespace seekfs::objectstore::s3
