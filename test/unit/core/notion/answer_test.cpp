// scope: none.
#include "core/notion/answer.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

Error refusal(int status, std::string_view code, std::string_view message,
              std::string_view more = "") {
    return error_of(status,
                    R"({"object":"error","status":)" + std::to_string(status) +
                        ",\"code\":" + json::quote(code) + ",\"message\":" + json::quote(message) +
                        std::string(more) + R"(,"request_id":"r-1"})",
                    -1, "");
}

TEST(Refusal, KindFollowsStatusAndCode) {
    const std::tuple<int, const char*, const char*, ErrorKind> cases[] = {
        {400, "validation_error", "body failed validation", ErrorKind::validation},
        {400, "validation_error", "Age is not a property that exists.",
         ErrorKind::property_missing},
        {400, "validation_error", "Age is expected to be number.", ErrorKind::property_type},
        {401, "unauthorized", "API token is invalid.", ErrorKind::unauthorized},
        {403, "restricted_resource", "Insufficient permissions", ErrorKind::restricted},
        {404, "object_not_found", "Could not find page", ErrorKind::not_found},
        {406, "row_limit_exceeded", "full", ErrorKind::row_limit},
        {409, "row_limit_exceeded", "full", ErrorKind::row_limit},
        {409, "conflict_error", "Conflict occurred while saving.", ErrorKind::conflict},
        {429, "rate_limited", "You have been rate limited.", ErrorKind::rate_limited},
        {500, "internal_server_error", "oops", ErrorKind::unavailable},
        {503, "service_unavailable", "later", ErrorKind::unavailable},
        {529, "service_overload", "later", ErrorKind::unavailable},
        {418, "teapot", "new", ErrorKind::validation},
        {302, "moved", "elsewhere", ErrorKind::malformed},
    };
    for (const auto& [status, code, message, kind] : cases) {
        const Error error = refusal(status, code, message);
        EXPECT_EQ(error.kind, kind) << status << code;
        EXPECT_EQ(error.status, status);
        EXPECT_EQ(error.code, code);
        EXPECT_EQ(error.request_id, "r-1");
        EXPECT_NE(error.detail.find(message), std::string::npos);
        EXPECT_FALSE(error.message.empty());
        const bool again = kind == ErrorKind::conflict || kind == ErrorKind::rate_limited ||
                           kind == ErrorKind::unavailable;
        EXPECT_EQ(may_read_again(error), again) << status;
    }
}

TEST(Refusal, WhereSomethingCanBeDoneTheHintSaysWhat) {
    for (const int status : {401, 403, 404, 406, 409, 413, 429, 500, 503})
        EXPECT_FALSE(refusal(status, "x", "y").hint.empty()) << status;
    EXPECT_NE(refusal(404, "object_not_found", "").hint.find("Share"), std::string::npos);
}

TEST(Refusal, TheWaitIsTheHeadersOrTheBodys) {
    const char* more = R"(,"additional_data":{"retry_after":"17"})";
    EXPECT_EQ(refusal(429, "rate_limited", "", more).retry_after_ms, 17000);
    EXPECT_EQ(error_of(429, "", 5000, "").retry_after_ms, 5000);
    EXPECT_EQ(refusal(429, "rate_limited", "").retry_after_ms, -1);
    EXPECT_EQ(refusal(429, "rate_limited", "", R"(,"additional_data":{"retry_after":"x"})")
                  .retry_after_ms,
              -1);
}

TEST(Refusal, ABlockedConnectionIsNotTriedAgain) {
    const Error error =
        refusal(429, "rate_limited", "",
                R"(,"additional_data":{"rate_limit_reason":"public_api_request_blocked"})");
    EXPECT_EQ(error.kind, ErrorKind::restricted);
    EXPECT_FALSE(may_read_again(error));
}

TEST(Refusal, WhatIsNotNotionsJsonIsQuotedShortly) {
    const Error error = error_of(502, "<html>" + std::string(5000, 'x') + "\n\x01", -1, "r-2");
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_LT(error.detail.size(), 260U);
    EXPECT_EQ(error.request_id, "r-2");
    EXPECT_EQ(error_of(403, "<html>", -1, "").kind, ErrorKind::unavailable);
    EXPECT_EQ(error_of(503, "", -1, "").kind, ErrorKind::unavailable);
    EXPECT_EQ(error_of(200, "[]", -1, "").kind, ErrorKind::malformed);
}

