// Everything that one emulator holds, and what a handler is called with.
// Assumes one thread. Built once by main or by a test.
// scope: emulator.
#pragma once

#include "clock.hpp"
#include "cursors.hpp"
#include "errors.hpp"
#include "faults.hpp"
#include "http.hpp"
#include "journal.hpp"
#include "json.hpp"
#include "limits.hpp"
#include "oauth.hpp"
#include "semantics.hpp"
#include "store.hpp"
#include "webhooks.hpp"

#include <map>
#include <string>
#include <vector>

namespace emulator {

/// Who asks. A person acts as in the Notion app: no budget, and events name a person.
struct Caller {
    std::string token; ///< what its budget is counted under
    std::string name;
    bool person = false;
    Uuid user;
};

enum class Version : uint8_t { v2025_09_03, v2026_03_11 };

/// A request that was let in: what a handler sees of it.
struct Call {
    std::vector<std::string> arguments; // of the path, in order, decoded
    std::vector<std::pair<std::string, std::string>> query;
    Document body;
    std::string raw; // of a body that is no JSON
    Caller caller;
    Version version = Version::v2026_03_11;

    const std::string* parameter(std::string_view name) const;
};

/// The answer of a write that was allowed to be asynchronous.
struct Task {
    std::string operation;
    std::string result;
    int64_t created_at = 0;
};

/// A file on its way, or there: known by its length, not by its bytes.
struct FileUpload {
    std::string filename;
    std::string content_type;
    int64_t number_of_parts = 0;      // 0: one
    std::map<int64_t, int64_t> parts; // number -> bytes
    std::string status = "pending";
    Uuid author;
    int64_t created_at = 0;
};

struct World {
    World() {
        webhooks.workspace_id = store.workspace_id;
        webhooks.workspace_name = store.workspace_name;
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Clock clock;
    Semantics semantics;
    Store store{clock};
    Limits limits;
    Faults faults;
    Journal journal;
    Stats stats;
    Cursors cursors;
    Webhooks webhooks{clock};
    OAuth oauth;
    std::map<std::string, Task> tasks;
    std::map<Uuid, FileUpload> uploads;
    size_t rendered_bytes = 0; // texts of pages made since they were last dropped
};

} // namespace emulator
