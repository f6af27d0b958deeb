// Sorts of a query; see sort.hpp. Keys are taken once, then compared.
// scope: call.
#include "sort.hpp"

#include "errors.hpp"
#include "filter.hpp"
#include "rich_text.hpp"
#include "value.hpp"

#include <algorithm>
#include <numeric>

namespace emulator {

namespace {

/// What a page is sorted by: nothing, a number or a text.
using Key = std::variant<std::monostate, double, std::string>;

double option_rank(const Property& property, const std::string& id) {
    const auto found = std::ranges::find(property.options, id, &Option::id);
    return static_cast<double>(found - property.options.begin());
}

Key text_key(const World& world, std::string text) {
    if (text.empty())
        return {};
    return world.semantics.text_sorts_by_bytes ? std::move(text) : lower_case(text);
}

Key number_key(std::optional<double> number) {
    return number ? Key{*number} : Key{};
}

std::string user_name(const World& world, Uuid id) {
    const auto found = world.store.users.find(id);
    return found == world.store.users.end() ? dashed(id) : found->second.name;
}

Key option_key(World& world, const Property& property, const Page& page) {
    const auto* ids = std::get_if<OptionIds>(&stored(page, property));
    if (!ids || ids->empty() || !property.option(ids->front()))
        return {};
    if (world.semantics.select_sorts_by_name)
        return text_key(world, property.option(ids->front())->name);
    return option_rank(property, ids->front());
}

Key ids_key(World& world, const Property& property, const Page& page) {
    if (property.type == Type::created_by)
        return text_key(world, user_name(world, page.stamp.created_by));
    if (property.type == Type::last_edited_by)
        return text_key(world, user_name(world, page.stamp.edited_by));
    const auto* ids = std::get_if<Ids>(&stored(page, property));
    if (!ids || ids->empty())
        return {};
    return text_key(world, property.type == Type::people ? user_name(world, ids->front())
                                                         : dashed(ids->front()));
}

Key time_key(const World& world, int64_t at) {
    return static_cast<double>(floor_to(at, world.semantics.times_compare_seconds ? 1 : minute_ms));
}

Key key_of(World& world, const DataSource& source, const Sort& sort, const Page& page) {
    if (sort.subject == Sort::Subject::created_time)
        return time_key(world, page.stamp.created_at);
    if (sort.subject == Sort::Subject::last_edited_time)
        return time_key(world, page.stamp.edited_at);
    const Property& property = source.properties[sort.slot];
    const Value& value = stored(page, property);
    switch (property.type) {
    case Type::checkbox:
        return std::holds_alternative<bool>(value) && std::get<bool>(value) ? 1.0 : 0.0;
    case Type::select:
    case Type::status:
    case Type::multi_select:
        return option_key(world, property, page);
    case Type::people:
    case Type::relation:
    case Type::created_by:
    case Type::last_edited_by:
        return ids_key(world, property, page);
    case Type::rollup: {
        const Rolled rolled = roll_up(world, property, page);
        if (rolled.date)
            return static_cast<double>(rolled.date->start.at);
        return number_key(rolled.number);
    }
    default:
        break;
    }
    if (const auto number = number_of(property, page))
        return *number;
    if (const auto* flag = std::get_if<bool>(&value))
        return *flag ? 1.0 : 0.0;
    if (const auto date = date_of(property, page))
        return static_cast<double>(date->start.at);
    return text_key(world, text_of(world, property, page));
}

int compare(const Key& a, const Key& b, bool descending, bool empty_first) {
    const bool a_empty = std::holds_alternative<std::monostate>(a);
    const bool b_empty = std::holds_alternative<std::monostate>(b);
    if (a_empty || b_empty) {
        if (a_empty == b_empty)
            return 0;
        return a_empty == empty_first ? -1 : 1;
    }
    const int order = a < b ? -1 : b < a ? 1 : 0;
    return descending ? -order : order;
}

} // namespace

std::vector<Sort> read_sorts(const DataSource& source, const Json& json) {
    require_array(json, "body.sorts");
    std::vector<Sort> sorts;
    for (unsigned i = 0; i < json.Size(); ++i) {
        const std::string path = "body.sorts[" + std::to_string(i) + "]";
        const auto name = text_member(json[i], "property");
        const auto timestamp = text_member(json[i], "timestamp");
        const auto direction = text_member(json[i], "direction");
        if (!name && !timestamp)
            refuse_union({path + ".property", path + ".timestamp"});
        if (!direction || (*direction != "ascending" && *direction != "descending"))
            refuse_body(path + ".direction", "`\"ascending\"` or `\"descending\"`",
                        direction ? quoted(*direction) : "undefined");
        Sort sort;
        sort.descending = *direction == "descending";
        if (name) {
            const Property* property = source.find(*name);
            if (!property)
                refuse("Could not find sort property with name or id: " + std::string(*name));
            sort.slot = property->slot;
        } else if (*timestamp == "created_time" || *timestamp == "last_edited_time") {
            sort.subject = *timestamp == "created_time" ? Sort::Subject::created_time
                                                        : Sort::Subject::last_edited_time;
        } else {
            refuse_body(path + ".timestamp", "`\"created_time\"` or `\"last_edited_time\"`",
                        quoted(*timestamp));
        }
        sorts.push_back(sort);
    }
    return sorts;
}

void sort_pages(World& world, const DataSource& source, const std::vector<Sort>& sorts,
                std::vector<const Page*>& pages) {
    if (sorts.empty())
        return;
    std::vector<Key> keys;
    keys.reserve(pages.size() * sorts.size());
    for (const Page* page : pages)
        for (const Sort& sort : sorts)
            keys.push_back(key_of(world, source, sort, *page));
    std::vector<size_t> order(pages.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const bool empty_first = world.semantics.empty_sorts_first;
    std::ranges::stable_sort(order, [&](size_t a, size_t b) {
        for (size_t i = 0; i < sorts.size(); ++i) {
            const int order_of_pair =
                compare(keys[a * sorts.size() + i], keys[b * sorts.size() + i], sorts[i].descending,
                        empty_first);
            if (order_of_pair != 0)
                return order_of_pair < 0;
        }
        return false;
    });
    std::vector<const Page*> sorted;
    sorted.reserve(pages.size());
    for (const size_t at : order)
        sorted.push_back(pages[at]);
    pages = std::move(sorted);
}

} // namespace emulator
