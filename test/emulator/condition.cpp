// Conditions of filters: which tests a family knows and what their operands are.
// scope: call.
#include "filter.hpp"

#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

struct Known {
    std::string_view name;
    Test test;
};

constexpr Known text_tests[] = {
    {"equals", Test::equals},           {"does_not_equal", Test::does_not_equal},
    {"contains", Test::contains},       {"does_not_contain", Test::does_not_contain},
    {"starts_with", Test::starts_with}, {"ends_with", Test::ends_with}};
constexpr Known number_tests[] = {{"equals", Test::equals},
                                  {"does_not_equal", Test::does_not_equal},
                                  {"greater_than", Test::greater_than},
                                  {"less_than", Test::less_than},
                                  {"greater_than_or_equal_to", Test::greater_than_or_equal_to},
                                  {"less_than_or_equal_to", Test::less_than_or_equal_to}};
constexpr Known equality_tests[] = {{"equals", Test::equals},
                                    {"does_not_equal", Test::does_not_equal}};
constexpr Known membership_tests[] = {{"contains", Test::contains},
                                      {"does_not_contain", Test::does_not_contain}};
constexpr Known date_tests[] = {{"equals", Test::equals},
                                {"before", Test::before},
                                {"after", Test::after},
                                {"on_or_before", Test::on_or_before},
                                {"on_or_after", Test::on_or_after}};
constexpr Known verification_tests[] = {{"status", Test::equals},
                                        {"does_not_equal", Test::does_not_equal}};

std::pair<const Known*, size_t> tests_of(Family family) {
    switch (family) {
    case Family::text:
        return {text_tests, std::size(text_tests)};
    case Family::number:
        return {number_tests, std::size(number_tests)};
    case Family::checkbox:
    case Family::option:
        return {equality_tests, std::size(equality_tests)};
    case Family::options:
    case Family::people:
    case Family::relation:
        return {membership_tests, std::size(membership_tests)};
    case Family::date:
        return {date_tests, std::size(date_tests)};
    case Family::files:
        return {nullptr, 0};
    case Family::verification:
        return {verification_tests, std::size(verification_tests)};
    }
    return {nullptr, 0};
}

int64_t today(const World& world) {
    return floor_to(world.clock.now(), day_ms);
}

DateOperand days(int64_t from, int64_t to) {
    return {from, to + day_ms - 1, true};
}

// The words that stand for a day.
std::optional<int64_t> named_day(const World& world, std::string_view word) {
    const int64_t day = today(world);
    if (word == "today")
        return day;
    if (word == "tomorrow")
        return day + day_ms;
    if (word == "yesterday")
        return day - day_ms;
    if (word == "one_week_ago")
        return day - 7 * day_ms;
    if (word == "one_week_from_now")
        return day + 7 * day_ms;
    if (word == "one_month_ago")
        return add_months(day, -1);
    if (word == "one_month_from_now")
        return add_months(day, 1);
    return std::nullopt;
}

// Windows around now; their edges are whole days (inferred from recordings).
std::optional<DateOperand> named_window(const World& world, std::string_view word) {
    const int64_t day = today(world);
    if (word == "past_week")
        return days(day - 7 * day_ms, day);
    if (word == "past_month")
        return days(add_months(day, -1), day);
    if (word == "past_year")
        return days(add_months(day, -12), day);
    if (word == "next_week")
        return days(day, day + 7 * day_ms);
    if (word == "next_month")
        return days(day, add_months(day, 1));
    if (word == "next_year")
        return days(day, add_months(day, 12));
    if (word == "this_week") {
        const int back = (weekday_of(day) + (world.semantics.week_starts_sunday ? 1 : 0)) % 7;
        const int64_t first = day - back * day_ms;
        return days(first, first + 6 * day_ms);
    }
    return std::nullopt;
}

