// Exchange: pages that pass a value on which only one row may hold (two that swap it, a chain, a
// ring), in one transaction. The row that holds it gives it up before it is written itself: a
// unique index that is not deferrable judges every statement alone.
// scope: transaction.
#include "pg/apply/arrival.hpp"

#include "pg/apply/rows.hpp"
#include "pg/capture/outbox.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

/// Longer rings are rare, and each member keeps a row locked until the end.
constexpr int members_max = 32;

struct Group {
    Arrival* members[members_max]; ///< written in this order
    int count;
};

constinit Query read_place = {
    "SELECT conditions, parks::text FROM notion.place_of($1::bigint::oid, $2, $3)"};

/// What the holder's own news overwrite it may give up before.
constinit Query read_parks = {
    "SELECT string_agg(format('%I = %s', p.key, p.value), ', ')"
    "  FROM jsonb_each_text($1) p JOIN jsonb_object_keys($2) w ON w = p.key"
    " WHERE p.value IS NOT NULL"};

constinit Query read_page = {"SELECT m.page::text FROM notion.mappings m"
                             "  JOIN notion.snapshots s ON s.link = m.link AND s.page = m.page"
                             " WHERE m.link = $1 AND m.key = $2 FOR UPDATE OF m SKIP LOCKED"};

struct Place {
    const char* conditions;
    std::string_view parks;
};

bool place_of(const Linked& linked, const Refusal& refusal, Place* place) {
    if (run(read_place, {as_int8(int64_t(linked.table)), as_text(refusal.schema),
                         as_text(refusal.constraint)}) == 0 ||
        column_null(0, 1))
        return false;
    *place = {column_text(0, 1), column_view(0, 2)};
    return true;
}

int index_of(const Group& group, std::string_view key) {
    for (int i = 0; i < group.count; i++)
        if (group.members[i]->key == key)
            return i;
    return -1;
}

/// The news of the row's own page, decided. Null where there are none that could be taken now.
Arrival* open_holder(const Arrival& first, std::string_view key) {
    if (run(read_page, {as_int4(first.link), as_text(key)}) == 0)
        return nullptr;
    auto* arrival = static_cast<Arrival*>(palloc0(sizeof(Arrival)));
    arrival->link = first.link;
    arrival->page = column_view(0, 1);
    arrival->linked = first.linked;
    arrival->text = first.text;
    if (!open_arrival(arrival, Failed::taken) || !decide(*arrival) ||
        arrival->told.action != "update")
        return nullptr;
    return arrival;
}

/// Whoever holds what member `i` wants gives it up. False where nobody can.
bool make_way(Group& group, int i, Refusal* refusal) {
    const Arrival& member = *group.members[i];
    Place place;
    std::string_view key;
    if (!place_of(*member.linked, *refusal, &place) ||
        !find_holder(*member.linked, member.key, member.told.write, place.conditions, &key,
                     refusal) ||
        key.empty())
        return false;
    int holder = index_of(group, key);
    if (holder < 0 && group.count < members_max)
        if (Arrival* arrival = open_holder(member, key)) {
            holder = group.count++;
            group.members[holder] = arrival;
        }
    if (holder <= i) // not to be had, or written already: two pages want the same
        return false;
    (void)run(read_parks, {as_jsonb(place.parks), as_jsonb(group.members[holder]->told.write)});
    return !column_null(0, 1) && park_row(*member.linked, key, column_text(0, 1), refusal);
}

bool write_member(Group& group, int i, Refusal* refusal) {
    for (int tries = 0; tries < members_max; tries++) {
        if (write(*group.members[i], refusal))
            return true;
        Refusal way = *refusal;
        if (!refusal->is_taken() || !make_way(group, i, &way))
            return false;
    }
    return false;
}

bool write_all(Group& group, Refusal* refusal) {
    int32 hops = 0;
    for (int i = 0; i < group.count; i++) {
        if (!write_member(group, i, refusal))
            return false;
        hops = Max(hops, group.members[i]->hops);
    }
    capture::set_hops(hops);
    return true;
}

} // namespace

bool write_together(Arrival& first) {
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner resources = CurrentResourceOwner;
    Group group = {{&first}, 1};
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
    Refusal refusal;
    const bool well = write_all(group, &refusal);
    if (well)
        ReleaseCurrentSubTransaction();
    else
        RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = resources;
    for (int i = 1; well && i < group.count; i++)
        conclude(*group.members[i]);
    return well;
}

} // namespace notion::pg::apply
