// Readings: Notion's filter, evaluated on one property value, under each reading of what its
// documentation leaves open. Written apart from the code under test.
// scope: none.
#pragma once

#include <string>
#include <vector>

#include "core/notion/json.hpp"
#include "core/notion/value.hpp"

namespace notion::test {

struct Reading {
    bool fold_case = false;     ///< options compare without case
    bool compare_end = false;   ///< a range of dates compares its end
    int value_zone_h = 0;       ///< where a date without time begins, for values
    int operand_zone_h = 0;     ///< the same for operands
    int64_t hidden_us = 0;      ///< what a shown time lacks: seconds cut off, or rounded up
    bool operand_minute = true; ///< operands are cut to the minute
    bool whole_day = true;      ///< a day compares as a day
    // Of texts. contains and starts_with are recorded to find ASCII letters without case.
    bool fold_equals = false; ///< equals and ends_with do so too
    bool fold_all = false;    ///< letters beyond ASCII as well, by JavaScript's toLowerCase
    bool compose = false;     ///< both sides are composed (NFC)
    bool strip = false;       ///< both sides lose their accents
    bool trim_value = false;
    bool trim_operand = false;
    bool blank_is_empty = false;
};

/// Every combination of the above that the tests try.
std::vector<Reading> readings();
/// The same for texts.
std::vector<Reading> text_readings();

/// Whether the page whose property (or time) is `value` is in the answer.
bool matches(const json::Value& filter, const json::Value& value, const Reading& reading);

} // namespace notion::test
