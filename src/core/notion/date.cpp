// Date: reading. Writing is in date_write.cpp.
// scope: none.
#include "core/notion/date.hpp"

#include "core/notion/misfit.hpp"
#include "core/notion/range.hpp"

namespace notion {
namespace {

/// A time without offset is local to `name`: it can be placed only where that zone is ours.
bool place(Stamp& stamp, std::string_view name, const Zone& zone) {
    if (!stamp.has_time || stamp.has_offset || name.empty() || name == "UTC")
        return true;
    if (name != zone.name)
        return false;
    const int64_t local_s = floor_div(stamp.instant().us, second_us);
    stamp.offset_s = zone.offset_at(local_s - zone.offset_at(local_s));
    stamp.has_offset = true;
    return true;
}

/// One part in the one form of equal dates, "" where there is none. The offset stays, for a write
/// to one part keeps the other as it was; a time that is local to a named zone stays as it is.
std::string part_text(const json::Value& value, std::string_view part) {
    const std::string_view text = json::text(value, part);
    const auto stamp = parse_stamp(text);
    if (!stamp)
        return {};
    if (!stamp->has_time)
        return format_day(stamp->day);
    if (!stamp->has_offset && !json::text(value, "time_zone").empty())
        return std::string(text);
    return format_instant(stamp->instant(), stamp->offset_s);
}

Result<Value> decode_daterange(const DateValue& date, const Codec& codec) {
    const Zone& zone = zone_of(codec);
    const Day first = day_of(date.start, zone);
    const Day last = date.end ? day_of(*date.end, zone) : first;
    if (last < first)
        return misfit(codec, "The date ends before it begins.");
    return Value(format_range(DayRange{first, last}));
}

Result<Value> decode_tstzrange(const DateValue& date, const Codec& codec) {
    const Zone& zone = zone_of(codec);
    const Stamp& last = date.end ? *date.end : date.start;
    TimeRange range{instant_of(date.start, zone), {}, last.has_time};
    // A day is inside to its last moment: the range ends, exclusively, where the next day begins.
    range.end = last.has_time ? last.instant() : zone.start_of({last.day.days + 1});
    if (range.end < range.start)
        return misfit(codec, "The date ends before it begins.");
    return Value(format_range(range));
}

} // namespace

const Zone& zone_of(const Codec& codec) {
    static const Zone* const utc = new Zone; // never destroyed: no exit-time destructor
    return codec.zone != nullptr ? *codec.zone : *utc;
}

Instant instant_of(const Stamp& stamp, const Zone& zone) {
    return stamp.has_time ? stamp.instant() : zone.start_of(stamp.day);
}

Day day_of(const Stamp& stamp, const Zone& zone) {
    return stamp.has_time ? zone.day_of(stamp.instant()) : stamp.day;
}

Result<DateValue> read_date(const json::Value& value, const Zone& zone) {
    DateValue date;
    const auto start = parse_stamp(json::text(value, "start"));
    if (!start)
        return misshapen("A date cannot be read.");
    date.start = *start;
    const std::string_view end = json::text(value, "end");
    if (!end.empty()) {
        date.end = parse_stamp(end);
        if (!date.end)
            return misshapen("A date cannot be read.");
    }
    const std::string_view name = json::text(value, "time_zone");
    if (!place(date.start, name, zone) || (date.end && !place(*date.end, name, zone)))
        return fail(ErrorKind::malformed,
                    "Notion gave a date in a time zone that is not known here",
                    "It is a local time in the zone " + quoted(name) + ".",
                    "Declare the column as jsonb, or set the table's time_zone to that zone.");
    return date;
}

Value decode_stamp(const Stamp& stamp, const Codec& codec) {
    if (codec.column == ColumnType::date)
        return Value(day_of(stamp, zone_of(codec)));
    return Value(instant_of(stamp, zone_of(codec)));
}

Result<Value> decode_date(const DateValue& date, const Codec& codec) {
    if (codec.column == ColumnType::daterange)
        return decode_daterange(date, codec);
    if (codec.column == ColumnType::tstzrange)
        return decode_tstzrange(date, codec);
    if (codec.column != ColumnType::timestamptz && codec.column != ColumnType::date)
        return misfit(codec, "The value is a date.");
    if (codec.part == DatePart::start)
        return decode_stamp(date.start, codec);
    return date.end ? decode_stamp(*date.end, codec) : Value();
}

std::string date_text(const json::Value& value) {
    const std::string start = part_text(value, "start");
    const std::string end = part_text(value, "end");
    return end.empty() ? start : start + "/" + end;
}

std::string date_half(const json::Value& value) {
    std::string out = "{";
    for (const char* part : {"start", "end"}) {
        const std::string text = part_text(value, part);
        if (text.empty())
            continue;
        out += out.size() > 1 ? ",\"" : "\"";
        out += part;
        out += "\":\"" + text + "\"";
    }
    const std::string_view zone = json::text(value, "time_zone");
    if (!zone.empty())
        out += (out.size() > 1 ? ",\"time_zone\":" : "\"time_zone\":") + json::quote(zone);
    return out + "}";
}

} // namespace notion
