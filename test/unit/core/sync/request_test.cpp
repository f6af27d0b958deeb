// The calls of the sync. scope: none.
#include "core/sync/request.hpp"

#include <gtest/gtest.h>

#include "core/notion/json.hpp"
#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

struct RequestTest : testing::Test {
    std::unique_ptr<Link> link = sample::link();
    Mapping mapping = sample::mapping(*link);

    static json::Document body(const Call& call) {
        auto parsed = json::parse(call.body);
        EXPECT_TRUE(parsed.ok()) << call.body;
        return std::move(parsed.value());
    }
};

TEST_F(RequestTest, ACreateCarriesTheMarkerAsSent) {
    const auto made = request_of(*link, Mapping(), {FlightKind::create, {{"fee", "5"}}}, "7");
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made->call.method, Method::post);
    EXPECT_EQ(made->call.path, "/v1/pages");
    EXPECT_EQ(made->marker, Cell("7"));
    const json::Document json = body(made->call);
    EXPECT_EQ(json["properties"]["fee"]["number"].GetDouble(), 5);
    EXPECT_EQ(json::view(json["properties"]["mark"]["rich_text"][0]["text"]["content"]), "7");
}

TEST_F(RequestTest, AnEmptyKeyMarksNoPage) {
    EXPECT_FALSE(request_of(*link, Mapping(), {FlightKind::create, {}}, "").ok());
}

TEST_F(RequestTest, APatchNamesOnlyWhatIsWished) {
    const auto made = request_of(*link, mapping, {FlightKind::patch, {{"fee", "6"}}}, "");
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made->call.method, Method::patch);
    EXPECT_EQ(made->call.path, "/v1/pages/" + std::string(sample::page_id));
    EXPECT_EQ(body(made->call)["properties"].MemberCount(), 1U);
    EXPECT_FALSE(made->marker);
}

TEST_F(RequestTest, OnePartOfADateKeepsTheOther) {
    const Wish wish{FlightKind::patch, {{"due#end", "2026-03-05 09:30:00+00"}}};
    const auto made = request_of(*link, mapping, wish, "");
    ASSERT_TRUE(made.ok()) << made.error().message;
    const json::Document json = body(made->call);
    const json::Value& date = json["properties"]["due"]["date"];
    EXPECT_TRUE(json::text(date, "start").starts_with("2026-03-01T09:30"));
    EXPECT_TRUE(json::text(date, "end").starts_with("2026-03-05T09:30"));
}

TEST_F(RequestTest, BothPartsOfADateAreSentTogether) {
    const Wish wish{FlightKind::patch,
                    {{"due", "2026-04-01 09:30:00+00"}, {"due#end", "2026-04-05 09:30:00+00"}}};
    const auto made = request_of(*link, mapping, wish, "");
    ASSERT_TRUE(made.ok()) << made.error().message;
    const json::Document json = body(made->call);
    ASSERT_EQ(json["properties"].MemberCount(), 1U);
    const json::Value& date = json["properties"]["due"]["date"];
    EXPECT_TRUE(json::text(date, "start").starts_with("2026-04-01T09:30"));
    EXPECT_TRUE(json::text(date, "end").starts_with("2026-04-05T09:30"));
}

TEST_F(RequestTest, WhatNotionCannotHoldNamesItsColumn) {
    const auto made = request_of(*link, mapping, {FlightKind::patch, {{"due", "infinity"}}}, "");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().kind, ErrorKind::unsendable);
    EXPECT_NE(made.error().message.find("\"due\""), std::string::npos);
}

TEST_F(RequestTest, WhatNotionComputesIsRefused) {
    EXPECT_FALSE(request_of(*link, mapping, {FlightKind::patch, {{"total", "1"}}}, "").ok());
    EXPECT_FALSE(request_of(*link, mapping, {FlightKind::patch, {{"nothing", "1"}}}, "").ok());
}

TEST_F(RequestTest, TrashAndRestoreArePatches) {
    for (const FlightKind kind : {FlightKind::trash, FlightKind::restore}) {
        const auto made = request_of(*link, mapping, {kind, {}}, "");
        ASSERT_TRUE(made.ok());
        EXPECT_EQ(made->call.method, Method::patch);
        EXPECT_EQ(json::truth(body(made->call), "in_trash"), kind == FlightKind::trash);
    }
    EXPECT_FALSE(request_of(*link, Mapping(), {FlightKind::trash, {}}, "").ok());
}

TEST_F(RequestTest, ALookUpAsksForUpToAHundredMarkers) {
    const auto made = look_up(*link, {"7", "a\"b"});
    ASSERT_TRUE(made.ok());
    const json::Document json = body(*made);
    const json::Value& terms = json["filter"]["or"];
    ASSERT_EQ(terms.Size(), 2U);
    EXPECT_EQ(json::view(terms[1]["rich_text"]["equals"]), "a\"b");
    EXPECT_TRUE(look_up(*link, std::vector<std::string>(100, "x")).ok());
    EXPECT_FALSE(look_up(*link, std::vector<std::string>(101, "x")).ok());
    EXPECT_FALSE(look_up(*link, {}).ok());
}

TEST_F(RequestTest, APollAsksFromAMinuteInTheOrderOfEdits) {
    const json::Document json = body(poll(*link, "2026-03-01T10:00:00.000Z", ""));
    EXPECT_EQ(json::view(json["filter"]["last_edited_time"]["on_or_after"]),
              "2026-03-01T10:00:00.000Z");
    EXPECT_EQ(json::view(json["sorts"][0]["timestamp"]), "last_edited_time");
}

TEST_F(RequestTest, AScanAsksForAllInTheOrderOfCreation) {
    const json::Document json = body(scan(*link, "", "next"));
    EXPECT_FALSE(json.HasMember("filter"));
    EXPECT_EQ(json::view(json["sorts"][0]["timestamp"]), "created_time");
    EXPECT_EQ(json::view(json["start_cursor"]), "next");
    const json::Document later = body(scan(*link, "2026-03-01T10:00:00.000Z", ""));
    EXPECT_EQ(json::view(later["filter"]["created_time"]["on_or_after"]),
              "2026-03-01T10:00:00.000Z");
}

} // namespace
} // namespace notion::sync
