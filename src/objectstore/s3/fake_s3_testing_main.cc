// fake_s3: the faulty S3 server as a process on loopback, told what to do by requests to /-/; until its stdin ends.
//
//   POST /-/script  {"rules": [RULE...], "per_second": N}: replaces what was scripted, and begins a new record. N is
//   what
//                   is not throttled; without it everything. RULE: "fault" by its name; optional: "operations" by their
//                   names, "key_part", "from", "times", "status", "delay_ms", "retry_after" (s), "x_amz_retry_after"
//                   (ms), "no_reply"
//   GET /-/record   {"seconds": [[requests, those refused with 503]...], "max_in_flight": N}
//   GET /-/log      {"log": [{"at_ms", "operation", "key", "status", "request_id", "authorization"}...]}
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/json.hpp>

#include "objectstore/s3/fake_s3_testing.h"

namespace {

namespace json = boost::json;
using namespace seekfs::objectstore::s3;

std::uint64_t number(const json::object& object, std::string_view name, std::uint64_t fallback) {
  const json::value* const value = object.if_contains(name);
  return value ? value->to_number<std::uint64_t>() : fallback;
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value ? json::value_to<std::string>(*value) : std::string();
}

template <class T>
T known(std::optional<T> value, const std::string& name) {
  return value ? *value : throw std::invalid_argument("there is no " + name);
}

FaultRule rule_of(const json::object& in) {
  FaultRule rule;
  if (const json::value* const operations = in.if_contains("operations")) {
    for (const json::value& each : operations->as_array()) {
      const auto name = json::value_to<std::string>(each);
      rule.operations.push_back(known(operation_of(name), name));
    }
  }
  rule.key_part = text(in, "key_part");
  rule.from = number(in, "from", rule.from);
  rule.times = number(in, "times", rule.times);
  const std::string fault = text(in, "fault");
  rule.fault.kind = known(fault_kind_of(fault), "fault " + fault);
  rule.fault.status = static_cast<int>(number(in, "status", 0));
  rule.fault.delay = std::chrono::milliseconds(number(in, "delay_ms", 0));
  rule.fault.no_reply = in.contains("no_reply");
  if (in.contains("retry_after")) rule.fault.retry_after = std::chrono::seconds(number(in, "retry_after", 0));
  if (in.contains("x_amz_retry_after")) {
    rule.fault.x_amz_retry_after = std::chrono::milliseconds(number(in, "x_amz_retry_after", 0));
  }
  return rule;
}

void follow(FakeS3& server, const json::object& script) {
  std::vector<FaultRule> rules;
  for (const json::value& rule : script.at("rules").as_array()) rules.push_back(rule_of(rule.as_object()));
  server.clear_rules();
  for (FaultRule& rule : rules) server.add_rule(std::move(rule));
  const json::value* const per_second = script.if_contains("per_second");
  server.set_throttle(per_second ? std::optional(per_second->to_number<double>()) : std::nullopt);
  server.reset_record();
}

json::object record_of(const FakeS3& server) {
  const FakeS3Counters counters = server.counters();
  json::array seconds;
  for (const FakeS3Second& second : counters.seconds) seconds.push_back(json::array{second.total, second.refused});
  return {{"seconds", std::move(seconds)}, {"max_in_flight", counters.max_in_flight}};
}

json::object log_of(const FakeS3& server) {
  json::array entries;
  for (const FakeS3Log& entry : server.log()) {
    std::string authorization;
    for (const auto& [name, value] : entry.headers) {
      if (name == "authorization") authorization = value;
    }
    entries.push_back(json::object{{"at_ms", entry.at.count()},
                                   {"operation", to_string(entry.operation)},
                                   {"key", entry.key},
                                   {"status", entry.status},
                                   {"request_id", entry.request_id},
                                   {"authorization", authorization}});
  }
  return {{"log", std::move(entries)}};
}

/// Nothing: a request to S3.
std::optional<ServedReply> administer(FakeS3& server, const ServedRequest& request) {
  if (!request.target.starts_with("/-/")) return std::nullopt;
  try {
    json::object told;
    if (request.method == "POST" && request.target == "/-/script") {
      follow(server, json::parse(request.body).as_object());
    } else if (request.target == "/-/record") {
      told = record_of(server);
    } else if (request.target == "/-/log") {
      told = log_of(server);
    } else {
      return ServedReply{.status = 404, .headers = {}, .body = "/-/script, /-/record or /-/log\n"};
    }
    return ServedReply{.headers = {{"Content-Type", "application/json"}}, .body = json::serialize(told)};
  } catch (const std::exception& error) {
    return ServedReply{.status = 400, .headers = {}, .body = std::string(error.what()) + "\n"};
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fake_s3 BUCKET\n");
    return 2;
  }
  try {
    FakeS3* self = nullptr;
    FakeS3 server(
        {.bucket = argv[1], .before = [&self](const ServedRequest& request) { return administer(*self, request); }});
    self = &server;
    // Nobody knows the port before this line.
    std::printf("fake_s3 ready on %s\n", server.url().c_str());
    std::fflush(stdout);
    while (std::cin.get() != std::istream::traits_type::eof()) {
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fake_s3: %s\n", error.what());
    return 1;
  }
  return 0;
}
