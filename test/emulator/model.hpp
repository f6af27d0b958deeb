// What a workspace is made of: users, databases, data sources, properties, pages, blocks.
// Plain data; the rules live elsewhere. Times are ms since 1970; icons and covers are kept
// as the JSON that is answered. Refuses to know anything of HTTP.
// scope: emulator.
#pragma once

#include "moment.hpp"
#include "uuid.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace emulator {

enum class Type : uint8_t {
    title,
    rich_text,
    number,
    select,
    multi_select,
    status,
    date,
    people,
    files,
    checkbox,
    url,
    email,
    phone_number,
    formula,
    relation,
    rollup,
    unique_id,
    created_time,
    last_edited_time,
    created_by,
    last_edited_by,
    verification,
    place,
    button,
    other, // a type that this program does not know; loaded and answered as it came
};

constexpr std::array<std::string_view, 24> type_names = {"title",
                                                         "rich_text",
                                                         "number",
                                                         "select",
                                                         "multi_select",
                                                         "status",
                                                         "date",
                                                         "people",
                                                         "files",
                                                         "checkbox",
                                                         "url",
                                                         "email",
                                                         "phone_number",
                                                         "formula",
                                                         "relation",
                                                         "rollup",
                                                         "unique_id",
                                                         "created_time",
                                                         "last_edited_time",
                                                         "created_by",
                                                         "last_edited_by",
                                                         "verification",
                                                         "place",
                                                         "button"};

inline std::optional<Type> type_named(std::string_view name) {
    for (size_t i = 0; i < type_names.size(); ++i)
        if (type_names[i] == name)
            return static_cast<Type>(i);
    return std::nullopt;
}

struct Option {
    std::string id;
    std::string name;
    std::string color;
    std::optional<std::string> description;
};

struct OptionGroup {
    std::string id;
    std::string name;
    std::string color;
    std::vector<std::string> option_ids;
};

/// One column of a data source. `id` is raw; responses carry it URL-encoded.
struct Property {
    std::string id;
    std::string name;
    std::optional<std::string> description;
    Type type = Type::other;
    std::string other_type; // where type is other
    size_t slot = 0;        // where pages keep the value; never reused
    bool removed = false;

    std::vector<Option> options;
    std::vector<OptionGroup> groups;
    std::string format = "number";
    std::string expression;
    std::optional<std::string> prefix;
    int64_t next_number = 1;
    Uuid related_source;
    bool dual = false;
    std::string synced_id; // the other end of a two-way relation
    // What a recording said of a target that was not recorded itself:
    Uuid related_database;
    std::string synced_name;
    std::string relation_id;
    std::string rolled_id;
    std::string function;
    std::string raw_config; // where type is other

    const Option* option(std::string_view option_id) const;
    const Option* option_named(std::string_view option_name) const;
    std::string_view type_text() const {
        return type == Type::other ? std::string_view(other_type)
                                   : type_names[static_cast<size_t>(type)];
    }
};

/// A rich-text item: its plain text and the JSON that is answered for it.
struct Run {
    std::string plain;
    std::string json;
};
using Text = std::vector<Run>;

struct DateValue {
    Moment start;
    std::optional<Moment> end;
};

/// A value that is stored and answered as JSON: files, places, verifications, formulas by hand.
struct Raw {
    std::string json;
};

using Ids = std::vector<Uuid>;
using OptionIds = std::vector<std::string>;
using Value =
    std::variant<std::monostate, Text, double, bool, std::string, OptionIds, DateValue, Ids, Raw>;

struct Parent {
    enum class Kind : uint8_t { workspace, page, block, database, data_source };
    Kind kind = Kind::workspace;
    Uuid id;
    bool operator==(const Parent&) const = default;
};

/// What every object of a workspace has.
struct Stamp {
    int64_t created_at = 0;
    int64_t edited_at = 0;
    Uuid created_by;
    Uuid edited_by;
};

/// The text of a page as it was last answered; `spans` say where each property stands in it.
struct Rendered {
    struct Span {
        size_t slot;
        size_t begin;
        size_t end;
    };
    std::string text;
    std::vector<Span> spans;
    uint64_t schema_version = 0;
    uint64_t world_version = 0;
    std::optional<int64_t> signed_at; // shows addresses of files that were signed then
};

struct Page {
    Uuid id;
    uint64_t sequence = 0;
    Parent parent;
    Stamp stamp;
    std::string icon = "null";
    std::string cover = "null";
    bool in_trash = false;
    bool is_archived = false;
    bool is_locked = false;
    bool hidden = false; // not shared with integrations
    std::vector<Value> values;
    Ids children; // blocks
};

/// A page as it was until some moment of elapsed time; what a lagging index still sees.
struct PastPage {
    int64_t until;
    Page page;
};

struct PageRecord {
    Page now;
    int64_t visible_from = 0; // elapsed time at which a query may first see it
    std::vector<PastPage> past;
    Rendered rendered;
};

/// What new pages of a data source may be made from.
struct Template {
    Uuid id;
    std::string name;
    bool is_default = false;
    std::string markdown;
};

struct DataSource {
    Uuid id;
    Uuid database;
    Text title;
    Text description;
    std::string icon = "null";
    std::string cover = "null";
    Stamp stamp;
    bool in_trash = false;
    std::vector<Property> properties; // by slot, with holes
    std::vector<size_t> order;        // slots of the living, by id, as Notion lists them
    std::vector<PageRecord*> pages;   // by creation, oldest first; trash included
    std::vector<Template> templates;
    uint64_t schema_version = 1;

    const Property* find(std::string_view name_or_id) const;
    Property* find(std::string_view name_or_id);
    const Property* by_id(std::string_view raw_id) const;
    void reorder();
};

struct Database {
    Uuid id;
    Parent parent;
    Text title;
    Text description;
    std::string icon = "null";
    std::string cover = "null";
    Stamp stamp;
    bool is_inline = false;
    bool in_trash = false;
    bool is_locked = false;
    bool hidden = false;
    Ids data_sources;
};

struct Block {
    Uuid id;
    Parent parent;
    Stamp stamp;
    std::string type;
    std::string content = "{}"; // the JSON under the type's key
    std::string plain;          // its text, for Markdown
    Ids children;
    bool in_trash = false;
};

struct User {
    Uuid id;
    std::string name;
    std::optional<std::string> avatar_url;
    std::string email;
    bool is_bot = false;
};

struct Comment {
    Uuid id;
    Uuid discussion;
    Parent parent;
    Stamp stamp;
    Text text;
};

std::string encoded_property_id(std::string_view raw);
std::string decoded_property_id(std::string_view encoded);
std::string plain_text(const Text& text);

} // namespace emulator
