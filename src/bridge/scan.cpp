// Scan: see the header. The query is sorted by creation, ascending, so that pages made meanwhile
// come last, and so that a result cut at Notion's cap, or a cursor that expired, is continued from
// the last minute seen, leaving out the pages of that minute that were handed out already.
// scope: query.
#include "bridge/scan.hpp"

#include <algorithm>
#include <memory>

#include "bridge/convert.hpp"
#include "bridge/row.hpp"
#include "core/notion/endpoint.hpp"

namespace notion::bridge {

struct Scan {
    Scan(const ScanPlan& plan, std::string source);

    Step next(int64_t now_ms, Cell* cells, Error& error);

    std::string data_source;
    std::string table;
    Zone zone;
    std::vector<std::string> properties;
    bool by_id;
    std::vector<std::string> ids;
    size_t next_id = 0;
    int64_t limit;
    bool read_ahead;

    Filter filter;
    std::string filter_text;
    Reader reader;
    Row row;
    bool in_row = false;
    int64_t rows = 0;

    // the answer that is being handed out
    std::string text;
    json::Document document;
    const json::Value* results = nullptr; ///< null: one page, the document itself
    size_t at = 0;
    size_t size = 0;
    std::string cursor;
    bool more = true; ///< there may be another answer after this one

    // the last minute seen
    bool seen = false;
    Instant minute{};
    std::vector<std::string> minute_ids;
    bool ordered = true;   ///< the answers were sorted as asked
    bool windowed = false; ///< a window must be opened before the next answer
    bool in_window = false;
    Instant window_from{};
    std::vector<std::string> window_ids; ///< of that minute, handed out before the window

    std::string words_path;
    std::string words_properties;
    std::string shown; ///< what scan_properties gave last

