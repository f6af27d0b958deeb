// Every way in which Notion says no, with the recorded texts.
// A refusal is thrown where it is found and caught in one place, the router.
// scope: call.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {

struct Refusal {
    int status = 400;
    std::string code = "validation_error";
    std::string message;
    /// Members of additional_data: name and complete JSON value.
    std::vector<std::pair<std::string, std::string>> additional = {};
    int retry_after_s = 0;
};

[[noreturn]] void refuse(std::string message);
/// `body failed validation: <path> should be <expected>, instead was `<found>`.`
[[noreturn]] void refuse_body(std::string_view path, std::string_view expected,
                              std::string_view found);
/// A union of which no variant fits: one line a variant.
[[noreturn]] void refuse_union(const std::vector<std::string>& paths);
[[noreturn]] void refuse_cursor(std::string_view cursor);
[[noreturn]] void refuse_missing_property(std::string_view name);

Refusal not_found(std::string_view kind, std::string_view id, std::string_view integration_name,
                  std::string_view integration_id);
Refusal user_not_found(std::string_view id, std::string_view integration_id);
Refusal rate_limited(int retry_after_s, std::string_view reason);
/// What the status alone implies; for faults.
Refusal standard(int status);

std::string error_body(const Refusal& refusal, std::string_view request_id);

} // namespace emulator
