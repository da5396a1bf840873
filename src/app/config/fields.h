// How a key reaches its member of Config: two plain functions a key, made from pointers to members.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "app/config/config.h"
#include "app/config/value.h"

namespace seekfs::app {

/// Values and members, by the member's type. A `Scale` other than 1 is the unit of a number in the file: the member
/// holds bytes where the file says MiB.
template <std::uint64_t Scale, class Member>
void assign(Member& member, const Value& value) {
  if constexpr (std::is_same_v<Member, bool>) {
    member = value.flag;
  } else if constexpr (std::is_enum_v<Member> || std::is_integral_v<Member>) {
    member = static_cast<Member>(value.number * Scale);
  } else if constexpr (std::is_same_v<Member, std::string>) {
    member = value.text;
  } else if constexpr (std::is_same_v<Member, std::chrono::milliseconds>) {
    member = std::chrono::milliseconds(value.number);
  } else if constexpr (std::is_same_v<Member, std::vector<std::string>>) {
    member = value.list;
  } else {  // std::optional: nothing is "auto"
    member.reset();
    if (!value.automatic) assign<Scale>(member.emplace(), value);
  }
}

template <std::uint64_t Scale, class Member>
Value value_of(const Member& member) {
  Value value;
  if constexpr (std::is_same_v<Member, bool>) {
    value.flag = member;
  } else if constexpr (std::is_enum_v<Member> || std::is_integral_v<Member>) {
    value.number = static_cast<std::uint64_t>(member) / Scale;
  } else if constexpr (std::is_same_v<Member, std::string>) {
    value.text = member;
  } else if constexpr (std::is_same_v<Member, std::chrono::milliseconds>) {
    value.number = static_cast<std::uint64_t>(member.count());
  } else if constexpr (std::is_same_v<Member, std::vector<std::string>>) {
    value.list = member;
  } else if (member) {
    value = value_of<Scale>(*member);
  } else {
    value.automatic = true;
  }
  return value;
}

/// The path of members from Config to one value: Field<1, &Config::s3, &S3Config::bucket>.
template <std::uint64_t Scale, auto... Path>
struct Field {
  static void store(Config& config, const Value& value) { assign<Scale>((config.*....*Path), value); }
  static Value load(const Config& config) { return value_of<Scale>((config.*....*Path)); }
};

}  // namespace seekfs::app
