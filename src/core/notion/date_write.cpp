// Date: writing. A write to one part keeps the other, and a day stays a day where the instant is
// the first of one (postgres.md 41). Start and end are sent both with times or both without.
// scope: none.
#include "core/notion/date.hpp"
#include "core/notion/misfit.hpp"
#include "core/notion/range.hpp"

namespace notion {
namespace {

Stamp stamp_of(Day day) {
    Stamp stamp;
    stamp.day = day;
    return stamp;
}

/// A time, in the zone's offset at that time: people see the hour that they know.
Stamp stamp_of(Instant instant, const Codec& codec, const std::optional<Stamp>& base) {
    const Instant minute = to_minute(instant);
    Stamp stamp;
    stamp.has_time = true;
    stamp.has_offset = true;
    if (codec.zone != nullptr)
        stamp.offset_s = codec.zone->offset_at(floor_div(minute.us, second_us));
    else if (base && base->has_offset)
        stamp.offset_s = base->offset_s;
    const Instant local{minute.us + stamp.offset_s * second_us};
    stamp.day = utc_day(local);
    stamp.time_us = local.us - stamp.day.days * day_us;
    return stamp;
}

std::string written(const Stamp& stamp) {
    return json::quote(stamp.has_time ? format_instant(stamp.instant(), stamp.offset_s)
                                      : format_day(stamp.day));
}

std::string written(DateValue date, const Codec& codec) {
    if (date.end && date.start.has_time != date.end->has_time) {
        Stamp& day = date.start.has_time ? *date.end : date.start;
        day = stamp_of(zone_of(codec).start_of(day.day), codec, std::nullopt);
    }
    return "{\"start\":" + written(date.start) +
           ",\"end\":" + (date.end ? written(*date.end) : "null") + "}";
}

Error beyond(const Codec& codec) {
    return unsendable(codec, "Dates must lie in the years 1 to 9999.");
}

Result<Value> canon_moment(const Value& value, const Codec& codec) {
    if (const auto* day = std::get_if<Day>(&value))
        return is_storable(*day) ? Result<Value>(value) : beyond(codec);
    if (const auto* instant = std::get_if<Instant>(&value))
        return is_storable(*instant) ? Result<Value>(Value(to_minute(*instant))) : beyond(codec);
    return unsendable(codec, "It is no date.");
}

/// The days of `[first midnight, last midnight)`, which is how a date without time is shown.
std::optional<DayRange> whole_days(const TimeRange& range, const Zone& zone) {
    if (range.end_inside || !zone.is_start_of_day(range.start) || !zone.is_start_of_day(range.end))
        return std::nullopt;
    const DayRange days{zone.day_of(range.start), {zone.day_of(range.end).days - 1}};
    return days.last < days.first ? std::nullopt : std::optional(days);
}

Result<DateValue> date_of_range(const Value& value, const Codec& codec,
                                const std::optional<DateValue>& base) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr)
        return unsendable(codec, "It is no range.");
    const auto days_only = [](const DayRange& days) {
        DateValue date{stamp_of(days.first), std::nullopt};
        if (days.last != days.first)
            date.end = stamp_of(days.last);
        return date;
    };
    if (codec.column == ColumnType::daterange) {
        auto days = parse_daterange(*text);
        if (!days)
            return days.error();
        return days_only(*days);
    }
    auto range = parse_tstzrange(*text);
    if (!range)
        return range.error();
    if (const auto days = whole_days(*range, zone_of(codec)))
        return days_only(*days);
    const std::optional<Stamp> old = base ? std::optional(base->start) : std::nullopt;
    DateValue date{stamp_of(range->start, codec, old), std::nullopt};
    if (to_minute(range->end) != to_minute(range->start))
        date.end = stamp_of(range->end, codec, old);
    return date;
}

bool is_range(const Codec& codec) {
    return codec.column == ColumnType::daterange || codec.column == ColumnType::tstzrange;
}

/// The part's new stamp, over the one that it replaces.
Stamp part_stamp(const Value& value, const Codec& codec, const std::optional<DateValue>& base,
                 const std::optional<Stamp>& old) {
    if (const auto* day = std::get_if<Day>(&value))
        return stamp_of(*day);
    const Instant instant = std::get<Instant>(value);
    const bool over_day = base && !base->start.has_time;
    if (over_day && zone_of(codec).is_start_of_day(instant))
        return stamp_of(zone_of(codec).day_of(instant));
    return stamp_of(instant, codec, old ? old : base ? std::optional(base->start) : std::nullopt);
}

Result<std::string> without_part(const Codec& codec, const std::optional<DateValue>& base) {
    if (!base)
        return std::string("null");
    if (codec.part == DatePart::end)
        return written(DateValue{base->start, std::nullopt}, codec);
    if (base->end)
        return unsendable(codec, "The date has an end, which cannot stand without a start.",
                          "Set the end to NULL too, through a column with part 'end'.");
    return std::string("null");
}

Result<std::string> with_part(const Value& value, const Codec& codec,
                              const std::optional<DateValue>& base) {
    if (codec.part == DatePart::end) {
        if (!base)
            return unsendable(codec, "The date has no start, and an end cannot stand without one.",
                              "Set the start too.");
        return written(DateValue{base->start, part_stamp(value, codec, base, base->end)}, codec);
    }
    const std::optional<Stamp> old = base ? std::optional(base->start) : std::nullopt;
    return written(DateValue{part_stamp(value, codec, base, old), base ? base->end : std::nullopt},
                   codec);
}

} // namespace

Result<Value> canon_date(const Value& value, const Codec& codec) {
    if (is_null(value))
        return Value();
    if (!is_range(codec))
        return canon_moment(value, codec);
    auto date = date_of_range(value, codec, std::nullopt);
    if (!date)
        return date.error();
    return decode_date(*date, codec);
}

Result<std::string> encode_date(const Value& value, const Codec& codec, const json::Value* base) {
    auto canonical = canon_date(value, codec);
    if (!canonical)
        return canonical.error();
    std::optional<DateValue> old;
    if (base != nullptr && base->IsObject()) {
        auto date = read_date(*base, zone_of(codec));
        if (!date)
            return date.error();
        old = *date;
        // What the base shows already stays as it is, hours behind a day included.
        auto shown = decode_date(*old, codec);
        if (shown && !is_null(*shown)) {
            auto shown_canonical = canon_date(*shown, codec);
            if (shown_canonical && *shown_canonical == *canonical)
                return written(*old, codec);
        }
    }
    if (is_null(value))
        return is_range(codec) ? Result<std::string>(std::string("null"))
                               : without_part(codec, old);
    if (!is_range(codec))
        return with_part(value, codec, old);
    auto date = date_of_range(value, codec, old);
    if (!date)
        return date.error();
    return written(*date, codec);
}

} // namespace notion
