// Webhooks: the gathering window, the queue and its retries; see webhooks.hpp.
// scope: emulator.
#include "webhooks.hpp"

#include <algorithm>
#include <openssl/hmac.h>

namespace emulator {

namespace {

constexpr std::string_view aggregated[] = {"page.created",
                                           "page.deleted",
                                           "page.undeleted",
                                           "page.moved",
                                           "page.content_updated",
                                           "page.properties_updated",
                                           "database.created",
                                           "database.deleted",
                                           "database.undeleted",
                                           "database.moved",
                                           "data_source.created",
                                           "data_source.deleted",
                                           "data_source.undeleted",
                                           "data_source.moved",
                                           "data_source.content_updated",
                                           "data_source.schema_updated"};

bool gathers(std::string_view type) {
    return std::ranges::find(aggregated, type) != std::end(aggregated);
}

void merge(Event& into, Event&& more) {
    into.authors.merge(more.authors);
    into.properties.merge(more.properties);
    into.blocks.merge(more.blocks);
    for (auto& [id, change] : more.schema)
        into.schema[id] = std::move(change);
    into.happened_at = more.happened_at;
}

} // namespace

std::string webhook_signature(std::string_view token, std::string_view body) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        hex.push_back("0123456789abcdef"[digest[i] >> 4]);
        hex.push_back("0123456789abcdef"[digest[i] & 15]);
    }
    return hex;
}

Subscription& Webhooks::subscribe(Subscription subscription) {
    subscription.id = new_id();
    if (subscription.token.empty()) {
        subscription.token = "secret_";
        for (int i = 0; i < 43; ++i)
            subscription.token.push_back(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[random_() % 62]);
    }
    Delivery handshake;
    handshake.subscription = subscription.id;
    handshake.handshake = true;
    Out(handshake.payload).open().key("verification_token").text(subscription.token).close();
    handshake.due = clock_.elapsed();
    queue_.push_back(std::move(handshake));
    const Uuid id = subscription.id;
    return subscriptions[id] = std::move(subscription);
}

void Webhooks::unsubscribe_all() {
    subscriptions.clear();
    gathering_.clear();
    queue_.clear();
}

Subscription* Webhooks::find(Uuid id) {
    const auto found = subscriptions.find(id);
    return found == subscriptions.end() ? nullptr : &found->second;
}

void Webhooks::raise(Event event) {
    if (subscriptions.empty())
        return;
    int64_t window = 0;
    for (const auto& [id, subscription] : subscriptions)
        window = std::max(window, subscription.window_ms);
    event.happened_at = clock_.now();
    event.due = clock_.elapsed() + (gathers(event.type) ? window : 0);
    // Created and deleted within one window: as if it had never been.
    if (event.type.ends_with(".deleted")) {
        const std::string created = event.entity_type + ".created";
        const bool unborn = std::ranges::any_of(gathering_, [&](const Event& other) {
            return other.entity == event.entity && other.type == created;
        });
        if (unborn) {
            std::erase_if(gathering_,
                          [&](const Event& other) { return other.entity == event.entity; });
            return;
        }
    }
    if (gathers(event.type))
        for (auto& other : gathering_)
            if (other.entity == event.entity && other.type == event.type)
                return merge(other, std::move(event));
    gathering_.push_back(std::move(event));
}

void Webhooks::schema_updated(const DataSource& source, const std::vector<SchemaChange>& changes) {
    Event event;
    event.type = "data_source.schema_updated";
    event.entity_type = "data_source";
    event.entity = source.id;
    event.parent = {Parent::Kind::database, source.database};
    event.authors = {author_};
    for (const auto& change : changes)
        event.schema[change.id] = {change.name, change.action};
    raise(std::move(event));
}

void Webhooks::close_windows() {
    const int64_t now = clock_.elapsed();
    for (const auto& event : gathering_)
        if (hurried_ || event.due <= now)
            enqueue(event);
    std::erase_if(gathering_, [&](const Event& event) { return hurried_ || event.due <= now; });
}

void Webhooks::enqueue(const Event& event) {
    for (auto& [id, subscription] : subscriptions) {
        if (!subscription.verified ||
            (!subscription.events.empty() && !subscription.events.contains(event.type)))
            continue;
        if (chance() < subscription.lose) {
            ++subscription.lost;
            subscription.undelivered.push_back(payload(event, subscription, new_id()));
            continue;
        }
        Delivery delivery;
        delivery.subscription = id;
        delivery.event = new_id();
        delivery.event_type = event.type;
        delivery.payload = payload(event, subscription, delivery.event);
        delivery.due = clock_.elapsed() + subscription.delay_ms;
        if (chance() < subscription.duplicate)
            queue_.push_back(delivery);
        const auto at =
            subscription.reorder && !queue_.empty()
                ? queue_.begin() + static_cast<std::ptrdiff_t>(random_() % (queue_.size() + 1))
                : queue_.end();
        queue_.insert(at, std::move(delivery));
    }
}

void Webhooks::hurry() {
    hurried_ = true;
    close_windows();
    for (auto& delivery : queue_)
        delivery.due = std::min(delivery.due, clock_.elapsed());
    hurried_ = false;
}

std::vector<Delivery> Webhooks::due() {
    close_windows();
    const int64_t now = clock_.elapsed();
    std::vector<Delivery> ready;
    for (auto& delivery : queue_)
        if (delivery.due <= now)
            ready.push_back(std::move(delivery));
    std::erase_if(queue_, [&](const Delivery& delivery) { return delivery.payload.empty(); });
    in_flight_ += ready.size();
    return ready;
}

// Backoff doubles from the subscription's base; Notion's own ends some 24 hours later.
void Webhooks::done(const Delivery& delivery, bool accepted) {
    --in_flight_;
    Subscription* subscription = find(delivery.subscription);
    if (!subscription)
        return;
    if (accepted) {
        if (delivery.handshake)
            subscription->verified = true;
        else
            ++subscription->delivered;
        return;
    }
    if (delivery.attempt >= subscription->attempts) {
        ++subscription->failed;
        if (!delivery.handshake)
            subscription->undelivered.push_back(delivery.payload);
        return;
    }
    Delivery again = delivery;
    again.due = clock_.elapsed() + (subscription->retry_base_ms << (delivery.attempt - 1));
    ++again.attempt;
    queue_.push_back(std::move(again));
}

int64_t Webhooks::wait_ms() const {
    int64_t next = INT64_MAX;
    for (const auto& event : gathering_)
        next = std::min(next, event.due);
    for (const auto& delivery : queue_)
        next = std::min(next, delivery.due);
    return next == INT64_MAX ? -1 : std::max<int64_t>(0, next - clock_.elapsed());
}

} // namespace emulator
