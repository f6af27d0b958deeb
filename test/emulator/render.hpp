// Whole objects as JSON, in the recorded order of keys. Pages are rendered once and kept;
// projections and versions are cut from the kept text.
// Assumes that every change of a page goes through Store::change.
// scope: emulator (the kept texts), else call.
#pragma once

#include "world.hpp"

#include <optional>

namespace emulator {

/// The slots asked for by filter_properties; nothing means all.
using Projection = std::optional<std::vector<size_t>>;

void append_page(std::string& into, World& world, PageRecord& record, Version version,
                 const Projection& projection);
/// A page as a lagging index still sees it: never kept.
void append_past_page(std::string& into, World& world, const Page& page, Version version,
                      const Projection& projection);
/// Forgets every kept text: a switch changed how pages look, or they fill the memory.
void drop_rendered(World& world);
void append_data_source(std::string& into, World& world, const DataSource& source, Version version);
void append_database(std::string& into, World& world, const Database& database, Version version);
void write_parent(Out& out, const World& world, const Parent& parent);
std::string page_title(const World& world, const Page& page);

} // namespace emulator
