// Snapshot: what a page showed, reduced to the paired properties as halves.
// A property that the page lacks is absent: unknown, never NULL, and the page was not seen whole.
// One whose list Notion cut at 25 is named in `cut` and not to be merged before it was completed.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/sync/admit.hpp"
#include "core/sync/mapping.hpp"

namespace notion::sync {

struct Snapshot {
    std::string page;
    std::string url;
    std::string created; ///< ISO, as Notion prints it
    std::string edited;
    std::string created_by;
    std::string edited_by;
    std::string data_source;
    bool is_source_told = true; ///< false: not kept with it, and so the link's own
    int64_t created_us = 0;
    int64_t edited_us = 0;
    bool in_trash = false;
    Cell marker; ///< decoded text of the marker property; nullopt where empty
    std::vector<std::string> cut;
    std::vector<std::string> absent; ///< paired properties that the answer left out
    Halves properties;
};

/// A page object. Errors: malformed.
Result<Snapshot> take_snapshot(const Link& link, const json::Value& page);

struct SnapshotList {
    std::vector<Snapshot> snapshots;
    std::string next_cursor;
    bool incomplete = false;
};
/// A query's answer; results that are no pages (wikis: data sources) are left out.
Result<SnapshotList> take_snapshots(const Link& link, const json::Value& list);

/// A snapshot's own JSON, as kept in notion.snapshots. Errors: malformed.
Result<Snapshot> parse_snapshot(const json::Value& value);

/// A list that Notion cut, completed: `items` are the property items of all its pages.
/// Errors: malformed, where they are not of this snapshot's property.
Status complete(const Link& link, Snapshot& snapshot, std::string_view property_id,
                const json::Value& items);

/// The page is no longer, or never was, in the link's data source.
bool is_elsewhere(const Link& link, const Snapshot& snapshot);

/// What `snapshot` shows that the mapping does not know yet.
News news_of(const Link& link, const Mapping& mapping, const Snapshot& snapshot);
/// Whether the property is news for one field: against N, or what was seen of it while held.
bool is_news(const Field& field, const Mapping& mapping, std::string_view half);

} // namespace notion::sync
