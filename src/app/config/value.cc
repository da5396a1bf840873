// Parsing by rule, and the way back to TOML text.
#include "app/config/value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "base/units.h"

namespace seekfs::app {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::unexpected<Error> refuse(const ValueRule& rule) { return fail(ErrorCode::invalid, "expected " + describe(rule)); }

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Value> parse_boolean(const ValueRule& rule, const RawValue& raw) {
  Value value;
  if (const bool* flag = std::get_if<bool>(&raw)) {
    value.flag = *flag;
    return value;
  }
  const std::string* text = std::get_if<std::string>(&raw);
  if (text == nullptr || (*text != "true" && *text != "false")) return refuse(rule);
  value.flag = *text == "true";
  return value;
}

Result<Value> bounded(const ValueRule& rule, std::uint64_t number) {
  if (number < rule.least || number > rule.most) return refuse(rule);
  Value value;
  value.number = number;
  return value;
}

Result<Value> parse_integer(const ValueRule& rule, const RawValue& raw) {
  if (const std::int64_t* number = std::get_if<std::int64_t>(&raw); number != nullptr && *number >= 0) {
    return bounded(rule, static_cast<std::uint64_t>(*number));
  }
  if (const std::string* text = std::get_if<std::string>(&raw)) {
    if (const auto number = parse_digits(*text)) return bounded(rule, *number);
  }
  return refuse(rule);
}

Result<Value> parse_size_value(const ValueRule& rule, const RawValue& raw) {
  if (const std::int64_t* number = std::get_if<std::int64_t>(&raw); number != nullptr && *number >= 0) {
    return bounded(rule, static_cast<std::uint64_t>(*number));
  }
  const std::string* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return refuse(rule);
  const auto bytes = parse_size(*text);
  return bytes ? bounded(rule, *bytes) : refuse(rule);
}

Result<Value> parse_duration_value(const ValueRule& rule, const RawValue& raw) {
  const std::string* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return refuse(rule);
  const auto duration = parse_duration(*text);
  return duration ? bounded(rule, static_cast<std::uint64_t>(duration->count())) : refuse(rule);
}

Result<Value> parse_choice(const ValueRule& rule, const RawValue& raw) {
  const std::string* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return refuse(rule);
  Value value;
  std::string_view word = *text;
  const std::size_t equals = rule.choice_alias.find('=');
  if (equals != std::string_view::npos && word == rule.choice_alias.substr(0, equals)) {
    word = rule.choice_alias.substr(equals + 1);
    value.used_choice_alias = true;
  }
  for (const std::string_view choice : split_choices(rule.choices)) {
    if (choice == word) return value;
    ++value.number;
  }
  return refuse(rule);
}

Result<Value> parse_list(const ValueRule& rule, const RawValue& raw) {
  Value value;
  if (const auto* list = std::get_if<std::vector<std::string>>(&raw)) {
    value.list = *list;
  } else if (const std::string* text = std::get_if<std::string>(&raw)) {
    std::size_t begin = 0;
    while (begin <= text->size()) {
      const std::size_t end = std::min(text->find(',', begin), text->size());
      value.list.push_back(text->substr(begin, end - begin));
      begin = end + 1;
    }
  }
  if (value.list.empty()) return refuse(rule);
  for (const std::string& item : value.list) {
    if (item.empty()) return refuse(rule);
  }
  return value;
}

Result<Value> parse_share(const ValueRule& rule, const RawValue& raw) {
  Value value;
  const std::string* text = std::get_if<std::string>(&raw);
  if (text != nullptr && text->ends_with('%')) {
    const auto percent = parse_digits(std::string_view(*text).substr(0, text->size() - 1));
    if (!percent || *percent > 99) return refuse(rule);
    value.text = *text;
    return value;
  }
  SEEKFS_ASSIGN(const Value size, parse_size_value(rule, raw));
  value.text = format_size(size.number);
  return value;
}

}  // namespace

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
      quoted += letter;
    } else if (code < 0x20 || code == 0x7F) {
      quoted += fmt::format("\\u{:04X}", code);
    } else {
      quoted += letter;
    }
  }
  return quoted + '"';
}

