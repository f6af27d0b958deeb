// Objects: what a workspace holds beside the rows of its data sources (users, pages, databases,
// data sources, comments, templates, blocks), as tables: their columns, the requests that list
// them, the values in an answer. Unknown members and types are tolerated: raw holds all.
// scope: none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/notion/endpoint.hpp"
#include "core/notion/json.hpp"
#include "core/notion/value.hpp"

namespace notion {

enum class ObjectKind : uint8_t {
    users,
    pages,
    databases,
    data_sources,
    comments,
    templates,
    blocks,
};
inline constexpr size_t object_kinds = 7;

std::string_view object_name(ObjectKind kind);
std::optional<ObjectKind> object_kind(std::string_view name);

struct ObjectColumn {
    std::string_view name;
    ColumnType type;
    std::string_view path; ///< members with dots between; or, with =, what object_value knows
};
std::span<const ObjectColumn> object_columns(ObjectKind kind);
const ObjectColumn* object_column(ObjectKind kind, std::string_view name);
/// The column whose value says what to list: Notion lists these objects by their parent only.
std::string_view object_parent(ObjectKind kind); ///< "" = all are listed

/// A page of the list. `parent`: an id, where the kind has one.
Call list_objects(ObjectKind kind, std::string_view parent, std::string_view cursor);

/// Where an object was found.
struct ObjectPlace {
    std::string_view parent; ///< whose children these are
    std::string_view root;   ///< what was asked for
    int depth = 0;
    int64_t position = 0; ///< within its parent
};
/// Absent members are NULL. Errors: malformed, for a time that is none.
Result<Value> object_value(const json::Value& object, const ObjectColumn& column,
                           const ObjectPlace& place);
/// Whether a block's children belong to the content around it: those of pages and databases in it
/// do not.
bool is_nested(const json::Value& block);
/// The list in an answer: templates name theirs otherwise. Errors: malformed.
struct ObjectList {
    const json::Value* objects = nullptr; ///< an array
    std::string_view next_cursor;         ///< "" = the end
    bool incomplete = false;
};
Result<ObjectList> object_list(ObjectKind kind, const json::Value& answer);

} // namespace notion
