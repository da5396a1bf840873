// Percent-encoding by a table of the unreserved characters of RFC 3986.
#include "objectstore/s3/uri.h"

#include <algorithm>
#include <array>

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::array<bool, 256> make_unreserved() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> unreserved = make_unreserved();

void append_encoded(std::string& out, std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved[byte] || (keep_slash && c == '/')) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

}  // namespace

std::string encode_key(std::string_view key) {
  std::string out;
  out.reserve(key.size() + key.size() / 8);
  append_encoded(out, key, true);
  return out;
}

std::string encode_query_part(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  append_encoded(out, text, false);
  return out;
}

std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) encoded.emplace_back(encode_query_part(name), encode_query_part(value));
  // SigV4 sorts what is encoded already.
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append(1, '=').append(value);
  }
  return out;
}

}  // namespace seekfs::objectstore::s3
