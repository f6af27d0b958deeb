// The workspace: every object by id, pages of a data source in order of creation.
// Assumes one thread. Keeps past states of pages only while an index lag is in force.
// Refuses nothing: callers validate first.
// scope: emulator.
#pragma once

#include "clock.hpp"
#include "model.hpp"

#include <map>
#include <random>
#include <unordered_map>

namespace emulator {

class Store {
  public:
    explicit Store(Clock& clock);

    /// Deterministic ids from here on.
    void seed_random(uint64_t seed) { random_.seed(seed); }
    uint64_t random() { return random_(); }
    Uuid new_id(int version = 8);
    std::string new_property_id(const DataSource& source);

    User* user(Uuid id);
    Database* database(Uuid id);
    DataSource* data_source(Uuid id);
    PageRecord* page(Uuid id);
    Block* block(Uuid id);
    Comment* comment(Uuid id);

    User& add(User user);
    Database& add(Database database);
    DataSource& add(DataSource source);
    Block& add(Block block);
    Comment& add(Comment comment);
    /// Enters the index of its data source where it has one.
    PageRecord& add(Page page);

    /// Call before changing a page: forgets its cached text and, under a lag, keeps what it was.
    Page& change(PageRecord& record);
    /// Takes a page out of its data source's index (before a move) or puts it in.
    void unindex(PageRecord& record);
    void index(PageRecord& record);
    void erase(PageRecord& record);

    /// What a query sees of a page; nothing if it does not see it yet.
    const Page* seen(const PageRecord& record) const;
    void set_lag(int64_t ms) { lag_ms_ = ms; }
    bool lags() const { return lag_ms_ > 0; }

    /// The data source of a page; for a page elsewhere, the one that has only `title`.
    DataSource& schema_of(const Page& page);
    const DataSource& schema_of(const Page& page) const;

    /// Grows with every change of anything.
    uint64_t version() const { return version_; }
    void touch() { ++version_; }
    void clear();

    std::map<Uuid, User> users;
    std::unordered_map<Uuid, Database> databases;
    std::unordered_map<Uuid, DataSource> data_sources;
    std::unordered_map<Uuid, std::unique_ptr<PageRecord>> pages;
    std::unordered_map<Uuid, Block> blocks;
    std::unordered_map<Uuid, Comment> comments;
    Uuid workspace_id;
    std::string workspace_name = "Emulated workspace";

  private:
    void make_loose_schema();

    Clock& clock_;
    std::mt19937_64 random_;
    DataSource loose_;
    uint64_t version_ = 1;
    uint64_t sequence_ = 0;
    int64_t lag_ms_ = 0;
};

} // namespace emulator