std::string to_string(const RawValue& raw) {
  return std::visit(Overloaded{[](const std::string& text) { return quote(text); },
                               [](bool flag) { return std::string(flag ? "true" : "false"); },
                               [](std::int64_t number) { return std::to_string(number); },
                               [](double number) { return fmt::format("{}", number); },
                               [](const std::vector<std::string>& list) {
                                 std::string text = "[";
                                 for (const std::string& item : list) {
                                   if (text.size() > 1) text += ", ";
                                   text += quote(item);
                                 }
                                 return text + "]";
                               }},
                    raw);
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> words;
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find('|'), choices.size());
    words.push_back(choices.substr(0, end));
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return words;
}

std::string describe(const ValueRule& rule) {
  const auto bounds = [&rule](auto format) {
    if (rule.most >= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return rule.least == 0 ? std::string() : fmt::format(", at least {}", format(rule.least));
    }
    return fmt::format(" from {} to {}", format(rule.least), format(rule.most));
  };
  const auto milliseconds = [](std::uint64_t count) { return format_duration(std::chrono::milliseconds(count)); };
  std::string text;
  switch (rule.type) {
    case ValueType::text: text = "a text"; break;
    case ValueType::boolean: text = "true or false"; break;
    case ValueType::integer:
      text = "a whole number" + bounds([](std::uint64_t number) { return std::to_string(number); });
      break;
    case ValueType::size: text = "a size such as \"256KiB\"" + bounds(format_size); break;
    case ValueType::duration: text = "a time such as \"10s\"" + bounds(milliseconds); break;
    case ValueType::choice: text = fmt::format("one of {}", fmt::join(split_choices(rule.choices), ", ")); break;
    case ValueType::list: text = "a text or a list of texts, none of them empty"; break;
    case ValueType::share: text = "a share such as \"10%\" (0 to 99) or a size such as \"20GiB\""; break;
  }
  return rule.automatic ? text + ", or \"auto\"" : text;
}

Result<Value> parse_value(const ValueRule& rule, const RawValue& raw) {
  if (const std::string* text = std::get_if<std::string>(&raw); rule.automatic && text != nullptr && *text == "auto") {
    Value value;
    value.automatic = true;
    return value;
  }
  switch (rule.type) {
    case ValueType::text: {
      const std::string* text = std::get_if<std::string>(&raw);
      if (text == nullptr || text->find('\0') != std::string::npos) return refuse(rule);
      Value value;
      value.text = *text;
      return value;
    }
    case ValueType::boolean: return parse_boolean(rule, raw);
    case ValueType::integer: return parse_integer(rule, raw);
    case ValueType::size: return parse_size_value(rule, raw);
    case ValueType::duration: return parse_duration_value(rule, raw);
    case ValueType::choice: return parse_choice(rule, raw);
    case ValueType::list: return parse_list(rule, raw);
    case ValueType::share: return parse_share(rule, raw);
  }
  return refuse(rule);
}

Result<Value> parse_number_of(const ValueRule& rule, const RawValue& raw, std::uint64_t unit) {
  std::optional<double> number;
  if (const auto* whole = std::get_if<std::int64_t>(&raw)) number = static_cast<double>(*whole);
  if (const auto* fraction = std::get_if<double>(&raw)) number = *fraction;
  if (const auto* text = std::get_if<std::string>(&raw)) {
    double parsed = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
    if (error == std::errc{} && end == text->data() + text->size()) number = parsed;
  }
  // 2^53: below it, every whole number of bytes is exact in a double.
  const double total = number.value_or(-1) * static_cast<double>(unit);
  if (!(total >= 0) || total > 9007199254740992.0 || std::trunc(total) != total) {
    return fail(ErrorCode::invalid, "expected a number of the unit in the key's name");
  }
  ValueRule bounds = rule;
  bounds.automatic = false;
  return bounded(bounds, static_cast<std::uint64_t>(total));
}

std::string format_value(const ValueRule& rule, const Value& value) {
  if (value.automatic) return "\"auto\"";
  switch (rule.type) {
    case ValueType::text:
    case ValueType::share: return quote(value.text);
    case ValueType::boolean: return value.flag ? "true" : "false";
    case ValueType::integer: return std::to_string(value.number);
    case ValueType::size: return quote(format_size(value.number));
    case ValueType::duration: return quote(format_duration(std::chrono::milliseconds(value.number)));
    case ValueType::choice: return quote(split_choices(rule.choices)[value.number]);
    case ValueType::list: return value.list.size() == 1 ? quote(value.list[0]) : to_string(RawValue(value.list));
  }
  return {};
}

}  // namespace seekfs::app
