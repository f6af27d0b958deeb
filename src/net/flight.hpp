// The inside of an Exchange: one easy handle and what its callbacks write to.
// Assumes an address that does not change while libcurl knows it. scope: exchange.
#pragma once

#include "net/driver.hpp"
#include "net/exchange.hpp"

#include <curl/curl.h>

namespace notion::net {

struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

struct Exchange::Flight {
    Flight(Mux& mux, Request request);
    ~Flight();
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;

    void start();
    void finish(CURLcode code);
    bool handed_over() const;
    bool may_send_again() const; // libcurl, by itself, on another connection

    CURLcode configure();
    CURLcode configure_method();
    bool list_headers();
    void leave_multi();
    void conclude(Failure failure);
    void fail(Failure failure, std::string_view why);
    void read_facts();
    Failure explain(CURLcode code) const;

    Mux::Driver& driver;
    Request request;
    Reply reply;
    State state = State::waiting;
    bool in_multi = false;

    bool about_to_send = false;  // connected, possibly with bytes of the request on the way
    bool resend_stopped = false; // libcurl wanted to send a write twice
    bool body_over_limit = false;
    bool body_handed = false; // a byte of it was taken by libcurl
    std::size_t body_offset = 0;
    std::size_t header_bytes = 0;

    std::unique_ptr<curl_slist, FreeList> headers;
    std::unique_ptr<CURL, FreeEasy> easy; // after the list that it points to
    char error[CURL_ERROR_SIZE] = "";
};

// Why a request may not go out at all; empty if it may.
std::string_view reason_to_refuse(const Request& request);

} // namespace notion::net
