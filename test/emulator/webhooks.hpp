// Webhooks: events are gathered per object for a short window, then delivered, signed.
// A delivery is tried up to eight times. Subscriptions may duplicate, reorder, delay and lose.
// Times are elapsed time. The HTTP itself is the Courier's, so that tests can stand in for it.
// scope: emulator.
#pragma once

#include "clock.hpp"
#include "json.hpp"
#include "model.hpp"

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace emulator {

/// What a schema edit did, for the webhook.
struct SchemaChange {
    std::string id;
    std::string name;
    const char* action; // created, updated, deleted
};

struct Author {
    Uuid id;
    bool person = false;
    auto operator<=>(const Author&) const = default;
};

struct Event {
    std::string type;        // page.created ...
    std::string entity_type; // page, data_source, database, comment
    Uuid entity;
    Parent parent;
    Uuid data_source; // where the parent is one: events name its database and itself
    std::set<Author> authors;
    std::set<std::string> properties;                                  // ids, raw
    std::map<Uuid, std::string> blocks;                                // id and type
    std::map<std::string, std::pair<std::string, std::string>> schema; // id: name, action
    Uuid page;                                                         // of a comment
    int64_t happened_at = 0;                                           // Notion's time
    int64_t due = 0; // elapsed time at which the window closes
};

struct Subscription {
    Uuid id;
    std::string url;
    std::string token;
    std::set<std::string> events; // empty: all
    std::string api_version = "2026-03-11";
    bool verified = false;
    int64_t window_ms = 50;
    int64_t delay_ms = 0;
    int64_t retry_base_ms = 100;
    double lose = 0;
    double duplicate = 0;
    bool reorder = false;
    int64_t attempts = 8;
    uint64_t delivered = 0;
    uint64_t failed = 0;
    uint64_t lost = 0;
    std::vector<std::string> undelivered; // bodies, of what was lost and what failed
};

/// One HTTP request to a subscriber.
struct Delivery {
    Uuid subscription;
    Uuid event;
    std::string event_type;
    std::string payload; // JSON without attempt_number, which is added at each try
    int64_t attempt = 1;
    int64_t due = 0;
    bool handshake = false;
};

std::string webhook_signature(std::string_view token, std::string_view body);

class Webhooks {
  public:
    explicit Webhooks(Clock& clock) : clock_(clock) {}

    /// Opens a subscription and queues the handshake.
    Subscription& subscribe(Subscription subscription);
    void unsubscribe_all();
    void raise(Event event);
    void schema_updated(const DataSource& source, const std::vector<SchemaChange>& changes);
    void act_as(Author author) { author_ = author; }
    Author author() const { return author_; }

    /// Closes every window now and makes all queued deliveries due.
    void hurry();
    bool idle() const { return gathering_.empty() && queue_.empty() && in_flight_ == 0; }
    /// What is due at this moment; the caller sends each and reports with `done`.
    std::vector<Delivery> due();
    void done(const Delivery& delivery, bool accepted);
    /// Milliseconds until something is due, or -1.
    int64_t wait_ms() const;
    std::string body_of(const Delivery& delivery) const;
    Subscription* find(Uuid id);
    void write(Out& out) const;
    /// What no subscriber of it ever got, as an array of bodies.
    void write_undelivered(Out& out) const;

    std::map<Uuid, Subscription> subscriptions;
    Uuid workspace_id;
    std::string workspace_name;

  private:
    void close_windows();
    void enqueue(const Event& event);
    std::string payload(const Event& event, const Subscription& to, Uuid id) const;
    double chance() { return std::uniform_real_distribution<>(0, 1)(random_); }
    Uuid new_id() {
        const uint64_t high = random_();
        return stamped(high, random_(), 4);
    }

    Clock& clock_;
    Author author_;
    std::vector<Event> gathering_;
    std::vector<Delivery> queue_;
    size_t in_flight_ = 0;
    bool hurried_ = false;
    std::mt19937_64 random_{std::random_device{}()};
};

} // namespace emulator
