// Upload: in one part or many, the bytes as they are, and nothing that could end a header early.
// scope: none.
#include "core/notion/upload.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

TEST(Upload, SmallFilesGoInOnePart) {
    EXPECT_EQ(parts_of(1), 1U);
    EXPECT_EQ(parts_of(upload_single_max), 1U);
    EXPECT_EQ(parts_of(upload_single_max + 1), 3U);
    EXPECT_EQ(parts_of(25'000'000), 3U);
    auto call = open_upload("a.pdf", "application/pdf", 10);
    ASSERT_TRUE(call.ok());
    EXPECT_EQ(call->body,
              R"({"mode":"single_part","filename":"a.pdf","content_type":"application/pdf"})");
    auto many = open_upload("a \"b\".pdf", "application/pdf", 25'000'000);
    ASSERT_TRUE(many.ok());
    EXPECT_EQ(many->body, R"({"mode":"multi_part","filename":"a \"b\".pdf",)"
                          R"("content_type":"application/pdf","number_of_parts":3})");
}

TEST(Upload, WhatIsNoFileIsRefused) {
    EXPECT_FALSE(open_upload("", "image/png", 1).ok());
    EXPECT_FALSE(open_upload("a", "png", 1).ok());
    EXPECT_FALSE(open_upload("a", "image/png\r\nX: y", 1).ok());
    EXPECT_FALSE(open_upload("a", "image/png", 0).ok());
}

TEST(Upload, ThePartsHoldTheBytes) {
    const std::string bytes("\0\r\n\"--pg_notion-part-0\xff", 24);
    Call call = send_part("id", 2, "a\"\r\nb.png", "image/png", bytes);
    EXPECT_EQ(call.path, "/v1/file_uploads/id/send");
    EXPECT_EQ(content_type_of(call), "multipart/form-data; boundary=pg_notion-part-1");
    EXPECT_NE(call.body.find("filename=\"a___b.png\""), std::string::npos);
    EXPECT_NE(call.body.find("name=\"part_number\"\r\n\r\n2\r\n"), std::string::npos);
    size_t at = call.body.find("image/png\r\n\r\n") + 13;
    EXPECT_EQ(call.body.substr(at, bytes.size()), bytes);
    EXPECT_EQ(call.body.substr(at + bytes.size()), "\r\n--pg_notion-part-1--\r\n");
    EXPECT_EQ(content_type_of(complete_upload("id")), "application/json");
}

} // namespace
} // namespace notion
