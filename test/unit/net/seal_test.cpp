// Sealed secrets come back whole or not at all. scope: test.
#include "net/seal.hpp"

#include "net/random.hpp"

#include <array>
#include <gtest/gtest.h>
#include <set>

namespace notion::net::test {

namespace {

using Bytes = std::array<unsigned char, seal_key_bytes>;

Bytes some_key() {
    Bytes key;
    random_fill(key);
    return key;
}

} // namespace

TEST(Seal, GivesBackWhatWasSealed) {
    Bytes key = some_key();
    for (const std::string& secret : {std::string(), std::string("ntn_123"), std::string("a\0b", 3),
                                      std::string(100'000, 's')}) {
        std::string sealed = seal(key, secret, "server acme");
        EXPECT_EQ(unseal(key, sealed, "server acme"), secret);
        EXPECT_EQ(sealed.size(), secret.size() + 29);
    }
    EXPECT_EQ(unseal(key, seal(key, "x", ""), ""), "x");
}

TEST(Seal, ShowsNothingAndNeverRepeats) {
    Bytes key = some_key();
    std::set<std::string> seen;
    for (int i = 0; i < 1000; i++) {
        std::string sealed = seal(key, "ntn_the_same_token", "x");
        EXPECT_EQ(sealed.find("ntn_"), sealed.npos);
        seen.insert(sealed.substr(1, 12));
    }
    EXPECT_EQ(seen.size(), 1000u);
}

TEST(Seal, DoesNotOpenAfterAnyChange) {
    Bytes key = some_key();
    std::string sealed = seal(key, "ntn_token", "acme");
    for (std::size_t i = 0; i < sealed.size(); i++)
        for (int bit = 0; bit < 8; bit++) {
            std::string forged = sealed;
            forged[i] = static_cast<char>(forged[i] ^ (1 << bit));
            EXPECT_FALSE(unseal(key, forged, "acme")) << i;
        }
    for (std::size_t length = 0; length < sealed.size(); length++)
        EXPECT_FALSE(unseal(key, sealed.substr(0, length), "acme")) << length;
    EXPECT_FALSE(unseal(key, sealed + '\0', "acme"));
    EXPECT_FALSE(unseal(key, sealed, "other"));
    EXPECT_FALSE(unseal(key, sealed, ""));
    EXPECT_FALSE(unseal(some_key(), sealed, "acme"));
    EXPECT_TRUE(unseal(key, sealed, "acme"));
}

TEST(Seal, OpensWhatAnEarlierVersionSealed) {
    // Made with Python's cryptography: key 00..1f, nonce 00..0b, additional data 01 "acme".
    Bytes key;
    for (std::size_t i = 0; i < key.size(); i++)
        key[i] = static_cast<unsigned char>(i);
    const std::string sealed = std::string(
        "\x01\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x29\x76\xb8\x44\xb1\x8a\xa9"
        "\x7e\xe3\x36\x73\x59\x18\x89\xff\x00\x22\x35\xe9\x30\xc5\x5f\x0c\x05\x76",
        38);
    EXPECT_EQ(unseal(key, sealed, "acme"), "ntn_token");
}

TEST(Seal, WipesBytes) {
    std::string secret = "ntn_a_token_that_is_not_short";
    const char* bytes = secret.data();
    wipe(secret);
    EXPECT_TRUE(secret.empty());
    EXPECT_EQ(bytes, secret.data());
    EXPECT_EQ(bytes[5], '\0');
}

TEST(Random, GivesVersionFourUuids) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; i++) {
        std::string uuid = random_uuid();
        ASSERT_EQ(uuid.size(), 36u);
        EXPECT_EQ(uuid[8], '-');
        EXPECT_EQ(uuid[13], '-');
        EXPECT_EQ(uuid[14], '4');
        EXPECT_EQ(uuid[18], '-');
        EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
        EXPECT_EQ(uuid[23], '-');
        EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef-"), uuid.npos);
        seen.insert(uuid);
    }
    EXPECT_EQ(seen.size(), 1000u);
}

} // namespace notion::net::test
