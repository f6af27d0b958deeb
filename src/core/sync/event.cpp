// Event: see the header.
// scope: none.
#include "core/sync/event.hpp"

#include <array>

#include "core/notion/json.hpp"

namespace notion::sync {
namespace {

struct KnownType {
    std::string_view type;
    EventCall call;
};
/// All types of Notion's documentation, 2022-06-28 to 2026-03-11.
constexpr std::array known_types = {
    KnownType{"page.created", EventCall::read_page},
    KnownType{"page.deleted", EventCall::read_page},
    KnownType{"page.undeleted", EventCall::read_page},
    KnownType{"page.moved", EventCall::read_page},
    KnownType{"page.content_updated", EventCall::read_page}, // a title's edit may come as this
    KnownType{"page.properties_updated", EventCall::read_page},
    KnownType{"page.locked", EventCall::ignore},
    KnownType{"page.unlocked", EventCall::ignore},
    KnownType{"page.transcription_block.transcript_deleted", EventCall::ignore},
    KnownType{"database.created", EventCall::ignore},
    KnownType{"database.deleted", EventCall::read_source},
    KnownType{"database.undeleted", EventCall::read_source},
    KnownType{"database.moved", EventCall::read_source},
    KnownType{"database.content_updated", EventCall::scan},
    KnownType{"database.schema_updated", EventCall::read_schema},
    KnownType{"data_source.created", EventCall::ignore},
    KnownType{"data_source.deleted", EventCall::read_source},
    KnownType{"data_source.undeleted", EventCall::read_source},
    KnownType{"data_source.moved", EventCall::read_source},
    KnownType{"data_source.content_updated", EventCall::scan},
    KnownType{"data_source.schema_updated", EventCall::read_schema},
    KnownType{"comment.created", EventCall::ignore},
    KnownType{"comment.updated", EventCall::ignore},
    KnownType{"comment.deleted", EventCall::ignore},
    KnownType{"file_upload.created", EventCall::ignore},
    KnownType{"file_upload.completed", EventCall::ignore},
    KnownType{"file_upload.expired", EventCall::ignore},
    KnownType{"file_upload.upload_failed", EventCall::ignore},
    KnownType{"view.created", EventCall::ignore},
    KnownType{"view.updated", EventCall::ignore},
    KnownType{"view.deleted", EventCall::ignore},
};

Error malformed(std::string_view what) {
    return fail(ErrorKind::malformed, "a webhook's body " + std::string(what));
}

void read_authors(const json::Value& json, Event& event) {
    const json::Value* authors = json::find(json, "authors");
    if (!authors || !authors->IsArray())
        return;
    for (const json::Value& author : authors->GetArray())
        event.authors.push_back(
            {std::string(json::text(author, "id")), std::string(json::text(author, "type"))});
}

/// Ids alone (page.properties_updated), or objects with an id (schema_updated).
void read_properties(const json::Value& data, std::string_view name, Event& event) {
    const json::Value* updated = json::find(data, name);
    if (!updated || !updated->IsArray())
        return;
    for (const json::Value& property : updated->GetArray()) {
        if (property.IsString())
            event.properties.emplace_back(json::view(property));
        else if (const std::string_view id = json::text(property, "id"); !id.empty())
            event.properties.emplace_back(id);
    }
}

void read_data(const json::Value& json, Event& event) {
    const json::Value* data = json::find(json, "data");
    if (event.entity_type == "data_source")
        event.data_source = event.entity;
    if (!data)
        return;
    if (const json::Value* parent = json::find(*data, "parent");
        parent && event.data_source.empty())
        event.data_source = json::text(*parent, "data_source_id");
    read_properties(*data, "updated_properties", event);
}

} // namespace

std::string_view name_of(EventCall call) {
    constexpr std::string_view names[] = {"ignore", "read_page", "read_source", "read_schema",
                                          "scan"};
    return names[static_cast<int>(call)];
}

Result<Event> parse_event(std::string_view body) {
    const Result<json::Document> parsed = json::parse(body);
    if (!parsed.ok())
        return parsed.error();
    const json::Value& json = *parsed;
    if (!json.IsObject())
        return malformed("is not a JSON object");
    Event event;
    event.type = json::text(json, "type");
    event.token = json::text(json, "verification_token");
    if (event.type.empty() && !event.token.empty()) {
        event.is_handshake = true;
        return event;
    }
    event.token.clear();
    event.id = json::text(json, "id");
    if (event.id.empty() || event.type.empty())
        return malformed("lacks the event's id or type");
    event.timestamp = json::text(json, "timestamp");
    if (const json::Value* entity = json::find(json, "entity")) {
        event.entity = json::text(*entity, "id");
        event.entity_type = json::text(*entity, "type");
    }
    read_authors(json, event);
    read_data(json, event);
    for (const KnownType& known : known_types) {
        if (known.type == event.type) {
            event.is_known = true;
            event.call = known.call;
        }
    }
    return event;
}

Event parse_kept_event(const json::Value& json) {
    Event event;
    event.id = json::text(json, "id");
    event.type = json::text(json, "type");
    event.timestamp = json::text(json, "timestamp");
    event.entity = json::text(json, "entity");
    event.entity_type = json::text(json, "entity_type");
    event.data_source = json::text(json, "data_source");
    read_authors(json, event);
    read_properties(json, "properties", event);
    return event;
}

} // namespace notion::sync
