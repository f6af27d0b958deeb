// One HTTP request; see exchange.hpp. Bodies are handed over without a copy.
// scope: exchange.
#include "exchange.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <zlib.h>

namespace emulator {

namespace {

std::string header(MHD_Connection* connection, const char* name) {
    const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? value : "";
}

// Level 1: the emulator must never be what a benchmark measures.
std::string gzipped(const std::string& body) {
    z_stream stream{};
    if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return {};
    std::string packed(deflateBound(&stream, body.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return result == Z_STREAM_END ? packed : std::string{};
}

void free_body(void* body) {
    delete static_cast<std::string*>(body);
}

/// A body that comes slowly, or not to its end.
struct Slow {
    std::string body;
    size_t end;
    size_t piece;
    int64_t pause_ms;
    Exchange* exchange;
    Pause pause;
    bool rested = true;
};

void free_slow(void* slow) {
    delete static_cast<Slow*>(slow);
}

// A pause suspends this connection alone; nobody else waits.
ssize_t read_slow(void* context, uint64_t position, char* into, size_t room) {
    auto* slow = static_cast<Slow*>(context);
    if (position >= slow->end)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!slow->rested) {
        slow->rested = true;
        slow->pause(*slow->exchange, slow->pause_ms);
        return 0;
    }
    const size_t size = std::min({room, slow->piece, slow->end - static_cast<size_t>(position)});
    std::memcpy(into, slow->body.data() + position, size);
    slow->rested = slow->pause_ms == 0;
    return static_cast<ssize_t>(size);
}

MHD_Response* slow_response(std::string body, Exchange& exchange, const Pause& pause) {
    const FaultRule& fault = exchange.fault;
    const size_t total = body.size();
    auto* slow = new Slow{std::move(body), total, total, 0, &exchange, pause};
    const auto bytes = static_cast<size_t>(fault.bytes);
    if (fault.kind == FaultKind::truncated) {
        slow->end = bytes > 0 ? std::min(bytes, total) : total / 2;
    } else {
        slow->piece = bytes > 0 ? bytes : 64;
        slow->pause_ms = fault.ms > 0 ? fault.ms : 10;
    }
    return MHD_create_response_from_callback(total, 32 * 1024, read_slow, slow, free_slow);
}

std::string http_date(int64_t ms) {
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm fields{};
    gmtime_r(&seconds, &fields);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &fields);
    return text;
}

void add_headers(World& world, MHD_Response* response, const Reply& reply, bool packed) {
    MHD_add_response_header(response, "Content-Type", reply.content_type.c_str());
    const auto date = http_date(world.clock.now() + world.semantics.date_header_skew_ms);
    MHD_add_response_header(response, "Date", date.c_str());
    if (packed)
        MHD_add_response_header(response, "Content-Encoding", "gzip");
    MHD_add_response_header(response, "Vary", "Accept-Encoding");
    if (!reply.request_id.empty())
        MHD_add_response_header(response, "x-notion-request-id", reply.request_id.c_str());
    if (!reply.location.empty())
        MHD_add_response_header(response, "Location", reply.location.c_str());
    if (reply.retry_after_s > 0)
        MHD_add_response_header(response, "Retry-After",
                                std::to_string(reply.retry_after_s).c_str());
}

} // namespace

void read_head(Exchange& exchange, const char* uri, const char* method) {
    const std::string_view target(uri);
    const auto mark = std::min(target.find('?'), target.size());
    exchange.request.method = method;
    exchange.request.path = target.substr(0, mark);
    exchange.request.query = target.substr(std::min(mark + 1, target.size()));
    exchange.request.authorization = header(exchange.connection, "Authorization");
    exchange.request.version = header(exchange.connection, "Notion-Version");
    exchange.request.accepts_gzip =
        header(exchange.connection, "Accept-Encoding").find("gzip") != std::string::npos;
}

MHD_Result send_reply(World& world, Exchange& exchange, const Pause& pause) {
    Reply& reply = exchange.served.reply;
    bool packed = false;
    if (exchange.request.accepts_gzip && reply.body.size() > 512) {
        if (std::string smaller = gzipped(reply.body); !smaller.empty()) {
            reply.body = std::move(smaller);
            packed = true;
        }
    }
    const bool slow =
        exchange.fault.kind == FaultKind::truncated || exchange.fault.kind == FaultKind::trickle;
    MHD_Response* response = nullptr;
    if (slow) {
        response = slow_response(std::move(reply.body), exchange, pause);
    } else {
        auto* body = new std::string(std::move(reply.body));
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            body->size(), body->data(), free_body, body);
    }
    add_headers(world, response, reply, packed);
    const MHD_Result queued =
        MHD_queue_response(exchange.connection, static_cast<unsigned>(reply.status), response);
    MHD_destroy_response(response);
    return queued;
}

} // namespace emulator
