// Values of properties: from page writes to what is stored, and to the JSON of answers.
// Refuses wrong shapes with Notion's texts; read-only types are refused unless trusted.
// scope: call.
#pragma once

#include "schema.hpp"

namespace emulator {

const Value& stored(const Page& page, const Property& property);

/// `wish` is the object of one property in a page write: `{"number": 4}`.
Value read_value(World& world, DataSource& source, Property& property, const Json& wish,
                 const std::string& path, Trust trust);
/// What a new page holds where nothing was sent.
Value default_value(Property& property);

enum class Extent : uint8_t { cut, whole }; // references cut at 25, or all

/// The value under the type's key.
void write_payload(Out& out, World& world, const Property& property, const Page& page,
                   Extent extent);
/// `{"id", "type", "<type>"}`, with has_more where Notion has it.
void write_property(Out& out, World& world, const Property& property, const Page& page,
                    Extent extent);

} // namespace emulator
