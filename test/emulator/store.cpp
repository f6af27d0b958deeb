// The workspace; see store.hpp. scope: emulator.
#include "store.hpp"

#include <algorithm>

namespace emulator {

namespace {

template <typename Map>
auto* find_in(Map& map, Uuid id) {
    const auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second;
}

bool created_before(const PageRecord* a, const PageRecord* b) {
    const int64_t minute_a = floor_to(a->now.stamp.created_at, minute_ms);
    const int64_t minute_b = floor_to(b->now.stamp.created_at, minute_ms);
    return minute_a != minute_b ? minute_a < minute_b : a->now.sequence < b->now.sequence;
}

} // namespace

Store::Store(Clock& clock) : clock_(clock), random_(std::random_device{}()) {
    workspace_id = named_uuid("workspace", "emulator");
    make_loose_schema();
}

void Store::make_loose_schema() {
    loose_ = {};
    Property title;
    title.id = title.name = "title";
    title.type = Type::title;
    loose_.properties.push_back(std::move(title));
    loose_.reorder();
}

void Store::clear() {
    databases.clear();
    data_sources.clear();
    pages.clear();
    blocks.clear();
    comments.clear();
    users.clear();
    touch();
}

Uuid Store::new_id(int version) {
    const uint64_t high = random_();
    return stamped(high, random_(), version);
}

std::string Store::new_property_id(const DataSource& source) {
    for (;;) {
        std::string id;
        for (int i = 0; i < 4; ++i)
            id.push_back(static_cast<char>(':' + random_() % ('~' - ':' + 1)));
        if (!source.by_id(id) && id.find('%') == std::string::npos)
            return id;
    }
}

User* Store::user(Uuid id) {
    return find_in(users, id);
}
Database* Store::database(Uuid id) {
    return find_in(databases, id);
}
DataSource* Store::data_source(Uuid id) {
    return find_in(data_sources, id);
}
Block* Store::block(Uuid id) {
    return find_in(blocks, id);
}
Comment* Store::comment(Uuid id) {
    return find_in(comments, id);
}

PageRecord* Store::page(Uuid id) {
    const auto* found = find_in(pages, id);
    return found ? found->get() : nullptr;
}

User& Store::add(User user) {
    touch();
    const Uuid id = user.id;
    return users[id] = std::move(user);
}

Database& Store::add(Database database) {
    touch();
    const Uuid id = database.id;
    return databases[id] = std::move(database);
}

DataSource& Store::add(DataSource source) {
    touch();
    const Uuid id = source.id;
    DataSource& kept = data_sources[id] = std::move(source);
    kept.reorder();
    return kept;
}

Block& Store::add(Block block) {
    touch();
    const Uuid id = block.id;
    return blocks[id] = std::move(block);
}

Comment& Store::add(Comment comment) {
    touch();
    const Uuid id = comment.id;
    return comments[id] = std::move(comment);
}

PageRecord& Store::add(Page page) {
    touch();
    auto record = std::make_unique<PageRecord>();
    record->now = std::move(page);
    record->now.sequence = ++sequence_;
    record->visible_from = lag_ms_ > 0 ? clock_.elapsed() : INT64_MIN / 2;
    PageRecord& kept = *record;
    pages[kept.now.id] = std::move(record);
    index(kept);
    return kept;
}

Page& Store::change(PageRecord& record) {
    touch();
    record.rendered = {};
    if (lag_ms_ > 0)
        record.past.push_back({clock_.elapsed(), record.now});
    else
        record.past.clear();
    return record.now;
}

void Store::unindex(PageRecord& record) {
    if (record.now.parent.kind != Parent::Kind::data_source)
        return;
    if (DataSource* source = data_source(record.now.parent.id))
        std::erase(source->pages, &record);
}

void Store::index(PageRecord& record) {
    if (record.now.parent.kind != Parent::Kind::data_source)
        return;
    DataSource* source = data_source(record.now.parent.id);
    if (!source)
        return;
    auto& pages_of_source = source->pages;
    if (pages_of_source.empty() || created_before(pages_of_source.back(), &record))
        pages_of_source.push_back(&record);
    else
        pages_of_source.insert(std::ranges::upper_bound(pages_of_source, &record, created_before),
                               &record);
}

void Store::erase(PageRecord& record) {
    touch();
    unindex(record);
    pages.erase(record.now.id);
}

const Page* Store::seen(const PageRecord& record) const {
    if (lag_ms_ <= 0)
        return &record.now;
    const int64_t as_of = clock_.elapsed() - lag_ms_;
    if (record.visible_from > as_of)
        return nullptr;
    for (const auto& past : record.past)
        if (past.until > as_of)
            return &past.page;
    return &record.now;
}

DataSource& Store::schema_of(const Page& page) {
    if (page.parent.kind == Parent::Kind::data_source)
        if (DataSource* source = data_source(page.parent.id))
            return *source;
    return loose_;
}

const DataSource& Store::schema_of(const Page& page) const {
    return const_cast<Store*>(this)->schema_of(page);
}

} // namespace emulator
