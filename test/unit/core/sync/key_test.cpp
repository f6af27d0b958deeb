// Keys of several columns as one text: unambiguous, and read back part by part.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/sync/key.hpp"

namespace notion::sync {
namespace {

std::string joined(const std::vector<std::string_view>& parts) {
    std::string out(joined_key_size(parts), '?');
    join_key(parts, out.data());
    return out;
}

bool splits(std::string_view key, size_t count, std::vector<std::string>& into) {
    std::vector<std::string_view> parts(count);
    std::string room(key.size() + 1, '!');
    if (!split_key(key, parts, room.data()))
        return false;
    EXPECT_EQ(room.back(), '!') << "wrote past the room";
    into.assign(parts.begin(), parts.end());
    return true;
}

TEST(Key, OneColumnIsItsValue) {
    EXPECT_EQ(joined({R"(a/b\c)"}), R"(a/b\c)");
    std::vector<std::string> parts;
    EXPECT_TRUE(splits(R"(a/b\c)", 1, parts));
    EXPECT_EQ(parts, std::vector<std::string>{R"(a/b\c)"});
}

TEST(Key, SeveralColumnsReadLikeAPath) {
    EXPECT_EQ(joined({"2026", "17"}), "2026/17");
    EXPECT_EQ(joined({R"(a/b)", R"(c\)"}), R"(a\/b/c\\)");
    EXPECT_EQ(joined({"", ""}), "/");
}

TEST(Key, EveryShortPairComesBackAndNoTwoAreAlike) {
    const std::string alphabet = R"(/\a)";
    std::vector<std::string> words = {""};
    for (size_t i = 0; i < 13; i++) // all words of up to two letters, and one of three
        for (char c : alphabet)
            if (words[i].size() < 2 || i == 12)
                words.push_back(words[i] + c);
    std::vector<std::string> seen;
    for (const std::string& one : words) {
        for (const std::string& other : words) {
            const std::string key = joined({one, other});
            std::vector<std::string> parts;
            ASSERT_TRUE(splits(key, 2, parts)) << key;
            EXPECT_EQ(parts, (std::vector<std::string>{one, other}));
            seen.push_back(key);
        }
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Key, AnotherNumberOfPartsIsNoKey) {
    std::vector<std::string> parts;
    EXPECT_FALSE(splits("1", 2, parts));
    EXPECT_FALSE(splits("1/2/3", 2, parts));
    EXPECT_FALSE(splits(R"(1/2\)", 2, parts));
    EXPECT_FALSE(splits(R"(1\2/3)", 2, parts));
}

} // namespace
} // namespace notion::sync
