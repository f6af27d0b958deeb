// Print: see the header.
// scope: none.
#include "core/sync/print.hpp"

#include "core/notion/json.hpp"

namespace notion::sync {
namespace {

using json::Writer;

void put(Writer& out, std::string_view text) {
    out.String(text.data(), static_cast<unsigned>(text.size()));
}

void put(Writer& out, const Cell& cell) {
    if (cell)
        put(out, std::string_view(*cell));
    else
        out.Null();
}

void key(Writer& out, std::string_view name) {
    out.Key(name.data(), static_cast<unsigned>(name.size()));
}

void put(Writer& out, std::string_view name, std::string_view text) {
    key(out, name);
    put(out, text);
}

void put(Writer& out, std::string_view name, const Cell& cell) {
    key(out, name);
    put(out, cell);
}

void put_flag(Writer& out, std::string_view name, bool flag) {
    key(out, name);
    out.Bool(flag);
}

/// "" is null: for what may be missing.
void put_or_null(Writer& out, std::string_view name, std::string_view text) {
    key(out, name);
    if (text.empty())
        out.Null();
    else
        put(out, text);
}

std::string_view row_state(bool deleted) {
    return deleted ? "deleted" : "present";
}

/// A half is JSON already.
void put_raw(Writer& out, std::string_view name, const std::string& half) {
    key(out, name);
    out.RawValue(half.data(), half.size(), rapidjson::kObjectType);
}

void put_cells(Writer& out, std::string_view name, const Fields& cells) {
    key(out, name);
    out.StartObject();
    for (const auto& [id, cell] : cells)
        put(out, id, cell);
    out.EndObject();
}

void put_base(Writer& out, const Base& base) {
    key(out, "base");
    out.StartObject();
    for (const auto& [id, entry] : base) {
        if (!entry.p && !entry.n && !entry.seen)
            continue;
        key(out, id);
        out.StartObject();
        if (entry.p)
            put(out, "p", *entry.p);
        if (entry.n)
            put_raw(out, "n", *entry.n);
        if (entry.seen)
            put_raw(out, "seen", *entry.seen);
        out.EndObject();
    }
    out.EndObject();
}

void put_held(Writer& out, const Held& held) {
    key(out, "held");
    out.StartObject();
    for (const auto& [id, reason] : held)
        put(out, id, std::string_view(reason));
    out.EndObject();
}

void put_list(Writer& out, std::string_view name, const std::vector<std::string>& texts) {
    key(out, name);
    out.StartArray();
    for (const std::string& text : texts)
        put(out, std::string_view(text));
    out.EndArray();
}

void put_log(Writer& out, const std::vector<Change>& log) {
    key(out, "log");
    out.StartArray();
    for (const Change& change : log) {
        out.StartObject();
        put_or_null(out, "column", change.column);
        put(out, "from", change.from);
        put(out, "to", change.to);
        put_or_null(out, "rule", change.rule);
        put(out, "side", std::string_view(change.side));
        out.EndObject();
    }
    out.EndArray();
}

void put_conflicts(Writer& out, const std::vector<Conflict>& conflicts) {
    key(out, "conflicts");
    out.StartArray();
    for (const Conflict& conflict : conflicts) {
        out.StartObject();
        put_or_null(out, "column_name", conflict.column);
        put(out, "kind", std::string_view(conflict.kind));
        put(out, "base", conflict.base);
        put(out, "postgres", conflict.postgres);
        put(out, "notion", conflict.notion);
        put_or_null(out, "rule", conflict.rule);
        put_or_null(out, "winner", conflict.winner);
        put(out, "value", conflict.value);
        put(out, "state", std::string_view(conflict.is_open ? "open" : "closed"));
        put_or_null(out, "note", conflict.note);
        out.EndObject();
    }
    out.EndArray();
}

void put_asks(Writer& out, const std::vector<Ask>& asks) {
    key(out, "asks");
    out.StartArray();
    for (const Ask& ask : asks) {
        out.StartObject();
        put(out, "id", std::string_view(ask.id));
        put(out, "column", std::string_view(ask.column));
        put(out, "function", std::string_view(ask.function));
        put(out, "base", ask.base);
        put(out, "postgres", ask.postgres);
        put(out, "notion", ask.notion);
        put_or_null(out, "newer", ask.newer);
        out.EndObject();
    }
    out.EndArray();
}

void put_snapshot(Writer& out, const Snapshot& snapshot) {
    out.StartObject();
    put(out, "page", std::string_view(snapshot.page));
    put_or_null(out, "url", snapshot.url);
    put(out, "created", std::string_view(snapshot.created));
    put(out, "edited", std::string_view(snapshot.edited));
    put_or_null(out, "created_by", snapshot.created_by);
    put_or_null(out, "edited_by", snapshot.edited_by);
    put_flag(out, "in_trash", snapshot.in_trash);
    put_or_null(out, "data_source", snapshot.data_source);
    put(out, "marker", snapshot.marker);
    put_flag(out, "complete", snapshot.cut.empty());
    put_list(out, "cut", snapshot.cut);
    put_list(out, "absent", snapshot.absent);
    key(out, "properties");
    out.StartObject();
    for (const auto& [id, half] : snapshot.properties)
        put_raw(out, id, half);
    out.EndObject();
    out.EndObject();
}

template <class Body>
std::string object(Body&& body) {
    json::Buffer buffer;
    Writer out(buffer);
    out.StartObject();
    body(out);
    out.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

} // namespace

std::string print(const Decision& decision) {
    return object([&](Writer& out) {
        key(out, "wish");
        if (decision.wish) {
            out.StartObject();
            put(out, "action", name_of(decision.wish->action));
            put_cells(out, "fields", decision.wish->fields);
            // There is no mapping yet to keep what is held: the row is looked at once more.
            if (decision.wish->action == FlightKind::create && !decision.held.empty())
                put_flag(out, "again", true);
            out.EndObject();
        } else {
            out.Null();
        }
        put_held(out, decision.held);
        put_or_null(out, "reason", decision.reason);
        put(out, "row_state", row_state(decision.row_deleted));
        put_conflicts(out, decision.conflicts);
        put_list(out, "agreed", decision.agreed);
    });
}

std::string print(const Snapshot& snapshot) {
    json::Buffer buffer;
    Writer out(buffer);
    put_snapshot(out, snapshot);
    return {buffer.GetString(), buffer.GetSize()};
}

std::string print(const SnapshotList& list) {
    return object([&](Writer& out) {
        key(out, "snapshots");
        out.StartArray();
        for (const Snapshot& snapshot : list.snapshots)
            put_snapshot(out, snapshot);
        out.EndArray();
        put_or_null(out, "next_cursor", list.next_cursor);
        put_flag(out, "incomplete", list.incomplete);
    });
}

std::string print(const Merged& merged) {
    return object([&](Writer& out) {
        put(out, "action", name_of(merged.action));
        put(out, "page_state", name_of(merged.page_state));
        put(out, "row_state", row_state(merged.row_deleted));
        put_cells(out, "write", merged.write);
        put_base(out, merged.base);
        put_held(out, merged.held);
        put_log(out, merged.log);
        put_conflicts(out, merged.conflicts);
        put_list(out, "agreed", merged.agreed);
        put_asks(out, merged.asks);
        put(out, "mark", merged.mark ? Cell(*merged.mark ? "true" : "false") : Cell());
        put_flag(out, "recheck", merged.recheck);
        put_flag(out, "dirty", merged.dirty);
        put_or_null(out, "reason", merged.reason);
    });
}

std::string print(const Rebased& rebased) {
    return object([&](Writer& out) {
        put_base(out, rebased.base);
        put_flag(out, "dirty", rebased.dirty);
        put_log(out, rebased.log);
    });
}

std::string print(const Paired& paired) {
    return object([&](Writer& out) {
        put_list(out, "differs", paired.differs);
        put_base(out, paired.base);
    });
}

std::string print(const Recorded& recorded) {
    return object([&](Writer& out) {
        put(out, "page", std::string_view(recorded.snapshot.page));
        put_or_null(out, "url", recorded.snapshot.url);
        put(out, "edited", std::string_view(recorded.snapshot.edited));
        put(out, "page_state", name_of(recorded.page_state));
        put_base(out, recorded.base);
        put_held(out, recorded.held);
        put_list(out, "missing", recorded.missing);
        put_flag(out, "news", recorded.news);
        key(out, "snapshot");
        put_snapshot(out, recorded.snapshot);
        put_log(out, recorded.log);
    });
}

std::string print(const Call& call, const Cell& marker) {
    constexpr std::string_view methods[] = {"GET", "POST", "PATCH"};
    return object([&](Writer& out) {
        put(out, "method", methods[static_cast<int>(call.method)]);
        put(out, "path", std::string_view(call.path));
        put(out, "body", std::string_view(call.body));
        put(out, "marker", marker);
    });
}

std::string print(const Settled& settled) {
    return object([&](Writer& out) {
        put_or_null(out, "page", settled.page);
        put_or_null(out, "reason", settled.reason);
        if (settled.settlement != Settlement::merge)
            return;
        put_base(out, settled.base);
        put_held(out, settled.held);
    });
}

std::string print(const Event& event) {
    return object([&](Writer& out) {
        put(out, "kind", std::string_view(event.is_handshake ? "handshake" : "event"));
        if (event.is_handshake) {
            put(out, "token", std::string_view(event.token));
            return;
        }
        put(out, "id", std::string_view(event.id));
        put(out, "type", std::string_view(event.type));
        put_or_null(out, "timestamp", event.timestamp);
        put_or_null(out, "entity", event.entity);
        put_or_null(out, "entity_type", event.entity_type);
        put_or_null(out, "data_source", event.data_source);
        key(out, "authors");
        out.StartArray();
        for (const Author& author : event.authors) {
            out.StartObject();
            put(out, "id", std::string_view(author.id));
            put(out, "type", std::string_view(author.type));
            out.EndObject();
        }
        out.EndArray();
        put_list(out, "properties", event.properties);
        put_flag(out, "known", event.is_known);
        put(out, "call", name_of(event.call));
    });
}

} // namespace notion::sync
