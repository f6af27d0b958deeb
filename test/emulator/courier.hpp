// Carries webhook deliveries over libcurl, many at once, without waiting for any.
// Redirects are not followed; a delivery is accepted by a 2xx answer within ten seconds.
// scope: emulator.
#pragma once

#include "webhooks.hpp"

#include <curl/curl.h>
#include <memory>

namespace emulator {

class Courier {
  public:
    explicit Courier(Webhooks& webhooks);
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    /// Starts what is due and collects what has ended.
    void step();
    /// Waits for its own sockets and for these others, at most so long.
    void wait(int first_fd, int second_fd, int64_t ms);

  private:
    struct Parcel;
    void send(Delivery delivery);
    Webhooks& webhooks_;
    CURLM* multi_;
    int running_ = 0;
    std::map<CURL*, std::unique_ptr<Parcel>> parcels_;
};

} // namespace emulator
