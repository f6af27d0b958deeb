// Who a token is, and the requests and answers of OAuth. scope: test.
#include "core/notion/account.hpp"

#include <gtest/gtest.h>

namespace notion::test {
namespace {

constexpr const char* grant_body =
    R"({"access_token":"ntn_a","token_type":"bearer","refresh_token":"nrt_b","bot_id":"b1",)"
    R"("workspace_icon":null,"workspace_name":"Acme","workspace_id":"w1",)"
    R"("owner":{"type":"user","user":{"id":"u"}},"duplicated_template_id":null,"new":[1]})";

} // namespace

TEST(Account, MeSaysBotAndWorkspace) {
    Result<Identity> it = identity_of(
        R"({"object":"user","id":"b1","name":"Sync","type":"bot","bot":{"workspace_id":"w1",)"
        R"("workspace_name":"Acme"}})");
    ASSERT_TRUE(it.ok());
    EXPECT_EQ(it->bot_id, "b1");
    EXPECT_EQ(it->bot_name, "Sync");
    EXPECT_EQ(it->workspace_id, "w1");
    EXPECT_EQ(it->workspace_name, "Acme");
}

TEST(Account, MissingMembersAreEmptyAndNonsenseIsMalformed) {
    Result<Identity> person = identity_of(R"({"object":"user","id":"p","type":"person"})");
    ASSERT_TRUE(person.ok());
    EXPECT_EQ(person->workspace_id, "");
    for (const char* body :
         {"", "[]", "{}", R"({"object":"page","id":"x"})", R"({"object":"user"})"})
        EXPECT_FALSE(identity_of(body).ok()) << body;
}

TEST(Account, UrlsEscapeWhatTheyAreMadeOf) {
    EXPECT_EQ(authorize_url("https://api.notion.com", "a b&c", "https://x.test/cb?d=1", "s_-"),
              "https://api.notion.com/v1/oauth/authorize?client_id=a%20b%26c&response_type=code"
              "&owner=user&state=s_-&redirect_uri=https%3A%2F%2Fx.test%2Fcb%3Fd%3D1");
    EXPECT_EQ(authorize_url("u", "i", "", "s").find("redirect_uri"), std::string::npos);
}

// RFC 7617 section 2.
TEST(Account, BasicAuthorizationIsBase64) {
    EXPECT_EQ(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(basic_authorization("a", "b"), "Basic YTpi");
    EXPECT_EQ(basic_authorization("a", "bc"), "Basic YTpiYw==");
    EXPECT_EQ(basic_authorization("a", "bcd"), "Basic YTpiY2Q=");
}

TEST(Account, RequestsAreThoseOfTheDocumentation) {
    Call call = exchange_code("c\"1", "https://x.test");
    EXPECT_EQ(call.path, "/v1/oauth/token");
    EXPECT_EQ(call.body, R"({"grant_type":"authorization_code","code":"c\"1",)"
                         R"("redirect_uri":"https://x.test"})");
    EXPECT_EQ(exchange_code("c", "").body, R"({"grant_type":"authorization_code","code":"c"})");
    EXPECT_EQ(refresh_grant("r").body, R"({"grant_type":"refresh_token","refresh_token":"r"})");
    EXPECT_EQ(introspect_token("t").path, "/v1/oauth/introspect");
    EXPECT_EQ(revoke_token("t").body, R"({"token":"t"})");
}

TEST(Account, AGrantHasTokensOwnerAndWorkspace) {
    Result<Grant> grant = grant_of(grant_body);
    ASSERT_TRUE(grant.ok());
    EXPECT_EQ(grant->access_token, "ntn_a");
    EXPECT_EQ(grant->refresh_token, "nrt_b");
    EXPECT_EQ(grant->identity.workspace_name, "Acme");
    EXPECT_EQ(grant->owner, R"({"type":"user","user":{"id":"u"}})");
    EXPECT_TRUE(grant_of(R"({"access_token":"a","refresh_token":null})").ok());
    for (const char* body :
         {"", "{}", R"({"access_token":""})", R"({"access_token":"a b"})",
          R"({"access_token":"a\r\nX-Evil: 1"})", R"({"access_token":"a","refresh_token":"b c"})"})
        EXPECT_FALSE(grant_of(body).ok()) << body;
}

TEST(Account, ErrorsHoldNoSecret) {
    Result<Grant> grant = grant_of(R"({"access_token":"ntn_secret\n"})");
    ASSERT_FALSE(grant.ok());
    EXPECT_EQ((grant.error().message + grant.error().detail).find("ntn_"), std::string::npos);
}

TEST(Account, OutcomesTellWhoHasToAct) {
    EXPECT_EQ(grant_outcome(200, grant_body), GrantOutcome::granted);
    EXPECT_EQ(grant_outcome(200, "{"), GrantOutcome::later);
    EXPECT_EQ(grant_outcome(400, R"({"object":"error","status":400,"code":"invalid_grant"})"),
              GrantOutcome::refused);
    EXPECT_EQ(grant_outcome(400, R"({"error":"invalid_grant"})"), GrantOutcome::refused);
    EXPECT_EQ(grant_outcome(400, R"({"error":"unauthorized_client"})"), GrantOutcome::client);
    EXPECT_EQ(grant_outcome(400, "<html>"), GrantOutcome::refused);
    EXPECT_EQ(grant_outcome(401, R"({"error":"invalid_client"})"), GrantOutcome::client);
    for (int status : {0, 429, 500, 502, 503, 529})
        EXPECT_EQ(grant_outcome(status, ""), GrantOutcome::later) << status;
}

TEST(Account, PausesDoubleAndEnd) {
    EXPECT_EQ(grant_pause_ms(1), 1000);
    EXPECT_EQ(grant_pause_ms(4), 8000);
    EXPECT_EQ(grant_pause_ms(1000), 300'000);
    EXPECT_EQ(grant_pause_ms(0), 1000);
}

TEST(Account, IntrospectionSaysWhetherATokenLives) {
    Result<Introspection> it = introspection_of(R"({"active":true,"scope":"x","iat":1790000000})");
    ASSERT_TRUE(it.ok());
    EXPECT_TRUE(it->active);
    EXPECT_FALSE(introspection_of(R"({"active":false})")->active);
    EXPECT_FALSE(introspection_of(R"({"active":"yes"})").ok());
}

TEST(Account, ATokenIsOneWord) {
    EXPECT_TRUE(is_token("ntn_123"));
    for (const char* text : {"", "a b", "a\n", "\x7f", "\xc3\xa4"})
        EXPECT_FALSE(is_token(text)) << text;
    EXPECT_FALSE(is_token(std::string(4097, 'a')));
}

} // namespace notion::test
