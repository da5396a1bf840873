// Log lines of a connection.
#include "http/session_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace seekfs::http {
namespace {

std::string place(const Error& error) { return fmt::format("{}:{}", error.where.file_name(), error.where.line()); }

}  // namespace

bool is_request_id(std::string_view text) noexcept {
  constexpr std::size_t max_length = 64;
  return !text.empty() && text.size() <= max_length && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

void SessionLog::access(int status, std::uint64_t bytes, env::Duration duration) const {
  logger_.debug("request", {{"request_id", exchange_.request_id},
                            {"method", exchange_.head.method_text},
                            {"target", exchange_.head.target},
                            {"status", status},
                            {"bytes", bytes},
                            {"us", std::chrono::duration_cast<std::chrono::microseconds>(duration).count()}});
}

void SessionLog::failed(int status, const Error& error) const {
  logger_.log(status >= 500 ? LogLevel::warning : LogLevel::info, "request failed",
              {{"request_id", exchange_.request_id},
               {"route", to_string(exchange_.route)},
               {"status", status},
               {"code", to_string(error.code)},
               {"error", error.message},
               {"where", place(error)}});
}

void SessionLog::aborted(const Error& error) const {
  logger_.warning("reply cut off", {{"request_id", exchange_.request_id},
                                    {"route", to_string(exchange_.route)},
                                    {"code", to_string(error.code)},
                                    {"error", error.message},
                                    {"where", place(error)}});
}

void SessionLog::peer_gone(const Error& error) const {
  logger_.info("connection lost",
               {{"request_id", exchange_.request_id}, {"route", to_string(exchange_.route)}, {"error", error.message}});
}

}  // namespace seekfs::http
