// Just enough of an HTTP/2 server to answer, drop or refuse a stream (RFC 9113): it reads frames,
// and does not unpack header fields.
// scope: test.
#pragma once

#include "net/server.hpp"

namespace notion::net::test {

struct Frame {
    enum Type : unsigned {
        data = 0,
        headers = 1,
        rst_stream = 3,
        settings = 4,
        ping = 6,
        goaway = 7
    };
    unsigned type = 0;
    unsigned flags = 0;
    unsigned stream = 0;
    std::string payload;
};

class Http2Peer {
  public:
    // Reads the preface and exchanges settings.
    explicit Http2Peer(Peer& peer);

    // The next whole request: its stream, its body. Nothing at the end of the connection.
    struct Whole {
        unsigned stream;
        std::string body;
    };
    std::optional<Whole> read_request();

    void reply(unsigned stream, std::string_view body);
    void refuse(unsigned stream);       // RST_STREAM with REFUSED_STREAM
    void go_away(unsigned last_stream); // streams above it were not processed, says the server

  private:
    std::optional<Frame> read();
    void write(unsigned type, unsigned flags, unsigned stream, std::string_view payload);

    Peer& peer;
    std::string body;
};

} // namespace notion::net::test
