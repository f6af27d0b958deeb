// A workspace without sockets, for tests: requests go straight through the gate.
// Seeds are in the friendly format (test/emulator/README.md); the clock stands still.
// scope: test.
#pragma once

#include "gate.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

namespace emulator {

struct Answer {
    int status = 0;
    Document body;
    int retry_after_s = 0;

    std::string message() const { return std::string(text_member(body, "message").value_or("")); }
    std::string code() const { return std::string(text_member(body, "code").value_or("")); }
    std::string id() const { return std::string(text_member(body, "id").value_or("")); }
    const Json& operator[](const char* name) const;
    /// The titles of a list's pages, in order, joined by commas.
    std::string titles() const;
    /// Of a page: the value under the type's key.
    const Json& value(const char* property) const;
};

class Lab : public ::testing::Test {
  protected:
    Lab();
    void load(const std::string& seed);
    Answer ask(const std::string& method, const std::string& path, const std::string& body = "",
               const std::string& token = "ntn_bot_lab", const std::string& version = "2026-03-11");
    Answer get(const std::string& path) { return ask("GET", path); }
    Answer post(const std::string& path, const std::string& body) {
        return ask("POST", path, body);
    }
    Answer patch(const std::string& path, const std::string& body) {
        return ask("PATCH", path, body);
    }
    Answer control(const std::string& method, const std::string& path,
                   const std::string& body = "");
    /// The id of a data source by its title.
    std::string source(const std::string& title);
    Answer query(const std::string& source_title, const std::string& body);
    /// The titles that a filter finds, oldest first.
    std::string found(const std::string& filter);
    /// A page of the first data source with these properties; JSON object.
    Answer create(const std::string& properties);
    void freeze(const char* now) { world.clock.freeze(read_moment(now)->at); }

    World world;
    Gate gate{world};
};

/// The text of a JSON value, for comparison.
std::string shown(const Json& value);

} // namespace emulator
