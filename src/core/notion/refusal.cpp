// Refusal: what stands behind a status other than 200, told to a person.
// Assumes nothing of the body: it may be a proxy's page. Its JSON is quoted, other bodies to 200
// bytes.
// scope: none.
#include <charconv>

#include "core/notion/answer.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

constexpr size_t quoted_bytes_max = 200;
constexpr size_t detail_bytes_max = 900; // what a Fault holds, less some

struct Verdict {
    ErrorKind kind;
    std::string_view message;
    std::string_view hint;
};

struct Rule {
    int status;            ///< 0 = any
    std::string_view code; ///< "" = any
    std::string_view part; ///< of Notion's message; "" = any
    Verdict verdict;
};

constexpr std::string_view share_hint =
    "Share it with the connection in Notion (\"...\" menu, Connections), or check that it was not "
    "deleted.";
constexpr std::string_view schema_hint =
    "The data source was changed in Notion; import the foreign table again.";
constexpr std::string_view again_hint = "Try again later.";

/// The first rule that fits decides; api.md section 4.
constexpr Rule rules[] = {
    {401,
     "",
     "",
     {ErrorKind::unauthorized, "Notion does not accept the token",
      "Check the token of the user mapping: it may have been revoked or mistyped."}},
    {403,
     "restricted_resource",
     "block",
     {ErrorKind::restricted, "the workspace may not create more blocks",
      "A free workspace with more than one member is limited; see its plan in Notion."}},
    {403,
     "",
     "",
     {ErrorKind::restricted, "the connection may not do this",
      "Give the connection the missing capability (read, update, insert content, or user "
      "information) in Notion's integration settings."}},
    {404, "", "", {ErrorKind::not_found, "Notion does not know the object", share_hint}},
    {406,
     "",
     "",
     {ErrorKind::row_limit, "the data source is full",
      "Notion allows 250,000 rows in a database: move old pages elsewhere."}},
    {0,
     "row_limit_exceeded",
     "",
     {ErrorKind::row_limit, "the data source is full",
      "Notion allows 250,000 rows in a database: move old pages elsewhere."}},
    {409, "", "", {ErrorKind::conflict, "Notion could not save because of a conflict", again_hint}},
    {413,
     "",
     "",
     {ErrorKind::too_large, "the request is too large for Notion",
      "A request may have 500 KB: send less at a time."}},
    {429, "", "", {ErrorKind::rate_limited, "Notion's rate limit is reached", again_hint}},
    {400,
     "",
     "start_cursor",
     {ErrorKind::validation, "Notion no longer knows the place in the list",
      "Places in a list expire: run the statement again."}},
    {400,
     "",
     "is not a property that exists",
     {ErrorKind::property_missing, "the property is not in the data source", schema_hint}},
    {400,
     "",
     "Could not find property",
     {ErrorKind::property_missing, "the property is not in the data source", schema_hint}},
    {400,
     "",
     "is expected to be",
     {ErrorKind::property_type, "the property has another type in Notion", schema_hint}},
    {400,
     "",
     "does not match filter",
     {ErrorKind::property_type, "the property has another type in Notion", schema_hint}},
    {400,
     "validation_error",
     "multiple data sources",
     {ErrorKind::validation, "the database has several data sources",
      "Name one of its data sources instead of the database."}},
    {400,
     "invalid_request_url",
     "",
     {ErrorKind::validation, "Notion does not know the address asked for",
      "Check the server options api_url and api_version."}},
    {400,
     "missing_version",
     "",
     {ErrorKind::validation, "Notion refused the request", "Check the server option api_version."}},
    {400, "", "", {ErrorKind::validation, "Notion refused the request", ""}},
};

Verdict verdict_of(int status, std::string_view code, std::string_view words, bool is_json) {
    // Not Notion speaks but what stands before it (api.md: Cloudflare may answer 403).
    if (status == 403 && !is_json)
        return {ErrorKind::unavailable, "something between this server and Notion refused",
                "A proxy or firewall may stand between; try again later."};
    for (const Rule& rule : rules)
        if ((rule.status == 0 || rule.status == status) &&
            (rule.code.empty() || rule.code == code) &&
            (rule.part.empty() || words.find(rule.part) != std::string_view::npos))
            return rule.verdict;
    if (status >= 500)
        return {ErrorKind::unavailable, "Notion is not available", again_hint};
    if (status >= 400)
        return {ErrorKind::validation, "Notion refused the request", ""};
    return {ErrorKind::malformed, "Notion gave an answer that is not expected",
            "Check the server option api_url: it may not be Notion's."};
}

/// Without control characters, which would tear a log line, and always UTF-8, whatever a proxy's
/// page is: what is kept of it is read again as JSON.
std::string printable(std::string_view text, size_t bytes) {
    std::string out(utf8::cut(text, bytes));
    const bool is_text = utf8::is_valid(out);
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F)
            c = ' ';
        else if (byte > 0x7F && !is_text)
            c = '?';
    }
    return out;
}

/// `"retry_after":"17"` in additional_data, in milliseconds, or -1.
int64_t retry_after_in(const json::Value& body) {
    const json::Value* data = json::find(body, "additional_data");
    const std::string_view text =
        data == nullptr ? std::string_view() : json::text(*data, "retry_after");
    int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool good = !text.empty() && error == std::errc() && end == text.data() + text.size() &&
                      seconds >= 0 && seconds < 86400;
    return good ? seconds * 1000 : -1;
}

std::string detail_of(int status, std::string_view code, std::string_view words) {
    std::string out = "Notion answered " + std::to_string(status);
    if (!code.empty())
        out += " " + printable(code, 60);
    if (!words.empty())
        out += ": " + printable(words, detail_bytes_max);
    return out;
}

} // namespace

Error error_of(int status, std::string_view body, int64_t retry_after_ms,
               std::string_view request_id) {
    auto document = json::parse(body);
    const bool is_json = document.ok() && json::text(*document, "object") == "error";
    const std::string_view code = is_json ? json::text(*document, "code") : "";
    const std::string_view words = is_json ? json::text(*document, "message") : "";
    const Verdict verdict = verdict_of(status, code, words, is_json);
    Error error = fail(verdict.kind, std::string(verdict.message),
                       is_json ? detail_of(status, code, words)
                               : detail_of(status, "", printable(body, quoted_bytes_max)),
                       std::string(verdict.hint));
    error.status = status;
    error.code = code;
    error.retry_after_ms = retry_after_ms;
    error.request_id = request_id;
    if (!is_json)
        return error;
    if (request_id.empty())
        error.request_id = json::text(*document, "request_id");
    if (retry_after_ms < 0)
        error.retry_after_ms = retry_after_in(*document);
    const json::Value* data = json::find(*document, "additional_data");
    // The one 429 that waiting does not cure (api.md section 4).
    if (status == 429 && data != nullptr &&
        json::text(*data, "rate_limit_reason") == "public_api_request_blocked") {
        error.kind = ErrorKind::restricted;
        error.message = "Notion has blocked the requests of this connection";
        error.hint = "Ask Notion's support, with the request id.";
    }
    return error;
}

bool may_read_again(const Error& error) {
    switch (error.kind) {
    case ErrorKind::conflict:
    case ErrorKind::rate_limited:
    case ErrorKind::unavailable:
    case ErrorKind::connection:
        return true;
    default:
        return false;
    }
}

std::string committed_id(std::string_view body) {
    auto document = json::parse(body);
    if (!document)
        return {};
    const json::Value* data = json::find(*document, "additional_data");
    return data == nullptr ? std::string()
                           : std::string(json::text(*data, "committed_resource_id"));
}

} // namespace notion
