// Webhooks: signatures, what is told, gathering, retries, losses and doubles.
#include "lab.hpp"

namespace emulator {

namespace {

class Hooks : public Lab {
  protected:
    Hooks() {
        load(R"({"databases":[{"title":"All","properties":{"Name":"title","N":"number"}}]})");
    }
    /// Subscribes and answers the handshake as an honest listener does.
    std::string subscribe(const std::string& more = "") {
        const Answer made = control("POST", "webhooks",
                                    R"({"url":"http://127.0.0.1:1/","window_ms":50)" + more + "}");
        for (const auto& delivery : world.webhooks.due()) {
            EXPECT_TRUE(delivery.handshake);
            EXPECT_EQ(world.webhooks.body_of(delivery),
                      R"({"verification_token":)" + shown(made["verification_token"]) + "}");
            world.webhooks.done(delivery, true);
        }
        return made.id();
    }
    std::vector<Delivery> delivered() {
        world.webhooks.hurry();
        auto all = world.webhooks.due();
        for (const auto& delivery : all)
            world.webhooks.done(delivery, true);
        return all;
    }
    Document body(const Delivery& delivery) {
        Document document;
        parse(world.webhooks.body_of(delivery), document);
        return document;
    }
};

TEST(WebhookSignature, MatchesTheVector) {
    const std::string token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    EXPECT_EQ(webhook_signature(token, R"({"verification_token":")" + token + R"("})"),
              "461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735");
}

TEST_F(Hooks, NothingIsToldBeforeTheHandshake) {
    control("POST", "webhooks", R"({"url":"http://127.0.0.1:1/"})");
    create("{}");
    world.webhooks.hurry();
    const auto due = world.webhooks.due();
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(due[0].handshake);
}

TEST_F(Hooks, AnEventNamesWhatWhereAndWho) {
    subscribe();
    const Answer page = create("{}");
    const auto told = delivered();
    ASSERT_EQ(told.size(), 1u);
    const Document event = body(told[0]);
    EXPECT_EQ(view(event["type"]), "page.created");
    EXPECT_EQ(view(event["entity"]["id"]), page.id());
    EXPECT_EQ(view(event["entity"]["type"]), "page");
    EXPECT_EQ(view(event["data"]["parent"]["type"]), "database");
    EXPECT_EQ(view(event["data"]["parent"]["data_source_id"]), source("All"));
    EXPECT_EQ(view(event["authors"][0]["type"]), "bot");
    EXPECT_EQ(event["attempt_number"].GetInt(), 1);
    EXPECT_EQ(view(event["timestamp"]), "2026-06-17T12:00:30.000Z");
    EXPECT_EQ(view(event["workspace_id"]), dashed(world.store.workspace_id));
}

TEST_F(Hooks, EditsOfOneWindowAreGathered) {
    const Answer page = create("{}");
    subscribe();
    patch("/v1/pages/" + page.id(), R"({"properties":{"N":{"number":1}}})");
    ask("PATCH", "/v1/pages/" + page.id(),
        R"({"properties":{"Name":{"title":[{"text":{"content":"x"}}]}}})", "ntn_person_ann");
    const auto told = delivered();
    ASSERT_EQ(told.size(), 1u);
    const Document event = body(told[0]);
    EXPECT_EQ(view(event["type"]), "page.properties_updated");
    EXPECT_EQ(event["data"]["updated_properties"].Size(), 2u);
    EXPECT_EQ(event["authors"].Size(), 2u);
}

TEST_F(Hooks, TheWindowClosesByItself) {
    subscribe();
    create("{}");
    EXPECT_TRUE(world.webhooks.due().empty());
    EXPECT_GT(world.webhooks.wait_ms(), 0);
    world.clock.advance(51);
    EXPECT_EQ(world.webhooks.due().size(), 1u);
    EXPECT_FALSE(world.webhooks.idle()) << "on its way";
}

TEST_F(Hooks, CreatedAndDeletedAtOnceIsNothing) {
    subscribe();
    patch("/v1/pages/" + create("{}").id(), R"({"in_trash":true})");
    EXPECT_TRUE(delivered().empty());
}

TEST_F(Hooks, TrashRestoreAndSchemaAreTold) {
    const Answer page = create("{}");
    subscribe();
    patch("/v1/pages/" + page.id(), R"({"in_trash":true})");
    patch("/v1/pages/" + page.id(), R"({"in_trash":false})");
    patch("/v1/data_sources/" + source("All"), R"({"properties":{"M":{"email":{}}}})");
    std::set<std::string> types;
    for (const auto& delivery : delivered()) {
        types.insert(delivery.event_type);
        if (delivery.event_type == "data_source.schema_updated") {
            EXPECT_EQ(view(body(delivery)["data"]["updated_properties"][0]["action"]), "created");
        }
    }
    EXPECT_EQ(types, (std::set<std::string>{"page.deleted", "page.undeleted",
                                            "data_source.schema_updated"}));
}

TEST_F(Hooks, OnlyWantedEventsAreTold) {
    subscribe(R"(,"events":["page.deleted"])");
    const Answer page = create("{}");
    EXPECT_TRUE(delivered().empty());
    patch("/v1/pages/" + page.id(), R"({"in_trash":true})");
    EXPECT_EQ(delivered().size(), 1u);
}

TEST_F(Hooks, AFailedDeliveryIsTriedEightTimes) {
    subscribe();
    create("{}");
    int attempts = 0;
    for (world.webhooks.hurry(); !world.webhooks.idle(); world.webhooks.hurry())
        for (const auto& delivery : world.webhooks.due()) {
            EXPECT_EQ(body(delivery)["attempt_number"].GetInt(), ++attempts);
            world.webhooks.done(delivery, false);
        }
    EXPECT_EQ(attempts, 8);
    EXPECT_EQ(control("GET", "webhooks")["failed"].GetInt(), 1);
}

TEST_F(Hooks, DeliveriesCanBeLostOrDoubled) {
    subscribe(R"(,"lose":1)");
    create("{}");
    EXPECT_TRUE(delivered().empty());
    EXPECT_EQ(view(control("GET", "webhooks/undelivered").body[0]["type"]), "page.created");
    control("DELETE", "webhooks");
    subscribe(R"(,"duplicate":1)");
    create("{}");
    const auto told = delivered();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].event, told[1].event);
}

TEST_F(Hooks, ATitleEditMayBeCalledContent) {
    const Answer page = create("{}");
    subscribe();
    world.semantics.title_edit_is_content = true;
    patch("/v1/pages/" + page.id(),
          R"({"properties":{"Name":{"title":[{"text":{"content":"x"}}]}}})");
    const auto told = delivered();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].event_type, "page.content_updated");
}

TEST_F(Hooks, TheFarEndOfARelationIsNotTold) {
    load(R"({"replace":true,"databases":[{"title":"A","properties":{"Name":"title",
        "Bs":{"relation":{"data_source":"B","dual":"As"}}},"pages":[{"title":"a"}]},
        {"title":"B","properties":{"Name":"title"},"pages":[{"title":"b"}]}]})");
    subscribe();
    const std::string a(view(query("A", "{}")["results"][0]["id"]));
    const std::string b = shown(query("B", "{}")["results"][0]["id"]);
    patch("/v1/pages/" + a, R"({"properties":{"Bs":{"relation":[{"id":)" + b + "}]}}}");
    EXPECT_EQ(delivered().size(), 1u);
}

} // namespace

} // namespace emulator
