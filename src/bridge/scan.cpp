// Scan: see the header. scope: query.
#include "bridge/scan.hpp"

#include <algorithm>
#include <memory>

#include "bridge/convert.hpp"
#include "bridge/crew.hpp"
#include "bridge/row.hpp"
#include "core/notion/endpoint.hpp"
#include "core/notion/sort.hpp"

namespace notion::bridge {

struct Scan {
    Scan(const ScanPlan& plan, std::string source);

    Step next(int64_t now_ms, Cell* cells, Error& error);
    bool is_whole() const { return question.filter.empty() && !filter.never && !question.by_id; }

    std::string table;
    Zone zone;
    int64_t limit;
    Question question; ///< the crew's own copy is the one that is asked
    Tempo tempo;
    KeptEndpoint endpoint;

    Filter filter;
    std::unique_ptr<Crew> crew; ///< made when the first row is wanted
    Row row;
    bool in_row = false;
    int64_t rows = 0;
    Quantiles creation;
    bool complete = false;

    std::string words_path;
    std::string words_properties;
    std::string shown; ///< what scan_properties gave last

  private:
    void take_quals(const ScanPlan& plan);
    void take_properties();
    int64_t wanted() const { return limit > 0 ? std::max<int64_t>(limit - rows, 1) : 0; }
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

Question question_of(const ScanPlan& plan, std::string source) {
    Question question;
    question.data_source = std::move(source);
    question.table = plan.table;
    for (const ScanSort& sort : plan.sort) {
        const Codec codec = codec_of(sort.column, nullptr);
        question.sorts = sort_json(sort.column.field == Field::property ? sort.column.property : "",
                                   codec.property, sort.descending);
    }
    question.number_property = plan.number_property;
    question.by_id = plan.by_id;
    question.ids.assign(plan.page_ids.begin(), plan.page_ids.end());
    return question;
}

Tempo tempo_of(const ScanPlan& plan) {
    Tempo tempo;
    tempo.read_ahead = plan.read_ahead;
    tempo.parallel = plan.limit > 0 ? 1 : plan.parallel;
    tempo.expected = plan.expected;
    tempo.answer_us = plan.answer_us;
    for (int64_t cut : plan.cuts)
        tempo.cuts.push_back(Instant{cut});
    return tempo;
}

} // namespace

Scan::Scan(const ScanPlan& plan, std::string source)
    : table(plan.table), zone(zone_of(plan.zone)), limit(plan.limit),
      question(question_of(plan, std::move(source))), tempo(tempo_of(plan)),
      endpoint(plan.endpoint),
      row(plan.endpoint, columns_of(plan, &zone), table, plan.misfit_null) {
    take_quals(plan);
    take_properties();
    words_path = question.by_id ? "GET /v1/pages/:page_id"
                                : "POST /v1/data_sources/" + question.data_source + "/query";
}

void Scan::take_quals(const ScanPlan& plan) {
    std::vector<Term> terms;
    for (const ScanTerm& view : plan.terms)
        terms.push_back(term_of(view, &zone));
    std::vector<Qual> quals;
    for (const ScanQual& view : plan.quals)
        quals.push_back({{view.nodes.begin(), view.nodes.end()}, view.push});
    filter = build_filter(quals, terms);
    question.filter = filter_json(filter);
    if (filter.recheck)
        limit = 0; // of how many pages a row is found is not known
}

void Scan::take_properties() {
    for (const Column& column : row.columns()) {
        std::vector<std::string>& properties = question.properties;
        if (column.field != Field::property ||
            std::find(properties.begin(), properties.end(), column.property) != properties.end())
            continue;
        properties.push_back(column.property);
        words_properties += words_properties.empty() ? "" : ", ";
        words_properties += column.property;
    }
}

Step Scan::next(int64_t now_ms, Cell* cells, Error& error) {
    Step step;
    if (filter.never || (question.by_id && question.ids.empty())) {
        complete = true;
        return step; // done
    }
    if (crew == nullptr) {
        if (!is_whole()) { // nobody knows how many pages a filter leaves
            tempo.expected = 0;
            tempo.cuts.clear();
        }
        crew = std::make_unique<Crew>(endpoint.view(), question, tempo);
    }
    while (true) {
        if (in_row) {
            step = row.turn(now_ms, cells, error);
            if (step.turn != Turn::row)
                return step;
            in_row = false;
            rows++;
            if (limit == 0 || rows < limit)
                crew->offer(limit > 0 ? limit - rows : 0, step);
            return step;
        }
        PageHead head;
        const json::Value* page = nullptr;
        step = crew->next(now_ms, wanted(), head, page, error);
        complete = step.turn == Turn::done;
        if (step.turn == Turn::failed)
            error = row.about_column(std::move(error));
        if (step.turn != Turn::row)
            return step;
        creation.add(head.created);
        row.begin(head, *page);
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
    Traffic all = scan->row.traffic();
    if (scan->crew != nullptr)
        all.add(scan->crew->traffic());
    return {all.requests,        all.bytes,  scan->rows,
            scan->row.misfits(), all.reused, scan->crew != nullptr ? scan->crew->widest() : 0};
}

bool scan_lesson(const Scan* scan, ScanLesson& lesson) noexcept {
    lesson = {};
    Fault ignored;
    return scan->complete && scan->is_whole() && scan->limit == 0 && guarded(ignored, [&] {
               lesson.rows = scan->rows;
               lesson.answer_us = scan->crew->traffic().answer_us;
               for (Instant cut : scan->creation.cuts(cuts_max + 1))
                   lesson.at_us[lesson.cuts++] = cut.us;
           });
}

ScanWords scan_words(const Scan* scan) noexcept {
    int page_size = scan->limit > 0 && scan->limit < page_size_max ? static_cast<int>(scan->limit)
                                                                   : page_size_max;
    return {scan->words_path,
            scan->question.filter,
            scan->question.by_id           ? std::string_view{}
            : scan->question.sorts.empty() ? by_creation
                                           : std::string_view(scan->question.sorts),
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

bool scan_is_ready(const Scan* scan) noexcept {
    if (scan->in_row)
        return scan->row.is_ready();
    return scan->crew == nullptr || scan->crew->is_ready();
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

bool scan_sorts_alike(const ScanColumn& column, bool filled) noexcept {
    const bool is_time = column.field == Field::created_at || column.field == Field::edited_at;
    return (is_time || column.field == Field::property) &&
           sorts_alike(codec_of(column, nullptr), filled);
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
    case Field::page_template:
    case Field::content:
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
