// Names that come and go, one state a name, and metrics for a bounded number of names.
#include "reader/namespace_table.h"

#include <gtest/gtest.h>

#include "manifest/codec.h"
#include "manifest/manifest_testing.h"

namespace seekfs::reader {
namespace {

constexpr const char* version_gauge = "seekfs_manifest_version";

class NamespaceTableTest : public ::testing::Test {
 protected:
  std::shared_ptr<const LoadedVersion> version_of(const std::string& ns, std::uint64_t version) {
    const std::string text = manifest::encode_manifest(manifest::oracle_manifest(ns, version, {{"f", 10, 65536}}));
    manifest::CompactLoader loader(ns, version, {});
    EXPECT_TRUE(loader.feed(std::as_bytes(std::span(text))));
    return std::make_shared<const LoadedVersion>(loader.finish().value(), clock.now());
  }
  std::shared_ptr<NamespaceState> load(const std::string& ns, std::uint64_t version) {
    auto state = table.find_or_add(ns);
    state->current.set(version_of(ns, version));
    table.publish(state);
    table.refreshed(*state);
    return state;
  }

  env::ManualClock clock;
  MetricsRegistry metrics;
  NamespaceTable table{metrics, clock};
};

TEST_F(NamespaceTableTest, ANameWithoutAVersionIsForgottenAndOneWithAVersionIsNot) {
  const std::weak_ptr<NamespaceState> made_up = table.find_or_add("made-up");
  EXPECT_EQ(table.find_or_add("made-up"), made_up.lock());
  EXPECT_EQ(table.find("made-up"), nullptr);
  table.forget_if_empty(made_up.lock());
  EXPECT_TRUE(made_up.expired());

  const auto real = load("real", 1);
  table.forget_if_empty(real);
  EXPECT_EQ(table.find("real"), real);
  EXPECT_EQ(table.find_or_add("real"), real);
}

TEST_F(NamespaceTableTest, ANameThatIsBeingLoadedIsNotForgotten) {
  const std::weak_ptr<NamespaceState> loading = table.find_or_add("a");
  {
    const auto state = loading.lock();
    MutexLock lock(state->mutex);
    state->refreshing = true;
  }
  table.forget_if_empty(loading.lock());
  EXPECT_FALSE(loading.expired());
}

TEST_F(NamespaceTableTest, TwoStatesOfANameThatWasForgottenWhileItWasLoadedBecomeOne) {
  const auto early = table.find_or_add("a");
  table.forget_if_empty(early);
  const auto late = table.find_or_add("a");
  ASSERT_NE(early, late);
  early->current.set(version_of("a", 1));
  table.publish(early);
  late->current.set(version_of("a", 1));
  table.publish(late);
  EXPECT_EQ(table.find("a"), early);
  EXPECT_EQ(table.find_or_add("a"), early);
}

TEST_F(NamespaceTableTest, TheFirstThousandNamesKeepTheirMetricsAndNoOthersGetAny) {
  for (int i = 0; i < 1001; ++i) load("n" + std::to_string(i), 1);
  load("n7", 2);
  const auto value_of = [&](const char* ns) { return metrics.gauge(version_gauge, "", {{"ns", ns}}).value(); };
  EXPECT_EQ(value_of("n7"), 2);
  EXPECT_EQ(value_of("n999"), 1);
  EXPECT_EQ(value_of("n1000"), 0);
}

}  // namespace
}  // namespace seekfs::reader
