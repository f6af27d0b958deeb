// One row written to a table of objects: the request as an Api (bridge/api.hpp), and what came
// back as a row's cells. scope: call.
#pragma once

#include <span>
#include <string_view>

#include "bridge/api.hpp"
#include "bridge/cell.hpp"

namespace notion::bridge {

enum class ObjectAct : uint8_t { create, update, remove };

struct NamedCell {
    std::string_view column;
    Cell cell;
};

/// "" where objects of this kind cannot be written at all.
std::string_view object_write_key(std::string_view kind) noexcept;
bool object_write_accepts(std::string_view kind, ObjectAct act) noexcept;
/// `id`, `type`: of the object as it is, for update and remove. Errors: invalid_argument,
/// unsendable.
Api* object_write_open(const Endpoint& endpoint, std::string_view kind, ObjectAct act,
                       std::string_view id, std::string_view type,
                       std::span<const NamedCell> fields, Fault& fault) noexcept;
/// The object that was written, as `columns`; `parent` and `root` as in a list of it. Cells are
/// views into the Api. False where Notion's answer does not show it.
bool object_write_row(Api* api, std::string_view kind, std::span<const std::string_view> columns,
                      std::string_view parent, std::string_view root, Cell* cells,
                      Fault& fault) noexcept;

} // namespace notion::bridge