TEST(Refusal, WhatIsQuotedIsUtf8WhateverItWas) {
    EXPECT_EQ(error_of(200, "caf\xe9 \x01 {", -1, "").detail, "Notion answered 200: caf?   {");
    EXPECT_EQ(error_of(200, "caf\xc3\xa9", -1, "").detail, "Notion answered 200: caf\xc3\xa9");
}

TEST(Refusal, A503MayNameWhatItDidAllTheSame) {
    EXPECT_EQ(committed_id(R"({"object":"error","additional_data":{"committed_resource_id":"p"}})"),
              "p");
    EXPECT_EQ(committed_id("{}"), "");
    EXPECT_EQ(committed_id("<html>"), "");
}

const char* const page_text =
    R"({"object":"page","id":"p","created_time":"2026-01-01T10:00:00.000Z",
    "last_edited_time":"2026-01-02T10:00:00.000Z","created_by":{"object":"user","id":"u"},
    "last_edited_by":{"object":"user","id":"v"},"in_trash":false,"is_archived":true,
    "parent":{"type":"data_source_id","data_source_id":"d","database_id":"b"},
    "properties":{"A":{"id":"a","type":"number","number":1}},"url":"https://x"})";

TEST(Page, SaysWhatItIs) {
    auto document = json::parse(page_text);
    auto head = page_head(*document);
    ASSERT_TRUE(head.ok());
    EXPECT_EQ(head->id, "p");
    EXPECT_EQ(head->url, "https://x");
    EXPECT_EQ(head->data_source, "d");
    EXPECT_EQ(head->created_by, "u");
    EXPECT_EQ(head->edited_by, "v");
    EXPECT_EQ(head->created, parse_moment("2026-01-01T10:00Z")->instant);
    EXPECT_EQ(head->edited, parse_moment("2026-01-02T10:00Z")->instant);
    EXPECT_FALSE(head->in_trash);
    EXPECT_TRUE(head->is_archived);
    EXPECT_NE(property_by_id(*head, "a"), nullptr);
    EXPECT_EQ(property_by_id(*head, "A"), nullptr);
}

TEST(Page, IsNotBelievedWithoutItsShape) {
    for (const char* text :
         {"5", "[]", "{}", R"({"object":"page","id":"p"})",
          R"({"object":"page","id":"p","properties":[]})",
          R"({"object":"page","id":"p","properties":{},"created_time":"x","last_edited_time":"y"})",
          R"({"object":"data_source","id":"p","properties":{}})"}) {
        auto document = json::parse(text);
        auto head = page_head(*document);
        ASSERT_FALSE(head.ok()) << text;
        EXPECT_EQ(head.error().kind, ErrorKind::malformed);
    }
}

TEST(List, GoesOnWhereItSays) {
    const auto head = [](std::string_view text) {
        static json::Document document;
        auto parsed = json::parse(text);
        document = std::move(*parsed);
        return list_head(document);
    };
    auto last = head(R"({"object":"list","results":[1],"has_more":false,"next_cursor":null})");
    ASSERT_TRUE(last.ok());
    EXPECT_EQ(last->results->Size(), 1U);
    EXPECT_EQ(last->next_cursor, "");
    EXPECT_FALSE(last->incomplete);
    auto more = head(R"({"object":"list","results":[],"has_more":true,"next_cursor":"c"})");
    EXPECT_EQ(more->next_cursor, "c");
    auto cut = head(R"({"object":"list","results":[],"has_more":false,"next_cursor":null,
        "request_status":{"type":"incomplete","incomplete_reason":"query_result_limit_reached"}})");
    EXPECT_TRUE(cut->incomplete);
    for (const char* text :
         {"{}", R"({"object":"list","results":{},"has_more":false})",
          R"({"object":"list","results":[]})", R"({"object":"list","results":[],"has_more":true})",
          R"({"object":"error","results":[],"has_more":false})"})
        EXPECT_FALSE(head(text).ok()) << text;
}

} // namespace
} // namespace notion
