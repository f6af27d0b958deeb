// The filter grammar of data source queries: parsed and checked, then asked page by page.
// Semantics are the recorded ones (notion/api.md); what is undocumented is a switch.
// Refuses unknown properties, mismatched types and nesting beyond two levels, as Notion does.
// scope: call.
#pragma once

#include "folding.hpp"
#include "rollup.hpp"

#include <memory>

namespace emulator {

/// What a condition speaks of; the type keys of the grammar fall into these.
enum class Family : uint8_t {
    text,
    number,
    checkbox,
    option,
    options,
    date,
    people,
    relation,
    files,
    verification
};

enum class Test : uint8_t {
    equals,
    does_not_equal,
    contains,
    does_not_contain,
    starts_with,
    ends_with,
    greater_than,
    less_than,
    greater_than_or_equal_to,
    less_than_or_equal_to,
    before,
    after,
    on_or_before,
    on_or_after,
    within, // this_week, past_month ...: days from `date.from` to `date.to`
    is_empty,
    is_not_empty,
};

struct DateOperand {
    int64_t from = 0; // first ms
    int64_t to = 0;   // last ms
    bool whole_days = false;
};

struct Condition {
    Family family = Family::text;
    Test test = Test::equals;
    std::string text;  // as texts are compared
    std::string lower; // the same where case is ignored
    double number = 0;
    bool flag = false;
    std::vector<std::string> names; // of options, lower case
    Uuid id;
    DateOperand date;
};

struct Filter {
    enum class Kind : uint8_t { all, any, leaf };
    enum class Subject : uint8_t { property, created_time, last_edited_time };
    enum class Quantifier : uint8_t { none_given, any, every, none };
    Kind kind = Kind::all;
    std::vector<Filter> parts;
    Subject subject = Subject::property;
    size_t slot = 0;
    Quantifier quantifier = Quantifier::none_given;
    Condition condition;
};

/// `me` is the caller, for people filters.
Filter read_filter(World& world, const DataSource& source, const Json& filter, Uuid me);
bool matches(World& world, const DataSource& source, const Filter& filter, const Page& page);

/// Parses one condition object, `{"equals": 3}`, for a family.
Condition read_condition(const World& world, Family family, const Json& conditions,
                         const std::string& path, Uuid me);
bool holds(World& world, const Condition& condition, const Property& property, const Page& page);

} // namespace emulator
