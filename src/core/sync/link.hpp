// Link: a pairing of table and data source as the sync sees it: its fields, codecs and zone.
// Read from the JSON of docs/sync.md. What Notion computes is only ever read, the marker only ever
// written, whatever the columns say.
// scope: worker (a Link lives as long as its owner keeps it and is never moved).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/notion/codec.hpp"
#include "core/sync/merge.hpp"

namespace notion::sync {

enum class OnNotionTrash : uint8_t { ignore, remove, mark };
enum class OnPostgresDelete : uint8_t { trash, ignore };

/// A paired column.
struct Field {
    std::string id;          ///< key in base, held and wish: the property id; "#end" is appended
                             ///< where the column holds the end of a date
    std::string property_id; ///< key in snapshots and requests
    std::string column;
    Codec codec;
    Direction direction = Direction::both;
    Rule rule = Rule::newest;
    std::string function; ///< of Rule::function: schema.name
    bool is_marker = false;
    bool is_generated = false; ///< Notion computes it
    bool not_null = false;
    bool shares_property = false; ///< start and end of one date in two columns

    bool sends() const { return direction != Direction::from_notion; }
    bool takes() const { return direction != Direction::to_notion && !is_marker; }
    std::string_view rule_name() const; ///< of a function its schema.name
    bool is_set() const {
        return codec.column == ColumnType::text_array || codec.column == ColumnType::uuid_array;
    }
};

struct Link {
    std::string data_source;
    Direction direction = Direction::both;
    OnNotionTrash on_notion_trash = OnNotionTrash::ignore;
    OnPostgresDelete on_postgres_delete = OnPostgresDelete::trash;
    Zone zone;
    std::vector<Field> fields;

    bool creates_pages() const { return direction != Direction::from_notion; }
    bool creates_rows() const { return direction != Direction::to_notion; }
    const Field* marker() const;
    const Field* field(std::string_view id) const;
    /// Each paired property once.
    std::vector<std::string> property_ids() const;
};

/// Errors: malformed, invalid_option. Codecs point into the Link: it must stay where it is.
Result<std::unique_ptr<Link>> parse_link(std::string_view json, Zone zone);

std::string_view name_of(Rule rule);
std::string_view name_of(Direction direction);

} // namespace notion::sync
