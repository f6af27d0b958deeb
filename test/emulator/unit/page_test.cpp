// Pages: values in and out, limits and their texts, references, times, trash.
#include "lab.hpp"

namespace emulator {

namespace {

class Pages : public Lab {
  protected:
    Pages() {
        load(R"({"users":[{"name":"Ann","id":"aaaaaaaa-0000-4000-8000-000000000001"}],
          "databases":[{"title":"All","properties":{"Name":"title","Text":"rich_text",
            "Mail":"email","Link":"url","Phone":"phone_number","N":"number","Done":"checkbox",
            "Pick":{"select":["Red"]},"State":"status","Tags":{"multi_select":["x"]},
            "Day":"date","Who":"people","Files":"files","No":{"unique_id":"T"},"F":"formula",
            "Made":"created_time","Edited":"last_edited_time","By":"created_by"}}]})");
    }
    std::string message(const std::string& properties) { return create(properties).message(); }
};

std::string titled(const std::string& text) {
    return R"({"Name":{"title":[{"text":{"content":")" + text + R"("}}]}})";
}

TEST_F(Pages, ValuesComeBackAsNotionHasThem) {
    const Answer page = create(R"({
        "Name":{"title":[{"text":{"content":"Al"}},{"text":{"content":"pha"}}]},
        "N":{"number":1e21},"Pick":{"select":{"name":"red"}},
        "Tags":{"multi_select":[{"name":"new"}]},
        "Day":{"date":{"start":"2026-06-27T18:01:15.377824","time_zone":"Europe/London"}},
        "Who":{"people":[{"id":"aaaaaaaa-0000-4000-8000-000000000001"}]},
        "Files":{"files":[{"name":"f","external":{"url":"https://x.org/f"}}]},
        "Link":{"url":"https://x.org"}})");
    ASSERT_EQ(page.status, 200) << page.message();
    EXPECT_EQ(page.value("Name").Size(), 1u) << "like-looking neighbours merge";
    EXPECT_EQ(view(page.value("Name")[0]["plain_text"]), "Alpha");
    EXPECT_EQ(shown(page.value("Pick")["name"]), "\"Red\"");
    EXPECT_EQ(shown(page.value("Day")),
              R"({"start":"2026-06-27T18:01:00.000+01:00","end":null,"time_zone":null})");
    EXPECT_EQ(shown(page.value("Who")[0]["person"]["email"]), "\"Ann@example.com\"");
    EXPECT_EQ(shown(page.value("Files")),
              R"([{"name":"f","type":"external","external":{"url":"https://x.org/f"}}])");
    EXPECT_EQ(shown(page.value("State")["name"]), "\"Not started\"");
    EXPECT_EQ(shown(page.value("No")), R"({"prefix":"T","number":1})");
    EXPECT_EQ(shown(page.value("F")), R"({"type":"string","string":null})");
    EXPECT_EQ(shown(page.value("Made")), "\"2026-06-17T12:00:00.000Z\"");
    EXPECT_EQ(shown(page.value("Mail")), "null");
    EXPECT_EQ(shown(page.value("Text")), "[]");
    EXPECT_EQ(shown(page.value("Done")), "false");
}

TEST_F(Pages, AddressesOfFilesAreSignedForWhoReadsThem) {
    const std::string kept = R"({"name":"a","type":"file","file":{"url":"https://s3/a)";
    const Answer page = create(R"({"Files":{"files":[)" + kept + R"(?X-Amz-Signature=1",
        "expiry_time":"2020-01-01T00:00:00.000Z"}}]}})");
    ASSERT_EQ(page.status, 200) << page.message();
    const std::string first = shown(page.value("Files"));
    EXPECT_TRUE(first.starts_with("[" + kept + "?X-Amz-")) << first;
    EXPECT_NE(first.find(R"("expiry_time":"2026-06-17T13:00:30.000Z")"), first.npos) << first;
    world.clock.advance(60'000);
    const std::string second = shown(get("/v1/pages/" + page.id()).value("Files"));
    EXPECT_TRUE(second.starts_with("[" + kept + "?X-Amz-")) << second;
    EXPECT_NE(second.find(R"("expiry_time":"2026-06-17T13:01:30.000Z")"), second.npos) << second;
    EXPECT_NE(second.substr(0, second.find("expiry")), first.substr(0, first.find("expiry")));
}

TEST_F(Pages, NewOptionsEnterTheSchema) {
    const Answer page = create(R"({"Pick":{"select":{"name":"Blue"}}})");
    const std::string id(view(page.value("Pick")["id"]));
    const Answer schema = get("/v1/data_sources/" + source("All"));
    EXPECT_EQ(view(schema["properties"]["Pick"]["select"]["options"][1]["id"]), id);
    EXPECT_EQ(message(R"({"Pick":{"select":{"name":"a,b"}}})"),
              "Invalid select option, commas not allowed: a,b");
    EXPECT_EQ(create(R"({"State":{"status":{"name":"Nix"}}})").status, 400);
}

