// Every change of a workspace: times, authors, the other ends of relations, and the events.
// Used by the API, the control plane and the generator alike.
// Assumes that the caller has checked rights. Refuses what Notion's limits forbid.
// scope: call.
#pragma once

#include "value.hpp"

namespace emulator {

struct Edit {
    World& world;
    Uuid author;
    bool person = false;
    bool silent = false; // no events, no times: generate, seed, load
};

/// Values by slot, to be written together.
using Values = std::vector<std::pair<size_t, Value>>;

Values read_values(World& world, DataSource& source, const Json& properties,
                   const std::string& path, Trust trust);
PageRecord& create_page(Edit& edit, Page page, Values values);
void update_values(Edit& edit, PageRecord& record, Values values);
void set_trashed(Edit& edit, PageRecord& record, bool in_trash);
void set_trashed(Edit& edit, Database& database, bool in_trash);
void set_trashed(Edit& edit, DataSource& source, bool in_trash);
void move_page(Edit& edit, PageRecord& record, Parent parent);
PageRecord& duplicate_page(Edit& edit, const PageRecord& original);
/// New time and author, without an event.
void touch_page(Edit& edit, PageRecord& record);
void raise_page_event(Edit& edit, const Page& page, const char* type);

Database& create_database(Edit& edit, Database database);
DataSource& create_data_source(Edit& edit, Uuid database, Text title, const Json* properties,
                               Trust trust, Uuid id = {});
Stamp new_stamp(const Edit& edit);

} // namespace emulator
