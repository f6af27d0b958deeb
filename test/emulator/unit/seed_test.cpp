// Seeds, dumps, recorded objects, generated pages; blocks and Markdown.
#include "lab.hpp"

#include <fstream>
#include <iterator>

namespace emulator {

namespace {

class Seeds : public Lab {
  protected:
    std::string dump() { return dump_workspace(world); }
};

constexpr const char* small_seed = R"({"users":[{"name":"Ann"}],"databases":[{"title":"T",
    "properties":{"Name":"title","S":{"select":["a","b"]},"Day":"date","Who":"people",
      "Up":{"relation":"T"},"Up sum":{"rollup":{"relation":"Up","property":"N",
      "function":"sum"}},"N":"number","F":"formula"},
    "pages":[{"id":"aaaaaaaa-0000-4000-8000-0000000000aa","created_time":"2026-01-01T00:00:00Z",
              "properties":{"Name":"one","S":"b","Day":"2026-01-02/2026-01-03","Who":["Ann"],
                            "N":2,"F":{"formula":{"type":"boolean","boolean":true}}}},
             {"properties":{"Name":"two","Up":["one"]}}]}]})";

TEST_F(Seeds, PlainValuesBecomeNotions) {
    load(small_seed);
    const Answer one = get("/v1/pages/aaaaaaaa-0000-4000-8000-0000000000aa");
    ASSERT_EQ(one.status, 200);
    EXPECT_EQ(view(one["created_time"]), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(view(one.value("S")["name"]), "b");
    EXPECT_EQ(shown(one.value("Day")),
              R"({"start":"2026-01-02","end":"2026-01-03","time_zone":null})");
    EXPECT_EQ(view(one.value("Who")[0]["name"]), "Ann");
    EXPECT_EQ(shown(one.value("F")), R"({"type":"boolean","boolean":true})");
    const Answer two = query("T", R"({"filter":{"property":"Name","title":{"equals":"two"}}})");
    const Json& properties = two["results"][0]["properties"];
    EXPECT_EQ(view(properties["Up"]["relation"][0]["id"]), one.id());
    EXPECT_EQ(shown(properties["Up sum"]["rollup"]["number"]), "2");
}

TEST_F(Seeds, ADumpLoadsAgainAsItWas) {
    load(small_seed);
    create(R"({"Name":{"title":[{"text":{"content":"b"},"annotations":{"bold":true}}]}})");
    const std::string before = dump();
    load(R"({"replace":true)" + ("," + before.substr(1)));
    EXPECT_EQ(dump(), before);
}

TEST_F(Seeds, TheDemoLoads) {
    std::ifstream stream(NOTION_SOURCE_DIR "/test/emulator/seeds/demo.json");
    load(std::string{std::istreambuf_iterator<char>(stream), {}});
    EXPECT_EQ(query("Participants", "{}")["results"].Size(), 8u);
    EXPECT_EQ(query("Tasks", "{}")["results"].Size(), 6u);
}

TEST_F(Seeds, MistakesAreNamed) {
    EXPECT_NE(control("POST", "load", R"({"databases":[{"title":"T","properties":{"Name":"title"},
                      "pages":[{"properties":{"Nix":1}}]}]})")
                  .message()
                  .find("Nix is not a property of T"),
              std::string::npos);
    EXPECT_EQ(control("POST", "load", "[1]").status, 400);
}

TEST_F(Seeds, UnknownTypesAreKeptAsTheyCame) {
    load(R"({"data_sources":[{"object":"data_source","id":"aaaaaaaa-0000-4000-8000-0000000000d1",
        "title":[],"parent":{"database_id":"aaaaaaaa-0000-4000-8000-0000000000d2"},
        "properties":{"Name":{"id":"title","type":"title","title":{}},
                      "Odd":{"id":"%3Fodd","type":"hologram","hologram":{"depth":3}}}}],
      "pages":[{"object":"page","id":"aaaaaaaa-0000-4000-8000-0000000000d3",
        "parent":{"data_source_id":"aaaaaaaa-0000-4000-8000-0000000000d1"},
        "properties":{"Odd":{"id":"%3Fodd","type":"hologram","hologram":[1,{"x":null}]}}}]})");
    const Answer page = get("/v1/pages/aaaaaaaa-0000-4000-8000-0000000000d3");
    EXPECT_EQ(shown(page.value("Odd")), R"([1,{"x":null}])");
    EXPECT_EQ(view(page["properties"]["Odd"]["id"]), "%3Fodd");
    EXPECT_EQ(
        shown(get("/v1/data_sources/aaaaaaaa-0000-4000-8000-0000000000d1")["properties"]["Odd"]
                                                                          ["hologram"]),
        R"({"depth":3})");
}

TEST_F(Seeds, GenerationIsTheSameForTheSameSeed) {
    const auto generated = [&](int seed) {
        load(std::string(R"({"replace":true,)") + (small_seed + 1));
        world.store.seed_random(3);
        control("POST", "generate",
                R"({"data_source":"T","count":250,"same_minute":100,"seed":)" +
                    std::to_string(seed) + "}");
        return shown(query("T", R"({"page_size":3})")["results"][1]["properties"]["N"]["number"]) +
               query("T", "{}").titles();
    };
    EXPECT_EQ(generated(4), generated(4));
    EXPECT_NE(generated(4), generated(5));
    const Answer first = query("T", R"({"sorts":[{"timestamp":"created_time",
        "direction":"ascending"}],"filter":{"property":"Name","title":{"starts_with":"Row"}}})");
    EXPECT_EQ(shown(first["results"][0]["created_time"]),
              shown(first["results"][99]["created_time"]));
}

