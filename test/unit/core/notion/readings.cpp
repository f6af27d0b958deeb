// Readings: see the header.
// scope: none.
#include "core/notion/readings.hpp"

#include <stdexcept>
#include <utility>

#include "core/notion/utf8.hpp"

namespace notion::test {
namespace {

constexpr int64_t hour_us = 3'600'000'000;
constexpr int64_t day_us = 24 * hour_us;
constexpr int64_t minute_us = 60'000'000;

std::string folded(std::string_view text, const Reading& reading) {
    std::string out(text);
    if (reading.fold_case)
        for (char& c : out)
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

struct Composed {
    char32_t base;
    char32_t mark;
    char32_t whole;
};
constexpr Composed composed[] = {{'e', 0x301, 0xE9},
                                 {'E', 0x301, 0xC9},
                                 {'a', 0x308, 0xE4},
                                 {'<', 0x338, 0x226E},
                                 {0x304B, 0x3099, 0x304C}};

bool is_mark(char32_t c) {
    return (c >= 0x300 && c <= 0x36F) || c == 0x3099;
}

bool is_blank(char32_t c) {
    return c <= ' ' || c == 0xA0 || c == 0x3000;
}

std::u32string characters(std::string_view text) {
    std::u32string out;
    for (size_t at = 0; at < text.size();)
        out += utf8::next(text, at);
    return out;
}

/// JavaScript's toLowerCase for the letters of this test; a sigma that ends a word has a form of
/// its own.
char32_t lower(const std::u32string& text, size_t at, bool all) {
    const char32_t c = text[at];
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if (!all)
        return c;
    const bool last = at + 1 == text.size() || is_blank(text[at + 1]);
    if (c == 0x3A3)
        return last && at > 0 ? 0x3C2 : 0x3C3;
    return (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) ||
                   (c >= 0x410 && c <= 0x42F)
               ? c + 32
               : c;
}

std::u32string as_read(std::string_view raw, const Reading& reading, bool trim, bool fold) {
    std::u32string text;
    for (const char32_t c : characters(raw)) {
        if (reading.strip && is_mark(c))
            continue;
        bool done = false;
        for (const Composed& it : composed) {
            if (reading.strip && c == it.whole) {
                text += it.base;
                done = true;
            } else if (reading.compose && !text.empty() && text.back() == it.base && c == it.mark) {
                text.back() = it.whole;
                done = true;
            }
        }
        if (!done)
            text += c;
    }
    if (trim) {
        while (!text.empty() && is_blank(text.back()))
            text.pop_back();
        while (!text.empty() && is_blank(text.front()))
            text.erase(0, 1);
    }
    std::u32string out;
    for (size_t at = 0; at < text.size(); ++at)
        out += fold ? lower(text, at, reading.fold_all) : text[at];
    return out;
}

bool text_matches(const std::string& name, const json::Value& operand, std::string_view raw,
                  const Reading& reading) {
    const bool parts = name == "contains" || name == "starts_with";
    const bool fold = parts || reading.fold_equals;
    const std::u32string text = as_read(raw, reading, reading.trim_value, fold);
    if (name == "is_empty")
        return reading.blank_is_empty ? as_read(raw, reading, true, false).empty() : raw.empty();
    const std::u32string sought = as_read(json::view(operand), reading, reading.trim_operand, fold);
    if (name == "equals")
        return text == sought;
    if (name == "contains")
        return text.find(sought) != std::u32string::npos;
    if (name == "starts_with")
        return text.starts_with(sought);
    if (name == "ends_with")
        return text.ends_with(sought);
    throw std::logic_error(name);
}

bool number_matches(const std::string& name, const json::Value& operand,
                    const json::Value& number) {
    const bool empty = number.IsNull();
    if (name == "is_empty")
        return empty;
    if (name == "is_not_empty")
        return !empty;
    if (name == "does_not_equal")
        return empty || number.GetDouble() != operand.GetDouble();
    if (empty)
        return false;
    const double a = number.GetDouble();
    const double b = operand.GetDouble();
    if (name == "equals")
        return a == b;
    if (name == "less_than")
        return a < b;
    if (name == "less_than_or_equal_to")
        return a <= b;
    if (name == "greater_than")
        return a > b;
    if (name == "greater_than_or_equal_to")
        return a >= b;
    throw std::logic_error(name);
}

bool option_matches(const std::string& name, const json::Value& operand, const json::Value& option,
                    const Reading& reading) {
    if (name == "is_empty")
        return option.IsNull();
    if (name == "is_not_empty")
        return !option.IsNull();
    const bool equal = !option.IsNull() && folded(json::text(option, "name"), reading) ==
                                               folded(json::view(operand), reading);
    if (name == "equals")
        return equal;
    if (name == "does_not_equal")
        return !equal;
    throw std::logic_error(name);
}

bool list_matches(const std::string& name, const json::Value& operand, const json::Value& list,
                  const Reading& reading) {
    if (name == "is_empty")
        return list.Empty();
    if (name == "is_not_empty")
        return !list.Empty();
    if (name != "contains")
        throw std::logic_error(name);
    for (const json::Value& member : list.GetArray()) {
        const char* key = member.HasMember("name") ? "name" : "id";
        if (folded(json::text(member, key), reading) == folded(json::view(operand), reading))
            return true;
    }
    return false;
}

/// What is compared of a date or an operand: an interval, of one instant or of a day.
struct Span {
    int64_t first;
    int64_t last;
};
Span span(std::string_view text, int zone_h, bool whole_day) {
    const Moment moment = *parse_moment(text);
    if (!moment.is_day)
        return {moment.instant.us, moment.instant.us};
    const int64_t begin = moment.instant.us - zone_h * hour_us;
    return {begin, whole_day ? begin + day_us - 1 : begin};
}

bool date_matches(const std::string& name, const json::Value& operand, const Span* value,
                  const Reading& reading) {
    if (name == "is_empty")
        return value == nullptr;
    if (name == "is_not_empty")
        return value != nullptr;
    if (value == nullptr)
        return false;
    Span limit = span(json::view(operand), reading.operand_zone_h, reading.whole_day);
    if (reading.operand_minute && limit.first == limit.last)
        limit.first = limit.last = limit.first / minute_us * minute_us;
    if (name == "on_or_after")
        return value->first >= limit.first;
    if (name == "on_or_before")
        return value->first <= limit.last;
    throw std::logic_error(name);
}

bool condition_matches(const json::Value& filter, const json::Value& value,
                       const Reading& reading) {
    const std::string type(json::text(value, "type"));
    const json::Value& inner = value[type.c_str()];
    const json::Value* condition = json::find(filter, type);
    if (condition == nullptr || condition->MemberCount() != 1)
        throw std::logic_error("the filter is not of the property's type");
    const std::string name(json::view(condition->MemberBegin()->name));
    const json::Value& operand = condition->MemberBegin()->value;
    if (type == "number")
        return number_matches(name, operand, inner);
    if (type == "unique_id")
        return number_matches(name, operand, inner["number"]);
    if (type == "checkbox")
        return (name == "equals") == (inner.GetBool() == operand.GetBool());
    if (type == "select" || type == "status")
        return option_matches(name, operand, inner, reading);
    if (type == "title" || type == "rich_text") {
        std::string text;
        for (const json::Value& run : inner.GetArray())
            text += json::text(run, "plain_text");
        return text_matches(name, operand, text, reading);
    }
    if (type == "url" || type == "email" || type == "phone_number")
        return text_matches(name, operand, inner.IsNull() ? "" : json::view(inner), reading);
    if (type == "created_by" || type == "last_edited_by")
        return name == "contains" && json::text(inner, "id") == json::view(operand);
    if (type == "multi_select" || type == "relation" || type == "people")
        return list_matches(name, operand, inner, reading);
    if (type == "date") {
        if (inner.IsNull())
            return date_matches(name, operand, nullptr, reading);
        const std::string_view end = json::text(inner, "end");
        const bool by_end = reading.compare_end && !end.empty();
        const Span value_span = span(by_end ? end : json::text(inner, "start"),
                                     reading.value_zone_h, reading.whole_day);
        return date_matches(name, operand, &value_span, reading);
    }
    const int64_t us = parse_moment(json::view(inner))->instant.us + reading.hidden_us;
    const Span time{us, us};
    return date_matches(name, operand, &time, reading);
}

} // namespace

std::vector<Reading> readings() {
    std::vector<Reading> all;
    for (const bool fold : {false, true})
        for (const bool end : {false, true})
            for (const int value_h : {-12, 0, 14})
                for (const int operand_h : {-12, 0, 14})
                    for (const int64_t hidden :
                         {int64_t{0}, int64_t{59'999'999}, int64_t{-30'000'000}})
                        for (const bool minute : {false, true})
                            for (const bool day : {false, true})
                                all.push_back({fold, end, value_h, operand_h, hidden, minute, day});
    return all;
}

std::vector<Reading> text_readings() {
    std::vector<Reading> all;
    for (int bits = 0; bits < 128; ++bits) {
        Reading reading;
        bool* const switches[] = {
            &reading.fold_equals, &reading.fold_all,     &reading.compose,       &reading.strip,
            &reading.trim_value,  &reading.trim_operand, &reading.blank_is_empty};
        for (int i = 0; i < 7; ++i)
            *switches[i] = (bits >> i & 1) != 0;
        all.push_back(reading);
    }
    return all;
}

bool matches(const json::Value& filter, const json::Value& value, const Reading& reading) {
    for (const char* word : {"and", "or"}) {
        const json::Value* parts = json::find(filter, word);
        if (parts == nullptr)
            continue;
        const bool all = std::string_view(word) == "and";
        for (const json::Value& part : parts->GetArray())
            if (matches(part, value, reading) != all)
                return !all;
        return all;
    }
    return condition_matches(filter, value, reading);
}

} // namespace notion::test
