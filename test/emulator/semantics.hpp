// Switches for what Notion leaves undocumented, so that a client can be run under each reading.
// Defaults are what recordings show or, where they show nothing, the likelier reading.
// scope: emulator.
#pragma once

#include "json.hpp"

#include <string>

namespace emulator {

struct Semantics {
    bool text_equals_ignores_case = true;
    bool text_ends_mind_case = false;   // ends_with; contains and starts_with never do (recorded)
    bool text_folds_ascii_only = false; // where case is ignored, é and É still differ
    bool text_composes = false;         // e and a mark are compared as é
    bool text_ignores_accents = false;
    bool text_trims_values = false; // blanks at both ends of what is compared, of what is asked for
    bool text_trims_operands = false;
    bool blank_text_is_empty = false;
    bool options_mind_case = false;     // in filters
    bool ranges_compare_end = false;    // of a date with an end, the end
    bool times_compare_seconds = false; // created and edited times, which are shown by the minute
    bool date_operands_keep_seconds = false; // else cut to the minute (recorded)
    bool empty_sorts_first = false;
    bool select_sorts_by_name = false; // else by the order of the options
    bool text_sorts_by_bytes = false;  // else ignoring case
    bool week_starts_sunday = false;
    bool unknown_property_ignored = false; // on page writes; else 400
    bool live_cursors = false;             // a later page sees edits made since the first
    bool restore_moves_time = true;        // leaving the trash moves last_edited_time
    bool far_relation_moves_time = false;  // the other end of a two-way relation counts as edited
    bool trashed_leave_relations = false;  // relations do not show pages in the trash
    bool trash_takes_pages = false;        // pages of a database in the trash say in_trash, too
    bool title_edit_is_content = false;    // webhooks call a title edit page.content_updated
    bool people_have_more = false;         // people cut at 25 carry has_more
    bool mentions_cut = false;             // text with over 25 mentions is cut in page answers
    bool spent_refresh_accepted = false; // gives the same pair again until that was used; else 400
    bool replaced_access_lives = false;  // an access token outlives the refresh that replaced it
    int64_t cursor_ttl_ms = 15 * 60 * 1000;
    int64_t longest_answer = 100; // results of a query at most, whatever page_size was asked for
    int64_t date_header_skew_ms = 0;
    int64_t deepest_filter = 2;
    int64_t date_zone_minutes = 0;         // where a date without time begins, of values
    int64_t date_operand_zone_minutes = 0; // and of operands
    std::string url_base = "https://app.notion.com/p/";

    /// Sets what the object names; the name that it does not know, or empty.
    std::string set(const Json& switches);
    void write(Out& out) const;
};

} // namespace emulator
