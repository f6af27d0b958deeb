// Databases and schemas: creation, edits, two-way relations, rollups, options, types.
#include "lab.hpp"

namespace emulator {

namespace {

class Schemas : public Lab {
  protected:
    Schemas() {
        load(R"({"databases":[{"title":"All","properties":{"Name":"title","N":"number",
            "Pick":{"select":[{"name":"Red","color":"red"},"Blue"]}},
            "pages":[{"properties":{"Name":"a","N":1,"Pick":"Red"}}]}]})");
    }
    Answer edit(const std::string& properties) {
        return patch("/v1/data_sources/" + source("All"), R"({"properties":)" + properties + "}");
    }
};

TEST_F(Schemas, ADatabaseIsMadeWithItsFirstDataSource) {
    const Answer made = post("/v1/databases", R"({"parent":{"workspace":true},
        "title":[{"text":{"content":"Club"}}],
        "initial_data_source":{"properties":{"Who":{"title":{}},"State":{"status":{}},
                                             "Fee":{"number":{"format":"euro"}}}}})");
    ASSERT_EQ(made.status, 200) << made.message();
    const Answer table =
        get("/v1/data_sources/" + std::string(view(made["data_sources"][0]["id"])));
    EXPECT_EQ(view(made["data_sources"][0]["name"]), "Club");
    EXPECT_EQ(view(table["properties"]["Who"]["id"]), "title");
    EXPECT_EQ(view(table["properties"]["State"]["status"]["groups"][2]["name"]), "Complete");
    EXPECT_EQ(view(table["properties"]["Fee"]["number"]["format"]), "euro");
    EXPECT_EQ(view(table["parent"]["database_id"]), made.id());
    EXPECT_EQ(view(made["created_time"]), "2026-06-17T12:00:30.000+00:00");
    EXPECT_EQ(view(table["created_time"]), "2026-06-17T12:00:00.000Z");
    const Answer bare = post("/v1/databases", R"({"parent":{"workspace":true},
        "properties":{"Ignored":{"number":{}}}})");
    const Answer default_table =
        get("/v1/data_sources/" + std::string(view(bare["data_sources"][0]["id"])));
    EXPECT_EQ(default_table["properties"].MemberCount(), 1u);
    EXPECT_TRUE(default_table["properties"].HasMember("Name"));
}

TEST_F(Schemas, PropertiesAreAddedRenamedRemovedAndRetyped) {
    EXPECT_TRUE(edit(R"({"Mail":{"email":{}}})")["properties"].HasMember("Mail"));
    const Answer renamed = edit(R"({"N":{"name":"Count"}})");
    EXPECT_TRUE(renamed["properties"].HasMember("Count"));
    EXPECT_EQ(shown(query("All", "{}")["results"][0]["properties"]["Count"]["number"]), "1");
    const std::string id(view(renamed["properties"]["Count"]["id"]));
    edit("{\"" + id + R"(":{"rich_text":{}}})");
    EXPECT_EQ(shown(query("All", "{}")["results"][0]["properties"]["Count"]["rich_text"]), "[]");
    EXPECT_FALSE(edit(R"({"Count":null})")["properties"].HasMember("Count"));
    EXPECT_FALSE(query("All", "{}")["results"][0]["properties"].HasMember("Count"));
    EXPECT_EQ(edit(R"({"Name":null})").status, 400);
    EXPECT_EQ(edit(R"({"Nix":null})").message(), "Nix is not a property that exists.");
    EXPECT_EQ(edit(R"({"More":{"title":{}}})").status, 400);
}

TEST_F(Schemas, OptionListsAreReplaced) {
    const Answer before = get("/v1/data_sources/" + source("All"));
    const std::string red = shown(before["properties"]["Pick"]["select"]["options"][0]["id"]);
    const Answer after =
        edit(R"({"Pick":{"select":{"options":[{"name":"Green"},{"name":"Red"}]}}})");
    const Json& options = after["properties"]["Pick"]["select"]["options"];
    ASSERT_EQ(options.Size(), 2u);
    EXPECT_EQ(view(options[0]["name"]), "Green");
    EXPECT_EQ(shown(options[1]["id"]), red);
    EXPECT_EQ(edit(R"({"Pick":{"select":{"options":[{"name":"Red","color":"blue"}]}}})").status,
              400);
    edit(R"({"Pick":{"select":{"options":[]}}})");
    EXPECT_TRUE(query("All", "{}")["results"][0]["properties"]["Pick"]["select"].IsNull());
}

