// Signature Version 4, step by step as the specification names them: canonical request, string to sign, key, signature.
#include "objectstore/s3/sigv4.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/hmac_sha256.h"
#include "base/sha256.h"
#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {

const std::string_view empty_payload_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Without white space at its ends; each run of it inside is one space.
std::string trim_value(std::string_view value) {
  std::string out;
  bool gap = false;
  for (const char c : value) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

/// RFC 3986's removal of dot segments, and of empty ones; a slash at the end stays.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  std::string_view last;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    last = path.substr(at, end - at);
    if (last == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!last.empty() && last != ".") {
      kept.push_back(last);
    }
    at = end + 1;
  }
  std::string out;
  for (const std::string_view segment : kept) out.append(1, '/').append(segment);
  const bool directory = path.ends_with('/') || last == "." || last == "..";
  if (out.empty() || directory) out += '/';
  return out;
}

std::string canonical_path(const std::string& path, const SigningRules& rules) {
  const std::string base = rules.normalize_path ? without_dot_segments(path) : path;
  if (base.empty()) return "/";
  return rules.encode_path_again ? encode_key(base) : base;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(const std::vector<HttpHeader>& given, const std::vector<HttpHeader>& added) {
  std::map<std::string, std::string> values;
  for (const auto* list : {&given, &added}) {
    for (const HttpHeader& header : *list) {
      const auto [at, is_new] = values.try_emplace(lower_case(header.name));
      // Values of one name stay in the order in which they are sent.
      if (!is_new) at->second += ',';
      at->second += trim_value(header.value);
    }
  }
  CanonicalHeaders out;
  for (const auto& [name, value] : values) {
    out.lines.append(name).append(1, ':').append(value).append(1, '\n');
    if (!out.names.empty()) out.names += ';';
    out.names += name;
  }
  return out;
}

struct Stamp {
  std::string date;  ///< "20150830"
  std::string time;  ///< "20150830T123600Z"
};

Stamp stamp_of(std::chrono::system_clock::time_point now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(now) - day);
  Stamp stamp;
  stamp.date = fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                           static_cast<unsigned>(date.day()));
  stamp.time = fmt::format("{}T{:02}{:02}{:02}Z", stamp.date, clock.hours().count(), clock.minutes().count(),
                           clock.seconds().count());
  return stamp;
}

Sha256Digest signing_key(const Credentials& credentials, const SigningRules& rules, const std::string& date) {
  Sha256Digest key = hmac_sha256("AWS4" + credentials.secret_access_key, date);
  for (const std::string_view part :
       {std::string_view(rules.region), std::string_view(rules.service), std::string_view("aws4_request")}) {
    key = hmac_sha256(key.bytes, part);
  }
  return key;
}

}  // namespace

SignedRequest sign_v4(const SigningRequest& request, const Credentials& credentials, const SigningRules& rules,
                      std::chrono::system_clock::time_point now) {
  const Stamp stamp = stamp_of(now);
  SignedRequest out;
  out.headers.push_back({"x-amz-date", stamp.time});
  if (rules.content_hash_header) out.headers.push_back({"x-amz-content-sha256", request.payload_hash});
  if (!credentials.session_token.empty()) out.headers.push_back({"x-amz-security-token", credentials.session_token});

  const CanonicalHeaders headers = canonical_headers(request.headers, out.headers);
  out.canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path, rules),
                  canonical_query(request.query), headers.lines, headers.names, request.payload_hash);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", stamp.date, rules.region, rules.service);
  out.string_to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, stamp.time, scope, sha256(out.canonical_request).hex());
  const Sha256Digest signature = hmac_sha256(signing_key(credentials, rules, stamp.date).bytes, out.string_to_sign);
  out.headers.push_back(
      {"authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                    credentials.access_key_id, scope, headers.names, signature.hex())});
  return out;
}

}  // namespace seekfs::objectstore::s3
