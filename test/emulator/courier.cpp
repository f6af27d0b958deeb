// Carries webhook deliveries; see courier.hpp. scope: emulator.
#include "courier.hpp"

#include <algorithm>

namespace emulator {

struct Courier::Parcel {
    Delivery delivery;
    std::string body;
    curl_slist* headers = nullptr;
    ~Parcel() { curl_slist_free_all(headers); }
};

namespace {

constexpr long timeout_ms = 10'000;

size_t discard(char*, size_t size, size_t count, void*) {
    return size * count;
}

} // namespace

Courier::Courier(Webhooks& webhooks) : webhooks_(webhooks), multi_(curl_multi_init()) {}

Courier::~Courier() {
    for (auto& [easy, parcel] : parcels_) {
        curl_multi_remove_handle(multi_, easy);
        curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
}

void Courier::send(Delivery delivery) {
    const Subscription* to = webhooks_.find(delivery.subscription);
    if (!to) {
        webhooks_.done(delivery, false);
        return;
    }
    auto parcel = std::make_unique<Parcel>();
    parcel->body = webhooks_.body_of(delivery);
    parcel->delivery = std::move(delivery);
    const std::string signature =
        "X-Notion-Signature: sha256=" + webhook_signature(to->token, parcel->body);
    for (const char* line : {"Content-Type: application/json", "User-Agent: notion-webhooks/1.0",
                             "Expect:", signature.c_str()})
        parcel->headers = curl_slist_append(parcel->headers, line);
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, to->url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, parcel->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(parcel->body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, parcel->body.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_multi_add_handle(multi_, easy);
    parcels_[easy] = std::move(parcel);
}

void Courier::step() {
    for (auto& delivery : webhooks_.due())
        send(std::move(delivery));
    if (parcels_.empty())
        return;
    curl_multi_perform(multi_, &running_);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL* easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        const bool accepted = message->data.result == CURLE_OK && status >= 200 && status < 300;
        const auto found = parcels_.find(easy);
        webhooks_.done(found->second->delivery, accepted);
        curl_multi_remove_handle(multi_, easy);
        curl_easy_cleanup(easy);
        parcels_.erase(found);
    }
}

void Courier::wait(int first_fd, int second_fd, int64_t ms) {
    curl_waitfd others[2] = {{first_fd, CURL_WAIT_POLLIN, 0}, {second_fd, CURL_WAIT_POLLIN, 0}};
    const int limit = static_cast<int>(std::clamp<int64_t>(ms, 0, 60'000));
    curl_multi_poll(multi_, others, 2, limit, nullptr);
}

} // namespace emulator
