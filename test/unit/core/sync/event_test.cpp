// Webhook bodies, and what receipts say of them. scope: none.
#include "core/sync/event.hpp"

#include <gtest/gtest.h>

#include "core/sync/receipt.hpp"

namespace notion::sync {
namespace {

std::string body(std::string_view type, std::string_view entity_type, std::string_view data) {
    return R"({"id":"e1","timestamp":"2026-03-01T10:00:12.345Z","workspace_id":"w",)"
           R"("subscription_id":"s","integration_id":"i","attempt_number":1,)"
           R"("api_version":"2026-03-11","authors":[{"id":"u","type":"person"}],"type":")" +
           std::string(type) + R"(","entity":{"id":"p1","type":")" + std::string(entity_type) +
           R"("},"data":)" + std::string(data) + "}";
}

TEST(WebhookEvent, AHandshakeBringsItsToken) {
    const auto event = parse_event(R"({"verification_token":"secret_x"})");
    ASSERT_TRUE(event.ok());
    EXPECT_TRUE(event->is_handshake);
    EXPECT_EQ(event->token, "secret_x");
}

TEST(WebhookEvent, NamesPageSourceAuthorsAndProperties) {
    const auto event =
        parse_event(body("page.properties_updated", "page",
                         R"({"parent":{"id":"d","type":"database","data_source_id":"ds"},)"
                         R"("updated_properties":["%3FbAF","title"]})"));
    ASSERT_TRUE(event.ok());
    EXPECT_FALSE(event->is_handshake);
    EXPECT_EQ(event->entity, "p1");
    EXPECT_EQ(event->data_source, "ds");
    EXPECT_EQ(event->properties, (std::vector<std::string>{"%3FbAF", "title"}));
    ASSERT_EQ(event->authors.size(), 1U);
    EXPECT_EQ(event->authors[0].type, "person");
    EXPECT_EQ(event->call, EventCall::read_page);
}

TEST(WebhookEvent, SchemaUpdatesNameTheirPropertiesAsObjects) {
    const auto event =
        parse_event(body("data_source.schema_updated", "data_source",
                         R"({"parent":{"id":"d","type":"database"},)"
                         R"("updated_properties":[{"id":"a","name":"A","action":"deleted"}]})"));
    EXPECT_EQ(event->properties, std::vector<std::string>{"a"});
    EXPECT_EQ(event->data_source, "p1");
    EXPECT_EQ(event->call, EventCall::read_schema);
}

TEST(WebhookEvent, EveryDocumentedTypeIsKnown) {
    constexpr std::string_view types[] = {"page.created",
                                          "page.deleted",
                                          "page.undeleted",
                                          "page.moved",
                                          "page.content_updated",
                                          "page.properties_updated",
                                          "page.locked",
                                          "page.unlocked",
                                          "page.transcription_block.transcript_deleted",
                                          "database.created",
                                          "database.deleted",
                                          "database.undeleted",
                                          "database.moved",
                                          "database.content_updated",
                                          "database.schema_updated",
                                          "data_source.created",
                                          "data_source.deleted",
                                          "data_source.undeleted",
                                          "data_source.moved",
                                          "data_source.content_updated",
                                          "data_source.schema_updated",
                                          "comment.created",
                                          "comment.updated",
                                          "comment.deleted",
                                          "file_upload.created",
                                          "file_upload.completed",
                                          "file_upload.expired",
                                          "file_upload.upload_failed",
                                          "view.created",
                                          "view.updated",
                                          "view.deleted"};
    for (const std::string_view type : types)
        EXPECT_TRUE(parse_event(body(type, "page", "{}"))->is_known) << type;
}

TEST(WebhookEvent, AnUnknownTypeIsTolerated) {
    const auto event = parse_event(body("page.sang", "page", R"({"song":[1,{"a":2}]})"));
    ASSERT_TRUE(event.ok());
    EXPECT_FALSE(event->is_known);
    EXPECT_EQ(event->call, EventCall::ignore);
}

TEST(WebhookEvent, WhatIsNoEventIsMalformed) {
    for (const std::string_view text : {"", "null", "[]", "5", "{}", R"({"id":"e"})",
                                        R"({"type":"page.created"})", R"({"id":1,"type":"x"})"})
        EXPECT_FALSE(parse_event(text).ok()) << text;
}

struct ReceiptTest : testing::Test {
    std::vector<Receipt> receipts{
        {"p1", FlightKind::patch, 100'000'000, 110'000'000, {"fee", "due"}}};
    Event event;
    EventFacts facts{"bot", 105'000'000};

