// scope: none.
#include "core/notion/objects.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace notion {
namespace {

const ObjectPlace place{"parent", "root", 2, 7};

Value value(ObjectKind kind, std::string_view column, std::string_view json) {
    auto document = json::parse(json);
    auto made = object_value(*document, *object_column(kind, column), place);
    return made ? *made : Value(std::string("refused"));
}

TEST(Objects, EveryKindHasANameColumnsAndARequest) {
    for (size_t at = 0; at < object_kinds; ++at) {
        const auto kind = static_cast<ObjectKind>(at);
        EXPECT_EQ(object_kind(object_name(kind)), kind);
        EXPECT_FALSE(object_columns(kind).empty());
        EXPECT_TRUE(list_objects(kind, "p", "").path.starts_with("/v1/"));
        const std::string_view parent = object_parent(kind);
        EXPECT_TRUE(parent.empty() || object_column(kind, parent) != nullptr);
    }
    EXPECT_FALSE(object_kind("views").has_value());
}

TEST(Objects, NoKindHasOneColumnTwice) {
    for (size_t at = 0; at < object_kinds; ++at) {
        std::vector<std::string_view> names;
        for (const ObjectColumn& column : object_columns(static_cast<ObjectKind>(at)))
            names.push_back(column.name);
        std::ranges::sort(names);
        EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
    }
}

TEST(Objects, CursorsAndParentsAreEncoded) {
    EXPECT_EQ(list_objects(ObjectKind::comments, "a&b", "c d").path,
              "/v1/comments?block_id=a%26b&page_size=100&start_cursor=c%20d");
    EXPECT_EQ(list_objects(ObjectKind::users, "", "x").path,
              "/v1/users?page_size=100&start_cursor=x");
    EXPECT_NE(list_objects(ObjectKind::pages, "", "x").body.find("\"start_cursor\":\"x\""),
              std::string::npos);
}

TEST(Objects, ValuesComeFromWhereTheyStand) {
    const std::string_view user =
        R"({"id":"u","type":"person","name":"Ada","person":{"email":"ada@x.test"}})";
    EXPECT_EQ(value(ObjectKind::users, "email", user), Value(std::string("ada@x.test")));
    EXPECT_EQ(value(ObjectKind::users, "avatar_url", user), Value()) << "absent is NULL";
    const std::string_view page = R"({"properties":{"Name":{"type":"title","title":[
        {"plain_text":"a"},{"plain_text":"b"}]}},"created_time":"2026-01-02T03:04:00.000Z",
        "is_locked":true,"icon":null})";
    EXPECT_EQ(value(ObjectKind::pages, "title", page), Value(std::string("ab")));
    EXPECT_EQ(value(ObjectKind::pages, "is_locked", page), Value(true));
    EXPECT_EQ(value(ObjectKind::pages, "page_icon", page), Value());
    EXPECT_EQ(value(ObjectKind::pages, "page_created_at", page),
              Value(Instant{1'767'323'040'000'000}));
}

TEST(Objects, BlocksKnowTheirPlaceAndText) {
    const std::string_view block = R"({"id":"b","type":"to_do","to_do":{"checked":true,
        "rich_text":[{"plain_text":"buy"}]}})";
    EXPECT_EQ(value(ObjectKind::blocks, "body", block), Value(std::string("buy")));
    EXPECT_EQ(value(ObjectKind::blocks, "page_id", block), Value(std::string("root")));
    EXPECT_EQ(value(ObjectKind::blocks, "parent_id", block), Value(std::string("parent")));
    EXPECT_EQ(value(ObjectKind::blocks, "depth", block), Value(int64_t{2}));
    EXPECT_EQ(value(ObjectKind::blocks, "position", block), Value(int64_t{7}));
    EXPECT_EQ(
        value(ObjectKind::blocks, "body", R"({"type":"child_page","child_page":{"title":"Sub"}})"),
        Value(std::string("Sub")));
    EXPECT_EQ(value(ObjectKind::blocks, "body", R"({"type":"hologram"})"), Value());
}

TEST(Objects, PagesWithinAPageAreNotPartOfIt) {
    const auto nested = [](std::string_view json) { return is_nested(*json::parse(json)); };
    EXPECT_TRUE(nested(R"({"type":"toggle","has_children":true})"));
    EXPECT_FALSE(nested(R"({"type":"toggle","has_children":false})"));
    EXPECT_FALSE(nested(R"({"type":"child_page","has_children":true})"));
}

TEST(Objects, TemplatesNameTheirListOtherwise) {
    auto answer = json::parse(R"({"templates":[{"id":"t"}],"has_more":true,"next_cursor":"n"})");
    auto list = object_list(ObjectKind::templates, *answer);
    ASSERT_TRUE(list.ok());
    EXPECT_EQ(list->objects->Size(), 1U);
    EXPECT_EQ(list->next_cursor, "n");
    EXPECT_FALSE(object_list(ObjectKind::users, *answer).ok());
}

} // namespace
} // namespace notion
