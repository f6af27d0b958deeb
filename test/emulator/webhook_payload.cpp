// Webhook bodies: the envelope and the data of each kind of event; see webhooks.hpp.
// No values, only ids, as Notion has it. Lists are cut at 100.
// scope: call.
#include "webhooks.hpp"

#include "moment.hpp"
#include "schema.hpp"

namespace emulator {

namespace {

constexpr int longest_list = 100;

void write_parent(Out& out, const Event& event, Uuid workspace) {
    const char* type = "space";
    Uuid id = workspace;
    switch (event.parent.kind) {
    case Parent::Kind::workspace:
        break;
    case Parent::Kind::page:
        type = "page";
        id = event.parent.id;
        break;
    case Parent::Kind::block:
        type = "block";
        id = event.parent.id;
        break;
    case Parent::Kind::database:
    case Parent::Kind::data_source:
        type = "database";
        id = event.parent.id;
        break;
    }
    out.key("parent").open().key("id").text(dashed(id)).key("type").text(type);
    if (!event.data_source.nil())
        out.key("data_source_id").text(dashed(event.data_source));
    out.close();
}

void write_data(Out& out, const Event& event, Uuid workspace) {
    out.key("data").open();
    if (event.entity_type == "comment")
        out.key("page_id").text(dashed(event.page));
    write_parent(out, event, workspace);
    int left = longest_list;
    if (event.type == "page.properties_updated") {
        out.key("updated_properties").open_array();
        for (const auto& id : event.properties)
            if (left-- > 0)
                out.text(encoded_property_id(id));
        out.close_array();
    } else if (event.type.ends_with("content_updated")) {
        out.key("updated_blocks").open_array();
        for (const auto& [id, type] : event.blocks)
            if (left-- > 0)
                out.open().key("id").text(dashed(id)).key("type").text("block").close();
        out.close_array();
    } else if (event.type == "data_source.schema_updated") {
        out.key("updated_properties").open_array();
        for (const auto& [id, change] : event.schema)
            if (left-- > 0)
                out.open()
                    .key("id")
                    .text(encoded_property_id(id))
                    .key("name")
                    .text(change.first)
                    .key("action")
                    .text(change.second)
                    .close();
        out.close_array();
    }
    out.close();
}

} // namespace

std::string Webhooks::payload(const Event& event, const Subscription& to, Uuid id) const {
    std::string body;
    Out out(body);
    out.open().key("id").text(dashed(id)).key("timestamp").text(instant_text(event.happened_at));
    out.key("workspace_id").text(dashed(workspace_id));
    out.key("workspace_name").text(workspace_name);
    out.key("subscription_id").text(dashed(to.id));
    out.key("integration_id").text(dashed(named_uuid("integration", "emulator")));
    out.key("authors").open_array();
    for (const auto& author : event.authors)
        out.open()
            .key("id")
            .text(dashed(author.id))
            .key("type")
            .text(author.person ? "person" : "bot")
            .close();
    out.close_array().key("api_version").text(to.api_version).key("entity").open();
    out.key("id").text(dashed(event.entity)).key("type").text(event.entity_type).close();
    out.key("type").text(event.type);
    write_data(out, event, workspace_id);
    out.close();
    return body;
}

std::string Webhooks::body_of(const Delivery& delivery) const {
    if (delivery.handshake)
        return delivery.payload;
    std::string body = delivery.payload;
    body.pop_back();
    return body + R"(,"attempt_number":)" + std::to_string(delivery.attempt) + "}";
}

void Webhooks::write(Out& out) const {
    out.open().key("pending_events").integer(static_cast<int64_t>(gathering_.size()));
    out.key("pending_deliveries").integer(static_cast<int64_t>(queue_.size() + in_flight_));
    uint64_t delivered = 0, failed = 0, lost = 0;
    out.key("subscriptions").open_array();
    for (const auto& [id, subscription] : subscriptions) {
        out.open().key("id").text(dashed(id)).key("url").text(subscription.url);
        out.key("verification_token").text(subscription.token);
        out.key("verified").boolean(subscription.verified);
        out.key("delivered").integer(static_cast<int64_t>(subscription.delivered));
        out.key("failed").integer(static_cast<int64_t>(subscription.failed));
        out.key("lost").integer(static_cast<int64_t>(subscription.lost)).close();
        delivered += subscription.delivered;
        failed += subscription.failed;
        lost += subscription.lost;
    }
    out.close_array().key("delivered").integer(static_cast<int64_t>(delivered));
    out.key("failed").integer(static_cast<int64_t>(failed));
    out.key("lost").integer(static_cast<int64_t>(lost)).close();
}

void Webhooks::write_undelivered(Out& out) const {
    out.open_array();
    for (const auto& [id, subscription] : subscriptions)
        for (const auto& body : subscription.undelivered)
            out.raw(body);
    out.close_array();
}

} // namespace emulator
