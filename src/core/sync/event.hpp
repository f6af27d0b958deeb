// Event: a webhook's body. It names what changed, never values: what it concerns is read.
// A type that is unknown today is tolerated: an event of it is kept for people and settles nothing.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/json.hpp"
#include "core/result.hpp"

namespace notion::sync {

/// What an event asks for.
enum class EventCall : uint8_t {
    ignore,      ///< nothing that is linked changes by it
    read_page,   ///< GET the page
    read_source, ///< GET the data source: moved, in the trash, or back
    read_schema, ///< its properties changed
    scan,        ///< pages of it changed, without saying which
};
std::string_view name_of(EventCall call);

struct Author {
    std::string id;
    std::string type; ///< person, bot, agent
};

struct Event {
    bool is_handshake = false;
    std::string token; ///< of a handshake
    std::string id;
    std::string type;
    std::string timestamp;
    std::string entity;
    std::string entity_type;
    std::string data_source; ///< where it is told, else ""
    std::vector<Author> authors;
    std::vector<std::string> properties; ///< ids
    bool is_known = false;
    EventCall call = EventCall::ignore;
};
/// Errors: malformed.
Result<Event> parse_event(std::string_view body);
/// As `print` gave it: what the inbox keeps.
Event parse_kept_event(const json::Value& json);

} // namespace notion::sync