    ReceiptTest() {
        event.entity = "p1";
        event.authors = {{"bot", "bot"}};
        event.properties = {"fee"};
    }
    Echo echo() const { return judge(event, facts, receipts); }
};

TEST_F(ReceiptTest, WhatWeAloneWroteNeedsNoRead) {
    EXPECT_EQ(echo(), Echo::ours_alone);
}

TEST_F(ReceiptTest, APropertyThatWeDidNotSendIsAnothers) {
    event.properties = {"fee", "stage"};
    EXPECT_EQ(echo(), Echo::foreign);
    event.properties.clear(); // not said which
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, AContentThatWeReplacedIsNamedByItsKindOfEvent) {
    receipts = {{"p1", FlightKind::patch, 100'000'000, 110'000'000, {"(content)"}}};
    event.properties.clear();
    EXPECT_EQ(echo(), Echo::foreign) << "of another type";
    event.type = "page.content_updated";
    EXPECT_EQ(echo(), Echo::ours_alone);
    event.authors = {{"ann", "person"}, {"bot", "bot"}};
    EXPECT_EQ(echo(), Echo::overwritten_unseen);
    facts.event_us = 99'999'999;
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, ATimeOutsideTheWindowIsAnothers) {
    facts.event_us = 99'999'999;
    EXPECT_EQ(echo(), Echo::foreign);
    facts.event_us = 111'000'000; // the second of the Date header is over
    EXPECT_EQ(echo(), Echo::foreign);
    facts.event_us = 110'999'999;
    EXPECT_EQ(echo(), Echo::ours_alone);
}

TEST_F(ReceiptTest, AnEditOfAnotherInTheWindowWasOverwrittenUnseen) {
    event.authors = {{"ann", "person"}};
    EXPECT_EQ(echo(), Echo::overwritten_unseen);
    event.authors = {{"bot", "bot"}, {"ann", "person"}};
    EXPECT_EQ(echo(), Echo::overwritten_unseen);
    event.properties = {"stage"}; // what we did not send we did not overwrite
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, WhatGoesIntoTheTrashWithItsPageWasOverwrittenToo) {
    receipts[0].kind = FlightKind::trash;
    receipts[0].properties.clear();
    EXPECT_EQ(echo(), Echo::ours_alone);
    event.authors = {{"ann", "person"}};
    EXPECT_EQ(echo(), Echo::overwritten_unseen);
    receipts[0].kind = FlightKind::restore;
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, AnEditOfContentMayBeOneOfTheTitle) {
    event.type = "page.content_updated";
    event.properties.clear();
    event.authors = {{"ann", "person"}};
    EXPECT_EQ(echo(), Echo::foreign) << "no title was sent";
    receipts[0].properties.emplace_back("title");
    EXPECT_EQ(echo(), Echo::overwritten_unseen);
    event.authors = {{"bot", "bot"}};
    EXPECT_EQ(echo(), Echo::foreign) << "nobody else's";
}

TEST_F(ReceiptTest, APersonalTokenIsNeverAlone) {
    event.authors = {{"bot", "person"}};
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, CreatesTrashesAndRestoresAreKnownByTheirType) {
    event.properties.clear();
    for (const auto& [type, kind] : {std::pair("page.created", FlightKind::create),
                                     std::pair("page.deleted", FlightKind::trash),
                                     std::pair("page.undeleted", FlightKind::restore)}) {
        event.type = type;
        receipts[0].kind = FlightKind::patch;
        EXPECT_EQ(echo(), Echo::foreign) << type;
        receipts[0].kind = kind;
        EXPECT_EQ(echo(), Echo::ours_alone) << type;
    }
    event.type = "page.moved";
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, APageThatWeJustMadeIsOursInAllItsProperties) {
    receipts[0].kind = FlightKind::create;
    event.properties = {"stage", "who"};
    EXPECT_EQ(echo(), Echo::ours_alone);
    event.authors = {{"ann", "person"}}; // who edits it at once overwrites, and is not overwritten
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, AListThatMayBeCutProvesNothing) {
    event.properties.assign(event_properties_max, "fee");
    EXPECT_EQ(echo(), Echo::foreign);
}

TEST_F(ReceiptTest, AnotherPagesReceiptSaysNothing) {
    receipts[0].page = "p2";
    EXPECT_EQ(echo(), Echo::foreign);
}

} // namespace
} // namespace notion::sync
