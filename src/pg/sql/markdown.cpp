// SQL functions about Markdown: notion.plain_text. scope: call.
#include "pg/postgres.hpp"

#include "bridge/markdown.hpp"
#include "pg/datum.hpp"
#include "pg/own.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_plain_text);
}

/// (markdown text) returns text
extern "C" Datum notion_plain_text(PG_FUNCTION_ARGS) {
    using namespace notion;
    std::string_view markdown = pg::utf8_text(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    // Freed before this returns: one statement may ask for 100,000 of them.
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "pg_notion plain text", ALLOCSET_SMALL_SIZES);
    auto* plain = pg::own<bridge::Plain, bridge::plain_free>(
        context, [markdown](bridge::Fault& fault) { return bridge::plain_of(markdown, fault); });
    text* result = cstring_to_text(pg::server_text(bridge::plain_view(plain)));
    MemoryContextDelete(context);
    PG_RETURN_TEXT_P(result);
}
