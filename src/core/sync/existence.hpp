// Existence: the table 'row | page' of docs/sync.md. What happens to rows and pages as wholes.
// Absence is never a deletion: a row is deleted only with evidence, a page trashed only where the
// page itself says so.
// scope: none.
#pragma once

#include <cstdint>

namespace notion::sync {

enum class RowSide : uint8_t {
    clean,
    dirty,
    deleted, ///< a DELETE was captured
    unseen,  ///< not visible, without evidence
};
enum class PageSide : uint8_t {
    none,
    live,
    live_news,
    trashed_by_us, ///< after the row was deleted
    trashed_by_others,
    moved,
    unreachable,
    gone,
};
enum class ExistenceAction : uint8_t {
    nothing,
    create,              ///< the row wants a page
    merge,               ///< field by field
    notion_trash,        ///< on_notion_trash, after grace, a GET and the brake
    edit_against_delete, ///< conflict; restore and send
    restore,             ///< the row came back: restore, send
    postgres_delete,     ///< on_postgres_delete
    keep_page,           ///< conflict: deleted here, edited there; the page stays and is listed
    tombstone,           ///< both gone: until retention ends
    wait,                ///< listed with the reason; never delete
};
ExistenceAction exist(RowSide row, PageSide page);

} // namespace notion::sync
