// Rollups: computed over a relation, unless a seed or load has set the value by hand.
// Related pages in the trash do not count. A rollup of a rollup is what Notion refuses:
// unsupported. scope: call.
#pragma once

#include "world.hpp"

namespace emulator {

/// One related page's value of the rolled-up property.
struct Cell {
    const DataSource* source;
    const Property* property;
    const Page* page;
};

struct Rolled {
    enum class Kind : uint8_t { number, date, array, unsupported };
    Kind kind = Kind::array;
    std::optional<double> number;
    std::optional<DateValue> date;
    std::vector<Cell> cells;
};

Rolled roll_up(World& world, const Property& property, const Page& page);
void write_rollup(Out& out, World& world, const Property& property, const Page& page);

/// Nothing in it: what is_empty means for each type.
bool is_empty(World& world, const Property& property, const Page& page);
/// The text that filters and sorts see.
std::string text_of(World& world, const Property& property, const Page& page);
std::optional<double> number_of(const Property& property, const Page& page);
std::optional<DateValue> date_of(const Property& property, const Page& page);

} // namespace emulator
