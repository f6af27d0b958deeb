// Catalog: see the header. The ids come first (by search, or given), then what they lack: the
// schema of a database's sources, and pages that show what a formula's result is. scope: query.
#include "bridge/catalog.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "bridge/reader.hpp"
#include "core/notion/answer.hpp"
#include "core/notion/endpoint.hpp"
#include "core/notion/schema.hpp"
#include "core/notion/utf8.hpp"

namespace notion::bridge {
namespace {

constexpr size_t name_bytes_max = 63; // NAMEDATALEN - 1
// Enough to meet one whose formula is not empty, and still one small answer.
constexpr int sample_pages = 10;

struct Entry {
    std::string name;
    std::string sql_type;
    const Property* property;
    std::string type;
    std::string comment;
};

struct Table {
    std::string name;
    std::string comment;
    std::vector<Entry> entries;
};

std::string comment_of(const Property& property) {
    std::string text = property.name + " (" + property.type_name;
    for (size_t at = 0; at < property.options.size(); at++)
        text += (at == 0 ? ": " : ", ") + property.options[at].name;
    text += ")";
    return property.description.empty() ? text : text + ". " + property.description;
}

std::string comment_of(const DataSource& source) {
    std::string text = source.title.empty() ? "Untitled" : source.title;
    if (!source.description.empty())
        text += ". " + source.description;
    return source.url.empty() ? text : text + " <" + source.url + ">";
}

bool has_computed(const DataSource& source) {
    return std::ranges::any_of(source.properties, [](const Property& property) {
        return property.type == PropertyType::formula || property.type == PropertyType::rollup;
    });
}

} // namespace

struct Catalog {
    explicit Catalog(const CatalogPlan& plan)
        : reader(plan.endpoint), wanted(plan.data_source),
          style(plan.exact_names ? NameStyle::exact : NameStyle::snake_case) {}

    Step next(int64_t now_ms, Error& error);

    Reader reader;
    std::string wanted;
    NameStyle style;
    std::vector<DataSource> sources;
    std::vector<Table> tables;

  private:
    enum class Phase { search, source, database, sample, named };

    Status begin();
    Status take(std::string body);
    Status take_search(const json::Value& answer);
    Status take_source(const json::Value& answer);
    void take_database(const json::Value& answer);
    void add(DataSource source);
    void go_on();
    void name_all();

