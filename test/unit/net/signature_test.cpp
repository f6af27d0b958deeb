// Signatures: a recorded one, and all the ways of not being one. scope: test.
#include "net/signature.hpp"

#include <gtest/gtest.h>

namespace notion::net::test {

namespace {

const std::string token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
const std::string body = "{\"verification_token\":\"" + token + "\"}";
const std::string hex = "461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735";

} // namespace

TEST(Signature, IsTheOneThatNotionSends) {
    EXPECT_EQ(hmac_sha256_hex(token, body), hex);
    EXPECT_EQ(sign(token, body), "sha256=" + hex);
    EXPECT_TRUE(signature_holds(token, body, "sha256=" + hex));
}

TEST(Signature, IsTheOneOfRfc4231) {
    EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_sha256_hex(std::string(131, '\xaa'),
                              "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Signature, HoldsForNoOtherBytes) {
    EXPECT_FALSE(signature_holds(token, body + " ", "sha256=" + hex));
    EXPECT_FALSE(signature_holds(token + "x", body, "sha256=" + hex));
    EXPECT_FALSE(signature_holds(token, "", "sha256=" + hex));
    EXPECT_FALSE(signature_holds(token, body + std::string(1, '\0'), "sha256=" + hex));
    for (std::size_t i = 0; i < hex.size(); i++) {
        std::string forged = hex;
        forged[i] = forged[i] == '0' ? '1' : '0';
        EXPECT_FALSE(signature_holds(token, body, "sha256=" + forged)) << i;
    }
}

TEST(Signature, HasOneSpelling) {
    std::string upper = hex;
    for (char& c : upper)
        c = static_cast<char>(std::toupper(c));
    for (const std::string& spelling :
         {std::string(), std::string("sha256="), hex, "SHA256=" + hex, "sha256=" + upper,
          "sha1=" + hex, "sha256=" + hex + " ", " sha256=" + hex, "sha256=" + hex.substr(1),
          "sha256=" + hex + "0", "sha256=" + hex + std::string(1, '\0'), "sha256:" + hex})
        EXPECT_FALSE(signature_holds(token, body, spelling)) << spelling;
}

TEST(Signature, AnEmptyKeyVerifiesNothing) {
    EXPECT_FALSE(signature_holds("", body, sign("", body)));
    EXPECT_NE(sign("", body), sign(token, body)); // and is not the key of the call before
    EXPECT_EQ(hmac_sha256_hex("", ""),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

} // namespace notion::net::test