TEST_F(Pages, LimitsAreNotions) {
    EXPECT_EQ(message(titled(std::string(2001, 'x'))),
              "body failed validation: body.properties.Name.title[0].text.content.length should be "
              "≤ `2000`, instead was `2001`.");
    std::string pair;
    for (int i = 0; i < 1000; ++i)
        pair += "\xF0\x9F\x98\x80"; // two UTF-16 units each
    EXPECT_EQ(create(titled(pair)).status, 200);
    EXPECT_EQ(create(titled(pair + "x")).status, 400);
    std::string tags;
    for (int i = 0; i < 101; ++i)
        tags += std::string(i ? "," : "") + R"({"name":"t)" + std::to_string(i) + "\"}";
    EXPECT_EQ(message(R"({"Tags":{"multi_select":[)" + tags + "]}}"),
              "body failed validation: body.properties.Tags.multi_select.length should be ≤ `100`, "
              "instead was `101`.");
    EXPECT_EQ(create(R"({"Mail":{"email":")" + std::string(201, 'x') + R"("}})").status, 400);
    EXPECT_EQ(create(R"({"Link":{"url":")" + std::string(2001, 'x') + R"("}})").status, 400);
    EXPECT_EQ(message(R"({"Link":{"url":""}})"),
              "body failed validation: body.properties.Link.url should be populated or `null`, "
              "instead was `\"\"`.");
    EXPECT_EQ(create(titled(std::string(512 * 1024, 'x'))).message().find("body.length"), 24u);
}

TEST_F(Pages, WrongShapesAreRefused) {
    EXPECT_EQ(message(R"({"N":{"rich_text":[]}})"), "N is expected to be number.");
    EXPECT_EQ(message(R"({"N":{"number":"1"}})"),
              "body failed validation: body.properties.N.number should be a number, instead was "
              "`\"1\"`.");
    EXPECT_EQ(message(R"({"Nix":{"number":1}})"), "Nix is not a property that exists.");
    EXPECT_EQ(create(R"({"F":{"formula":{"string":"x"}}})").status, 400);
    EXPECT_EQ(create(R"({"Day":{"date":{"start":"June"}}})").status, 400);
    EXPECT_EQ(
        create(R"({"Who":{"people":[{"id":"aaaaaaaa-0000-4000-8000-00000000dead"}]}})").status,
        404);
    world.semantics.unknown_property_ignored = true;
    EXPECT_EQ(create(R"({"Nix":{"number":1}})").status, 200);
}

TEST_F(Pages, TimesAreCutToTheMinuteAndMoveWithEdits) {
    const Answer page = create("{}");
    EXPECT_EQ(view(page["created_time"]), "2026-06-17T12:00:00.000Z");
    world.clock.advance(90'000);
    const Answer edited = patch("/v1/pages/" + page.id(), R"({"properties":{"N":{"number":1}}})");
    EXPECT_EQ(view(edited["created_time"]), "2026-06-17T12:00:00.000Z");
    EXPECT_EQ(view(edited["last_edited_time"]), "2026-06-17T12:02:00.000Z");
}

TEST_F(Pages, TrashHoldsAPageUntilItIsRestored) {
    const std::string path = "/v1/pages/" + create(titled("x")).id();
    EXPECT_TRUE(patch(path, R"({"in_trash":true})")["in_trash"].GetBool());
    EXPECT_TRUE(get(path)["in_trash"].GetBool());
    EXPECT_EQ(patch(path, R"({"properties":{"N":{"number":1}}})").status, 400);
    EXPECT_FALSE(patch(path, R"({"in_trash":false})")["in_trash"].GetBool());
    EXPECT_EQ(patch(path, R"({"archived":true})").message(),
              "body failed validation: body.archived should be not present, instead was `true`.");
    EXPECT_EQ(ask("PATCH", path, R"({"archived":true})", "ntn_bot_lab", "2025-09-03").status, 200);
}

TEST_F(Pages, ARestoreMayLeaveTheTimeAlone) {
    const std::string path = "/v1/pages/" + create("{}").id();
    patch(path, R"({"in_trash":true})");
    world.clock.advance(600'000);
    world.semantics.restore_moves_time = false;
    EXPECT_EQ(view(patch(path, R"({"in_trash":false})")["last_edited_time"]),
              "2026-06-17T12:00:00.000Z");
}

TEST_F(Pages, UnsharedPagesAreNotFoundByBots) {
    const std::string id = create(titled("x")).id();
    control("POST", "pages/" + id + "/unshare");
    const Answer gone = get("/v1/pages/" + id);
    EXPECT_EQ(gone.status, 404);
    EXPECT_EQ(gone.code(), "object_not_found");
    EXPECT_EQ(gone.message(), "Could not find page with ID: " + id +
                                  ". Make sure the relevant pages and databases are shared with "
                                  "your integration \"lab\".");
    EXPECT_EQ(query("All", "{}").titles(), "");
    EXPECT_EQ(ask("GET", "/v1/pages/" + id, "", "ntn_person_Ann").status, 200);
    control("POST", "pages/" + id + "/share");
    EXPECT_EQ(get("/v1/pages/" + id).status, 200);
}

TEST_F(Pages, ADuplicateIsANewPageOfAPerson) {
    const Answer page = create(titled("x"));
    const Answer copy = control("POST", "pages/" + page.id() + "/duplicate", R"({"as":"Ann"})");
    EXPECT_NE(copy.id(), page.id());
    EXPECT_EQ(view(copy.value("Name")[0]["plain_text"]), "x");
    EXPECT_EQ(shown(copy.value("No")["number"]), "2");
    EXPECT_EQ(view(copy["created_by"]["id"]), "aaaaaaaa-0000-4000-8000-000000000001");
}

class Relations : public Lab {
  protected:
    Relations() {
        load(R"({"databases":[
          {"title":"A","properties":{"Name":"title","Bs":{"relation":{"data_source":"B",
             "dual":"As"}},"Sum":{"rollup":{"relation":"Bs","property":"N","function":"sum"}}},
           "pages":[{"properties":{"Name":"a"}}]},
          {"title":"B","properties":{"Name":"title","N":"number"}}]})");
        control("POST", "generate", R"({"data_source":"B","count":30,"seed":5})");
    }
    std::string only(const char* title) {
        return std::string(view(query(title, "{}")["results"][0]["id"]));
    }
    std::string refer(size_t count) {
        std::string ids;
        const Answer all = query("B", "{}");
        for (unsigned i = 0; i < count; ++i)
            ids += std::string(i ? "," : "") + R"({"id":)" + shown(all["results"][i]["id"]) + "}";
        return R"({"properties":{"Bs":{"relation":[)" + ids + "]}}}";
    }
};

