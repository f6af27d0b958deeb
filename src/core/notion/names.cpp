// Names: Notion's names as PostgreSQL's identifiers.
// Assumes a UTF-8 database. What an identifier is made of is stable: a change here renames columns.
// scope: none.
#include <algorithm>
#include <set>

#include "core/notion/schema.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

constexpr size_t name_bytes_max = 63; // NAMEDATALEN - 1
constexpr std::string_view page_columns[] = {
    "page_id",        "page_url",  "page_created_at", "page_edited_at", "page_created_by",
    "page_edited_by", "page_icon", "page_cover",      "page_content",   "page_template"};
constexpr std::string_view system_columns[] = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};

bool is_reserved(std::string_view name) {
    return is_page_column(name) ||
           std::ranges::find(system_columns, name) != std::end(system_columns);
}

/// Letters and digits stay, ASCII ones in lower case; each run of anything else is one `_`.
std::string snake(std::string_view name) {
    std::string out;
    bool gap = false;
    for (size_t at = 0; at < name.size();) {
        const char32_t c = utf8::next(name, at);
        if (!utf8::is_word(c)) {
            gap = !out.empty();
            continue;
        }
        if (gap)
            out += '_';
        gap = false;
        utf8::append(out, c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return out;
}

std::string without_nul(std::string_view name) {
    std::string out(name);
    std::erase(out, '\0');
    return out;
}

std::string shortened(std::string_view name, size_t bytes) {
    std::string out(utf8::cut(name, bytes));
    while (!out.empty() && out.back() == '_' && out.size() < name.size())
        out.pop_back();
    return out;
}

/// A property id as part of a name: its letters and digits, decoded from the URL's encoding.
std::string id_suffix(std::string_view id) {
    std::string out;
    for (size_t at = 0; at < id.size(); ++at) {
        const char c = id[at];
        if (c == '%') {
            at += 2; // an encoded character: punctuation, all of it
            continue;
        }
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
            out += c;
        else if (c >= 'A' && c <= 'Z')
            out += static_cast<char>(c - 'A' + 'a');
    }
    return out.substr(0, 32);
}

std::string with_suffix(std::string_view name, const std::string& suffix) {
    return shortened(name, name_bytes_max - 1 - suffix.size()) + "_" + suffix;
}

class Namer {
  public:
    explicit Namer(NameStyle style) : style_(style) {}

    std::string name(const Property& property) {
        std::string wish = identifier(property.name, style_, "");
        const bool empty = wish.empty();
        if (empty)
            wish = "property";
        if (!empty && take(wish))
            return wish;
        const std::string id = id_suffix(property.id);
        if (std::string longer = with_suffix(wish, id); !id.empty() && take(longer))
            return longer;
        for (int number = 2;; ++number)
            if (std::string counted = with_suffix(wish, std::to_string(number)); take(counted))
                return counted;
    }

  private:
    bool take(const std::string& name) { return !is_reserved(name) && taken_.insert(name).second; }

    NameStyle style_;
    std::set<std::string, std::less<>> taken_;
};

} // namespace

bool is_page_column(std::string_view name) {
    return std::ranges::find(page_columns, name) != std::end(page_columns);
}

std::string identifier(std::string_view name, NameStyle style, std::string_view fallback) {
    const std::string made =
        shortened(style == NameStyle::exact ? without_nul(name) : snake(name), name_bytes_max);
    return made.empty() ? std::string(fallback) : made;
}

std::vector<NamedColumn> name_columns(const DataSource& source, NameStyle style) {
    // Who of two equals keeps the plain name must not hang on the order in which Notion lists
    // them, which a person changes by dragging: the title first, then by id.
    std::vector<size_t> order(source.properties.size());
    for (size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::ranges::stable_sort(order, [&](size_t a, size_t b) {
        const Property& one = source.properties[a];
        const Property& two = source.properties[b];
        const bool title = one.type == PropertyType::title;
        if (title != (two.type == PropertyType::title))
            return title;
        return one.id < two.id;
    });
    Namer namer(style);
    std::vector<NamedColumn> columns(source.properties.size());
    for (const size_t i : order) {
        const Property& property = source.properties[i];
        columns[i] = {namer.name(property), &property, default_column_type(property)};
    }
    return columns;
}

} // namespace notion
