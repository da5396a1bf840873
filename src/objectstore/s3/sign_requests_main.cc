// sign_requests: signs the requests on stdin, one JSON object a line, and prints what was signed in the same form, so
// that tests can compare the signer with others.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include <boost/json.hpp>

#include "objectstore/s3/sigv4.h"
#include "objectstore/s3/uri.h"

namespace {

namespace json = boost::json;
namespace s3 = seekfs::objectstore::s3;

std::string text(const json::object& object, std::string_view name) { return std::string(object.at(name).as_string()); }

/// [["name","value"],…] as a list of `Pair`.
template <class Pair>
std::vector<Pair> pairs(const json::object& object, std::string_view name) {
  std::vector<Pair> out;
  for (const json::value& item : object.at(name).as_array()) {
    out.push_back({std::string(item.at(0).as_string()), std::string(item.at(1).as_string())});
  }
  return out;
}

json::object sign(const json::object& line) {
  const s3::SigningRequest request{.method = text(line, "method"),
                                   .path = s3::encode_key(text(line, "path")),
                                   .query = pairs<std::pair<std::string, std::string>>(line, "query"),
                                   .headers = pairs<s3::HttpHeader>(line, "headers"),
                                   .payload_hash = text(line, "payload_hash")};
  const s3::Credentials credentials{.access_key_id = text(line, "access_key_id"),
                                    .secret_access_key = text(line, "secret_access_key"),
                                    .session_token = text(line, "session_token"),
                                    .expiration = std::nullopt};
  const std::chrono::system_clock::time_point now{std::chrono::seconds(line.at("time").as_int64())};
  const s3::SignedRequest out = s3::sign_v4(request, credentials, {.region = text(line, "region")}, now);
  return {{"canonical_request", out.canonical_request},
          {"string_to_sign", out.string_to_sign},
          {"authorization", out.headers.back().value}};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  try {
    while (std::getline(std::cin, line)) std::cout << json::serialize(sign(json::parse(line).as_object())) << '\n';
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sign_requests: %s\n", error.what());
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}
