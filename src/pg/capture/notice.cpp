// Notice: see the header. What it says of a link is read with a catalog snapshot, as capture reads
// links; it raises nothing because of our own state. scope: call.
#include "pg/capture/notice.hpp"

#include "pg/capture/links.hpp"

namespace notion::pg::capture {
namespace {

constexpr int64 rows_min = 1000;    // fewer are sent before anyone could wonder
constexpr int budget_default = 180; // docs/settings.md

/// The requests a minute that the server of a foreign table may be asked; < 0: no limit.
int budget_of(Oid foreign_table) {
    const ForeignServer* server = GetForeignServer(GetForeignTable(foreign_table)->serverid);
    ListCell* cell;
    foreach (cell, server->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (strcmp(option->defname, "budget_per_minute") == 0 && atoi(defGetString(option)) != 0)
            return atoi(defGetString(option));
    }
    return budget_default;
}

void tell(const Changes::Of& count) {
    const LinkState link = state_of(count.link);
    if (!OidIsValid(link.table) || !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(link.table)))
        return;
    const char* name = get_rel_name(link.table);
    const auto rows = static_cast<long long>(count.rows);
    const int budget = budget_of(link.foreign_table);
    if (!link.sends)
        return;
    if (!link.is_synced)
        ereport(NOTICE,
                (errmsg("%lld changes of table \"%s\" are recorded; nothing is sent to Notion "
                        "before the first notion.sync",
                        rows, name)));
    else if (budget < 0)
        ereport(NOTICE, (errmsg("%lld changes of table \"%s\" are queued for Notion", rows, name)));
    else
        ereport(NOTICE,
                (errmsg("%lld changes of table \"%s\" are queued for Notion: about %lld minutes at "
                        "%d requests a minute",
                        rows, name, rows / budget + 1, budget),
                 errhint("notion.progress and notion.status show how far they are.")));
}

} // namespace

void count_changes(Changes* changes, int32 link, int64 rows) {
    int i = 0;
    while (i < changes->count && changes->list[i].link != link)
        i++;
    if (i == changes_links_max)
        return;
    if (i == changes->count)
        changes->list[changes->count++] = {link, 0};
    changes->list[i].rows += rows;
}

void tell_of_bulk(const Changes& changes) {
    for (int i = 0; i < changes.count; i++)
        if (changes.list[i].rows >= rows_min)
            tell(changes.list[i]);
}

} // namespace notion::pg::capture
