// scope: none.
#include "core/notion/endpoint.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

const std::string id = "0f0e0d0c-0b0a-4908-8706-050403020100";
const std::string bare = "0f0e0d0c0b0a49088706050403020100";

TEST(ParseId, FindsTheIdInWhateverNotionShows) {
    for (const std::string& text : std::vector<std::string>{
             id, bare, "0F0E0D0C0B0A49088706050403020100", " " + id + "\n",
             "https://www.notion.so/acme/Road-map-" + bare,
             "https://www.notion.so/" + bare + "?v=" + std::string(32, 'a'),
             "https://app.notion.com/p/" + id, "https://app.notion.com/p/Title-" + bare + "/",
             "https://acme.notion.site/Title-" + bare + "#" + std::string(32, 'b'),
             "https://www.notion.so/acme/" + std::string(32, 'c') + "?v=" + std::string(32, 'd') +
                 "&p=" + bare + "&pm=s",
             "notion://www.notion.so/acme/Title-" + bare, "Title-" + bare}) {
        auto parsed = parse_id(text);
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(*parsed, id) << text;
    }
}

TEST(ParseId, RefusesWhatHoldsNone) {
    for (const std::string& text : std::vector<std::string>{
             std::string(), std::string("acme"), bare.substr(1), bare + "0", "x" + bare,
             "https://www.notion.so/", "https://www.notion.so/acme?v=" + bare,
             std::string("0f0e0d0c-0b0a-4908-8706-05040302010g"),
             std::string("0f0e0d0c0-b0a-4908-8706-050403020100")}) {
        auto parsed = parse_id(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
        EXPECT_FALSE(parsed.error().hint.empty());
    }
}

TEST(Endpoint, AQueryAsksForJustWhatItNeeds) {
    Query query;
    query.data_source = bare;
    query.properties = {"%3FbAF", "title"};
    query.filter = R"({"property":"a","number":{"equals":5}})";
    query.sorts = R"([{"timestamp":"created_time","direction":"ascending"}])";
    query.cursor = "s:\"x";
    query.page_size = 10;
    const Call call = query_data_source(query);
    EXPECT_EQ(call.method, Method::post);
    EXPECT_EQ(call.path,
              "/v1/data_sources/" + id + "/query?filter_properties=%3FbAF&filter_properties=title");
    EXPECT_EQ(call.body, R"({"filter":{"property":"a","number":{"equals":5}},)"
                         R"("sorts":[{"timestamp":"created_time","direction":"ascending"}],)"
                         R"("start_cursor":"s:\"x","page_size":10,"result_type":"page"})");
}

TEST(Endpoint, AQueryForNoPropertyAsksForTheTitle) {
    Query query;
    query.data_source = id;
    EXPECT_EQ(query_data_source(query).path,
              "/v1/data_sources/" + id + "/query?filter_properties=title");
    query.all_properties = true;
    EXPECT_EQ(query_data_source(query).path, "/v1/data_sources/" + id + "/query");
}

TEST(Endpoint, TooManyPropertiesAreAllOfThem) {
    Query query;
    query.data_source = id;
    query.properties.assign(400, "%3FbAF");
    EXPECT_EQ(query_data_source(query).path, "/v1/data_sources/" + id + "/query");
}

TEST(Endpoint, NothingLeavesThePath) {
    EXPECT_EQ(get_page("../users?x=1#").path, "/v1/pages/..%2Fusers%3Fx%3D1%23");
    EXPECT_EQ(get_property_items(id, "a/b?c", "s:1&x=2").path,
              "/v1/pages/" + id + "/properties/a%2Fb%3Fc?page_size=100&start_cursor=s%3A1%26x%3D2");
    EXPECT_EQ(get_property_items(id, "h%3A%7BD", "").path,
              "/v1/pages/" + id + "/properties/h%3A%7BD?page_size=100");
}

TEST(Endpoint, WritesAreWhatNotionTakes) {
    EXPECT_EQ(create_page(bare, {{"title", R"({"title":[]})"}, {"a%3F", R"({"number":5})"}}).body,
              R"({"parent":{"type":"data_source_id","data_source_id":")" + id +
                  R"("},"properties":{"title":{"title":[]},"a%3F":{"number":5}}})");
    EXPECT_EQ(create_page(id, {}).path, "/v1/pages");
    const Call update = update_page(id, {{"a", R"({"checkbox":true})"}});
    EXPECT_EQ(update.method, Method::patch);
    EXPECT_EQ(update.path, "/v1/pages/" + id);
    EXPECT_EQ(update.body, R"({"properties":{"a":{"checkbox":true}}})");
    EXPECT_EQ(set_trash(id, true).body, R"({"in_trash":true})");
    EXPECT_EQ(set_trash(id, false).body, R"({"in_trash":false})");
    EXPECT_EQ(set_trash(id, true).method, Method::patch);
}

TEST(Endpoint, ReadsHaveNoBody) {
    for (const Call& call : {get_me(), get_page(id), get_database(id), get_data_source(id)}) {
        EXPECT_EQ(call.method, Method::get);
        EXPECT_TRUE(call.body.empty());
    }
    EXPECT_EQ(get_page(id, {"a", "b"}).path,
              "/v1/pages/" + id + "?filter_properties=a&filter_properties=b");
    EXPECT_EQ(search_data_sources("c").body,
              R"({"filter":{"property":"object","value":"data_source"},"start_cursor":"c",)"
              R"("page_size":100})");
}

TEST(Endpoint, PartsAreEncodedAndDecoded) {
    EXPECT_EQ(encode_part("K|@Q"), "K%7C%40Q");
    EXPECT_EQ(decode_part("K%7C%40Q"), "K|@Q");
    EXPECT_EQ(decode_part("%"), "%");
    EXPECT_EQ(decode_part("a%4"), "a%4");
    EXPECT_EQ(decode_part("%zz%41"), "%zzA");
    EXPECT_EQ(decode_part("%-1"), "%-1");
}

} // namespace
} // namespace notion
