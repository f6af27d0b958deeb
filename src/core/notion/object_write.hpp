// Writes of objects (core/notion/objects.hpp): blocks are appended, changed and deleted, comments
// made. Values are refused here, before the network. scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/objects.hpp"

namespace notion {

enum class ObjectWrite : uint8_t { create, update, remove };

struct ObjectField {
    std::string column;
    Value value;
};
/// The column that names an object, "" for kinds that cannot be written so.
std::string_view object_key(ObjectKind kind);
bool is_object_writable(ObjectKind kind, ObjectWrite what);
/// `fields`: of create those that are not NULL, of update those that changed. `id` and `type`: of
/// the object as it is, for update and remove. Errors: unsendable, invalid_argument.
Result<Call> write_object(ObjectKind kind, ObjectWrite what, std::string_view id,
                          std::string_view type, const std::vector<ObjectField>& fields);
/// The object in the answer: the first that was appended, or the answer itself.
const json::Value* written_object(const json::Value& answer);

} // namespace notion
