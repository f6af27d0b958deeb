// POST /v1/data_sources/:id/query and POST /v1/search: filter, sort, pages, the cap of 10,000.
// A first request finds all ids; later ones take them from the session behind the cursor.
// scope: call; sessions live in World::cursors.
#include "filter.hpp"
#include "handlers.hpp"
#include "sort.hpp"

#include <algorithm>

namespace emulator {

namespace {

// Everything that was asked for, apart from paging.
size_t question_of(const Call& call) {
    size_t hash = std::hash<Uuid>{}(call.caller.user);
    for (const char* name : {"filter", "sorts", "sort", "query", "is_archived"})
        if (const Json* part = member(call.body, name))
            hash = hash * 31 + std::hash<std::string>{}(to_text(*part));
    return hash;
}

void find_rows(World& world, const Call& call, const DataSource& source, Session& session) {
    const Json* filter_json = member(call.body, "filter");
    const Json* sorts_json = member(call.body, "sorts");
    const auto sorts = sorts_json ? read_sorts(source, *sorts_json) : std::vector<Sort>{};
    Filter filter;
    if (filter_json)
        filter = read_filter(world, source, *filter_json, call.caller.user);
    const bool archived = flag_member(call.body, "is_archived", false);
    const auto most = static_cast<size_t>(world.limits.query_results);
    std::vector<const Page*> found;
    for (auto record = source.pages.rbegin(); record != source.pages.rend(); ++record) {
        const Page* page = world.store.seen(**record);
        if (!page || page->in_trash || page->is_archived != archived ||
            page->parent.id != source.id || (page->hidden && !call.caller.person))
            continue;
        if (filter_json && !matches(world, source, filter, *page))
            continue;
        found.push_back(page);
        if (sorts.empty() && found.size() > most)
            break;
    }
    sort_pages(world, source, sorts, found);
    session.capped = found.size() > most;
    if (session.capped)
        found.resize(most);
    session.rows.reserve(found.size());
    for (const Page* page : found)
        session.rows.push_back(page->id);
}

// Without a filter the same question has the same answer until something changes: a scan by
// small pages, or with LIMIT, would otherwise walk all rows each time.
void find_or_recall_rows(World& world, const Call& call, const DataSource& source,
                         Session& session) {
    KnownRows& known = world.cursors.known;
    const bool recallable = !member(call.body, "filter") && !world.store.lags();
    if (recallable && known.about == source.id && known.question == session.question &&
        known.world_version == world.store.version()) {
        session.rows = known.rows;
        session.capped = known.capped;
        return;
    }
    find_rows(world, call, source, session);
    if (recallable)
        known = {source.id, session.question, world.store.version(), session.rows, session.capped};
}

void append_row(std::string& body, World& world, Uuid id, const Call& call,
                const Projection& projection, bool in_trash = false) {
    PageRecord* record = world.store.page(id);
    const Page* page = record ? world.store.seen(*record) : nullptr;
    if (!page || page->in_trash != in_trash)
        return;
    if (body.back() != '[')
        body.push_back(',');
    if (page == &record->now)
        append_page(body, world, *record, call.version, projection);
    else
        append_past_page(body, world, *page, call.version, projection);
}

// The session of the cursor, checked against the question.
Session& resumed(World& world, const Call& call, Uuid about, const Json& cursor, size_t& position) {
    if (!cursor.IsString())
        refuse_body("body.start_cursor", "a string", to_text(cursor));
    Session* session = world.cursors.resume(view(cursor), world.clock.elapsed(), position);
    if (!session || session->about != about || session->question != question_of(call))
        refuse_cursor(view(cursor));
    return *session;
}

Session new_session(World& world, const Call& call, Uuid about) {
    Session session;
    session.id = world.store.new_id(4);
    session.about = about;
    session.question = question_of(call);
    return session;
}

// Under live cursors the rows after the position are found anew.
void refresh(World& world, const Call& call, const DataSource& source, Session& session,
             size_t& position) {
    const Uuid next = session.rows[position];
    session.rows.clear();
    find_rows(world, call, source, session);
    const auto found = std::ranges::find(session.rows, next);
    position = found == session.rows.end() ? std::min(position, session.rows.size())
                                           : static_cast<size_t>(found - session.rows.begin());
}

void finish_list(std::string& body, World& world, Session& session, size_t end, const char* type) {
    std::string cursor;
    const bool more = end < session.rows.size();
    if (more) {
        cursor = Cursors::cursor(session, end);
        session.expires_at = world.clock.elapsed() + world.semantics.cursor_ttl_ms;
    }
    body += R"(],"next_cursor":)" + (more ? quoted(cursor) : std::string("null"));
    body += std::string(R"(,"has_more":)") + (more ? "true" : "false");
    body += std::string(R"(,"type":")") + type + R"(",")" + type + R"(":{})";
    if (session.capped)
        body += R"(,"request_status":{"type":"incomplete",)"
                R"("incomplete_reason":"query_result_limit_reached"})";
    body += "}";
}

struct Found {
    int64_t edited_at;
    Uuid id;
};

bool title_fits(const World&, const std::string& wanted, const std::string& title) {
    return wanted.empty() || lower_case(title).find(wanted) != std::string::npos;
}

void search_pages(World& world, const Call& call, const std::string& wanted, bool in_trash,
                  std::vector<Found>& found) {
    for (const auto& [id, record] : world.store.pages) {
        const Page* page = world.store.seen(*record);
        if (!page || page->in_trash != in_trash || (page->hidden && !call.caller.person))
            continue;
        if (page->parent.kind == Parent::Kind::data_source) {
            const DataSource* source = world.store.data_source(page->parent.id);
            if (!source || source->in_trash || !is_visible(world, call, *source))
                continue;
        }
        if (title_fits(world, wanted, page_title(world, *page)))
            found.push_back({page->stamp.edited_at, id});
    }
}

void search_sources(World& world, const Call& call, const std::string& wanted, bool in_trash,
                    std::vector<Found>& found) {
    for (const auto& [id, source] : world.store.data_sources)
        if (source.in_trash == in_trash && is_visible(world, call, source) &&
            title_fits(world, wanted, plain_text(source.title)))
            found.push_back({source.stamp.edited_at, id});
}

bool wants_trash(const Call& call) {
    const Json* filter = member(call.body, "filter");
    return filter && flag_member(*filter, "in_trash", false);
}

void find_objects(World& world, const Call& call, Session& session) {
    const auto query = text_member(call.body, "query");
    const std::string wanted = lower_case(query.value_or(""));
    const Json* filter = member(call.body, "filter");
    const auto value = filter ? text_member(*filter, "value") : std::nullopt;
    if (filter && value != "page" && value != "data_source")
        refuse_body("body.filter.value", "`\"page\"` or `\"data_source\"`",
                    value ? quoted(*value) : "undefined");
    const bool in_trash = wants_trash(call);
    std::vector<Found> found;
    if (!value || *value == "page")
        search_pages(world, call, wanted, in_trash, found);
    if (!value || *value == "data_source")
        search_sources(world, call, wanted, in_trash, found);
    const Json* sort = member(call.body, "sort");
    const bool ascending = sort && text_member(*sort, "direction") == "ascending";
    std::ranges::sort(found, [&](const Found& a, const Found& b) {
        if (a.edited_at != b.edited_at)
            return ascending ? a.edited_at < b.edited_at : a.edited_at > b.edited_at;
        return a.id < b.id;
    });
    for (const auto& entry : found)
        session.rows.push_back(entry.id);
}

} // namespace

Reply query_data_source(World& world, const Call& call) {
    const DataSource& source = visible_data_source(world, call, path_id(call, 0, "data_source_id"));
    refuse_unknown_members(
        call.body, {"filter", "sorts", "start_cursor", "page_size", "is_archived", "result_type"});
    const size_t size = std::min(page_size_of(member(call.body, "page_size"), "body.page_size"),
                                 static_cast<size_t>(world.semantics.longest_answer));
    const Projection projection = projection_of(call, source);
    const Json* cursor = member(call.body, "start_cursor");
    size_t position = 0;
    Session fresh;
    Session* session = &fresh;
    if (cursor && !cursor->IsNull()) {
        session = &resumed(world, call, source.id, *cursor, position);
        if (world.semantics.live_cursors)
            refresh(world, call, source, *session, position);
    } else {
        fresh = new_session(world, call, source.id);
        if (!source.in_trash)
            find_or_recall_rows(world, call, source, fresh);
        if (fresh.rows.size() > size)
            session = &world.cursors.start(std::move(fresh));
    }
    Reply reply;
    reply.body = R"({"object":"list","results":[)";
    const size_t end = std::min(position + size, session->rows.size());
    for (size_t at = position; at < end; ++at)
        append_row(reply.body, world, session->rows[at], call, projection);
    finish_list(reply.body, world, *session, end, "page_or_data_source");
    return reply;
}

Reply search(World& world, const Call& call) {
    refuse_unknown_members(call.body, {"query", "filter", "sort", "start_cursor", "page_size"});
    const size_t size = page_size_of(member(call.body, "page_size"), "body.page_size");
    const Json* cursor = member(call.body, "start_cursor");
    size_t position = 0;
    Session fresh;
    Session* session = &fresh;
    if (cursor && !cursor->IsNull()) {
        session = &resumed(world, call, {}, *cursor, position);
    } else {
        fresh = new_session(world, call, {});
        find_objects(world, call, fresh);
        if (fresh.rows.size() > size)
            session = &world.cursors.start(std::move(fresh));
    }
    Reply reply;
    reply.body = R"({"object":"list","results":[)";
    const size_t end = std::min(position + size, session->rows.size());
    for (size_t at = position; at < end; ++at) {
        const Uuid id = session->rows[at];
        if (const DataSource* source = world.store.data_source(id)) {
            if (reply.body.back() != '[')
                reply.body.push_back(',');
            append_data_source(reply.body, world, *source, call.version);
        } else {
            append_row(reply.body, world, id, call, std::nullopt, wants_trash(call));
        }
    }
    finish_list(reply.body, world, *session, end, "page_or_data_source");
    return reply;
}

} // namespace emulator
