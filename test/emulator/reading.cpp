// What filters, sorts and rollups see of a value: emptiness, text, number, date.
// scope: call.
#include "rollup.hpp"
#include "value.hpp"

#include <algorithm>

namespace emulator {

bool is_empty(World& world, const Property& property, const Page& page) {
    const Value& value = stored(page, property);
    switch (property.type) {
    case Type::created_time:
    case Type::last_edited_time:
    case Type::created_by:
    case Type::last_edited_by:
    case Type::checkbox:
        return false;
    case Type::rollup: {
        const Rolled rolled = roll_up(world, property, page);
        return rolled.kind == Rolled::Kind::number ? !rolled.number
               : rolled.kind == Rolled::Kind::date ? !rolled.date
                                                   : rolled.cells.empty();
    }
    case Type::select:
    case Type::multi_select:
    case Type::status: {
        const auto* ids = std::get_if<OptionIds>(&value);
        return !ids ||
               std::ranges::none_of(*ids, [&](const auto& id) { return property.option(id); });
    }
    default:
        break;
    }
    if (const auto* text = std::get_if<Text>(&value))
        return plain_text(*text).empty();
    if (const auto* text = std::get_if<std::string>(&value))
        return text->empty();
    if (const auto* ids = std::get_if<Ids>(&value))
        return ids->empty();
    if (const auto* raw = std::get_if<Raw>(&value))
        return raw->json == "[]" || raw->json == "null";
    return std::holds_alternative<std::monostate>(value);
}

std::string text_of(World&, const Property& property, const Page& page) {
    const Value& value = stored(page, property);
    if (const auto* text = std::get_if<Text>(&value))
        return plain_text(*text);
    if (const auto* text = std::get_if<std::string>(&value))
        return *text;
    if (const auto* ids = std::get_if<OptionIds>(&value); ids && !ids->empty())
        if (const Option* option = property.option(ids->front()))
            return option->name;
    return {};
}

std::optional<double> number_of(const Property& property, const Page& page) {
    const Value& value = stored(page, property);
    if (const auto* number = std::get_if<double>(&value))
        return *number;
    return std::nullopt;
}

std::optional<DateValue> date_of(const Property& property, const Page& page) {
    const auto minute = [](int64_t ms) {
        return DateValue{Moment{floor_to(ms, minute_ms), 0, true}, std::nullopt};
    };
    if (property.type == Type::created_time)
        return minute(page.stamp.created_at);
    if (property.type == Type::last_edited_time)
        return minute(page.stamp.edited_at);
    if (const auto* date = std::get_if<DateValue>(&stored(page, property)))
        return *date;
    return std::nullopt;
}

} // namespace emulator
