// Outcome: see the header.
// scope: none.
#include "core/sync/outcome.hpp"

#include "core/notion/json.hpp"

namespace notion::sync {
namespace {

/// Notion's own error object: a proxy's page with the same status decides nothing.
bool is_notions_error(std::string_view body, json::Document& document) {
    Result<json::Document> parsed = json::parse(body);
    if (!parsed.ok())
        return false;
    document = std::move(parsed.value());
    return json::text(document, "object") == "error";
}

bool names_committed(const json::Document& document) {
    const json::Value* data = json::find(document, "additional_data");
    return data && !json::text(*data, "committed_resource_id").empty();
}

bool is_page(std::string_view body) {
    const Result<json::Document> parsed = json::parse(body);
    return parsed.ok() && json::text(*parsed, "object") == "page" &&
           !json::text(*parsed, "id").empty();
}

} // namespace

Outcome outcome(const Exchange& exchange) {
    if (!exchange.handed_over)
        return Outcome::certain_no;
    if (exchange.status >= 200 && exchange.status < 300)
        return is_page(exchange.body) ? Outcome::done : Outcome::unknown;
    if (exchange.status == 429 || exchange.status == 529)
        return Outcome::certain_no;

    json::Document document;
    if (!is_notions_error(exchange.body, document))
        return Outcome::unknown;
    switch (exchange.status) {
    case 400:
    case 404:
        return exchange.is_create ? Outcome::permanent : Outcome::look;
    case 401:
    case 403:
        return Outcome::link_rests;
    case 406:
        return Outcome::permanent;
    case 409: // a conflict while saving; whether a create was saved is not said anywhere
        return exchange.is_create ? Outcome::unknown : Outcome::look;
    case 503:
        return names_committed(document) ? Outcome::verify : Outcome::unknown;
    default:
        return Outcome::unknown;
    }
}

} // namespace notion::sync
