// Queries: order, sorts, pages, cursors, caps, projections, versions, a lagging index.
#include "lab.hpp"

namespace emulator {

namespace {

class Queries : public Lab {
  protected:
    Queries() {
        load(R"({"databases":[{"title":"Rows","properties":{"Name":"title","N":"number",
            "Pick":{"select":["z","a"]}},
          "pages":[
            {"created_time":"2026-06-01T10:00:00Z","properties":{"Name":"a","N":2,"Pick":"a"}},
            {"created_time":"2026-06-01T10:00:00Z","properties":{"Name":"b","Pick":"z"}},
            {"created_time":"2026-06-02T10:00:00Z","last_edited_time":"2026-06-05T10:00:00Z",
             "properties":{"Name":"C","N":1}},
            {"created_time":"2026-05-02T10:00:00Z","properties":{"Name":"d","N":3}}]}]})");
    }
    std::string sorted(const std::string& sorts) {
        return query("Rows", R"({"sorts":[)" + sorts + "]}").titles();
    }
};

TEST_F(Queries, NewestCreatedComeFirst) {
    EXPECT_EQ(query("Rows", "{}").titles(), "C,b,a,d");
}

TEST_F(Queries, SortsByPropertyAndTime) {
    EXPECT_EQ(sorted(R"({"property":"N","direction":"ascending"})"), "C,a,d,b");
    EXPECT_EQ(sorted(R"({"property":"N","direction":"descending"})"), "d,a,C,b");
    EXPECT_EQ(sorted(R"({"property":"Name","direction":"descending"})"), "d,C,b,a");
    EXPECT_EQ(sorted(R"({"timestamp":"created_time","direction":"ascending"})"), "d,b,a,C");
    EXPECT_EQ(sorted(R"({"timestamp":"last_edited_time","direction":"descending"})"), "C,b,a,d");
    EXPECT_EQ(sorted(R"({"timestamp":"created_time","direction":"ascending"},
                        {"property":"Name","direction":"ascending"})"),
              "d,a,b,C");
}

TEST_F(Queries, WhatIsUndocumentedInSortsIsASwitch) {
    EXPECT_EQ(sorted(R"({"property":"Pick","direction":"ascending"})"), "b,a,C,d");
    control("POST", "semantics", R"({"select_sorts_by_name":true})");
    EXPECT_EQ(sorted(R"({"property":"Pick","direction":"ascending"})"), "a,b,C,d");
    control("POST", "semantics", R"({"empty_sorts_first":true})");
    EXPECT_EQ(sorted(R"({"property":"N","direction":"ascending"})"), "b,C,a,d");
    control("POST", "semantics", R"({"text_sorts_by_bytes":true})");
    EXPECT_EQ(sorted(R"({"property":"Name","direction":"ascending"})"), "C,a,b,d");
}

TEST_F(Queries, PagesFollowOpaqueCursors) {
    const Answer first = query("Rows", R"({"page_size":3})");
    EXPECT_EQ(first.titles(), "C,b,a");
    EXPECT_TRUE(first["has_more"].GetBool());
    const std::string cursor(view(first["next_cursor"]));
    EXPECT_EQ(cursor.substr(0, 2), "s:");
    const Answer second = query("Rows", R"({"page_size":3,"start_cursor":")" + cursor + R"("})");
    EXPECT_EQ(second.titles(), "d");
    EXPECT_FALSE(second["has_more"].GetBool());
    EXPECT_TRUE(second["next_cursor"].IsNull());
    EXPECT_TRUE(second["request_status"].IsNull());
}

TEST_F(Queries, CursorsExpireAndBelongToTheirQuestion) {
    const std::string cursor(view(query("Rows", R"({"page_size":1})")["next_cursor"]));
    const std::string next = R"("page_size":1,"start_cursor":")" + cursor + "\"";
    EXPECT_EQ(query("Rows", "{" + next + R"(,"sorts":[]})").status, 400);
    EXPECT_EQ(query("Rows", "{" + next + "}").titles(), "b");
    world.clock.advance(world.semantics.cursor_ttl_ms + 1);
    const Answer late = query("Rows", "{" + next + "}");
    EXPECT_EQ(late.status, 400);
    EXPECT_EQ(late.message(), "The start_cursor provided is invalid: " + cursor);
}

TEST_F(Queries, LiveCursorsSeeWhatChangedMeanwhile) {
    const std::string sort = R"("page_size":2,"sorts":[{"property":"N","direction":"ascending"}])";
    for (const bool live : {false, true}) {
        world.semantics.live_cursors = live;
        const std::string cursor(view(query("Rows", "{" + sort + "}")["next_cursor"]));
        const Answer all =
            query("Rows", R"({"filter":{"property":"Name","title":{"equals":"b"}}})");
        const std::string id(view(all["results"][0]["id"]));
        patch("/v1/pages/" + id, live ? R"({"properties":{"N":{"number":2.5}}})"
                                      : R"({"properties":{"Pick":{"select":null}}})");
        EXPECT_EQ(query("Rows", "{" + sort + R"(,"start_cursor":")" + cursor + R"("})").titles(),
                  live ? "d" : "d,b");
    }
}

