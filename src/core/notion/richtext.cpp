// Rich text: reading, and the form that half keeps.
// scope: none.
#include "core/notion/richtext.hpp"

#include <initializer_list>

namespace notion {
namespace {

constexpr std::string_view flags[] = {"bold", "italic", "strikethrough", "underline", "code"};

std::string read_annotations(const json::Value& run) {
    const json::Value* all = json::find(run, "annotations");
    if (all == nullptr)
        return {};
    std::string out;
    for (const std::string_view flag : flags)
        if (json::truth(*all, flag))
            out += (out.empty() ? "{\"" : ",\"") + std::string(flag) + "\":true";
    const std::string_view color = json::text(*all, "color");
    if (!color.empty() && color != "default")
        out += (out.empty() ? "{\"color\":" : ",\"color\":") + json::quote(color);
    return out.empty() ? out : out + "}";
}

/// A mention as it is sent: what is named by an id needs no more than that.
std::string reduced_mention(const json::Value& mention) {
    const std::string_view type = json::text(mention, "type");
    const json::Value* inner = json::find(mention, type);
    if (inner == nullptr)
        return json::canonical(mention);
    const std::string_view id = json::text(*inner, "id");
    // user, page, database and others by id; dates, templates and links as they are.
    const std::string body =
        id.empty() ? json::canonical(*inner) : "{\"id\":" + json::quote(id) + "}";
    return "{\"type\":" + json::quote(type) + "," + json::quote(type) + ":" + body + "}";
}

std::string_view plain_of(const json::Value& run) {
    const std::string_view plain = json::text(run, "plain_text");
    if (!plain.empty())
        return plain;
    const std::string_view type = json::text(run, "type");
    const json::Value* inner = json::find(run, type);
    if (inner == nullptr)
        return {};
    return json::text(*inner, type == "equation" ? "expression" : "content");
}

Run read_run(const json::Value& value) {
    Run run;
    run.text = plain_of(value);
    run.annotations = read_annotations(value);
    if (const std::string_view type = json::text(value, "type"); !type.empty())
        run.type = type;
    const json::Value* inner = json::find(value, run.type);
    if (inner == nullptr)
        return run;
    if (run.type == "text") {
        if (const json::Value* link = json::find(*inner, "link"))
            run.link = json::text(*link, "url");
    } else {
        run.inner = run.type == "mention" ? reduced_mention(*inner) : json::canonical(*inner);
    }
    return run;
}

bool same_format(const Run& a, const Run& b) {
    return a.type == "text" && b.type == "text" && a.link == b.link &&
           a.annotations == b.annotations;
}

} // namespace

std::string plain_text(const json::Value& runs) {
    if (runs.Size() == 1)
        return std::string(plain_of(runs[0]));
    std::string out;
    for (const json::Value& run : runs.GetArray())
        out += plain_of(run);
    return out;
}

std::vector<Run> read_runs(const json::Value& runs) {
    std::vector<Run> out;
    if (!runs.IsArray())
        return out;
    for (const json::Value& value : runs.GetArray()) {
        Run run = read_run(value);
        if (run.type == "text" && run.text.empty())
            continue;
        if (!out.empty() && same_format(out.back(), run))
            out.back().text += run.text;
        else
            out.push_back(std::move(run));
    }
    return out;
}

std::string runs_half(const std::vector<Run>& runs) {
    std::string out = "[";
    for (const Run& run : runs) {
        out += out.size() > 1 ? ",{\"type\":" : "{\"type\":";
        out += json::quote(run.type);
        if (run.type == "text") {
            out += ",\"text\":{\"content\":" + json::quote(run.text);
            if (!run.link.empty())
                out += ",\"link\":{\"url\":" + json::quote(run.link) + "}";
            out += '}';
        } else {
            out += "," + json::quote(run.type) + ":" + (run.inner.empty() ? "{}" : run.inner);
            out += ",\"plain_text\":" + json::quote(run.text);
        }
        if (!run.annotations.empty())
            out += ",\"annotations\":" + run.annotations;
        out += '}';
    }
    return out + "]";
}

} // namespace notion
