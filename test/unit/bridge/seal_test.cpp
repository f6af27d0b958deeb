// The text of keys, and what the glue gets of sealing. scope: test.
#include "bridge/seal.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace notion::bridge::test {
namespace {

using Keys = std::array<SealKey, 3>;

KeyText read(const std::string& text, Keys& keys, int& count) {
    Fault fault;
    KeyText result = seal_keys(text, keys.data(), static_cast<int>(keys.size()), count, fault);
    EXPECT_FALSE(fault.set);
    return result;
}

std::string digits(char digit) {
    return std::string(64, digit);
}

} // namespace

TEST(SealKeys, AreOneALine) {
    Keys keys;
    int count;
    EXPECT_EQ(read("  " + digits('a') + "\r\n\n" + digits('B') + " ", keys, count), KeyText::good);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(keys[0].bytes[0], 0xaa);
    EXPECT_EQ(keys[1].bytes[31], 0xbb);
    EXPECT_STRNE(keys[0].id, keys[1].id);
    EXPECT_EQ(std::strlen(keys[0].id), 16U);
}

TEST(SealKeys, RefuseWhatIsNone) {
    Keys keys;
    int count;
    EXPECT_EQ(read("", keys, count), KeyText::empty);
    EXPECT_EQ(read(" \n\t", keys, count), KeyText::empty);
    EXPECT_EQ(read(std::string(63, 'a'), keys, count), KeyText::wrong_length);
    EXPECT_EQ(read(std::string(65, 'a'), keys, count), KeyText::wrong_length);
    EXPECT_EQ(read(digits('g'), keys, count), KeyText::not_hexadecimal);
    EXPECT_EQ(read(digits('a') + "\nx", keys, count), KeyText::not_hexadecimal);
    std::string four;
    for (int i = 0; i < 4; i++)
        four += digits('a') + "\n";
    EXPECT_EQ(read(four, keys, count), KeyText::too_many);
    EXPECT_EQ(count, 0);
    for (const SealKey& key : keys)
        for (unsigned char byte : key.bytes)
            EXPECT_EQ(byte, 0) << "a refused text leaves no key behind";
}

TEST(SealKeys, OpenOnlyWhatTheySealedWhereItWasSealed) {
    Keys keys;
    int count;
    ASSERT_EQ(read(digits('1') + "\n" + digits('2'), keys, count), KeyText::good);
    Fault fault;
    const std::string secret = "ntn_secret";
    std::string sealed(secret.size() + seal_frame_bytes, '\0');
    ASSERT_TRUE(seal(keys[0], secret, "here", sealed.data(), fault));
    std::string clear(secret.size(), '\0');
    bool opened = false;
    ASSERT_TRUE(unseal(keys[0], sealed, "here", clear.data(), opened, fault));
    EXPECT_TRUE(opened);
    EXPECT_EQ(clear, secret);
    clear.assign(secret.size(), '\0');
    EXPECT_TRUE(unseal(keys[1], sealed, "here", clear.data(), opened, fault) && !opened);
    EXPECT_TRUE(unseal(keys[0], sealed, "there", clear.data(), opened, fault) && !opened);
    EXPECT_EQ(clear, std::string(secret.size(), '\0')) << "what was not opened is not touched";
}

TEST(SealWords, AreLongAndDiffer) {
    char one[44];
    char other[44];
    Fault fault;
    ASSERT_TRUE(random_word(one, fault) && random_word(other, fault));
    EXPECT_EQ(std::strlen(one), 43U);
    EXPECT_STRNE(one, other);
    char hex[65];
    ASSERT_TRUE(digest("abc", hex, fault));
    EXPECT_STREQ(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

} // namespace notion::bridge::test
