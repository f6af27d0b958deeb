// Ids: out of whatever a person copied from Notion.
// scope: none.
#include "core/notion/endpoint.hpp"
#include "core/notion/uuid.hpp"

namespace notion {
namespace {

constexpr size_t hex_digits = 32;

char lower_hex(char c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
        return c;
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : '\0';
}

/// The id that `text` ends with: after a dash or at its beginning, as in `Road-map-<32 digits>`.
std::optional<std::string> trailing_uuid(std::string_view text) {
    for (const size_t length : {hex_digits + 4, hex_digits}) {
        if (text.size() < length)
            continue;
        const size_t at = text.size() - length;
        if (at > 0 && text[at - 1] != '-')
            continue;
        if (auto uuid = canonical_uuid(text.substr(at)))
            return uuid;
    }
    return std::nullopt;
}

/// The value of `name` in a query string, "" where it has none.
std::string_view parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        if (pair.size() > name.size() && pair.substr(0, name.size()) == name &&
            pair[name.size()] == '=')
            return pair.substr(name.size() + 1);
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
    }
    return {};
}

} // namespace

std::optional<std::string> canonical_uuid(std::string_view text) {
    const bool dashed = text.size() == hex_digits + 4;
    if (!dashed && text.size() != hex_digits)
        return std::nullopt;
    std::string out;
    size_t digits = 0;
    for (size_t at = 0; at < text.size(); ++at) {
        const bool dash_due = digits == 8 || digits == 12 || digits == 16 || digits == 20;
        if (dash_due && out.back() != '-') {
            out += '-';
            if (dashed) {
                if (text[at] != '-')
                    return std::nullopt;
                continue;
            }
        }
        const char digit = lower_hex(text[at]);
        if (digit == '\0')
            return std::nullopt;
        out += digit;
        ++digits;
    }
    return digits == hex_digits ? std::optional(out) : std::nullopt;
}

Result<std::string> parse_id(std::string_view text) {
    const std::string_view whole = text;
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n'))
        text.remove_suffix(1);
    if (auto uuid = canonical_uuid(text))
        return std::move(*uuid);
    text = text.substr(0, text.find('#')); // a block within the page
    const size_t question = text.find('?');
    const std::string_view query =
        question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
    std::string_view path = text.substr(0, question);
    while (!path.empty() && path.back() == '/')
        path.remove_suffix(1);
    const size_t slash = path.rfind('/');
    if (slash != std::string_view::npos) {
        // A page opened over its database: `…/<database>?v=<view>&p=<page>`.
        if (auto uuid = canonical_uuid(parameter(query, "p")))
            return std::move(*uuid);
        if (auto uuid = trailing_uuid(path.substr(slash + 1)))
            return std::move(*uuid);
    } else if (auto uuid = trailing_uuid(path)) {
        return std::move(*uuid);
    }
    return fail(ErrorKind::invalid_argument, "no Notion id in the text given",
                "The text is \"" + std::string(whole.substr(0, 200)) + "\".",
                "Copy the link of the page or database in Notion, or give its id of 32 hexadecimal "
                "digits.");
}

} // namespace notion