  private:
    void take_quals(const ScanPlan& plan);
    void take_properties();
    notion::Call next_call() const;
    Step fetch(int64_t now_ms, Error& error);
    Status load(std::string body);
    bool open_window();
    bool is_ours(const PageHead& head) const;
    void remember(const PageHead& head);
    bool wants_more_ahead() const;
};

namespace {

constexpr std::string_view by_creation =
    R"([{"timestamp":"created_time","direction":"ascending"}])";

std::vector<Column> columns_of(const ScanPlan& plan, const Zone* zone) {
    std::vector<Column> columns;
    for (const ScanColumn& view : plan.columns)
        columns.push_back(column_of(view, zone));
    return columns;
}

/// A column that is neither a property nor a time has nothing that can be asked: type unknown.
Term term_of(const ScanTerm& view, const Zone* zone) {
    const ScanColumn& column = view.column;
    const bool is_time = column.field == Field::created_at || column.field == Field::edited_at;
    Term term;
    term.property_id = column.field == Field::property ? column.property : "";
    term.codec = codec_of(column, zone);
    if (!is_time && column.field != Field::property)
        term.codec.property = PropertyType::unknown;
    term.op = view.op;
    for (const Cell& operand : view.operands)
        term.operands.push_back(value_of(operand));
    term.known = view.known;
    return term;
}

bool is_expired_cursor(const Error& error) {
    return error.kind == ErrorKind::validation &&
           (error.detail.find("start_cursor") != std::string::npos ||
            error.message.find("start_cursor") != std::string::npos);
}

} // namespace

Scan::Scan(const ScanPlan& plan, std::string source)
    : data_source(std::move(source)), table(plan.table), zone(zone_of(plan.zone)),
      by_id(plan.by_id), ids(plan.page_ids.begin(), plan.page_ids.end()), limit(plan.limit),
      read_ahead(plan.read_ahead), reader(plan.endpoint),
      row(plan.endpoint, columns_of(plan, &zone), table, plan.misfit_null) {
    take_quals(plan);
    take_properties();
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    words_path =
        by_id ? "GET /v1/pages/:page_id" : "POST /v1/data_sources/" + data_source + "/query";
}

void Scan::take_quals(const ScanPlan& plan) {
    std::vector<Term> terms;
    for (const ScanTerm& view : plan.terms)
        terms.push_back(term_of(view, &zone));
    std::vector<Qual> quals;
    for (const ScanQual& view : plan.quals)
        quals.push_back({{view.nodes.begin(), view.nodes.end()}, view.push});
    filter = build_filter(quals, terms);
    filter_text = filter_json(filter);
    if (filter.recheck)
        limit = 0; // of how many pages a row is found is not known
}

void Scan::take_properties() {
    for (const Column& column : row.columns()) {
        if (column.field != Field::property ||
            std::find(properties.begin(), properties.end(), column.property) != properties.end())
            continue;
        properties.push_back(column.property);
        words_properties += words_properties.empty() ? "" : ", ";
        words_properties += column.property;
    }
}

notion::Call Scan::next_call() const {
    if (by_id)
        return get_page(next_id < ids.size() ? ids[next_id] : "", properties);
    Query query;
    query.data_source = data_source;
    query.filter = filter_text;
    query.sorts = by_creation;
    query.properties = properties;
    query.cursor = cursor;
    int64_t coming = rows + static_cast<int64_t>(size - at); // of the page in hand
    if (limit > 0)
        query.page_size =
            static_cast<int>(std::clamp<int64_t>(limit - coming, 1, int64_t{page_size_max}));
    return query_data_source(query);
}

Status Scan::load(std::string body) {
    text = std::move(body);
    Result<json::Document> parsed = json::parse_in_place(text);
    if (!parsed)
        return std::move(parsed).error();
    document = std::move(*parsed);
    at = 0;
    if (by_id) {
        results = nullptr;
        size = 1;
        more = ++next_id < ids.size();
        return Done{};
    }
    Result<ListHead> list = list_head(document);
    if (!list)
        return std::move(list).error();
    results = list->results;
    size = results->Size();
    more = !list->next_cursor.empty();
    if (more && list->next_cursor == cursor)
        return fail(ErrorKind::malformed, "Notion's answer names itself as the next one");
    cursor = list->next_cursor;
    if (!more && list->incomplete)
        more = windowed = true;
    return Done{};
}

/// False where the window would begin where the last one began, or where nothing says that all
/// pages before it were seen.
bool Scan::open_window() {
    if (!seen || !ordered || (in_window && window_from == minute))
        return false;
    in_window = true;
    window_from = minute;
    window_ids = minute_ids;
    Term term;
    term.codec.property = PropertyType::created_time;
    term.codec.column = ColumnType::timestamptz;
    term.codec.zone = &zone;
    term.op = Operator::greater_equal;
    term.operands = {Value{minute}};
    filter_text = filter_json(filter, {&term, 1});
    cursor.clear();
    windowed = false;
    return true;
}

bool Scan::is_ours(const PageHead& head) const {
    if (head.in_trash)
        return false;
    if (by_id)
        return head.data_source == data_source;
    // The window's condition may let in earlier pages; all of those were handed out.
    if (!in_window || head.created > window_from)
        return true;
    return head.created == window_from &&
           std::find(window_ids.begin(), window_ids.end(), head.id) == window_ids.end();
}

void Scan::remember(const PageHead& head) {
    ordered = ordered && (!seen || head.created >= minute);
    if (!seen || head.created != minute)
        minute_ids.clear();
    seen = true;
    minute = head.created;
    minute_ids.emplace_back(head.id);
}

bool Scan::wants_more_ahead() const {
    if (!read_ahead || !more || windowed || at * 2 < size)
        return false;
    return limit == 0 || rows + static_cast<int64_t>(size - at) < limit;
}

Step Scan::fetch(int64_t now_ms, Error& error) {
    if (reader.state() == Reader::State::idle) {
        Status ready = Done{};
        if (windowed && !open_window())
            ready = fail(ErrorKind::incomplete,
                         "Notion cut the result of foreign table \"" + table + "\"",
                         "It gives a limited number of pages for a query, and so many were created "
                         "in one minute.",
                         "Add a condition that Notion can evaluate; EXPLAIN shows which are.");
        if (!ready) {
            error = std::move(ready).error();
            Step step;
            step.turn = Turn::failed;
            return step;
        }
        reader.ask(next_call());
    }
    Step step = reader.turn(now_ms, error);
    if (step.turn == Turn::failed && by_id && error.kind == ErrorKind::not_found) {
        more = ++next_id < ids.size();
        step.turn = Turn::row;
        return step;
    }
    if (step.turn == Turn::failed && is_expired_cursor(error) && !cursor.empty() && open_window()) {
        windowed = false;
        reader.ask(next_call());
        return reader.turn(now_ms, error);
    }
    if (step.turn != Turn::row)
        return step;
    if (Status loaded = load(reader.take()); !loaded) {
        error = std::move(loaded).error();
        step.turn = Turn::failed;
    }
    return step;
}

Step Scan::next(int64_t now_ms, Cell* cells, Error& error) {
    Step step;
    while (true) {
        if (in_row) {
            step = row.turn(now_ms, cells, error);
            if (step.turn != Turn::row)
                return step;
            in_row = false;
            rows++;
            if (reader.state() == Reader::State::idle && wants_more_ahead())
                reader.ask(next_call(), Reader::When::ahead);
            step.asks_ahead = reader.state() == Reader::State::asks;
            step.reader = &reader;
            return step;
        }
        if (at >= size) {
            if (!more || filter.never || (by_id && ids.empty())) {
                step.turn = Turn::done;
                return step;
            }
            step = fetch(now_ms, error);
            if (step.turn != Turn::row)
                return step;
            continue;
        }
        const json::Value& page =
            results != nullptr ? (*results)[static_cast<rapidjson::SizeType>(at)] : document;
        at++;
        if (json::text(page, "object") == "data_source") // in wikis, beside pages
            continue;
        Result<PageHead> head = page_head(page);
        if (!head) {
            error = std::move(head).error();
            step.turn = Turn::failed;
            return step;
        }
        if (!is_ours(*head))
            continue;
        remember(*head);
        row.begin(*head, page);
        in_row = true;
    }
}

Scan* scan_open(const ScanPlan& plan, Fault& fault) noexcept {
    Scan* scan = nullptr;
    guarded(fault, [&] {
        Result<std::string> data_source = parse_id(plan.data_source);
        if (!data_source) {
            fill(fault, data_source.error());
            return;
        }
        scan = std::make_unique<Scan>(plan, std::move(*data_source)).release();
    });
    return scan;
}

void scan_shut(Scan* scan) noexcept {
    delete scan;
}

Step scan_next(Scan* scan, int64_t now_ms, Cell* cells, Fault& fault) noexcept {
    Step step;
    Error error;
    bool fine = guarded(fault, [&] {
        step = scan->next(now_ms, cells, error);
        if (step.turn == Turn::failed)
            fill(fault, error);
    });
    if (!fine)
        step.turn = Turn::failed;
    return step;
}

ScanStats scan_stats(const Scan* scan) noexcept {
    const Traffic& pages = scan->reader.traffic();
    const Traffic& items = scan->row.traffic();
    return {pages.requests + items.requests, pages.bytes + items.bytes, scan->rows,
            scan->row.misfits()};
}

ScanWords scan_words(const Scan* scan) noexcept {
    int page_size = scan->limit > 0 && scan->limit < page_size_max ? static_cast<int>(scan->limit)
                                                                   : page_size_max;
    return {scan->words_path,
            scan->filter_text,
            scan->by_id ? std::string_view{} : by_creation,
            scan->words_properties,
            scan->filter.never,
            scan->filter.recheck,
            page_size};
}

PropertyType scan_property_type(std::string_view name) noexcept {
    PropertyType type = PropertyType::unknown;
    Fault ignored;
    guarded(ignored, [&] { type = property_type(name); });
    return type;
}

std::string_view scan_page_id(const Scan* scan) noexcept {
    return scan->row.page_id();
}

std::string_view scan_properties(Scan* scan, std::span<const ScanColumn> columns) noexcept {
    Fault ignored;
    bool fine = guarded(ignored, [&] {
        scan->shown = "{";
        const PageHead& head = scan->row.head();
        for (const ScanColumn& column : columns) {
            const json::Value* value = column.by_name
                                           ? json::find(*head.properties, column.property)
                                           : property_by_id(head, column.property);
            if (value == nullptr)
                continue;
            scan->shown += scan->shown.size() > 1 ? "," : "";
            scan->shown += json::quote(column.property) + ":" + json::write(*value);
        }
        scan->shown += "}";
    });
    return fine ? std::string_view(scan->shown) : std::string_view();
}

Push scan_classify(std::span<const QualNode> nodes, std::span<const ScanTerm> terms) noexcept {
    Fault ignored;
    Push push = Push::here;
    guarded(ignored, [&] {
        std::vector<Term> known;
        for (const ScanTerm& view : terms)
            known.push_back(term_of(view, nullptr));
        push = classify(nodes, known);
    });
    return push;
}

bool scan_rests_on_texts(PropertyType type) noexcept {
    return rests_on_texts(type);
}

bool scan_accepts(Field field, PropertyType type, ColumnType column) noexcept {
    switch (field) {
    case Field::property:
        return type == PropertyType::unknown || accepts(type, column);
    case Field::page_id:
    case Field::created_by:
    case Field::edited_by:
        return column == ColumnType::uuid || column == ColumnType::text;
    case Field::page_url:
        return column == ColumnType::text;
    case Field::created_at:
    case Field::edited_at:
        return column == ColumnType::timestamptz;
    case Field::icon:
    case Field::cover:
        return column == ColumnType::jsonb || column == ColumnType::text;
    }
    return false;
}

} // namespace notion::bridge