TEST_F(Relations, PagesShowTwentyFiveAndTheItemsAll) {
    const std::string path = "/v1/pages/" + only("A");
    const Answer page = patch(path, refer(30));
    EXPECT_EQ(page.value("Bs").Size(), 25u);
    EXPECT_TRUE(page["properties"]["Bs"]["has_more"].GetBool());
    const std::string property(view(page["properties"]["Bs"]["id"]));
    const Answer whole = get(path + "/properties/" + property);
    EXPECT_EQ(whole["results"].Size(), 30u);
    EXPECT_EQ(view(whole["results"][0]["object"]), "property_item");
    const Answer part = get(path + "/properties/" + property + "?page_size=20");
    EXPECT_EQ(part["results"].Size(), 20u);
    EXPECT_FALSE(part["property_item"]["next_url"].IsNull());
    const Answer rest = get(path + "/properties/" + property +
                            "?page_size=20&start_cursor=" + std::string(view(part["next_cursor"])));
    EXPECT_EQ(rest["results"].Size(), 10u);
    EXPECT_FALSE(rest["has_more"].GetBool());
    EXPECT_EQ(get(path + "/properties/h%253A%257BD").message(),
              "h%3A%7BD is not a property that exists.");
}

TEST_F(Relations, TheOtherEndFollows) {
    const std::string a = only("A");
    patch("/v1/pages/" + a, refer(2));
    const Answer b = query("B", "{}");
    EXPECT_EQ(view(b["results"][0]["properties"]["As"]["relation"][0]["id"]), a);
    EXPECT_EQ(b["results"][2]["properties"]["As"]["relation"].Size(), 0u);
    patch("/v1/pages/" + std::string(view(b["results"][0]["id"])),
          R"({"properties":{"As":{"relation":[]}}})");
    EXPECT_EQ(get("/v1/pages/" + a).value("Bs").Size(), 1u);
}

TEST_F(Relations, RollupsFollowWhatTheyRollUp) {
    const std::string a = "/v1/pages/" + only("A");
    patch(a, refer(1));
    const std::string b = "/v1/pages/" + only("B");
    patch(b, R"({"properties":{"N":{"number":41.5}}})");
    EXPECT_EQ(shown(get(a).value("Sum")), R"({"type":"number","number":41.5,"function":"sum"})");
    patch(b, R"({"in_trash":true})");
    EXPECT_EQ(shown(get(a).value("Sum")["number"]), "0");
}

TEST_F(Relations, OnlyPagesOfTheRelatedSourceAreTaken) {
    const std::string a = only("A");
    const std::string wish = R"({"properties":{"Bs":{"relation":[{"id":")";
    EXPECT_EQ(patch("/v1/pages/" + a, wish + a + R"("}]}}})").status, 400);
    EXPECT_EQ(patch("/v1/pages/" + a, wish + "aaaaaaaa-0000-4000-8000-00000000dead\"}]}}}").status,
              404);
}

} // namespace

} // namespace emulator
