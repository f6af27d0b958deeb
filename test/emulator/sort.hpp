// Sorts of a query. Where Notion documents nothing (empty rows, collation, order of options),
// a semantics switch decides. Ties keep the default order: newest created first.
// scope: call.
#pragma once

#include "rollup.hpp"

namespace emulator {

struct Sort {
    enum class Subject : uint8_t { property, created_time, last_edited_time };
    Subject subject = Subject::property;
    size_t slot = 0;
    bool descending = false;
};

std::vector<Sort> read_sorts(const DataSource& source, const Json& sorts);
void sort_pages(World& world, const DataSource& source, const std::vector<Sort>& sorts,
                std::vector<const Page*>& pages);

} // namespace emulator
