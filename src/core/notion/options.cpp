// Options: see the header.
// scope: none.
#include "core/notion/options.hpp"

#include "core/notion/misfit.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

constexpr size_t name_units_max = 100;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Without the case of ASCII letters; what other letters fold to is Notion's own affair.
bool equal_without_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

const Option* known(std::string_view name, const Codec& codec) {
    if (codec.options == nullptr)
        return nullptr;
    for (const Option& option : *codec.options)
        if (option.name == name)
            return &option;
    for (const Option& option : *codec.options)
        if (equal_without_case(option.name, name))
            return &option;
    return nullptr;
}

/// The id that the base gives to this name, or "".
std::string_view id_in_base(std::string_view name, const json::Value* base) {
    if (base == nullptr)
        return {};
    if (base->IsArray()) {
        for (const json::Value& option : base->GetArray())
            if (json::text(option, "name") == name)
                return json::text(option, "id");
        return {};
    }
    return json::text(*base, "name") == name ? json::text(*base, "id") : std::string_view();
}

} // namespace

Result<std::string> canon_option(std::string_view name, const Codec& codec) {
    if (const Option* option = known(name, codec))
        return option->name;
    if (codec.options != nullptr && !codec.new_options)
        return unsendable(codec, "It has no option " + quoted(name) + ".",
                          "Add the option in Notion, or allow new ones with new_options.");
    if (name.empty())
        return unsendable(codec, "The name of an option is empty.");
    if (name.find(',') != std::string_view::npos)
        return unsendable(codec,
                          "The name of an option has no commas; this one is " + quoted(name) + ".");
    if (utf8::units(name) > name_units_max)
        return unsendable(codec, "The name of an option has at most 100 characters; this one is " +
                                     quoted(name) + ".");
    return std::string(name);
}

std::string option_to_send(const std::string& name, const Codec& codec, const json::Value* base) {
    std::string_view id = id_in_base(name, base);
    if (id.empty())
        if (const Option* option = known(name, codec))
            id = option->id;
    return id.empty() ? "{\"name\":" + json::quote(name) + "}" : "{\"id\":" + json::quote(id) + "}";
}

} // namespace notion
