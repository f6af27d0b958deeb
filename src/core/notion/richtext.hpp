// Rich text: runs of text, mentions and equations, between Notion's JSON and a column's text.
// A text written over runs changes the runs it differs from and leaves the others as they were.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/json.hpp"
#include "core/result.hpp"

namespace notion {

inline constexpr size_t run_units_max = 2000; ///< of text.content, in UTF-16 units: the stricter
inline constexpr size_t runs_max = 100;       ///< of any rich-text array in a request

/// What the runs say, without formatting.
std::string plain_text(const json::Value& runs);

/// One run; runs of equal format that follow each other are one.
struct Run {
    std::string type = "text"; ///< text, mention, equation, or one unknown today
    std::string text;          ///< plain text
    std::string link;          ///< text only
    std::string inner;         ///< others: JSON of what stands under the type's name, reduced
    std::string annotations;   ///< JSON of those that are not the default, "" for none
};
std::vector<Run> read_runs(const json::Value& runs);
/// As an array in the shape of a page, reduced to what an edit changes.
std::string runs_half(const std::vector<Run>& runs);
/// As an array to send. Errors: unsendable, for more than runs_max runs.
Result<std::string> runs_to_send(const std::vector<Run>& runs);
/// `base` with its text changed to `text`.
std::vector<Run> splice(std::vector<Run> base, std::string_view text);

} // namespace notion
