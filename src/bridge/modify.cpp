// Modify: see the header. scope: query.
#include "bridge/modify.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "bridge/convert.hpp"
#include "bridge/modify_op.hpp"
#include "core/notion/drift.hpp"

namespace notion::bridge {
namespace {

// More rows than this are not gathered: they wait in memory.
constexpr size_t rows_max = 100;
// Page ids named in an error; a Fault has room for about 1,000 bytes.
constexpr size_t named_max = 10;

/// The page's own member that a column writes; "" where it is none.
std::string_view beside_of(Field field) {
    switch (field) {
    case Field::icon:
        return "icon";
    case Field::cover:
        return "cover";
    case Field::page_template:
        return template_member;
    case Field::content:
        return content_member;
    default:
        return {};
    }
}

} // namespace

/// A column that may be written, with what the schema says of it where that was asked for.
struct Target {
    Assignment sketch; ///< without a value
    bool by_name;
    bool needs_schema;
    bool needs_people;
    std::optional<Error> drift;
    std::vector<Option> options;
};

struct Modify {
    Modify(const ModifyPlan& plan, std::string source);

    void add(const ModifyRow& row);
    Step next(int64_t now_ms, Cell* cells, Error& error);
    std::string accounts() const;

    KeptEndpoint endpoint;

    ModifyFrame frame;
    Zone zone;
    bool new_options;
    size_t parallel;
    std::vector<Target> targets;
    std::vector<Person> people;

    // what must be known before the first row is encoded
    Reader reader;
    bool wants_schema = false;
    bool has_schema = false;
    bool wants_people = false;
    bool has_people = false;
    bool explaining = false; ///< why Notion refused: the rows are failed already

    std::deque<std::unique_ptr<ModifyOp>> ops;
    bool handed = false; ///< the first of them, by the last step
    ModifyOp* asking = nullptr;
    int64_t rows = 0;
    int64_t written = 0;                    ///< of rows that are no longer in ops
    std::vector<std::string> written_pages; ///< the first of them

