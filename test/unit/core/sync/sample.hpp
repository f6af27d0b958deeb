// A link, its pages and rows, for the tests of the sync: one column of each kind that merges in its
// own way. scope: none.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/sync/link.hpp"
#include "core/sync/record.hpp"

namespace notion::sync::sample {

inline constexpr std::string_view source = "11111111-1111-1111-1111-111111111111";
inline constexpr std::string_view page_id = "22222222-2222-2222-2222-222222222222";
inline constexpr std::string_view bot = "33333333-3333-3333-3333-333333333333";
inline constexpr std::string_view person = "44444444-4444-4444-4444-444444444444";

/// Direction, rule and what to do on trash may be changed in the text before it is parsed.
std::string link_json();
std::unique_ptr<Link> link(std::string_view json = {});

/// A page's properties by id, each as Notion writes its value: {"fee": "5", …}.
using Values = std::map<std::string, std::string, std::less<>>;
/// The page as it is after a create of `row()`.
Values values();
struct PageOptions {
    std::string edited = "2026-03-01T10:00:00.000Z";
    std::string edited_by = std::string(person);
    std::string created_by = std::string(bot);
    std::string data_source = std::string(source);
    bool in_trash = false;
};
std::string page_json(const Values& values, const PageOptions& options = {});
Snapshot snapshot(const Link& link, const Values& values, const PageOptions& options = {});

/// The row that agrees with values().
Row row();
/// A live mapping whose base is what row() and values() agreed on.
Mapping mapping(const Link& link);

/// A text property's value; a select's or status's; a multi_select's.
std::string runs(std::string_view text);
std::string option(std::string_view name);
std::string options(std::string_view comma_separated);

} // namespace notion::sync::sample
