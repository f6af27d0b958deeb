// Sync, as the worker sees it: what core/sync decides, JSON in and JSON out (docs/sync.md).
// The glue reads a few jsonb columns, asks here, and writes what it is told: it decides nothing.
// All functions are noexcept; false means that `fault` says why. Texts are views into `out`, which
// stay valid until the next call with it or text_free.
// scope: call, except Link (worker).
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/fault.hpp"
#include "bridge/zone.hpp"

namespace notion::bridge {

struct Link; ///< a parsed link: its fields, codecs, zone
struct Text; ///< owns the JSON of one answer; reusable

Text* text_new(Fault& fault) noexcept;
void text_free(Text* text) noexcept;
std::string_view text_view(const Text* text) noexcept;

/// `json`: {"id":1,"data_source":"…","direction":"both","rule":"newest","on_notion_trash":"ignore",
/// "on_postgres_delete":"trash","columns":[{"column_name":"fee","property_id":"aBc",
/// "property_type":"number","column_type":"float8","part":"start","direction":"both",
/// "rule":"newest","is_marker":false,"not_null":true}, …]}: to_jsonb(links) with its link_columns.
/// "not_null" may be missing (false). A property that Notion computes is from_notion and the marker
/// never inbound, whatever the columns say. Errors: malformed, invalid_option.
Link* link_open(std::string_view json, const ZoneView& zone, Fault& fault) noexcept;
void link_close(Link* link) noexcept;

/// What a dirty row wishes. `mapping`: to_jsonb(mappings) or "" where there is none; `row`: the
/// paired columns as text, or "" where no row is there; `deleted`: a DELETE was captured.
/// out: {"wish": {"action":…,"fields":{…}} | null, "held": {"<property id>": "reason"},
/// "reason": null | "…", "row_state": as in notion.mappings, "conflicts": […as in merge…]}. "held"
/// is complete: it replaces the mapping's. A row that is absent without evidence wishes nothing,
/// nor does one in flight. A column that `row` lacks is not judged; one that is null in it is NULL.
bool sync_decide(const Link* link, std::string_view mapping, std::string_view row, bool deleted,
                 Text* out, Fault& fault) noexcept;

/// A page's JSON as a snapshot. out: {"page","url","created","edited","created_by","edited_by",
/// "in_trash","data_source","marker": text|null,"complete": bool,"cut": ["<property id>", …],
/// "properties": {"<property id>": <half>}}. This is also what the functions below take as
/// `snapshot`; of notion.snapshots it needs page, created, edited, created_by, in_trash, marker,
/// properties; data_source null: elsewhere, missing: the link's own.
bool sync_snapshot(const Link* link, std::string_view page, Text* out, Fault& fault) noexcept;

/// A query's answer as snapshots, in Notion's order.
/// out: {"snapshots":[…as above…],"next_cursor": text|null,"incomplete": bool}
bool sync_snapshots(const Link* link, std::string_view list, Text* out, Fault& fault) noexcept;

/// A snapshot whose property `property_id` was cut, completed: `items` is the JSON array of all
/// results of GET /v1/pages/…/properties/…. out: the snapshot.
bool sync_complete(const Link* link, std::string_view snapshot, std::string_view property_id,
                   std::string_view items, Text* out, Fault& fault) noexcept;

enum class Admission : uint8_t {
    nothing_new, ///< equal to the base: nothing to keep
    admitted,    ///< keep it, merge it
    thrown_away, ///< older than what we know; the page stays due
    read_page,   ///< a query's word is not enough, or something was left out: GET the page
    complete_it, ///< a list in it was cut: complete it first
};
/// protocol.md 1.3 for any snapshot. `via` is poll, scan, get or answer. `asked_tick` and
/// `asked_at_ms` say when the request left. `index_lag_ms`: how far a query may lag behind.
/// `mapping`: that of the page; where no mapping has it, the create in flight whose sent_marker is
/// the snapshot's marker (its page may be this one: nothing is admitted until it is settled); else
/// "": a new page.
bool sync_admit(const Link* link, std::string_view mapping, std::string_view snapshot,
                std::string_view via, int64_t asked_tick, int64_t asked_at_ms, int64_t index_lag_ms,
                Admission& admission, Fault& fault) noexcept;

/// Merges one admitted snapshot into a row. `mapping` and `row` as for decide ("" = none: a new
/// page); `times`: {"row_changed_at","row_changed_by","snapshot_asked_at","edited","edited_by",
/// "hops","deleted": bool (a DELETE was captured),"trashed_since" (when the page was first seen in
/// the trash),"events": {"<property id>": when an event named it}}, all optional.
/// out: {"action": "none"|"insert"|"update"|"delete"|"trashed"|"wait", "write": {"<column>":
/// text|null}, "base": {…}, "page_state", "row_state": as in notion.mappings, "held": {…}, "log":
/// [{"column","from","to","rule","side"}], "conflicts":
/// [{"column_name","kind","base","postgres","notion","rule","winner","state","note"}],
/// "agreed": ["<column>"], "dirty": bool, "reason": null|"…"}.
/// "base" and "held" are complete: they replace the mapping's. Columns that "write" of an insert
/// lacks are left to their defaults. Open conflicts of columns in "agreed" are closed. With "wait"
/// nothing is written and the snapshot is kept with the reason. After a write the caller reads the
/// row back and calls sync_rebase with it.
bool sync_merge(const Link* link, std::string_view mapping, std::string_view row,
                std::string_view snapshot, std::string_view times, Text* out,
                Fault& fault) noexcept;

/// `merged`: what sync_merge gave; `row`: the row as read back after the write, the key included.
/// out: {"base": {…}, "dirty": bool, "log": […as in merge…]}: "log" names columns that are not as
/// written (a trigger, a rounded numeric); they are dirty and will be sent.
bool sync_rebase(const Link* link, std::string_view mapping, std::string_view merged,
                 std::string_view row, Text* out, Fault& fault) noexcept;

/// The base of a first pairing. `prefer`: "" (differences are reported and nothing else), postgres
/// or notion. out: {"differs": ["<column>", …], "base": {…}}: with prefer postgres the differing
/// fields are dirty against it, with notion they are news (merge the snapshot afterwards).
bool sync_pair(const Link* link, std::string_view row, std::string_view snapshot,
               std::string_view prefer, Text* out, Fault& fault) noexcept;

/// The text of one paired column as a snapshot shows it, in its canonical form; "" where it is
/// null, absent or cannot be held. Not JSON.
bool sync_value(const Link* link, std::string_view snapshot, std::string_view column, Text* out,
                Fault& fault) noexcept;

/// The request for a wish. create: `key` becomes the marker; patch: only what differs.
/// out: {"method":"POST"|"PATCH","path":"/v1/…","body":"…","marker": text|null}.
/// Errors: unsendable, with the column in the message.
bool sync_call(const Link* link, std::string_view mapping, std::string_view wish,
               std::string_view key, Text* out, Fault& fault) noexcept;

/// After a 2xx. `answer`: the page. out: {"page","url","edited","page_state","base": {…}, "held":
/// {…}, "missing": [property ids], "news": bool, "snapshot": {…}, "log": [{"column","from","to"}]}.
/// With "news" the snapshot is kept (via answer), to be merged by itself.
bool sync_record(const Link* link, std::string_view mapping, std::string_view wish,
                 std::string_view answer, Text* out, Fault& fault) noexcept;

/// What an exchange says about a write (protocol.md section 2, second table).
enum class WriteOutcome : uint8_t {
    done,       ///< 2xx
    certain_no, ///< not done; may be tried again
    permanent,  ///< not done, and would not be: a failure in Notion's words
    look,       ///< 400, 404 or 409 on a mapped page: GET it
    link_rests, ///< 401, 403: the token, not the row
    verify,     ///< 503 with committed_resource_id: GET that page
    unknown,    ///< may have been done: settle
};
/// `handed_over`: whether a byte of the request may have reached Notion. status 0: no answer.
WriteOutcome write_outcome(bool is_create, bool handed_over, int32_t status,
                           std::string_view body) noexcept;

/// What becomes of an unknown flight once its page or its candidates were looked at.
enum class Settlement : uint8_t { wait, adopt, sent, not_sent, merge, several, give_up };
/// `candidates`: a create's pages by marker, as sync_snapshots gives them, already without mapped
/// ones; for other kinds: the page's snapshot alone. `asked_ms` when the look-up left.
/// out: {"page": of adopt and merge, "reason": null|"…", "base", "held": of merge, complete}.
/// `our_bot`: the connection's user id; "" where it is not known yet: then no page is adopted.
/// `skew_ms`: our clock less Notion's. adopt and sent: sync_record with the flight's payload and
/// the page that was found; sent_at must be that of the flight. merge: the page is kept as a
/// snapshot.
bool sync_settle(const Link* link, std::string_view mapping, std::string_view candidates,
                 std::string_view our_bot, int64_t asked_ms, int64_t skew_ms,
                 Settlement& settlement, Text* out, Fault& fault) noexcept;

/// The look-up of creates with an unknown outcome: a query for up to 100 markers.
/// `markers`: a JSON array of texts. out: as sync_call.
bool sync_lookup(const Link* link, std::string_view markers, Text* out, Fault& fault) noexcept;

/// A walk's query: pages edited since, by edit time; for a scan those created since, by creation.
/// `since`: an ISO minute, or "" for all. out: as sync_call.
bool sync_poll(const Link* link, bool is_scan, std::string_view since, std::string_view cursor,
               Text* out, Fault& fault) noexcept;

/// A webhook's body. out: {"kind": "handshake"|"event", "token"?, "id","type","timestamp",
/// "entity","entity_type","data_source","authors":[{"id","type"}],"properties":[ids],"known": bool,
/// "call": "ignore"|"read_page"|"read_source"|"read_schema"|"scan"}: what the event asks for.
/// Errors: malformed.
struct WebhookHead {
    bool is_handshake;
    bool is_whole; ///< it says its id and its type
};
bool webhook_event(std::string_view body, Text* out, Fault& fault,
                   WebhookHead* head = nullptr) noexcept;
/// HMAC-SHA256 over the raw bytes, in constant time. `signature`: the header, "sha256=…".
bool webhook_signed(std::string_view body, std::string_view signature,
                    std::string_view token) noexcept;

} // namespace notion::bridge
