// SQL functions about types: notion.property_accepts and notion.property_is_writable.
// scope: call.
#include "pg/postgres.hpp"

#include "bridge/types.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_property_accepts);
PG_FUNCTION_INFO_V1(notion_property_is_writable);
}

namespace {

std::string_view view(const text* words) {
    return {VARDATA_ANY(words), Size(VARSIZE_ANY_EXHDR(words))};
}

} // namespace

extern "C" Datum notion_property_accepts(PG_FUNCTION_ARGS) {
    PG_RETURN_BOOL(
        notion::bridge::property_accepts(view(PG_GETARG_TEXT_PP(0)), view(PG_GETARG_TEXT_PP(1))));
}

extern "C" Datum notion_property_is_writable(PG_FUNCTION_ARGS) {
    PG_RETURN_BOOL(notion::bridge::property_is_writable(view(PG_GETARG_TEXT_PP(0))));
}
