// scope: none.
#include "core/notion/object_write.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

using Fields = std::vector<ObjectField>;
using std::string;

Call call(ObjectKind kind, ObjectWrite what, const Fields& fields) {
    auto made = write_object(kind, what, "b1", "to_do", fields);
    return made ? *made : Call{Method::get, made.error().message, ""};
}

TEST(ObjectWrite, ABlockIsAppendedToItsParent) {
    const Call made = call(ObjectKind::blocks, ObjectWrite::create,
                           {{"page_id", string("p")}, {"body", string("hi")}});
    EXPECT_EQ(made.method, Method::patch);
    EXPECT_EQ(made.path, "/v1/blocks/p/children");
    EXPECT_EQ(made.body, R"({"children":[{"object":"block","type":"paragraph","paragraph":)"
                         R"({"rich_text":[{"type":"text","text":{"content":"hi"}}]}}]})");
    EXPECT_EQ(call(ObjectKind::blocks, ObjectWrite::create,
                   {{"page_id", string("p")}, {"parent_id", string("q")}})
                  .path,
              "/v1/blocks/q/children")
        << "the block that it is in";
}

TEST(ObjectWrite, ContentIsSentAsItWasGiven) {
    EXPECT_EQ(
        call(ObjectKind::blocks, ObjectWrite::update, {{"content", string(R"({"checked": true})")}})
            .body,
        R"({"to_do":{"checked":true}})");
    EXPECT_EQ(call(ObjectKind::blocks, ObjectWrite::update, {{"content", string("}{")}}).path,
              "column \"content\" is no JSON object");
}

TEST(ObjectWrite, OtherColumnsAreRefused) {
    EXPECT_EQ(call(ObjectKind::blocks, ObjectWrite::update, {{"type", string("quote")}}).path,
              "column \"type\" cannot be written here");
    EXPECT_EQ(call(ObjectKind::blocks, ObjectWrite::create, {{"body", string("x")}}).path,
              "a block needs a parent");
    EXPECT_EQ(call(ObjectKind::blocks, ObjectWrite::create,
                   {{"page_id", string("p")}, {"type", string("x\":{},\"y")}})
                  .path,
              "column \"type\" is no type of block");
    EXPECT_EQ(call(ObjectKind::users, ObjectWrite::create, {}).path, "users cannot be written so");
}

TEST(ObjectWrite, CommentsAreMadeOnly) {
    EXPECT_EQ(
        call(ObjectKind::comments, ObjectWrite::create,
             {{"parent_id", string("p")}, {"body", string("hi")}})
            .body,
        R"({"parent":{"page_id":"p"},"rich_text":[{"type":"text","text":{"content":"hi"}}]})");
    EXPECT_EQ(call(ObjectKind::comments, ObjectWrite::create,
                   {{"discussion_id", string("d")}, {"rich_text", string("[]")}})
                  .body,
              R"({"discussion_id":"d","rich_text":[]})");
    EXPECT_FALSE(is_object_writable(ObjectKind::comments, ObjectWrite::remove));
}

TEST(ObjectWrite, TheAnswerShowsTheObject) {
    auto list = json::parse(R"({"results":[{"id":"b2"}]})");
    EXPECT_EQ(json::text(*written_object(*list), "id"), "b2");
    auto none = json::parse(R"({"results":[]})");
    EXPECT_EQ(written_object(*none), nullptr);
    auto one = json::parse(R"({"id":"c"})");
    EXPECT_EQ(json::text(*written_object(*one), "id"), "c");
}

} // namespace
} // namespace notion
