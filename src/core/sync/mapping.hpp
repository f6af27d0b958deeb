// Mapping: a row's pairing with a page, its base and its flight, and the other JSON shapes that the
// sync reads (docs/sync.md). Unknown members are ignored; what is missing has its default.
// Halves are kept as JSON text.
// scope: none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sync/cell.hpp"
#include "core/sync/flight.hpp"

namespace notion::sync {

/// P and N of one field. Either may be absent: not known.
struct BaseEntry {
    std::optional<Cell> p;
    std::optional<std::string> n;
    std::optional<std::string> seen; ///< of a held field: what the page showed last, so that the
                                     ///< same news is not brought again and again
};
using Base = std::map<std::string, BaseEntry, std::less<>>;     ///< by field id
using Row = std::map<std::string, Cell, std::less<>>;           ///< by column
using Held = std::map<std::string, std::string, std::less<>>;   ///< field id -> reason
using Fields = std::map<std::string, Cell, std::less<>>;        ///< by field id
using Halves = std::map<std::string, std::string, std::less<>>; ///< by property id

enum class PageState : uint8_t { none, live, trashed, moved, unreachable, gone };
std::string_view name_of(PageState state);

struct Wish {
    FlightKind action = FlightKind::patch;
    Fields fields;
    std::optional<std::string> content = {};       ///< of a create: Markdown
    std::optional<std::string> page_template = {}; ///< of a create: as template_json takes it
};
std::string_view name_of(FlightKind kind);

struct Mapping {
    bool exists = false;
    std::string key;
    std::string page;
    bool row_deleted = false;
    PageState page_state = PageState::none;
    Base base;
    Held held;
    std::optional<int64_t> edited_us;
    std::optional<int64_t> awaited_us; ///< minute of a snapshot that waits to be merged
    std::optional<int64_t> seen_us;
    std::optional<int64_t> changed_us;
    int64_t fence = 0;
    FlightState flight = FlightState::none;
    Wish payload; ///< as sent
    std::optional<std::string> sent_marker;
    std::vector<std::string> makers; ///< bots that may have made its page, as far as known
    std::optional<int64_t> sent_us;
    std::optional<int64_t> settle_until_us;
    int attempts = 0;
    int hops = 0;
};

/// "" gives a mapping that does not exist. Errors: malformed.
Result<Mapping> parse_mapping(std::string_view json);
/// "" gives nullopt: no row is there. Errors: malformed.
Result<std::optional<Row>> parse_row(std::string_view json);
/// Errors: malformed.
Result<Wish> parse_wish(std::string_view json);
Result<Wish> parse_wish(const json::Value& value);

/// A time as to_jsonb prints it, or Notion; nullopt where there is none.
std::optional<int64_t> time_of(const json::Value& value, std::string_view name);

/// Milliseconds as microseconds, cut off where those have no number.
int64_t us_of_ms(int64_t ms);

/// Why a field is neither sent nor applied. All but `unsendable` last until something decides.
namespace hold {
inline constexpr std::string_view conflict = "conflict: both sides changed";
inline constexpr std::string_view gone = "property gone";
inline constexpr std::string_view oscillates = "oscillates";
inline constexpr std::string_view resolved_notion = "resolve: notion";     ///< a person decided
inline constexpr std::string_view resolved_postgres = "resolve: postgres"; ///< a person decided
inline constexpr std::string_view resolved_value = "resolve: value"; ///< a person gave a value
inline constexpr std::string_view misfit = "misfit: ";               ///< and why
inline constexpr std::string_view unsendable = "unsendable: ";       ///< and why
/// Whether a write of unknown outcome was made, and then set back by another: judged by the next
/// snapshot.
inline constexpr std::string_view doubtful =
    "doubt: our write may have been made, and set back by another since";
/// A relation to a page without a row here, or to be followed from a row without a page: judged
/// anew as soon as somebody releases it (extension/41-references.sql).
inline constexpr std::string_view unfollowed = "not followed: what it relates to is not there yet";
inline constexpr std::string_view whole = "*"; ///< the id under which the mapping itself is held
} // namespace hold
/// Held until a person or a newer snapshot decides; what is unsendable is judged each time anew.
bool lasts(std::string_view reason);
/// A person decided, and the page is to be merged once more.
bool is_resolved(std::string_view reason);
/// Judged by the next snapshot, whatever it shows.
bool is_open(std::string_view reason);

} // namespace notion::sync
