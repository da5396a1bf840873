// One byte of flags, then each text that is there with its length before it, then the offset.
#include "manifest/extras.h"

#include <array>
#include <cstring>

namespace seekfs::manifest {
namespace {

constexpr unsigned off_flag = 5;

using Texts = std::array<std::optional<std::string_view> Extras::*, 5>;
constexpr Texts texts = {&Extras::hash, &Extras::key, &Extras::etag, &Extras::version_id, &Extras::sse};

template <class Number>
void append_number(GrowingBuffer<char>& out, Number number) {
  std::array<char, sizeof number> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  out.append(bytes);
}

template <class Number>
Number read_number(const char*& at) {
  Number number = 0;
  std::memcpy(&number, at, sizeof number);
  at += sizeof number;
  return number;
}

}  // namespace

void append_extras(GrowingBuffer<char>& out, const Extras& extras) {
  unsigned flags = extras.off == 0 ? 0 : 1U << off_flag;
  for (unsigned i = 0; i < texts.size(); ++i) {
    if (extras.*texts[i]) flags |= 1U << i;
  }
  out.push_back(static_cast<char>(flags));
  for (const auto text : texts) {
    if (!(extras.*text)) continue;
    append_number(out, static_cast<std::uint16_t>((extras.*text)->size()));
    out.append(*(extras.*text));
  }
  if (extras.off != 0) append_number(out, extras.off);
}

Extras read_extras(const GrowingBuffer<char>& from, std::uint64_t at) {
  Extras extras;
  const char* next = from.items().data() + at;
  const auto flags = static_cast<unsigned char>(*next++);
  for (unsigned i = 0; i < texts.size(); ++i) {
    if ((flags >> i & 1U) == 0) continue;
    const auto length = read_number<std::uint16_t>(next);
    extras.*texts[i] = std::string_view(next, length);
    next += length;
  }
  if ((flags >> off_flag & 1U) != 0) extras.off = read_number<std::uint64_t>(next);
  return extras;
}

}  // namespace seekfs::manifest
