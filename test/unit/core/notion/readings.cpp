// Readings: see the header.
// scope: none.
#include "core/notion/readings.hpp"

#include <stdexcept>

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
