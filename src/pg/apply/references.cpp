// References: see the header. What they mean is said in SQL, by tables of ours alone.
// scope: call.
#include "pg/apply/references.hpp"

#include "pg/apply/tasks.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constexpr int arrivals_max = 500; // in one transaction

constinit Query with_pages = {
    "SELECT told::text, nullif(waits, '[]')::text FROM notion.with_pages($1, $2)"};
constinit Query with_rows = {
    "SELECT told::text, nullif(waits, '[]')::text FROM notion.with_rows($1, $2, $3, $4, $5)"};
constinit Query with_columns = {"SELECT notion.with_columns($1, $2)::text"};
constinit Query put_waits = {"SELECT notion.keep_waits($1, $2, coalesce($3, '[]'), $4::text[])"};
constinit Query is_behind = {"SELECT notion.is_behind($1, $2, $3)"};
constinit Query follow = {"SELECT notion.follow_arrivals($1)"};
constinit Query any_arrival = {"SELECT EXISTS (SELECT FROM notion.arrivals),"
                               "       EXISTS (SELECT FROM notion.waits WHERE wanted_by = 'left')"};
constinit Query follow_left = {"SELECT notion.follow_left()"};

} // namespace

void follow_row(const Linked& linked, Row* row) {
    (void)run(with_pages, {as_int4(linked.id), as_jsonb(row->json)});
    row->json = column_view(0, 1);
    row->waits = column_view(0, 2);
}

std::string_view follow_page(const Linked& linked, std::string_view key, std::string_view mapping,
                             std::string_view snapshot, std::string_view* times) {
    (void)run(with_rows, {as_int4(linked.id), as_text(key), as_jsonb(mapping), as_jsonb(snapshot),
                          as_jsonb(*times)});
    *times = column_view(0, 1);
    return column_view(0, 2);
}

bool unfollow(const Linked& linked, std::string_view* write) {
    (void)run(with_columns, {as_int4(linked.id), as_jsonb(*write)});
    const bool well = !column_null(0, 1);
    if (well)
        *write = column_view(0, 1);
    return well;
}

void keep_waits(const Linked& linked, std::string_view key, Waiting waiting,
                std::string_view waits) {
    const char* kinds = waiting == Waiting::rows ? "{key}" : "{page,left}";
    (void)run(put_waits, {as_int4(linked.id), as_text(key), as_jsonb(waits), as_text(kinds)});
}

const char* why_behind(const Linked& linked, std::string_view key, std::string_view waits) {
    (void)run(is_behind, {as_int4(linked.id), as_text(key), as_jsonb(waits)});
    return column_text(0, 1);
}

bool follow_arrivals() {
    worker::begin("following what arrived");
    int64 taken = 0;
    (void)run(any_arrival);
    const bool left = column_bool(0, 2);
    if (column_bool(0, 1)) {
        (void)run(follow, {as_int4(arrivals_max)});
        taken = column_int8(0, 1);
    }
    if (left)
        (void)run(follow_left);
    worker::commit();
    return taken == arrivals_max;
}

} // namespace notion::pg::apply
