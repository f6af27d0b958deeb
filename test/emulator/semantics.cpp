// Switches for what Notion leaves undocumented; see semantics.hpp. scope: emulator.
#include "semantics.hpp"

namespace emulator {

namespace {

struct Flag {
    const char* name;
    bool Semantics::*field;
};
struct Number {
    const char* name;
    int64_t Semantics::*field;
};

constexpr Flag flags[] = {
    {"text_equals_ignores_case", &Semantics::text_equals_ignores_case},
    {"text_ends_mind_case", &Semantics::text_ends_mind_case},
    {"text_folds_ascii_only", &Semantics::text_folds_ascii_only},
    {"text_composes", &Semantics::text_composes},
    {"text_ignores_accents", &Semantics::text_ignores_accents},
    {"text_trims_values", &Semantics::text_trims_values},
    {"text_trims_operands", &Semantics::text_trims_operands},
    {"blank_text_is_empty", &Semantics::blank_text_is_empty},
    {"options_mind_case", &Semantics::options_mind_case},
    {"ranges_compare_end", &Semantics::ranges_compare_end},
    {"times_compare_seconds", &Semantics::times_compare_seconds},
    {"date_operands_keep_seconds", &Semantics::date_operands_keep_seconds},
    {"empty_sorts_first", &Semantics::empty_sorts_first},
    {"select_sorts_by_name", &Semantics::select_sorts_by_name},
    {"text_sorts_by_bytes", &Semantics::text_sorts_by_bytes},
    {"week_starts_sunday", &Semantics::week_starts_sunday},
    {"unknown_property_ignored", &Semantics::unknown_property_ignored},
    {"live_cursors", &Semantics::live_cursors},
    {"restore_moves_time", &Semantics::restore_moves_time},
    {"far_relation_moves_time", &Semantics::far_relation_moves_time},
    {"trashed_leave_relations", &Semantics::trashed_leave_relations},
    {"trash_takes_pages", &Semantics::trash_takes_pages},
    {"title_edit_is_content", &Semantics::title_edit_is_content},
    {"people_have_more", &Semantics::people_have_more},
    {"mentions_cut", &Semantics::mentions_cut},
    {"spent_refresh_accepted", &Semantics::spent_refresh_accepted},
    {"replaced_access_lives", &Semantics::replaced_access_lives},
};
constexpr Number numbers[] = {
    {"cursor_ttl_ms", &Semantics::cursor_ttl_ms},
    {"longest_answer", &Semantics::longest_answer},
    {"date_header_skew_ms", &Semantics::date_header_skew_ms},
    {"deepest_filter", &Semantics::deepest_filter},
    {"date_zone_minutes", &Semantics::date_zone_minutes},
    {"date_operand_zone_minutes", &Semantics::date_operand_zone_minutes},
};

bool set_one(Semantics& semantics, std::string_view name, const Json& value) {
    for (const auto& flag : flags)
        if (name == flag.name && value.IsBool()) {
            semantics.*flag.field = value.GetBool();
            return true;
        }
    for (const auto& number : numbers)
        if (name == number.name && value.IsInt64()) {
            semantics.*number.field = value.GetInt64();
            return true;
        }
    if (name == "url_base" && value.IsString()) {
        semantics.url_base = view(value);
        return true;
    }
    return false;
}

} // namespace

std::string Semantics::set(const Json& switches) {
    for (const auto& entry : switches.GetObject())
        if (!set_one(*this, view(entry.name), entry.value))
            return std::string(view(entry.name));
    return {};
}

void Semantics::write(Out& out) const {
    out.open();
    for (const auto& flag : flags)
        out.key(flag.name).boolean(this->*flag.field);
    for (const auto& number : numbers)
        out.key(number.name).integer(this->*number.field);
    out.key("url_base").text(url_base).close();
}

} // namespace emulator
