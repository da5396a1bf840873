// The contract's tests of listings: order, delimiters, pages, changes between pages.
#include <algorithm>
#include <map>
#include <set>

#include "env/random.h"
#include "objectstore/object_store_contract_testing.h"

namespace seekfs::objectstore {

void link_list_contract() {}

namespace {

using Keys = std::vector<std::string>;

Keys sorted(Keys keys) {
  std::ranges::sort(keys, {}, [](const std::string& key) -> const std::string& { return key; });
  return keys;
}

TEST_P(ObjectStoreContract, ListsInByteOrder) {
  // '-' and '.' sort before '/', '0' and letters after it; bytes over 127 after all of ASCII.
  const Keys keys = {"a-b",     "a.b/c", "a.b/d", "a/b",      "a/b.c",   "a/c/d", "a0",
                     "a/b-c/d", "ab",    "A",     "\xC3\xA9", "a/b.d/e", "a/b0"};
  put_all(keys);
  EXPECT_EQ(keys_of(list_all({})), sorted(keys));
  EXPECT_EQ(keys_of(list_all({.max_keys = 1})), sorted(keys));
  EXPECT_EQ(keys_of(list_all({.max_keys = 2})), sorted(keys));
}

TEST_P(ObjectStoreContract, ListTellsTheSameAsHead) {
  ASSERT_TRUE(put("l/empty", ""));
  ASSERT_TRUE(put("l/small", patterned_body(65536, 1)));
  ASSERT_TRUE(put("l/large", patterned_body(65537, 2)));
  const ListReply listed = list_all({});
  ASSERT_EQ(listed.objects.size(), 3U);
  for (const ObjectInfo& object : listed.objects) {
    const Result<ObjectInfo> info = head({.key = object.key});
    ASSERT_TRUE(info);
    EXPECT_EQ(object.etag, info->etag);
    EXPECT_EQ(object.size, info->size);
    EXPECT_EQ(object.modified, info->modified);
  }
}

TEST_P(ObjectStoreContract, AnEmptyStoreListsNothing) {
  const Result<ListReply> reply = list({});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_TRUE(reply->objects.empty());
  EXPECT_TRUE(reply->common_prefixes.empty());
  EXPECT_EQ(reply->next_start_after, std::nullopt);
  EXPECT_EQ(code_of(list({.max_keys = 0})), ErrorCode::invalid);
}

TEST_P(ObjectStoreContract, APrefixIsTextNotADirectory) {
  put_all({"p/a", "p/ab", "p/abc/d", "p/b", "pa", "q"});
  EXPECT_EQ(keys_of(list_all({.prefix = "p"})), (Keys{"p/a", "p/ab", "p/abc/d", "p/b", "pa"}));
  EXPECT_EQ(keys_of(list_all({.prefix = "p/"})), (Keys{"p/a", "p/ab", "p/abc/d", "p/b"}));
  EXPECT_EQ(keys_of(list_all({.prefix = "p/a"})), (Keys{"p/a", "p/ab", "p/abc/d"}));
  EXPECT_EQ(keys_of(list_all({.prefix = "p/abc"})), (Keys{"p/abc/d"}));
  EXPECT_EQ(keys_of(list_all({.prefix = "p/abc/d"})), (Keys{"p/abc/d"}));
  for (const std::string nothing :
       {"p/abc/d/", "p/abc/de", "p//", "/", "/p", "../", "./", "p/../", "absent/x", "q/", ".seekfs", ".seekfs/"}) {
    EXPECT_EQ(keys_of(list_all({.prefix = nothing})), Keys{}) << nothing;
  }
}

TEST_P(ObjectStoreContract, ADelimiterGroupsKeys) {
  put_all({"a", "b/1", "b/2", "b/c/3", "b.x", "d-1", "d-2/x", "e"});
  const ListReply top = list_all({.delimiter = '/'});
  EXPECT_EQ(keys_of(top), (Keys{"a", "b.x", "d-1", "e"}));
  EXPECT_EQ(top.common_prefixes, (Keys{"b/", "d-2/"}));
  const ListReply inside = list_all({.prefix = "b/", .delimiter = '/'});
  EXPECT_EQ(keys_of(inside), (Keys{"b/1", "b/2"}));
  EXPECT_EQ(inside.common_prefixes, (Keys{"b/c/"}));
  const ListReply without_slash = list_all({.prefix = "b", .delimiter = '/'});
  EXPECT_EQ(keys_of(without_slash), (Keys{"b.x"}));
  EXPECT_EQ(without_slash.common_prefixes, (Keys{"b/"}));
  const ListReply dashes = list_all({.delimiter = '-'});
  EXPECT_EQ(keys_of(dashes), (Keys{"a", "b.x", "b/1", "b/2", "b/c/3", "e"}));
  EXPECT_EQ(dashes.common_prefixes, (Keys{"d-"}));
}

TEST_P(ObjectStoreContract, PagesCountBothKindsOfItems) {
  put_all({"a", "b/1", "b/2", "b/3", "c", "d/1", "e"});
  ListRequest request{.delimiter = '/', .max_keys = 2};
  Result<ListReply> page = list(request);
  ASSERT_TRUE(page);
  EXPECT_EQ(keys_of(*page), Keys{"a"});
  EXPECT_EQ(page->common_prefixes, Keys{"b/"});
  ASSERT_TRUE(page->next_start_after);
  request.start_after = *page->next_start_after;
  page = list(request);
  ASSERT_TRUE(page);
  EXPECT_EQ(keys_of(*page), Keys{"c"});
  EXPECT_EQ(page->common_prefixes, Keys{"d/"});
  ASSERT_TRUE(page->next_start_after);
  request.start_after = *page->next_start_after;
  page = list(request);
  ASSERT_TRUE(page);
  EXPECT_EQ(keys_of(*page), Keys{"e"});
  EXPECT_EQ(page->next_start_after, std::nullopt);
}

TEST_P(ObjectStoreContract, NothingFollowsAFullLastPage) {
  put_all({"a", "b", "c", "d"});
  const Result<ListReply> page = list({.start_after = "b", .max_keys = 2});
  ASSERT_TRUE(page);
  EXPECT_EQ(keys_of(*page), (Keys{"c", "d"}));
  if (!page->next_start_after) return;
  EXPECT_EQ(*page->next_start_after, "d");
  const Result<ListReply> after = list({.start_after = "d", .max_keys = 2});
  ASSERT_TRUE(after);
  EXPECT_TRUE(keys_of(*after).empty());
  EXPECT_EQ(after->next_start_after, std::nullopt);
}

TEST_P(ObjectStoreContract, StartAfterNeedNotExist) {
  put_all({"a/1", "a/2", "a/3/x", "b"});
  EXPECT_EQ(keys_of(list_all({.start_after = "a/1x"})), (Keys{"a/2", "a/3/x", "b"}));
  EXPECT_EQ(keys_of(list_all({.start_after = "a/3"})), (Keys{"a/3/x", "b"}));
  EXPECT_EQ(keys_of(list_all({.start_after = "a/3/"})), (Keys{"a/3/x", "b"}));
  EXPECT_EQ(keys_of(list_all({.start_after = "a/3/x"})), (Keys{"b"}));
  EXPECT_EQ(keys_of(list_all({.start_after = "a0"})), (Keys{"b"}));
  EXPECT_EQ(keys_of(list_all({.start_after = "\xFF"})), Keys{});
  EXPECT_EQ(list_all({.start_after = "a/", .delimiter = '/'}).common_prefixes, Keys{});
  EXPECT_EQ(list_all({.start_after = "a", .delimiter = '/'}).common_prefixes, Keys{"a/"});
}

TEST_P(ObjectStoreContract, PagesSurviveChanges) {
  put_all({"k1", "k2", "k3/a", "k3/b", "k4", "k5"});
  ListRequest request{.max_keys = 3};
  const Result<ListReply> first = list(request);
  ASSERT_TRUE(first && first->next_start_after);
  EXPECT_EQ(keys_of(*first), (Keys{"k1", "k2", "k3/a"}));
  // The key where the page ended goes, one before it comes, one after it comes, a later one goes.
  ASSERT_TRUE(remove({.key = "k3/a"}));
  ASSERT_TRUE(remove({.key = "k3/b"}));
  put_all({"k0", "k35"});
  ASSERT_TRUE(remove({.key = "k4"}));
  request.start_after = *first->next_start_after;
  const Result<ListReply> second = list(request);
  ASSERT_TRUE(second);
  EXPECT_EQ(keys_of(*second), (Keys{"k35", "k5"}));
  EXPECT_EQ(second->next_start_after, std::nullopt);
}

/// What a listing must give, computed from the set of keys.
ListReply model_list(const std::set<std::string>& keys, const ListRequest& request) {
  ListReply reply;
  std::set<std::string> items;
  std::set<std::string> groups;
  for (const std::string& key : keys) {
    if (!key.starts_with(request.prefix)) continue;
    const std::size_t cut = request.delimiter ? key.find(*request.delimiter, request.prefix.size()) : std::string::npos;
    const std::string item = cut == std::string::npos ? key : key.substr(0, cut + 1);
    if (item <= request.start_after) continue;
    items.insert(item);
    if (cut != std::string::npos) groups.insert(item);
  }
  for (const std::string& item : items) {
    const std::size_t count = reply.objects.size() + reply.common_prefixes.size();
    if (count == request.max_keys) break;
    if (groups.contains(item)) {
      reply.common_prefixes.push_back(item);
    } else {
      reply.objects.push_back({.key = item, .size = 0, .etag = "", .version_id = std::nullopt, .modified = {}});
    }
    if (count + 1 == request.max_keys && item != *items.rbegin()) reply.next_start_after = item;
  }
  return reply;
}

TEST_P(ObjectStoreContract, ListsAgreeWithAModel) {
  const auto random = env::make_seeded_random(7);
  const std::string letters = "ab.-0";
  const auto text = [&](std::size_t longest) {
    std::string made;
    for (std::size_t length = 1 + random->below(longest); length > 0; --length)
      made += letters[random->below(letters.size())];
    return made;
  };
  const auto path = [&] {
    std::string made = text(2);
    while (random->below(3) != 0 && made.size() < 12) made += "/" + text(2);
    return made;
  };
  std::set<std::string> keys;
  while (keys.size() < 60) {
    const std::string key = path();
    // Not every store holds a key below a key.
    const auto next = keys.lower_bound(key + "/");
    const bool is_directory = next != keys.end() && next->starts_with(key + "/");
    bool below_object = false;
    for (std::size_t slash = key.find('/'); slash != std::string::npos; slash = key.find('/', slash + 1)) {
      below_object = below_object || keys.contains(key.substr(0, slash));
    }
    if (is_directory || below_object || !store().check_key(key)) continue;
    keys.insert(key);
  }
  put_all(Keys(keys.begin(), keys.end()));
  for (int i = 0; i < 600; ++i) {
    ListRequest request;
    if (random->below(2) == 0) request.prefix = random->below(2) == 0 ? path() : path() + "/";
    if (random->below(2) == 0) request.start_after = random->below(2) == 0 ? path() : path() + "/";
    if (random->below(2) == 0) request.delimiter = random->below(3) == 0 ? '.' : '/';
    request.max_keys = static_cast<std::uint32_t>(1 + random->below(8));
    if (!takes(request)) continue;
    SCOPED_TRACE("prefix " + request.prefix + " after " + request.start_after + " delimiter " +
                 std::string(1, request.delimiter.value_or(' ')) + " max " + std::to_string(request.max_keys));
    const ListReply expected = model_list(keys, request);
    const Result<ListReply> got = list(request);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(keys_of(*got), keys_of(expected));
    EXPECT_EQ(got->common_prefixes, expected.common_prefixes);
    const bool full = expected.objects.size() + expected.common_prefixes.size() == request.max_keys;
    if (!full || expected.next_start_after) EXPECT_EQ(got->next_start_after, expected.next_start_after);
  }
}

}  // namespace
}  // namespace seekfs::objectstore
