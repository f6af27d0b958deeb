// Objects of a workspace (core/notion/objects.hpp) as rows, listed page by page; blocks with what
// is nested in them, in the order of the document. Complete or an error.
// Refuses to wait: see turn.hpp. scope: query.
#pragma once

#include <span>
#include <string_view>

#include "bridge/cell.hpp"
#include "bridge/endpoint.hpp"
#include "bridge/turn.hpp"

namespace notion::bridge {

struct Objects;

struct ObjectsPlan {
    Endpoint endpoint;
    std::string_view kind;                     ///< one of objects_kind
    std::span<const std::string_view> columns; ///< names of those that are read
    std::span<const std::string_view> parents; ///< ids, where the kind is listed by parent
};

struct ObjectsColumn {
    std::string_view name;
    ColumnType type;
    std::string_view sql_type;
};
/// The n-th kind, or "" beyond the last.
std::string_view objects_kind(int number) noexcept;
/// The n-th column of a kind; false beyond the last, and for no kind.
bool objects_column(std::string_view kind, int number, ObjectsColumn* column) noexcept;
/// The column that says what to list, "" where all are listed.
std::string_view objects_parent(std::string_view kind) noexcept;

/// Makes no request.
Objects* objects_open(const ObjectsPlan& plan, Fault& fault) noexcept;
void objects_shut(Objects* objects) noexcept;
/// The next row into `cells`, valid until the next call, or what is needed first.
Step objects_next(Objects* objects, int64_t now_ms, Cell* cells, Fault& fault) noexcept;

} // namespace notion::bridge
