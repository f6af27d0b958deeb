// Rich text: writing. See the header.
// scope: none.
#include <algorithm>

#include "core/notion/richtext.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

bool same_format(const Run& a, const Run& b) {
    return a.type == "text" && b.type == "text" && a.link == b.link &&
           a.annotations == b.annotations;
}

void add(std::vector<Run>& to, Run run) {
    if (run.type == "text" && run.text.empty())
        return;
    if (!to.empty() && same_format(to.back(), run))
        to.back().text += run.text;
    else
        to.push_back(std::move(run));
}

/// What is left of a run of which a part is replaced: only text can be divided, anything else
/// becomes the text that it showed.
Run piece(const Run& run, std::string_view text) {
    Run part;
    part.text = text;
    part.annotations = run.annotations;
    if (run.type == "text")
        part.link = run.link;
    return part;
}

/// The part of the old text that is replaced: [from, to), and by what.
struct Change {
    size_t from;
    size_t to;
    std::string_view by;
};

Change change_of(std::string_view old, std::string_view text) {
    const size_t shorter = std::min(old.size(), text.size());
    size_t head = 0;
    while (head < shorter && old[head] == text[head])
        ++head;
    head = std::min(utf8::start(old, head), utf8::start(text, head));
    size_t tail = 0;
    while (tail < shorter - head && old[old.size() - 1 - tail] == text[text.size() - 1 - tail])
        ++tail;
    while (tail > 0 && utf8::start(old, old.size() - tail) != old.size() - tail)
        --tail; // a character that begins differently
    return {head, old.size() - tail, text.substr(head, text.size() - head - tail)};
}

/// How new text looks: as what it replaces, or as what it was put into or behind. A link grows
/// only from within. A text that has nothing in common with several runs takes the look of none.
Run look_of(const std::vector<Run>& runs, const Change& change, size_t old_size) {
    if (change.from == 0 && change.to == old_size && runs.size() > 1)
        return {};
    const Run* behind = nullptr;
    size_t at = 0;
    for (const Run& run : runs) {
        const size_t end = at + run.text.size();
        if (change.from < end && at < change.to && run.type == "text")
            return piece(run, "");
        if (end <= change.from && run.type == "text")
            behind = &run;
        at = end;
    }
    Run look;
    if (behind != nullptr)
        look.annotations = behind->annotations;
    return look;
}

/// Mentions that Notion takes; others it makes by itself out of links.
bool is_sendable_mention(std::string_view type) {
    static constexpr std::string_view types[] = {
        "user", "page", "database", "date", "template_mention", "custom_emoji"};
    return std::ranges::find(types, type) != std::end(types);
}

std::string text_to_send(std::string_view text, const std::string& link) {
    std::string out = "\"type\":\"text\",\"text\":{\"content\":" + json::quote(text);
    if (!link.empty())
        out += ",\"link\":{\"url\":" + json::quote(link) + "}";
    return out + "}";
}

/// A run that is not text, or a text with its link in place of what cannot be sent.
std::string other_to_send(const Run& run) {
    auto inner = json::parse(run.inner);
    if (run.type == "equation" && inner)
        return "\"type\":\"equation\",\"equation\":" + run.inner;
    if (run.type != "mention" || !inner)
        return text_to_send(utf8::head(run.text, run_units_max), "");
    const std::string_view type = json::text(*inner, "type");
    if (is_sendable_mention(type))
        return "\"type\":\"mention\",\"mention\":" + run.inner;
    const json::Value* target = json::find(*inner, type);
    std::string link;
    if (target != nullptr)
        link = json::text(*target, json::text(*target, "url").empty() ? "href" : "url");
    return text_to_send(utf8::head(run.text, run_units_max), link);
}

} // namespace

std::vector<Run> splice(std::vector<Run> base, std::string_view text) {
    std::string old;
    for (const Run& run : base)
        old += run.text;
    if (old == text)
        return base;
    const Change change = change_of(old, text);
    Run fresh = look_of(base, change, old.size());
    fresh.text = change.by;
    std::vector<Run> out;
    bool put = false;
    size_t at = 0;
    for (Run& run : base) {
        const size_t begin = at;
        const size_t end = at += run.text.size();
        if (end <= change.from) {
            add(out, std::move(run));
            continue;
        }
        if (begin >= change.to) {
            if (!put)
                add(out, fresh);
            put = true;
            add(out, std::move(run));
            continue;
        }
        const std::string_view whole = run.text;
        if (begin < change.from)
            add(out, piece(run, whole.substr(0, change.from - begin)));
        if (!put)
            add(out, fresh);
        put = true;
        if (end > change.to)
            add(out, piece(run, whole.substr(change.to - begin)));
    }
    if (!put)
        add(out, std::move(fresh));
    return out;
}

Result<std::string> runs_to_send(const std::vector<Run>& runs) {
    std::vector<std::string> items;
    for (const Run& run : runs) {
        std::string_view rest = run.text;
        const bool is_text = run.type == "text";
        do {
            const std::string_view part = is_text ? utf8::head(rest, run_units_max) : rest;
            std::string item = is_text ? text_to_send(part, run.link) : other_to_send(run);
            if (!run.annotations.empty())
                item += ",\"annotations\":" + run.annotations;
            items.push_back("{" + item + "}");
            rest.remove_prefix(part.size());
        } while (!rest.empty());
    }
    if (items.size() > runs_max)
        return fail(ErrorKind::unsendable, "Notion cannot hold this text",
                    "It is made of " + std::to_string(items.size()) + " pieces; Notion takes " +
                        std::to_string(runs_max) + " of up to " + std::to_string(run_units_max) +
                        " characters each.");
    std::string out = "[";
    for (const std::string& item : items)
        out += (out.size() > 1 ? "," : "") + item;
    return out + "]";
}

} // namespace notion