  private:
    Step prepare(int64_t now_ms, Error& error);
    Status take_schema(std::string body);
    Status take_people(std::string body);
    const Target& target_of(const Assignment& one) const;
    const Error* drift_of(const ModifyOp& op) const;
    void hand_back();
    Step conclude(int64_t now_ms, Step step, Error& error);
    bool may_be_drift(const ModifyOp& op) const;
    Error worded(const ModifyOp& first) const;
};

Modify::Modify(const ModifyPlan& plan, std::string source)
    : endpoint(plan.endpoint), zone(zone_of(plan.zone)), new_options(plan.new_options),
      parallel(static_cast<size_t>(std::max(plan.parallel, 1))), reader(plan.endpoint) {
    frame.data_source = std::move(source);
    frame.table = plan.table;
    frame.misfit_null = plan.misfit_null;
    for (const ScanColumn& view : plan.returned)
        frame.returned.push_back(column_of(view, &zone));
    for (const ScanColumn& view : plan.columns) {
        Column column = column_of(view, &zone);
        Target target;
        target.sketch.column = column.name;
        target.sketch.beside = !beside_of(column.field).empty();
        target.sketch.property =
            target.sketch.beside ? std::string(beside_of(column.field)) : column.property;
        target.sketch.codec = column.codec;
        target.sketch.codec.new_options = new_options;
        target.by_name = column.by_name;
        PropertyType type = column.codec.property;
        bool is_choice = type == PropertyType::select || type == PropertyType::multi_select;
        bool is_text = column.codec.column == ColumnType::text ||
                       column.codec.column == ColumnType::text_array;
        target.needs_schema =
            !target.sketch.beside && (type == PropertyType::unknown || (is_choice && !new_options));
        target.needs_people = type == PropertyType::people && is_text;
        targets.push_back(std::move(target));
    }
}

void Modify::add(const ModifyRow& row) {
    auto op = std::make_unique<ModifyOp>(endpoint.view(), frame, row.write, ++rows,
                                         std::string(row.page_id));
    for (const ModifyCell& cell : row.cells) {
        const Target& target = targets[static_cast<size_t>(cell.column)];
        wants_schema = wants_schema || (target.needs_schema && !has_schema);
        wants_people = wants_people || (target.needs_people && !has_people);
        Assignment one = target.sketch;
        one.value = value_of(cell.cell);
        one.was_null = cell.was_null;
        op->cells.push_back(std::move(one));
    }
    op->give_base(std::string(row.base));
    ops.push_back(std::move(op));
}

Status Modify::take_schema(std::string body) {
    auto document = json::parse(body);
    if (!document)
        return std::move(document).error();
    auto source = parse_data_source(*document);
    if (!source)
        return std::move(source).error();
    wants_schema = false;
    has_schema = true;
    for (Target& target : targets) {
        if (target.sketch.beside)
            continue;
        const Property* found = nullptr;
        for (const Property& property : source->properties)
            if ((target.by_name ? property.name : property.id) == target.sketch.property)
                found = &property;
        Codec& codec = target.sketch.codec;
        Status fits =
            check_property(frame.table, target.sketch.column, target.sketch.property, codec, found);
        if (!fits) {
            target.drift = fits.error();
            continue;
        }
        codec.property = found->type;
        target.options = found->options;
        codec.options = &target.options;
    }
    return Done{};
}

Status Modify::take_people(std::string body) {
    auto document = json::parse(body);
    if (!document)
        return std::move(document).error();
    auto list = list_head(*document);
    if (!list)
        return std::move(list).error();
    for (const json::Value& user : list->results->GetArray())
        if (const json::Value* person = json::find(user, "person"))
            people.push_back(
                {std::string(json::text(user, "id")), std::string(json::text(*person, "email"))});
    if (!list->next_cursor.empty()) {
        reader.ask(list_users(list->next_cursor));
        return Done{};
    }
    wants_people = false;
    has_people = true;
    for (Target& target : targets)
        target.sketch.codec.people = &people;
    return Done{};
}

/// done: all is known.
Step Modify::prepare(int64_t now_ms, Error& error) {
    Step step;
    while (wants_schema || wants_people) {
        if (reader.state() == Reader::State::idle)
            reader.ask(wants_schema ? get_data_source(frame.data_source) : list_users(""));
        step = reader.turn(now_ms, error);
        if (step.turn != Turn::row)
            return step;
        Status taken = wants_schema ? take_schema(reader.take()) : take_people(reader.take());
        if (!taken) {
            error = std::move(taken).error();
            step.turn = Turn::failed;
            return step;
        }
        for (auto& op : ops)
            for (Assignment& one : op->cells)
                one.codec = target_of(one).sketch.codec;
    }
    step.turn = Turn::done;
    return step;
}

const Target& Modify::target_of(const Assignment& one) const {
    for (const Target& target : targets)
        if (target.sketch.column == one.column)
            return target;
    return targets.front();
}

const Error* Modify::drift_of(const ModifyOp& op) const {
    for (const Assignment& one : op.cells)
        if (const Target& target = target_of(one); target.drift)
            return &*target.drift;
    return nullptr;
}

void Modify::hand_back() {
    handed = false;
    written += ops.front()->is_written();
    if (ops.front()->is_written() && written_pages.size() < named_max)
        written_pages.push_back(ops.front()->page());
    ops.pop_front();
}

Step Modify::next(int64_t now_ms, Cell* cells, Error& error) {
    if (handed)
        hand_back();
    asking = nullptr;
    Step step;
    if (!ops.empty()) {
        step = prepare(now_ms, error);
        if (step.turn == Turn::failed && explaining) { // then what Notion said stands
            wants_schema = false;
            has_schema = true;
        } else if (step.turn != Turn::done) {
            return step;
        }
    }
    bool failed = false;
    size_t in_flight = 0;
    for (auto& op : ops)
        if (op->state() == ModifyOp::State::fresh) {
            if (const Error* drift = drift_of(*op))
                op->fail_with(*drift);
            else
                op->begin();
        }
    for (auto& op : ops) {
        op->turn(now_ms, step);
        failed = failed || op->state() == ModifyOp::State::failed;
        in_flight += op->in_flight();
    }
    if (failed && in_flight == 0)
        return conclude(now_ms, step, error);
    step.turn = Turn::waits;
    if (failed)
        return step;
    if (ops.empty()) {
        step.turn = Turn::done;
        return step;
    }
    if (ops.front()->state() == ModifyOp::State::done) {
        std::ranges::copy(ops.front()->out(), cells);
        handed = true;
        step.turn = Turn::row;
        return step;
    }
    for (auto& op : ops) {
        if (op->asks && in_flight < parallel && asking == nullptr) {
            asking = op.get();
            step.turn = Turn::asks;
            step.reader = op->reader;
        }
        if (op->resume_at_ms >= 0)
            step.wait_ms =
                step.wait_ms < 0 ? op->resume_at_ms : std::min(step.wait_ms, op->resume_at_ms);
    }
    return step;
}

/// A 400 may mean that the schema changed, or an unknown status: then the schema has better words.
bool Modify::may_be_drift(const ModifyOp& op) const {
    bool refused = op.error().kind == ErrorKind::validation ||
                   op.error().kind == ErrorKind::property_missing ||
                   op.error().kind == ErrorKind::property_type;
    return refused && !op.cells.empty() && !op.is_unknown();
}

Step Modify::conclude(int64_t now_ms, Step step, Error& error) {
    ModifyOp* first = nullptr;
    for (auto& op : ops)
        if (op->state() == ModifyOp::State::failed &&
            (first == nullptr || (op->is_unknown() && !first->is_unknown())))
            first = op.get();
    if (may_be_drift(*first)) {
        if (!has_schema && !explaining) {
            explaining = wants_schema = true;
            wants_people = false;
            return next(now_ms, nullptr, error);
        }
        const Error* drift = drift_of(*first);
        Status known = drift != nullptr ? Status(*drift) : Status(Done{});
        for (const Assignment& one : first->cells)
            if (known)
                known = check_status(one);
        if (!known)
            first->fail_with(std::move(known).error());
    }
    error = worded(*first);
    step.turn = Turn::failed;
    return step;
}

/// What was written, what was not: for DETAIL.
std::string Modify::accounts() const {
    int64_t done = written;
    int64_t unsent = 0;
    std::string pages;
    auto name = [&pages, count = size_t{0}](const std::string& page) mutable {
        if (++count <= named_max)
            pages += (pages.empty() ? "" : ", ") + page;
        else if (count == named_max + 1)
            pages += ", …";
    };
    for (const std::string& page : written_pages)
        name(page);
    std::string unknown;
    for (const auto& op : ops) {
        if (op->is_written()) {
            done++;
            name(op->page());
        } else if (op->is_unknown() || op->in_doubt()) {
            unknown += (unknown.empty() ? "" : ", ") + std::to_string(op->number()) + " (" +
                       op->trace() + ")";
        } else if (op->state() != ModifyOp::State::failed) {
            unsent++;
        }
    }
    std::string out;
    if (!unknown.empty())
        out += " Of unknown outcome: row " + unknown + ".";
    if (done > 0)
        out += " Rows written before: " + std::to_string(done) + " (" + pages + ").";
    if (unsent > 0)
        out += " Rows not sent: " + std::to_string(unsent) + ".";
    return out;
}

Error Modify::worded(const ModifyOp& first) const {
    Error error = first.error();
    std::string where =
        "foreign table \"" + frame.table + "\", row " + std::to_string(first.number()) + ": ";
    if (first.is_unknown()) {
        std::string why = error.message + (error.detail.empty() ? "" : ": " + error.detail);
        error.kind = ErrorKind::unknown_outcome;
        error.detail = why + (why.ends_with('.') ? "" : ".");
        if (!first.committed().empty())
            error.detail += " Notion says that it made page " + first.committed() + ".";
        error.message = "nobody knows whether Notion did this write";
        error.hint = "Look in Notion before you do it again; it was not repeated.";
    }
    error.message = where + error.message;
    std::string more = accounts();
    if (!more.empty() && error.detail.empty())
        more.erase(0, 1);
    error.detail += more;
    if (error.hint.empty() && (written > 0 || first.number() > 1))
        error.hint = "Notion has no transactions: what was written stays.";
    return error;
}

bool modify_accepts(const ScanColumn& column) noexcept {
    if (column.field != Field::property)
        return column.field == Field::content || column.field == Field::page_template ||
               (!beside_of(column.field).empty() && column.column == ColumnType::jsonb);
    return column.type == PropertyType::unknown || is_writable(column.type);
}

bool modify_keeps(const ScanColumn& column) noexcept {
    switch (column.type) {
    case PropertyType::title:
    case PropertyType::rich_text:
    case PropertyType::date:
    case PropertyType::people:
    case PropertyType::files:
    case PropertyType::unknown:
        return column.field == Field::property;
    default:
        return false;
    }
}

Modify* modify_open(const ModifyPlan& plan, Fault& fault) noexcept {
    Modify* modify = nullptr;
    guarded(fault, [&] {
        Result<std::string> source = parse_id(plan.data_source);
        if (!source)
            return fill(fault, source.error());
        modify = new Modify(plan, std::move(*source));
    });
    return modify;
}

void modify_shut(Modify* modify) noexcept {
    delete modify;
}

bool modify_add(Modify* modify, const ModifyRow& row, Fault& fault) noexcept {
    return guarded(fault, [&] { modify->add(row); });
}

bool modify_room(const Modify* modify) noexcept {
    return modify->ops.size() < rows_max;
}

Step modify_next(Modify* modify, int64_t now_ms, Cell* cells, Fault& fault) noexcept {
    Step step;
    bool fine = guarded(fault, [&] {
        Error error;
        step = modify->next(now_ms, cells, error);
        if (step.turn == Turn::failed)
            fill(fault, error);
    });
    if (!fine)
        step.turn = Turn::failed;
    return step;
}

bool modify_send(Modify* modify, Fault& fault) noexcept {
    return guarded(fault, [&] { modify->asking->send(); });
}

std::string_view modify_data_source(const Modify* modify) noexcept {
    return modify->frame.data_source;
}

std::string_view modify_page_id(const Modify* modify) noexcept {
    return modify->ops.front()->page();
}

int64_t modify_written(const Modify* modify) noexcept {
    int64_t count = modify->written;
    for (const auto& op : modify->ops)
        count += op->is_written();
    return count;
}

bool modify_in_doubt(const Modify* modify, std::string_view why, Fault& fault) noexcept {
    bool any = false;
    for (const auto& op : modify->ops)
        any = any || op->in_doubt();
    if (!any)
        return false;
    guarded(fault, [&] {
        std::string detail(why);
        detail += "." + modify->accounts();
        fill(fault, fail(ErrorKind::unknown_outcome,
                         "foreign table \"" + modify->frame.table +
                             "\": nobody knows whether Notion did the writes under way",
                         std::move(detail),
                         "Look in Notion before you do them again; they were not repeated."));
    });
    return fault.set;
}

} // namespace notion::bridge