class Contents : public Lab {
  protected:
    Contents() {
        load(R"({"pages":[{"title":"Home","markdown":"# A\n- b"}]})");
        page = dashed(world.store.pages.begin()->first);
    }
    std::string markdown() {
        return std::string(view(get("/v1/pages/" + page + "/markdown")["markdown"]));
    }
    std::string page;
};

TEST_F(Contents, MarkdownIsReadReplacedInsertedAndUpdated) {
    const std::string path = "/v1/pages/" + page + "/markdown";
    EXPECT_EQ(markdown(), "# A\n- b");
    patch(path, R"({"type":"insert_content","insert_content":{"content":"1. x\n2. y"}})");
    EXPECT_EQ(markdown(), "# A\n- b\n1. x\n2. y");
    patch(path, R"({"type":"insert_content","insert_content":{"content":"top",
                    "position":{"type":"start"}}})");
    EXPECT_EQ(markdown(), "top\n# A\n- b\n1. x\n2. y");
    patch(path, R"({"type":"update_content","update_content":{"content_updates":[
                    {"old_str":"- b","new_str":"- [x] done"}]}})");
    EXPECT_EQ(markdown(), "top\n# A\n- [x] done\n1. x\n2. y");
    const Answer whole = patch(path, R"({"type":"replace_content","replace_content":{
        "new_str":"```\na\n\nb\n```\n> q\n---"}})");
    EXPECT_EQ(view(whole["markdown"]), "```\na\n\nb\n```\n> q\n---");
    EXPECT_EQ(patch(path, R"({"type":"replace_content"})").status, 400);
}

TEST_F(Contents, WhatMarkdownDoesNotHoldIsMarkedAndChildPagesAreKept) {
    const std::string path = "/v1/pages/" + page + "/markdown";
    patch("/v1/blocks/" + page + "/children",
          R"({"children":[{"type":"breadcrumb","breadcrumb":{}}]})");
    EXPECT_NE(markdown().find("<unknown url=\"https://www.notion.so/"), std::string::npos);
    EXPECT_TRUE(markdown().ends_with("alt=\"breadcrumb\"/>"));
    const Answer child = post("/v1/pages", R"({"parent":{"page_id":")" + page +
                                               R"("},"properties":{"title":{"title":[
                                               {"text":{"content":"Child"}}]}}})");
    const std::string all = markdown();
    const std::string tag = all.substr(all.rfind('\n') + 1);
    EXPECT_TRUE(tag.starts_with("<page url=") && tag.ends_with(">Child</page>")) << tag;
    const auto replace = [&](const std::string& text, const std::string& more) {
        return patch(path, R"({"type":"replace_content","replace_content":{"new_str":")" + text +
                               "\"" + more + "}}");
    };
    EXPECT_EQ(replace("without", "").status, 400);
    EXPECT_EQ(markdown(), all);
    std::string quoted = tag;
    for (auto at = quoted.find('"'); at != quoted.npos; at = quoted.find('"', at + 2))
        quoted.insert(at, 1, '\\');
    EXPECT_EQ(replace("with\\n" + quoted, "").status, 200);
    EXPECT_EQ(markdown(), "with\n" + tag);
    EXPECT_EQ(replace("without", R"(,"allow_deleting_content":true)").status, 200);
    EXPECT_EQ(markdown(), "without");
    const std::string id(view(child["id"]));
    EXPECT_TRUE(get("/v1/pages/" + id)["in_trash"].GetBool());
}

TEST_F(Contents, BlocksAreListedAppendedAndTrashed) {
    const std::string path = "/v1/blocks/" + page + "/children";
    const Answer before = get(path + "?page_size=1");
    EXPECT_TRUE(before["has_more"].GetBool());
    const Answer rest = get(path + "?start_cursor=" + std::string(view(before["next_cursor"])));
    EXPECT_EQ(view(rest["results"][0]["type"]), "bulleted_list_item");
    const std::string first(view(before["results"][0]["id"]));
    const Answer added = patch(path, R"({"position":{"type":"after_block","after_block":{"id":")" +
                                         first + R"("}},"children":[{"divider":{}}]})");
    EXPECT_EQ(added["results"].Size(), 2u) << "the new one and what follows it";
    EXPECT_EQ(markdown(), "# A\n---\n- b");
    ask("DELETE", "/v1/blocks/" + first);
    EXPECT_EQ(markdown(), "---\n- b");
    EXPECT_EQ(patch(path, R"({"after":")" + first + R"(","children":[]})").status, 400);
    std::string many;
    for (int i = 0; i < 101; ++i)
        many += std::string(i ? "," : "") + R"({"divider":{}})";
    EXPECT_EQ(patch(path, R"({"children":[)" + many + "]}").message(),
              "body failed validation: body.children.length should be ≤ `100`, instead was `101`.");
}

} // namespace

} // namespace emulator