TEST_F(Schemas, PeopleRenameOptionsWithoutTouchingPages) {
    const Answer before = query("All", "{}");
    world.clock.advance(120'000);
    control("POST", "data_sources/" + source("All") + "/options",
            R"({"property":"Pick","option":"Red","name":"Crimson"})");
    const Answer after = query("All", "{}");
    EXPECT_EQ(view(after["results"][0]["properties"]["Pick"]["select"]["name"]), "Crimson");
    EXPECT_EQ(shown(after["results"][0]["last_edited_time"]),
              shown(before["results"][0]["last_edited_time"]));
    control("POST", "data_sources/" + source("All") + "/options",
            R"({"property":"Pick","option":"Crimson"})");
    EXPECT_TRUE(query("All", "{}")["results"][0]["properties"]["Pick"]["select"].IsNull());
}

TEST_F(Schemas, TwoWayRelationsHaveTwoEnds) {
    const std::string all = source("All");
    const Answer made = edit(R"({"Peers":{"relation":{"data_source_id":")" + all +
                             R"(","dual_property":{"synced_property_name":"Back"}}}})");
    ASSERT_EQ(made.status, 200) << made.message();
    const Json& peers = made["properties"]["Peers"];
    const Json& back = made["properties"]["Back"];
    EXPECT_EQ(shown(peers["relation"]["dual_property"]["synced_property_id"]), shown(back["id"]));
    EXPECT_EQ(shown(back["relation"]["dual_property"]["synced_property_id"]), shown(peers["id"]));
    EXPECT_FALSE(edit(R"({"Peers":null})")["properties"].HasMember("Back"));
    EXPECT_EQ(edit(R"({"Old":{"relation":{"database_id":")" + all + R"(","data_source_id":")" +
                   all + R"(","single_property":{}}}})")
                  .status,
              400);
}

TEST_F(Schemas, RollupsKeepRawIdsAndFormulasTokens) {
    edit(R"({"Up":{"relation":{"data_source_id":")" + source("All") +
         R"(","single_property":{}}}})");
    const Answer made = edit(R"({"Top":{"rollup":{"relation_property_name":"Up",
        "rollup_property_name":"N","function":"max"}},
        "Twice":{"formula":{"expression":"prop(\"N\") * 2"}}})");
    ASSERT_EQ(made.status, 200) << made.message();
    const std::string n(view(made["properties"]["N"]["id"]));
    EXPECT_EQ(view(made["properties"]["Top"]["rollup"]["rollup_property_id"]),
              decoded_property_id(n));
    EXPECT_EQ(view(made["properties"]["Twice"]["formula"]["expression"])
                  .find("{{notion:block_property:" + n + ":"),
              0u);
}

TEST_F(Schemas, ANewUniqueIdNumbersThePagesThatAreThere) {
    edit(R"({"No":{"unique_id":{"prefix":"P"}}})");
    EXPECT_EQ(shown(query("All", "{}")["results"][0]["properties"]["No"]["unique_id"]),
              R"({"prefix":"P","number":1})");
    EXPECT_EQ(shown(create("{}").value("No")["number"]), "2");
}

TEST_F(Schemas, SeveralDataSourcesMakeADatabaseIdAmbiguous) {
    const std::string database(
        view(get("/v1/data_sources/" + source("All"))["parent"]["database_id"]));
    const std::string body = R"({"parent":{"database_id":")" + database + R"("},"properties":{}})";
    EXPECT_EQ(post("/v1/pages", body).status, 200);
    post("/v1/data_sources",
         R"({"parent":{"database_id":")" + database + R"("},"properties":{"Name":{"title":{}}}})");
    const Answer refused = post("/v1/pages", body);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(view(refused["additional_data"]["error_type"]), "multiple_data_sources_for_database");
    EXPECT_EQ(refused["additional_data"]["child_data_source_ids"].Size(), 2u);
}

TEST_F(Schemas, TrashedSourcesTakeNothing) {
    const std::string path = "/v1/data_sources/" + source("All");
    EXPECT_TRUE(patch(path, R"({"in_trash":true})")["in_trash"].GetBool());
    EXPECT_EQ(create("{}").status, 400);
    EXPECT_EQ(query("All", "{}")["results"].Size(), 0u);
    patch(path, R"({"in_trash":false})");
    EXPECT_EQ(query("All", "{}")["results"].Size(), 1u);
}

} // namespace

} // namespace emulator
