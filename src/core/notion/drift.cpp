// Drift: see the header.
// scope: none.
#include "core/notion/drift.hpp"

namespace notion {
namespace {

bool is_plain(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (const char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    return true;
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

std::string shown(const Property& property) {
    return property.type_name.empty() ? std::string("unknown") : property.type_name;
}

} // namespace

// Always quoted unless it is plain; a plain word that SQL reserves is quoted by nobody here, and
// psql says so at once.
std::string sql_name(std::string_view name) {
    if (is_plain(name))
        return std::string(name);
    std::string out = "\"";
    for (const char c : name)
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

std::string alter_for(std::string_view table, std::string_view column, const Codec& codec,
                      const Property& found) {
    std::string out = "ALTER FOREIGN TABLE " + std::string(table);
    const std::string alter = " ALTER COLUMN " + sql_name(column);
    const bool stays = found.type != PropertyType::unknown && accepts(found.type, codec.column);
    if (!stays)
        out += alter + " TYPE " + std::string(sql_type(default_column_type(found))) + ",";
    const std::string_view type = property_type_name(found.type);
    const bool had = codec.property != PropertyType::unknown;
    if (type.empty())
        out += had ? alter + " OPTIONS (DROP type)," : "";
    else
        out += alter + " OPTIONS (" + (had ? "SET" : "ADD") + " type " + literal(type) + "),";
    out.pop_back();
    return out + ";";
}

Status check_property(std::string_view table, std::string_view column, std::string_view key,
                      const Codec& codec, const Property* found) {
    if (found == nullptr)
        return fail(ErrorKind::property_missing,
                    "column \"" + std::string(column) + "\" of foreign table \"" +
                        std::string(table) + "\": its property is not in the data source",
                    "The data source has no property \"" + std::string(key) + "\" any more.",
                    "ALTER FOREIGN TABLE " + sql_name(table) + " DROP COLUMN " + sql_name(column) +
                        "; or let its option property_id name another property.");
    const bool same = codec.property == PropertyType::unknown || codec.property == found->type;
    if (same && accepts(found->type, codec.column))
        return Done{};
    return fail(ErrorKind::property_type,
                "column \"" + std::string(column) + "\" of foreign table \"" + std::string(table) +
                    "\": its property is now of type " + shown(*found),
                "It was made for a property of type " +
                    std::string(property_type_name(codec.property)) + ".",
                alter_for(sql_name(table), column, codec, *found));
}

} // namespace notion