TEST_F(Queries, TenThousandIsTheMostOfOneQuery) {
    world.limits.query_results = 3;
    const Answer first = query("Rows", R"({"page_size":2})");
    EXPECT_EQ(view(first["request_status"]["type"]), "incomplete");
    const std::string cursor(view(first["next_cursor"]));
    const Answer last = query("Rows", R"({"page_size":2,"start_cursor":")" + cursor + R"("})");
    EXPECT_EQ(last.titles(), "a");
    EXPECT_FALSE(last["has_more"].GetBool());
    EXPECT_EQ(view(last["request_status"]["incomplete_reason"]), "query_result_limit_reached");
    const Answer sorted_query =
        query("Rows", R"({"sorts":[{"property":"N","direction":"ascending"}]})");
    EXPECT_EQ(sorted_query.titles(), "C,a,d");
    EXPECT_EQ(view(sorted_query["request_status"]["type"]), "incomplete");
}

TEST_F(Queries, WhatWasFoundBeforeIsForgottenWithEveryChange) {
    EXPECT_EQ(query("Rows", "{}").titles(), "C,b,a,d");
    const std::string id(view(query("Rows", "{}")["results"][0]["id"]));
    create(R"({"Name":{"title":[{"text":{"content":"e"}}]}})");
    EXPECT_EQ(query("Rows", "{}").titles(), "e,C,b,a,d");
    patch("/v1/pages/" + id, R"({"in_trash":true})");
    EXPECT_EQ(query("Rows", "{}").titles(), "e,b,a,d");
    control("POST", "limits", R"({"query_results":2})");
    EXPECT_EQ(query("Rows", "{}").titles(), "e,b");
    control("POST", "limits", R"({"query_results":9})");
    const char* by_number = R"({"property":"N","direction":"ascending"})";
    EXPECT_EQ(sorted(by_number), "a,d,e,b");
    control("POST", "semantics", R"({"empty_sorts_first":true})");
    EXPECT_EQ(sorted(by_number), "e,b,a,d");
}

TEST_F(Queries, FilterPropertiesCutsThePage) {
    const Answer cut = post("/v1/data_sources/" + source("Rows") +
                                "/query?filter_properties=N&filter_properties=title",
                            "{}");
    EXPECT_EQ(cut["results"][0]["properties"].MemberCount(), 2u);
    const std::string id(view(cut["results"][0]["id"]));
    const Answer page = get("/v1/pages/" + id + "?filter_properties=Pick");
    EXPECT_EQ(page["properties"].MemberCount(), 1u);
    EXPECT_EQ(get("/v1/pages/" + id + "?filter_properties=Nix").status, 400);
}

TEST_F(Queries, OnlyKnownMembersAndSizesAreTaken) {
    EXPECT_EQ(query("Rows", R"({"archived":false})").message(),
              "body failed validation: body.archived should be not present, instead was `false`.");
    EXPECT_EQ(query("Rows", R"({"page_size":101})").message(),
              "body failed validation: body.page_size should be ≤ `100`, instead was `101`.");
}

TEST_F(Queries, TheOldVersionSaysArchivedToo) {
    const std::string path = "/v1/data_sources/" + source("Rows") + "/query";
    const Answer old = ask("POST", path, "{}", "ntn_bot_lab", "2025-09-03");
    EXPECT_FALSE(old["results"][0]["archived"].GetBool());
    EXPECT_FALSE(post(path, "{}")["results"][0].HasMember("archived"));
}

TEST_F(Queries, TrashedAndArchivedPagesAreNoResults) {
    const Answer all = query("Rows", "{}");
    patch("/v1/pages/" + std::string(view(all["results"][0]["id"])), R"({"in_trash":true})");
    patch("/v1/pages/" + std::string(view(all["results"][1]["id"])), R"({"is_archived":true})");
    EXPECT_EQ(query("Rows", "{}").titles(), "a,d");
    EXPECT_EQ(query("Rows", R"({"is_archived":true})").titles(), "b");
}

TEST_F(Queries, ALaggingIndexSeesThePast) {
    control("POST", "faults", R"({"kind":"index_lag","ms":5000})");
    create(R"({"Name":{"title":[{"text":{"content":"new"}}]}})");
    const Answer all = query("Rows", "{}");
    EXPECT_EQ(all.titles(), "C,b,a,d");
    const std::string id(view(all["results"][0]["id"]));
    patch("/v1/pages/" + id, R"({"properties":{"N":{"number":99}}})");
    EXPECT_EQ(shown(get("/v1/pages/" + id).value("N")), "99");
    EXPECT_EQ(shown(query("Rows", "{}")["results"][0]["properties"]["N"]["number"]), "1");
    world.clock.advance(6000);
    EXPECT_EQ(query("Rows", "{}").titles(), "new,C,b,a,d");
    EXPECT_EQ(shown(query("Rows", "{}")["results"][1]["properties"]["N"]["number"]), "99");
}

TEST_F(Queries, SearchFindsByTitleAndKind) {
    const Answer sources = post("/v1/search", R"({"query":"row","filter":{"property":"object",
                                                  "value":"data_source"}})");
    ASSERT_EQ(sources["results"].Size(), 1u);
    EXPECT_EQ(view(sources["results"][0]["object"]), "data_source");
    EXPECT_EQ(view(sources["type"]), "page_or_data_source");
    EXPECT_EQ(post("/v1/search", R"({"query":"c","filter":{"property":"object","value":"page"}})")
                  .titles(),
              "C");
    EXPECT_EQ(post("/v1/search", R"({"filter":{"property":"object","value":"database"}})").status,
              400);
}

} // namespace

} // namespace emulator
