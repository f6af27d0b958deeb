// Declared: see the header. Numbers are digits only, so that what is accepted here is read without
// an error later. scope: none.
#include "core/notion/declared.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/notion/objects.hpp"
#include "core/notion/schema.hpp"

namespace notion {
namespace {

bool only(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == text.npos;
}

std::optional<int64_t> whole(std::string_view text) {
    constexpr size_t digits_max = 9;
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    int64_t number = 0;
    if (digits.empty() || digits.size() > digits_max || !only(digits, "0123456789"))
        return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool is_timeout(std::string_view text) {
    const auto ms = whole(text);
    return ms && *ms >= 1 && *ms <= 3'600'000;
}

bool is_budget(std::string_view text) {
    const auto requests = whole(text);
    return requests && (*requests == -1 || (*requests >= 1 && *requests <= 1'000'000));
}

bool is_version(std::string_view text) {
    constexpr std::string_view first = "2025-09-03"; // with data sources
    return text.size() == first.size() && only(text, "0123456789-") && text >= first;
}

bool is_token(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string_view unless(bool fine, std::string_view words) {
    return fine ? std::string_view() : words;
}

} // namespace

std::string_view expected(Declared what, std::string_view text) noexcept {
    switch (what) {
    case Declared::any:
        break;
    case Declared::timeout_ms:
        return unless(is_timeout(text), "milliseconds from 1 to 3600000");
    case Declared::budget:
        return unless(is_budget(text), "requests a minute from 1 to 1000000, or -1 for no limit");
    case Declared::misfit:
        return unless(text == "error" || text == "null", R"("error" or "null")");
    case Declared::names:
        return unless(text == "snake_case" || text == "exact", R"("snake_case" or "exact")");
    case Declared::part:
        return unless(text == "start" || text == "end", R"("start" or "end")");
    case Declared::filled:
        return unless(!text.empty(), "a text that is not empty");
    case Declared::version:
        return unless(is_version(text), "a version of Notion's API, 2025-09-03 or later, such as "
                                        "\"2026-03-11\"");
    case Declared::property_type:
        return unless(property_type(text) != PropertyType::unknown,
                      "Notion's name of a property type, such as \"rich_text\"");
    case Declared::object:
        return unless(object_kind(text).has_value(),
                      "users, pages, databases, data_sources, comments, templates or blocks");
    case Declared::api_url:
        return unless(text.starts_with("http://") || text.starts_with("https://"),
                      "a URL that begins with \"https://\"");
    case Declared::server_id:
        return unless(text.size() == 36 && only(text, "0123456789abcdef-"),
                      "a uuid in lower case, as pg_notion gives it");
    case Declared::token:
        return text.empty() ? "a token of Notion"
                            : unless(is_token(text), "a token of Notion, without blanks");
    }
    return {};
}

} // namespace notion
