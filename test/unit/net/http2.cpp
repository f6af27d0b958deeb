// See http2.hpp. scope: test.
#include "net/http2.hpp"

namespace notion::net::test {

namespace {

constexpr unsigned end_stream = 0x1;
constexpr unsigned ack = 0x1;
constexpr unsigned end_headers = 0x4;
constexpr unsigned no_error = 0;
constexpr unsigned refused_stream = 7;

std::string big_endian(unsigned value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; i--)
        text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
}

unsigned number(std::string_view bytes) {
    unsigned value = 0;
    for (char byte : bytes)
        value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

} // namespace

Http2Peer::Http2Peer(Peer& connected) : peer(connected) {
    peer.read_bytes(std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").size());
    write(Frame::settings, 0, 0, "");
}

std::optional<Frame> Http2Peer::read() {
    std::string head = peer.read_bytes(9);
    if (head.size() < 9)
        return std::nullopt;
    Frame frame;
    unsigned length = number(head.substr(0, 3));
    frame.type = number(head.substr(3, 1));
    frame.flags = number(head.substr(4, 1));
    frame.stream = number(head.substr(5, 4));
    frame.payload = peer.read_bytes(length);
    return frame;
}

void Http2Peer::write(unsigned type, unsigned flags, unsigned stream, std::string_view payload) {
    peer.send(big_endian(static_cast<unsigned>(payload.size()), 3) + big_endian(type, 1) +
              big_endian(flags, 1) + big_endian(stream, 4) + std::string(payload));
}

std::optional<Http2Peer::Whole> Http2Peer::read_request() {
    while (auto frame = read()) {
        if (frame->type == Frame::settings && !(frame->flags & ack))
            write(Frame::settings, ack, 0, "");
        if (frame->type == Frame::ping && !(frame->flags & ack))
            write(Frame::ping, ack, 0, frame->payload);
        if (frame->type == Frame::headers)
            body.clear();
        if (frame->type == Frame::data)
            body += frame->payload;
        bool request = frame->type == Frame::headers || frame->type == Frame::data;
        if (request && frame->flags & end_stream)
            return Whole{frame->stream, body};
    }
    return std::nullopt;
}

void Http2Peer::reply(unsigned stream, std::string_view text) {
    constexpr std::string_view status_200 = "\x88"; // RFC 7541 appendix A, index 8
    write(Frame::headers, end_headers, stream, status_200);
    write(Frame::data, end_stream, stream, text);
}

void Http2Peer::refuse(unsigned stream) {
    write(Frame::rst_stream, 0, stream, big_endian(refused_stream, 4));
}

void Http2Peer::go_away(unsigned last_stream) {
    write(Frame::goaway, 0, 0, big_endian(last_stream, 4) + big_endian(no_error, 4));
}

} // namespace notion::net::test