DateOperand read_date_operand(const World& world, const Json& value, const std::string& path) {
    if (!value.IsString())
        refuse_body(path, "a string", to_text(value));
    if (const auto day = named_day(world, view(value)))
        return days(*day, *day);
    const auto moment = read_moment(view(value));
    if (!moment)
        refuse_body(path, "a valid ISO 8601 date string", to_text(value));
    if (!moment->has_time) {
        const int64_t from = moment->at - world.semantics.date_operand_zone_minutes * minute_ms;
        return days(from, from);
    }
    if (world.semantics.date_operands_keep_seconds)
        return {moment->at, moment->at, false};
    const int64_t minute = floor_to(moment->at, minute_ms);
    return {minute, minute + minute_ms - 1, false};
}

std::vector<std::string> read_names(const World& world, const Json& value,
                                    const std::string& path) {
    const auto name = [&](const Json& text) {
        return world.semantics.options_mind_case ? std::string(view(text)) : lower_case(view(text));
    };
    std::vector<std::string> names;
    if (value.IsString())
        return {name(value)};
    if (!value.IsArray())
        refuse_body(path, "a string", to_text(value));
    require_array(value, path);
    for (unsigned i = 0; i < value.Size(); ++i) {
        if (!value[i].IsString())
            refuse_body(path + "[" + std::to_string(i) + "]", "a string", to_text(value[i]));
        names.push_back(name(value[i]));
    }
    return names;
}

void read_operand(const World& world, Condition& condition, const Json& value,
                  const std::string& path, Uuid me) {
    switch (condition.family) {
    case Family::text:
        if (!value.IsString())
            refuse_body(path, "a string", to_text(value));
        condition.text =
            as_compared(world.semantics, view(value), false, world.semantics.text_trims_operands);
        condition.lower =
            as_compared(world.semantics, view(value), true, world.semantics.text_trims_operands);
        return;
    case Family::verification:
        condition.names = read_names(world, value, path);
        return;
    case Family::number:
        if (!value.IsNumber())
            refuse_body(path, "a number", to_text(value));
        condition.number = value.GetDouble();
        return;
    case Family::checkbox:
        if (!value.IsBool())
            refuse_body(path, "a boolean", to_text(value));
        condition.flag = value.GetBool();
        return;
    case Family::option:
    case Family::options:
        condition.names = read_names(world, value, path);
        return;
    case Family::date:
        condition.date = read_date_operand(world, value, path);
        return;
    case Family::people:
    case Family::relation: {
        const bool is_me =
            condition.family == Family::people && value.IsString() && view(value) == "me";
        const auto id = is_me              ? std::optional(me)
                        : value.IsString() ? read_valid_uuid(view(value))
                                           : std::nullopt;
        if (!id)
            refuse_body(path, "a valid uuid", to_text(value));
        condition.id = *id;
        return;
    }
    case Family::files:
        return;
    }
}

bool knows_emptiness(Family family) {
    return family != Family::checkbox && family != Family::verification;
}

} // namespace

Condition read_condition(const World& world, Family family, const Json& conditions,
                         const std::string& path, Uuid me) {
    if (!conditions.IsObject())
        refuse_body(path, "an object", to_text(conditions));
    const auto [tests, count] = tests_of(family);
    Condition condition;
    condition.family = family;
    for (const auto& entry : conditions.GetObject()) {
        const auto name = view(entry.name);
        const std::string here = path + "." + std::string(name);
        const auto* known = std::find_if(tests, tests + count,
                                         [&](const Known& test) { return test.name == name; });
        if (known != tests + count) {
            condition.test = known->test;
            read_operand(world, condition, entry.value, here, me);
            return condition;
        }
        if (knows_emptiness(family) && (name == "is_empty" || name == "is_not_empty")) {
            if (!entry.value.IsTrue())
                refuse_body(here, "`true`", to_text(entry.value));
            condition.test = name == "is_empty" ? Test::is_empty : Test::is_not_empty;
            return condition;
        }
        if (const auto window = named_window(world, name); window && family == Family::date) {
            condition.test = Test::within;
            condition.date = *window;
            return condition;
        }
        refuse_body(here, "not present", to_text(entry.value));
    }
    std::vector<std::string> paths;
    for (size_t i = 0; i < count; ++i)
        paths.push_back(path + "." + std::string(tests[i].name));
    if (knows_emptiness(family))
        paths.insert(paths.end(), {path + ".is_empty", path + ".is_not_empty"});
    refuse_union(paths);
}

} // namespace emulator