    Phase phase = Phase::search;
    bool begun = false;
    bool looked_around = false;  ///< the database of that id was asked for
    std::deque<std::string> ids; ///< of data sources still to be read
    size_t sampled = 0;          ///< sources before this one have no need of a sample
};

Status Catalog::begin() {
    begun = true;
    if (wanted.empty()) {
        reader.ask(search_data_sources(""));
        return Done{};
    }
    Result<std::string> id = parse_id(wanted);
    if (!id)
        return std::move(id).error();
    wanted = *id;
    phase = Phase::source;
    reader.ask(get_data_source(wanted));
    return Done{};
}

void Catalog::add(DataSource source) {
    bool known = std::ranges::any_of(
        sources, [&](const DataSource& other) { return other.id == source.id; });
    if (!known && !source.in_trash)
        sources.push_back(std::move(source));
}

Status Catalog::take_search(const json::Value& answer) {
    Result<ListHead> list = list_head(answer);
    if (!list)
        return std::move(list).error();
    if (list->incomplete)
        return fail(ErrorKind::incomplete, "Notion cut the list of data sources", "",
                    "Import data sources one by one, with the option data_source.");
    for (const json::Value& result : list->results->GetArray()) {
        if (json::text(result, "object") != "data_source")
            continue;
        Result<DataSource> source = parse_data_source(result);
        if (!source)
            return std::move(source).error();
        add(std::move(*source));
    }
    if (!list->next_cursor.empty())
        reader.ask(search_data_sources(list->next_cursor));
    else
        go_on();
    return Done{};
}

Status Catalog::take_source(const json::Value& answer) {
    Result<DataSource> source = parse_data_source(answer);
    if (!source)
        return std::move(source).error();
    add(std::move(*source));
    go_on();
    return Done{};
}

void Catalog::take_database(const json::Value& answer) {
    const json::Value* list = json::find(answer, "data_sources");
    if (list != nullptr && list->IsArray())
        for (const json::Value& source : list->GetArray())
            ids.emplace_back(json::text(source, "id"));
    go_on();
}

/// What is still to be asked for; nothing: names are given.
void Catalog::go_on() {
    if (!ids.empty()) {
        phase = Phase::source;
        reader.ask(get_data_source(ids.front()));
        ids.pop_front();
        return;
    }
    while (sampled < sources.size() && !has_computed(sources[sampled]))
        sampled++;
    if (sampled == sources.size()) {
        name_all();
        phase = Phase::named;
        return;
    }
    Query query;
    query.data_source = sources[sampled].id;
    query.page_size = sample_pages;
    for (const Property& property : sources[sampled].properties)
        if (property.type == PropertyType::formula || property.type == PropertyType::rollup)
            query.properties.push_back(property.id);
    phase = Phase::sample;
    reader.ask(query_data_source(query));
}

Status Catalog::take(std::string body) {
    Result<json::Document> answer = json::parse(body);
    if (!answer)
        return std::move(answer).error();
    switch (phase) {
    case Phase::search:
        return take_search(*answer);
    case Phase::source:
        return take_source(*answer);
    case Phase::database:
        take_database(*answer);
        return Done{};
    case Phase::sample: {
        Status learnt = learn_results(sources[sampled++], *answer);
        if (learnt)
            go_on();
        return learnt;
    }
    case Phase::named:
        break;
    }
    return Done{};
}

/// In order of id, so that of two sources with one title the same one gets the suffix each time.
void Catalog::name_all() {
    std::ranges::sort(sources, {}, &DataSource::id);
    std::set<std::string> taken;
    for (const DataSource& source : sources) {
        Table table;
        table.comment = comment_of(source);
        std::string plain = identifier(source.title, style, "data_source");
        table.name = plain;
        for (int number = 2; !taken.insert(table.name).second; number++) {
            std::string suffix = "_" + std::to_string(number);
            table.name = std::string(utf8::cut(plain, name_bytes_max - suffix.size())) + suffix;
        }
        for (const NamedColumn& column : name_columns(source, style))
            table.entries.push_back({column.column, std::string(sql_type(column.type)),
                                     column.property,
                                     std::string(property_type_name(column.property->type)),
                                     comment_of(*column.property)});
        tables.push_back(std::move(table));
    }
}

Step Catalog::next(int64_t now_ms, Error& error) {
    Step step;
    Status fine = begun ? Status(Done{}) : begin();
    while (fine && phase != Phase::named) {
        step = reader.turn(now_ms, error);
        if (step.turn == Turn::failed && error.kind == ErrorKind::not_found && !wanted.empty() &&
            phase == Phase::source && !looked_around) {
            // The id in the URL of a page with a table is that of the database around it.
            looked_around = true;
            phase = Phase::database;
            reader.ask(get_database(wanted));
            continue;
        }
        if (step.turn != Turn::row)
            return step;
        fine = take(reader.take());
    }
    step.turn = fine ? Turn::done : Turn::failed;
    if (!fine)
        error = std::move(fine).error();
    return step;
}

Catalog* catalog_open(const CatalogPlan& plan, Fault& fault) noexcept {
    Catalog* catalog = nullptr;
    guarded(fault, [&] { catalog = new Catalog(plan); });
    return catalog;
}

void catalog_shut(Catalog* catalog) noexcept {
    delete catalog;
}

Step catalog_next(Catalog* catalog, int64_t now_ms, Fault& fault) noexcept {
    Step step;
    bool fine = guarded(fault, [&] {
        Error error;
        step = catalog->next(now_ms, error);
        if (step.turn == Turn::failed)
            fill(fault, error);
    });
    if (!fine)
        step.turn = Turn::failed;
    return step;
}

int catalog_count(const Catalog* catalog) noexcept {
    return static_cast<int>(catalog->tables.size());
}

CatalogSource catalog_source(const Catalog* catalog, int source) noexcept {
    const DataSource& of = catalog->sources[static_cast<size_t>(source)];
    const Table& table = catalog->tables[static_cast<size_t>(source)];
    return {of.id,  table.name,    of.title,
            of.url, table.comment, static_cast<int>(table.entries.size())};
}

CatalogColumn catalog_column(const Catalog* catalog, int source, int column) noexcept {
    const Entry& entry =
        catalog->tables[static_cast<size_t>(source)].entries[static_cast<size_t>(column)];
    return {entry.name,
            entry.sql_type,
            entry.property->id,
            entry.property->name,
            entry.type,
            entry.comment,
            entry.property->related_data_source};
}

} // namespace notion::bridge
