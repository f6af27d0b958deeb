// Existence: see the header. Rows of the table are pages, columns are rows.
// scope: none.
#include "core/sync/existence.hpp"

namespace notion::sync {

ExistenceAction exist(RowSide row, PageSide page) {
    using enum ExistenceAction;
    static constexpr ExistenceAction table[][4] = {
        // clean, dirty, deleted, unseen
        {create, create, nothing, wait},                      // none
        {merge, merge, postgres_delete, wait},                // live
        {merge, merge, keep_page, wait},                      // live_news
        {restore, restore, tombstone, tombstone},             // trashed_by_us
        {notion_trash, edit_against_delete, tombstone, wait}, // trashed_by_others
        {wait, wait, wait, wait},                             // moved
        {wait, wait, wait, wait},                             // unreachable
        {wait, wait, wait, wait},                             // gone
    };
    return table[static_cast<int>(page)][static_cast<int>(row)];
}

} // namespace notion::sync
