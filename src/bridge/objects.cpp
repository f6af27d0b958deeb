// Objects of a workspace: see the header. Frames are the lists that are open: one, and for blocks
// one for each level of nesting. scope: query.
#include "bridge/objects.hpp"

#include <set>
#include <string>
#include <vector>

#include "bridge/convert.hpp"
#include "bridge/reader.hpp"
#include "core/notion/objects.hpp"
#include "core/notion/schema.hpp"

namespace notion::bridge {
namespace {

// Notion nests what a person nests; deeper than this is a loop.
constexpr size_t depth_max = 100;

struct Frame {
    std::string parent;
    json::Document answer;
    const json::Value* objects = nullptr;
    size_t at = 0;
    int64_t position = 0;
    std::string cursor;
    bool asked = false; ///< whether the first page was
};

} // namespace

struct Objects {
    Objects(const ObjectsPlan& plan, ObjectKind wanted);
    Step next(int64_t now_ms, Cell* cells, Error& error);

    ObjectKind kind;
    std::vector<const ObjectColumn*> columns;
    std::vector<std::string> parents;
    size_t next_parent = 0;
    Reader reader;
    std::vector<Frame> frames;
    std::set<std::string, std::less<>> seen; ///< databases
    bool getting = false;                    ///< a database that a data source named
    json::Document got;
    std::vector<Value> values;
    std::vector<std::vector<std::string_view>> items;

  private:
    Status take(std::string body);
    Status take_list(std::string body);
    Status emit(const json::Value& object, const ObjectPlace& place, Cell* cells);
    const json::Value* advance();
    bool begin_parent();
};

Objects::Objects(const ObjectsPlan& plan, ObjectKind wanted) : kind(wanted), reader(plan.endpoint) {
    for (std::string_view name : plan.columns)
        columns.push_back(object_column(kind, name));
    for (std::string_view parent : plan.parents)
        parents.emplace_back(parent);
    if (object_parent(kind).empty())
        parents = {""};
    values.resize(columns.size());
    items.resize(columns.size());
}

bool Objects::begin_parent() {
    if (next_parent == parents.size())
        return false;
    Frame frame;
    frame.parent = parents[next_parent++];
    frames.push_back(std::move(frame));
    return true;
}

Status Objects::take_list(std::string body) {
    Frame& frame = frames.back();
    auto parsed = json::parse(body);
    if (!parsed)
        return std::move(parsed).error();
    frame.answer = std::move(*parsed);
    auto list = object_list(kind, frame.answer);
    if (!list)
        return std::move(list).error();
    if (list->incomplete && list->next_cursor.empty())
        return fail(ErrorKind::incomplete,
                    "Notion cut the list of " + std::string(object_name(kind)),
                    "It gives a limited number of results for a search.",
                    "notion.search finds some by their titles.");
    frame.objects = list->objects;
    frame.cursor = list->next_cursor;
    frame.asked = true;
    frame.at = 0;
    return Done{};
}

Status Objects::take(std::string body) {
    if (!getting)
        return take_list(std::move(body));
    auto parsed = json::parse(body);
    if (!parsed)
        return std::move(parsed).error();
    got = std::move(*parsed);
    return Done{};
}

/// The next object of the innermost list, or null: then it must be asked for, or is at its end.
const json::Value* Objects::advance() {
    Frame& frame = frames.back();
    if (frame.objects == nullptr || frame.at >= frame.objects->Size())
        return nullptr;
    frame.position++;
    return &(*frame.objects)[static_cast<rapidjson::SizeType>(frame.at++)];
}

Status Objects::emit(const json::Value& object, const ObjectPlace& place, Cell* cells) {
    for (size_t at = 0; at < columns.size(); at++) {
        auto value = object_value(object, *columns[at], place);
        if (!value)
            return std::move(value).error();
        values[at] = std::move(*value);
        cells[at] = cell_of(values[at], items[at]);
    }
    return Done{};
}

Step Objects::next(int64_t now_ms, Cell* cells, Error& error) {
    Step step;
    Status fine = Done{};
    while (true) {
        if (reader.state() != Reader::State::idle) {
            step = reader.turn(now_ms, error);
            bool unseen = step.turn == Turn::failed && getting &&
                          error.kind == ErrorKind::not_found; // only its data source is shared
            if (unseen)
                getting = false;
            else if (step.turn != Turn::row)
                return step;
            else
                fine = take(reader.take());
        }
        if (fine && frames.empty() && !begin_parent()) {
            step.turn = Turn::done;
            return step;
        }
        if (fine && getting) {
            getting = false;
            fine = emit(got, {}, cells);
            step.turn = Turn::row;
            if (fine)
                return step;
        }
        if (!fine) {
            error = std::move(fine).error();
            step.turn = Turn::failed;
            return step;
        }
        Frame& frame = frames.back();
        const json::Value* object = advance();
        if (object == nullptr) {
            if (frame.asked && frame.cursor.empty())
                frames.pop_back();
            else
                reader.ask(list_objects(kind, frame.parent, frame.cursor));
            continue;
        }
        if (kind == ObjectKind::databases) {
            const json::Value* parent = json::find(*object, "parent");
            std::string id(parent == nullptr ? "" : json::text(*parent, "database_id"));
            if (!id.empty() && seen.insert(id).second) {
                getting = true;
                reader.ask(get_database(id));
            }
            continue;
        }
        ObjectPlace place{frame.parent, frames.front().parent, static_cast<int>(frames.size()) - 1,
                          frame.position};
        fine = emit(*object, place, cells);
        if (!fine)
            continue;
        if (kind == ObjectKind::blocks && is_nested(*object) && frames.size() < depth_max) {
            Frame nested;
            nested.parent = json::text(*object, "id");
            frames.push_back(std::move(nested));
        }
        step.turn = Turn::row;
        return step;
    }
}

std::string_view objects_kind(int number) noexcept {
    if (number < 0 || static_cast<size_t>(number) >= object_kinds)
        return {};
    return object_name(static_cast<ObjectKind>(number));
}

bool objects_column(std::string_view kind, int number, ObjectsColumn* column) noexcept {
    auto known = object_kind(kind);
    if (!known || number < 0 || static_cast<size_t>(number) >= object_columns(*known).size())
        return false;
    const ObjectColumn& found = object_columns(*known)[static_cast<size_t>(number)];
    *column = {found.name, found.type, sql_type(found.type)};
    return true;
}

std::string_view objects_parent(std::string_view kind) noexcept {
    auto known = object_kind(kind);
    return known ? object_parent(*known) : std::string_view();
}

Objects* objects_open(const ObjectsPlan& plan, Fault& fault) noexcept {
    Objects* objects = nullptr;
    guarded(fault, [&] {
        auto kind = object_kind(plan.kind);
        if (!kind)
            return fill(fault, ErrorKind::invalid_option, "no such kind of object");
        for (std::string_view name : plan.columns)
            if (object_column(*kind, name) == nullptr)
                return fill(fault, fail(ErrorKind::invalid_option, std::string(object_name(*kind)) +
                                                                       " have no column \"" +
                                                                       std::string(name) + "\""));
        objects = new Objects(plan, *kind);
    });
    return objects;
}

void objects_shut(Objects* objects) noexcept {
    delete objects;
}

Step objects_next(Objects* objects, int64_t now_ms, Cell* cells, Fault& fault) noexcept {
    Step step;
    bool fine = guarded(fault, [&] {
        Error error;
        step = objects->next(now_ms, cells, error);
        if (step.turn == Turn::failed)
            fill(fault, error);
    });
    if (!fine)
        step.turn = Turn::failed;
    return step;
}

} // namespace notion::bridge
