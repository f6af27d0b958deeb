// One page as a row: see the header. scope: query.
#include "bridge/row.hpp"

#include "bridge/convert.hpp"
#include "core/notion/drift.hpp"
#include "core/notion/endpoint.hpp"

namespace notion::bridge {

namespace {

/// Whether Notion may cut a property of this type. A property that has another type than declared
/// is refused where it is decoded.
bool may_be_cut(PropertyType type) {
    switch (type) {
    case PropertyType::title:
    case PropertyType::rich_text:
    case PropertyType::people:
    case PropertyType::relation:
    case PropertyType::rollup:
    case PropertyType::unknown:
        return true;
    default:
        return false;
    }
}

} // namespace

Codec codec_of(const ScanColumn& view, const Zone* zone) {
    Codec codec;
    codec.property = view.field == Field::created_at  ? PropertyType::created_time
                     : view.field == Field::edited_at ? PropertyType::last_edited_time
                                                      : view.type;
    codec.column = view.column;
    codec.part = view.part;
    codec.zone = zone;
    codec.fit = view.fit;
    return codec;
}

Column column_of(const ScanColumn& view, const Zone* zone) {
    return {std::string(view.name), std::string(view.property), view.field, view.by_name,
            codec_of(view, zone)};
}

Row::Row(const Endpoint& endpoint, std::vector<Column> columns, std::string table, bool misfit_null)
    : columns_(std::move(columns)), table_(std::move(table)), misfit_null_(misfit_null),
      values_(columns_.size()), items_(columns_.size()), places_(columns_.size()),
      completion_(endpoint) {}

void Row::begin(const PageHead& head, const json::Value& page) {
    head_ = head;
    page_ = &page;
    next_ = 0;
}

Error Row::about_column(Error error) const {
    if (error.kind != ErrorKind::property_missing)
        return error;
    for (const Column& column : columns_) {
        constexpr std::string_view words = " is not a property";
        auto says = [&](std::string_view id) {
            return error.detail.find(": " + std::string(id).append(words)) != error.detail.npos;
        };
        if (column.field != Field::property ||
            (!says(column.property) && !says(decode_part(column.property))))
            continue;
        Error named =
            check_property(table_, column.name, column.property, column.codec, nullptr).error();
        named.detail = error.detail;
        named.request_id = error.request_id;
        return named;
    }
    return error;
}

Error Row::located(Error error, const Column& column) const {
    error.message = "column \"" + column.name + "\" of foreign table \"" + table_ + "\", page " +
                    std::string(head_.id) + ": " + error.message;
    if (error.kind == ErrorKind::property_type && error.hint.empty())
        error.hint = "Run notion.refresh on the schema, or change the column's type.";
    return error;
}

Step Row::turn(int64_t now_ms, Cell* cells, Error& error) {
    Step step;
    while (true) {
        if (completion_.state() != Reader::State::idle) {
            step = completion_.turn(now_ms, error);
            if (step.turn != Turn::row)
                return step;
            Status added = add_items(completion_.take());
            if (!added) {
                error = std::move(added).error();
                step.turn = Turn::failed;
                return step;
            }
            continue;
        }
        Status decoded = decode_all();
        if (!decoded) {
            error = std::move(decoded).error();
            step.turn = Turn::failed;
            return step;
        }
        if (completion_.state() == Reader::State::idle)
            break;
    }
    for (size_t at = 0; at < columns_.size(); at++)
        cells[at] = cell_of(values_[at], items_[at]);
    step.turn = Turn::row;
    return step;
}

Status Row::decode_all() {
    for (; next_ < columns_.size(); next_++) {
        const Column& column = columns_[next_];
        if (column.field != Field::property) {
            Result<Value> value = page_value(column);
            if (!value)
                return located(std::move(value).error(), column);
            values_[next_] = std::move(*value);
            continue;
        }
        const json::Value* value = column.by_name
                                       ? json::find(*head_.properties, column.property)
                                       : property_by_id(head_, column.property, places_[next_]);
        if (value == nullptr)
            return fail(ErrorKind::property_missing,
                        "column \"" + column.name + "\" of foreign table \"" + table_ +
                            "\": its property is not in the data source",
                        "Page " + std::string(head_.id) + " has no property \"" + column.property +
                            "\".",
                        "Drop the column, or let its option property_id or property name "
                        "another property.");
        if (may_be_cut(column.codec.property) && (is_cut(*value) || is_cut_rollup(*value))) {
            cut_property_ = json::text(*value, "id");
            cut_type_ = json::text(*value, "type");
            whole_ = json::Document(rapidjson::kArrayType);
            ask_items("");
            return Done{};
        }
        if (Status decoded = decode_into(next_, *value); !decoded)
            return decoded;
    }
    return Done{};
}

Status Row::decode_into(size_t at, const json::Value& value) {
    const Column& column = columns_[at];
    Codec codec = column.codec;
    if (std::string_view type = json::text(value, "type");
        codec.property != PropertyType::unknown && type != property_type_name(codec.property)) {
        Property now;
        now.type_name = type;
        now.type = property_type(type);
        if (Status fits = check_property(table_, column.name, column.property, codec, &now); !fits)
            return fits;
    }
    if (codec.property == PropertyType::unknown)
        codec.property = property_type(json::text(value, "type"));
    if (!accepts(codec.property, codec.column))
        return located(fail(ErrorKind::property_type,
                            "a property of type " + std::string(json::text(value, "type")) +
                                " cannot be read as " + std::string(sql_type(codec.column))),
                       column);
    Result<Value> decoded = decode(value, codec);
    if (decoded) {
        values_[at] = std::move(*decoded);
        return Done{};
    }
    if (!misfit_null_ || decoded.error().kind != ErrorKind::misfit)
        return located(std::move(decoded).error(), column);
    values_[at] = Value{};
    misfits_++;
    return Done{};
}

Result<Value> Row::page_value(const Column& column) const {
    auto text_of = [](std::string_view text) {
        return text.empty() ? Value{} : Value{std::string(text)};
    };
    auto json_of = [&](std::string_view name) {
        const json::Value* member = json::find(*page_, name);
        return member == nullptr || member->IsNull() ? Value{} : Value{json::write(*member)};
    };
    switch (column.field) {
    case Field::page_id:
        return text_of(head_.id);
    case Field::page_url:
        return text_of(head_.url);
    case Field::created_at:
        return Value{head_.created};
    case Field::edited_at:
        return Value{head_.edited};
    case Field::created_by:
        return text_of(head_.created_by);
    case Field::edited_by:
        return text_of(head_.edited_by);
    case Field::icon:
        return json_of("icon");
    case Field::cover:
        return json_of("cover");
    case Field::page_template:
    case Field::content:
        return Value{};
    case Field::property:
        break;
    }
    return fail(ErrorKind::internal, "no such field of a page");
}

void Row::ask_items(std::string_view cursor) {
    completion_.ask(get_property_items(head_.id, cut_property_, cursor));
}

/// What a list's answer says of its items; of a rollup each item is an element with its own type.
void Row::add_elements(const json::Value& results) {
    auto& pool = whole_.GetAllocator();
    for (const json::Value& item : results.GetArray()) {
        if (cut_type_ == "rollup") {
            json::Value element(item, pool);
            element.RemoveMember("object");
            element.RemoveMember("id");
            whole_.PushBack(element, pool);
        } else if (const json::Value* member = json::find(item, cut_type_)) {
            whole_.PushBack(json::Value(*member, pool), pool);
        }
    }
}

Status Row::add_items(std::string body) {
    Result<json::Document> answer = json::parse(body);
    if (!answer)
        return std::move(answer).error();
    Result<ListHead> list = list_head(*answer);
    if (!list)
        return std::move(list).error();
    add_elements(*list->results);
    if (!list->next_cursor.empty()) {
        ask_items(list->next_cursor);
        return Done{};
    }
    auto& pool = whole_.GetAllocator();
    json::Value elements;
    elements.Swap(whole_);
    if (cut_type_ == "rollup") {
        const json::Value* summary = json::find(*answer, "property_item");
        const json::Value* rollup = summary != nullptr ? json::find(*summary, "rollup") : nullptr;
        if (rollup == nullptr || !rollup->IsObject())
            return fail(ErrorKind::malformed, "Notion's answer says nothing of a rollup");
        json::Value whole(*rollup, pool);
        if (json::text(whole, "type") == "array") {
            whole.RemoveMember("array");
            whole.AddMember("array", elements, pool);
        }
        elements = whole;
    }
    json::Value value(rapidjson::kObjectType);
    value.AddMember("id", json::Value(cut_property_, pool), pool);
    value.AddMember("type", json::Value(cut_type_, pool), pool);
    value.AddMember(json::Value(cut_type_, pool), elements, pool);
    value.AddMember("has_more", false, pool);
    return decode_into(next_++, value);
}

} // namespace notion::bridge
