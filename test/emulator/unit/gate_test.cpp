// The gate: tokens, versions, unknown paths, bad JSON, the budget, the journal, the stats.
#include "lab.hpp"

namespace emulator {

namespace {

class Gates : public Lab {};

TEST_F(Gates, TokensOfBothKindsAreTakenAndNoOthers) {
    EXPECT_EQ(view(get("/v1/users/me")["type"]), "bot");
    EXPECT_EQ(view(get("/v1/users/me")["name"]), "lab");
    EXPECT_EQ(view(ask("GET", "/v1/users/me", "", "ntn_person_ann")["type"]), "person");
    for (const char* token : {"secret_x", "ntn_bot_", "", "ntn_x"}) {
        const Answer refused = ask("GET", "/v1/users", "", token);
        EXPECT_EQ(refused.status, 401);
        EXPECT_EQ(refused.code(), "unauthorized");
        EXPECT_EQ(refused.message(), "API token is invalid.");
    }
}

TEST_F(Gates, APersonOfTheSeedIsMeantByNameOrAddress) {
    load(R"({"users":[{"name":"Ada Byron","email":"ada@x.org"}]})");
    const std::string id = ask("GET", "/v1/users/me", "", "ntn_person_Ada Byron").id();
    EXPECT_EQ(ask("GET", "/v1/users/me", "", "ntn_person_ada").id(), id);
    EXPECT_NE(ask("GET", "/v1/users/me", "", "ntn_person_ad").id(), id);
}

TEST_F(Gates, VersionsAreRequiredAndKnown) {
    const Answer none = ask("GET", "/v1/users", "", "ntn_bot_lab", "");
    EXPECT_EQ(none.code(), "missing_version");
    EXPECT_EQ(ask("GET", "/v1/users", "", "ntn_bot_lab", "2021-01-01").status, 400);
    EXPECT_EQ(ask("GET", "/v1/users", "", "ntn_bot_lab", "2025-09-03").status, 200);
}

TEST_F(Gates, PathsAndIdsThatAreNone) {
    EXPECT_EQ(get("/v1/invalid").code(), "invalid_request_url");
    EXPECT_EQ(get("/v1/invalid").message(), "Invalid request URL.");
    EXPECT_EQ(ask("DELETE", "/v1/pages").code(), "invalid_request_url");
    EXPECT_EQ(get("/v1/pages/AAA").message(),
              "path failed validation: path.page_id should be a valid uuid, instead was "
              "`\"AAA\"`.");
    EXPECT_EQ(get("/v1/pages/12345678-1234-1234-1234-123456789abc").status, 400);
    EXPECT_EQ(get("/v1/pages/00000000-0000-0000-0000-000000000000").status, 404);
    EXPECT_NE(get("/v1/data_sources/aaaaaaaa-0000-4000-8000-000000000001")
                  .message()
                  .find("Could not find database with ID"),
              std::string::npos);
    EXPECT_NE(get("/v1/users/aaaaaaaa-0000-4000-8000-000000000001").message().find("capabilities"),
              std::string::npos);
}

TEST_F(Gates, BodiesMustBeJson) {
    EXPECT_EQ(post("/v1/search", "{").code(), "invalid_json");
    EXPECT_EQ(post("/v1/search", "{").message(), "Error parsing JSON body.");
    EXPECT_EQ(post("/v1/search", "{\"query\":\"\xff\"}").code(), "invalid_json");
    EXPECT_EQ(post("/v1/search", "[]").code(), "validation_error");
    EXPECT_EQ(post("/v1/search", "").status, 200);
    world.limits.body_bytes = 100;
    EXPECT_EQ(post("/v1/search", std::string(101, ' ')).status, 400);
    std::string deep;
    for (int i = 0; i < 100'000; ++i)
        deep += "[";
    world.limits.body_bytes = 1'000'000;
    EXPECT_EQ(post("/v1/search", deep).code(), "invalid_json");
}

TEST_F(Gates, TheBudgetIsAWindowPerToken) {
    world.limits.budget = 2;
    EXPECT_EQ(get("/v1/users/me").status, 200);
    world.clock.advance(20'000);
    EXPECT_EQ(get("/v1/nowhere").status, 400) << "counts too";
    const Answer over = get("/v1/users/me");
    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(over.retry_after_s, 40);
    EXPECT_EQ(view(over["additional_data"]["rate_limit_reason"]), "public_api_request_rate_limit");
    EXPECT_EQ(view(over["additional_data"]["retry_after"]), "40");
    EXPECT_EQ(ask("GET", "/v1/users/me", "", "ntn_bot_other").status, 200);
    EXPECT_EQ(ask("GET", "/v1/users/me", "", "ntn_person_ann").status, 200);
    world.clock.advance(40'000);
    EXPECT_EQ(get("/v1/users/me").status, 200);
}

TEST_F(Gates, EveryAnswerHasARequestId) {
    EXPECT_EQ(view(get("/v1/users/me")["request_id"]).size(), 36u);
    EXPECT_EQ(view(get("/v1/nowhere")["request_id"]).size(), 36u);
}

TEST_F(Gates, TheJournalIsARingOfLines) {
    world.journal.most_entries = 2;
    get("/v1/users/me");
    post("/v1/search", "{\n\"query\": \"x\"}");
    post("/v1/search", "{");
    const std::string lines = world.journal.since(0);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
    Document line;
    ASSERT_TRUE(parse(lines.substr(0, lines.find('\n')), line));
    EXPECT_EQ(line["n"].GetInt(), 2);
    EXPECT_EQ(view(line["request"]["query"]), "x");
    EXPECT_EQ(view(line["route"]), "POST /v1/search");
    EXPECT_EQ(view(line["token"]), "ntn_bot_lab");
    EXPECT_EQ(line["status"].GetInt(), 200);
    EXPECT_TRUE(line["response"].IsObject());
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
    const std::string newest = world.journal.since(2);
    EXPECT_NE(newest.find(R"("request":"{")"), std::string::npos);
    control("POST", "journal", R"({"bytes":10})");
    EXPECT_EQ(world.journal.since(0), "");
}

TEST_F(Gates, StatsCountRoutesAndStatuses) {
    get("/v1/users/me");
    get("/v1/pages/AAA");
    control("GET", "clock");
    const Answer stats = control("GET", "stats");
    EXPECT_EQ(stats["requests"].GetInt(), 2);
    EXPECT_EQ(stats["routes"]["GET /v1/pages/:page_id"]["by_status"]["400"].GetInt(), 1);
    EXPECT_EQ(stats["by_status"]["200"].GetInt(), 1);
}

TEST_F(Gates, StatusFaultsAnswerInsteadAndAreCounted) {
    control("POST", "faults",
            R"([{"kind":"status","status":429,"retry_after":7,"count":1,"route":"GET /v1/users/me"},
                {"kind":"status","status":529,"skip":1,"count":1,"path":"/v1/users"}])");
    const Answer limited = get("/v1/users/me");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.retry_after_s, 7);
    EXPECT_EQ(get("/v1/users/me").status, 200);
    EXPECT_EQ(get("/v1/users/me").code(), "service_overload");
    EXPECT_EQ(get("/v1/users/me").status, 200);
    EXPECT_EQ(control("POST", "faults", R"({"kind":"nonsense"})").status, 400);
    control("POST", "faults", R"({"kind":"status","status":500,"token":"ntn_person_"})");
    EXPECT_EQ(get("/v1/users/me").status, 200);
    EXPECT_EQ(ask("GET", "/v1/users/me", "", "ntn_person_ada").status, 500);
}

TEST_F(Gates, A503AfterCommitNamesWhatWasCommitted) {
    load(R"({"databases":[{"title":"All","properties":{"Name":"title"}}]})");
    control("POST", "faults", R"([{"kind":"503_after_commit","count":1,"route":"POST /v1/pages"},
        {"kind":"503_after_commit","count":1,"committed_resource_id":false,
         "route":"POST /v1/pages"}])");
    const Answer told = create("{}");
    EXPECT_EQ(told.status, 503);
    EXPECT_EQ(told.code(), "service_unavailable");
    const std::string id(view(told["additional_data"]["committed_resource_id"]));
    EXPECT_EQ(get("/v1/pages/" + id).status, 200);
    EXPECT_FALSE(create("{}")["additional_data"].HasMember("committed_resource_id"));
    EXPECT_EQ(query("All", "{}")["results"].Size(), 2u);
}

TEST_F(Gates, PropertiesCanBeMissingFromAnAnswer) {
    load(R"({"databases":[{"title":"All","properties":{"Name":"title","N":"number"},
             "pages":[{"properties":{"N":1}}]}]})");
    control("POST", "faults", R"({"kind":"omit_properties","properties":["N"]})");
    const Answer cut = query("All", "{}");
    EXPECT_FALSE(cut["results"][0]["properties"].HasMember("N"));
    EXPECT_TRUE(cut["results"][0]["properties"].HasMember("Name"));
}

} // namespace

} // namespace emulator
