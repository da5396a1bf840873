// Values by rule: what is taken, what is refused, and that text goes round.
#include "app/config/value.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace seekfs::app {
namespace {

constexpr ValueRule size_rule{.type = ValueType::size, .automatic = true, .least = KiB, .most = GiB};

TEST(Value, ReadsEachTypeFromTextAndFromToml) {
  EXPECT_EQ(parse_value({.type = ValueType::text}, std::string("a b"))->text, "a b");
  EXPECT_TRUE(parse_value({.type = ValueType::boolean}, std::string("true"))->flag);
  EXPECT_FALSE(parse_value({.type = ValueType::boolean}, false)->flag);
  EXPECT_EQ(parse_value({.type = ValueType::integer}, std::int64_t{7})->number, 7U);
  EXPECT_EQ(parse_value({.type = ValueType::integer}, std::string("7"))->number, 7U);
  EXPECT_EQ(parse_value(size_rule, std::string("256KiB"))->number, 256 * KiB);
  EXPECT_EQ(parse_value(size_rule, std::int64_t{4096})->number, 4096U);
  EXPECT_TRUE(parse_value(size_rule, std::string("auto"))->automatic);
  EXPECT_EQ(parse_value({.type = ValueType::duration}, std::string("10s"))->number, 10'000U);
  EXPECT_EQ(parse_value({.type = ValueType::choice, .choices = "a|b|c"}, std::string("c"))->number, 2U);
  EXPECT_EQ(parse_value({.type = ValueType::list}, std::string("x,y"))->list, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(parse_value({.type = ValueType::list}, std::vector<std::string>{"x", "y"})->list.size(), 2U);
  EXPECT_EQ(parse_value({.type = ValueType::share}, std::string("10%"))->text, "10%");
  EXPECT_EQ(parse_value({.type = ValueType::share}, std::string("2048"))->text, "2KiB");
}

TEST(Value, AnOlderWordForAChoiceIsTakenAndMarked) {
  const ValueRule rule{
      .type = ValueType::choice, .choices = "old|segmentstore", .choice_alias = "slabfile=segmentstore"};
  const auto value = parse_value(rule, std::string("slabfile"));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->number, 1U);
  EXPECT_TRUE(value->used_choice_alias);
  EXPECT_FALSE(parse_value(rule, std::string("segmentstore"))->used_choice_alias);
}

struct Refused {
  ValueRule rule;
  RawValue raw;
  std::string accepted;
};

class ValueRefusal : public testing::TestWithParam<Refused> {};

TEST_P(ValueRefusal, SaysWhatIsAccepted) {
  const auto value = parse_value(GetParam().rule, GetParam().raw);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::invalid);
  EXPECT_EQ(value.error().message, "expected " + GetParam().accepted);
}

INSTANTIATE_TEST_SUITE_P(
    All, ValueRefusal,
    testing::Values(
        Refused{{.type = ValueType::text}, std::int64_t{3}, "a text"},
        Refused{{.type = ValueType::boolean}, std::string("yes"), "true or false"},
        Refused{{.type = ValueType::boolean}, std::int64_t{1}, "true or false"},
        Refused{{.type = ValueType::integer, .least = 1, .most = 9}, std::int64_t{0}, "a whole number from 1 to 9"},
        Refused{{.type = ValueType::integer, .least = 1, .most = 9}, std::string("10"), "a whole number from 1 to 9"},
        Refused{{.type = ValueType::integer}, std::int64_t{-1}, "a whole number"},
        Refused{{.type = ValueType::integer}, 1.5, "a whole number"},
        Refused{{.type = ValueType::integer}, std::string(" 1"), "a whole number"},
        Refused{{.type = ValueType::integer}, std::string(""), "a whole number"},
        Refused{size_rule, std::string("lots"), "a size such as \"256KiB\" from 1KiB to 1GiB, or \"auto\""},
        Refused{size_rule, std::string("2GiB"), "a size such as \"256KiB\" from 1KiB to 1GiB, or \"auto\""},
        Refused{size_rule, true, "a size such as \"256KiB\" from 1KiB to 1GiB, or \"auto\""},
        Refused{{.type = ValueType::duration}, std::int64_t{10}, "a time such as \"10s\""},
        Refused{{.type = ValueType::duration}, std::string("10"), "a time such as \"10s\""},
        Refused{{.type = ValueType::choice, .choices = "a|b"}, std::string("A"), "one of a, b"},
        Refused{{.type = ValueType::choice, .choices = "a|b"}, std::string("auto"), "one of a, b"},
        Refused{{.type = ValueType::list}, std::string(""), "a text or a list of texts, none of them empty"},
        Refused{{.type = ValueType::list}, std::string("a,"), "a text or a list of texts, none of them empty"},
        Refused{{.type = ValueType::list}, std::vector<std::string>{}, "a text or a list of texts, none of them empty"},
        Refused{{.type = ValueType::share},
                std::string("100%"),
                "a share such as \"10%\" (0 to 99) or a size such as \"20GiB\""},
        Refused{{.type = ValueType::share},
                std::string("ten"),
                "a share such as \"10%\" (0 to 99) or a size such as \"20GiB\""}));

TEST(Value, NumbersOfAUnitTakeFractionsThatMakeWholeBytes) {
  EXPECT_EQ(parse_number_of(size_rule, std::int64_t{4}, MiB)->number, 4 * MiB);
  EXPECT_EQ(parse_number_of(size_rule, 0.5, MiB)->number, 512 * KiB);
  EXPECT_EQ(parse_number_of(size_rule, std::string("0.5"), MiB)->number, 512 * KiB);
  for (const RawValue& raw : {RawValue(-1.0), RawValue(1e300), RawValue(0.0000001), RawValue(std::string("auto")),
                              RawValue(std::string("4MiB")), RawValue(true), RawValue(std::int64_t{5000})}) {
    EXPECT_FALSE(parse_number_of(size_rule, raw, MiB)) << to_string(raw);
  }
}

TEST(Value, QuotesWhatTomlWouldMisread) { EXPECT_EQ(quote("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000Ad\""); }

}  // namespace
}  // namespace seekfs::app
