// Extras: see the header. scope: step.
#include "pg/apply/extras.hpp"

#include "pg/apply/rows.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constinit Query read_action = {"SELECT j -> 'wish' ->> 'action',"
                               "       coalesce(j -> 'wish' -> 'fields', '{}') <> '{}'"
                               "  FROM (SELECT $1::jsonb AS j) told"};

constinit Query add_member = {
    "SELECT jsonb_set($1::jsonb, ARRAY['wish', $2], to_jsonb($3::text))::text"};

constinit Query read_column = {"SELECT $1::jsonb ->> $2"};

// A value that matches is named by its column, and never shown.
constinit Query find_forbidden = {
    "SELECT string_agg(format('%I', f.name), ', ' ORDER BY f.name) FROM ("
    "    SELECT coalesce(c.column_name::text, e.key) AS name, e.value"
    "      FROM jsonb_each_text($1::jsonb -> 'wish' -> 'fields') e"
    "      LEFT JOIN notion.link_columns c ON c.link = $2"
    "       AND c.property_id = split_part(e.key, '#', 1) AND NOT c.is_marker"
    "    UNION ALL SELECT $4, $1::jsonb -> 'wish' ->> 'content') f"
    " WHERE f.value ~ $3"};

void add(std::string_view* told, const char* member, const char* words) {
    if (words == nullptr || *words == '\0')
        return;
    (void)run(add_member, {as_jsonb(*told), as_text(member), as_text(words)});
    *told = keep(CurrentMemoryContext, column_view(0, 1));
}

bool add_to_create(const Linked& linked, std::string_view key, std::string_view* told,
                   Refusal* refusal) {
    const char* words = nullptr;
    if (linked.content != nullptr) {
        if (!read_text(linked, key, linked.content, &words, refusal))
            return false;
        add(told, "content", words);
    }
    if (linked.page_template == nullptr)
        return true;
    constexpr std::string_view of_column = "column:";
    std::string_view wanted = linked.page_template;
    if (!wanted.starts_with(of_column)) {
        add(told, "template", linked.page_template);
        return true;
    }
    if (!read_text(linked, key, linked.page_template + of_column.size(), &words, refusal))
        return false;
    add(told, "template", words);
    return true;
}

} // namespace

bool read_text(const Linked& linked, std::string_view key, const char* column, const char** words,
               Refusal* refusal) {
    *words = nullptr;
    const Linked* only = with_column(linked, column, CurrentMemoryContext);
    if (only == nullptr)
        return true;
    Row row;
    if (!read_row(*only, key, Lock::none, &row, refusal))
        return false;
    if (!row.found)
        return true;
    (void)run(read_column, {as_jsonb(row.json), as_text(column)});
    *words = column_text(0, 1);
    return true;
}

bool add_extras(const Linked& linked, std::string_view key, std::string_view* told,
                const char** why_not, Refusal* refusal) {
    *why_not = nullptr;
    if (linked.content == nullptr && linked.page_template == nullptr && linked.forbid == nullptr)
        return true;
    *told = keep(CurrentMemoryContext, *told);
    (void)run(read_action, {as_jsonb(*told)});
    const bool is_create = column_view(0, 1) == "create";
    const bool sends = column_bool(0, 2) || is_create;
    if (is_create && !add_to_create(linked, key, told, refusal))
        return false;
    if (linked.forbid == nullptr || !sends)
        return true;
    (void)run(find_forbidden, {as_jsonb(*told), as_int4(linked.id), as_text(linked.forbid),
                               as_text(linked.content != nullptr ? linked.content : "content")});
    if (!column_null(0, 1))
        *why_not = psprintf("column %s looks like what the link forbids to send (a credential?): "
                            "keep a reference there instead, then notion.retry",
                            column_text(0, 1));
    return true;
}

} // namespace notion::pg::apply
