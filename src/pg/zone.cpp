// Time zones as tables of transitions: see the header. scope: backend.
#include "pg/postgres.hpp"

#include "pg/zone.hpp"

namespace notion::pg {
namespace {

constexpr int64_t first_s = -2208988800; // 1900-01-01
constexpr int64_t last_s = 4102444800;   // 2100-01-01
// Two a year, and some for the wars.
constexpr int transitions_max = 600;

struct Known {
    char name[TZ_STRLEN_MAX + 1]; // hash key
    int32_t first_offset_s;
    int32_t transitions;
    int64_t* at_s;
    int32_t* offset_s;
};

HTAB* known;

void read(pg_tz* tz, Known* into) {
    int64_t at_s[transitions_max];
    int32_t offset_s[transitions_max];
    int count = 0;
    pg_time_t from = first_s;
    long before;
    long after;
    int dst_before;
    int dst_after;
    pg_time_t boundary;
    into->first_offset_s = 0;
    bool first = true;
    while (count < transitions_max) {
        int more =
            pg_next_dst_boundary(&from, &before, &dst_before, &boundary, &after, &dst_after, tz);
        if (more < 0)
            break;
        if (first)
            into->first_offset_s = static_cast<int32_t>(before);
        first = false;
        if (more == 0 || boundary > last_s)
            break;
        at_s[count] = boundary;
        offset_s[count++] = static_cast<int32_t>(after);
        from = boundary;
    }
    into->at_s = static_cast<int64_t*>(
        MemoryContextAlloc(TopMemoryContext, sizeof(int64_t) * Max(count, 1)));
    into->offset_s = static_cast<int32_t*>(
        MemoryContextAlloc(TopMemoryContext, sizeof(int32_t) * Max(count, 1)));
    memcpy(into->at_s, at_s, sizeof(int64_t) * count);
    memcpy(into->offset_s, offset_s, sizeof(int32_t) * count);
    into->transitions = count;
}

} // namespace

bool zone_exists(const char* name) {
    return strlen(name) <= TZ_STRLEN_MAX && pg_tzset(name) != nullptr;
}

bridge::ZoneView zone(const char* name) {
    if (known == nullptr) {
        HASHCTL control;
        memset(&control, 0, sizeof control);
        control.keysize = sizeof(Known::name);
        control.entrysize = sizeof(Known);
        known = hash_create("notion time zones", 8, &control, HASH_ELEM | HASH_STRINGS);
    }
    if (!zone_exists(name))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("time zone \"%s\" not recognized", name),
                        errhint("pg_timezone_names lists the time zones of this server.")));
    bool found;
    auto* entry = static_cast<Known*>(hash_search(known, name, HASH_FIND, &found));
    if (!found) {
        Known fresh;
        read(pg_tzset(name), &fresh);
        entry = static_cast<Known*>(hash_search(known, name, HASH_ENTER, &found));
        entry->first_offset_s = fresh.first_offset_s;
        entry->transitions = fresh.transitions;
        entry->at_s = fresh.at_s;
        entry->offset_s = fresh.offset_s;
    }
    return {entry->name, entry->first_offset_s, entry->at_s, entry->offset_s, entry->transitions};
}

} // namespace notion::pg
