// Append: see the header.
// scope: none.
#include "core/sync/append.hpp"

#include <algorithm>

#include "core/notion/json.hpp"
#include "core/notion/moment.hpp"
#include "core/notion/plain.hpp"

namespace notion::sync {
namespace {

constexpr int64_t minute_ms = 60'000;

int64_t minute_of(int64_t ms) {
    return floor_div(ms, minute_ms) * minute_ms;
}

bool holds_text(std::string_view name) {
    return name == "plain_text" || name == "expression";
}

/// All texts of a block in their order, wherever its type keeps them.
void gather(const json::Value& value, std::string& texts) {
    if (value.IsArray()) {
        for (const json::Value& item : value.GetArray())
            gather(item, texts);
    } else if (value.IsObject()) {
        for (const auto& member : value.GetObject()) {
            if (member.value.IsString() && holds_text(json::view(member.name)))
                texts += json::view(member.value);
            else
                gather(member.value, texts);
        }
    }
}

/// Whether these blocks, one after the other, are these appends. Children were not read: after a
/// block that has some, words may be missing.
bool are(const std::vector<const AppendBlock*>& blocks, const std::vector<const Append*>& appends) {
    if (appends.empty())
        return blocks.empty();
    std::string letters;
    for (const Append* append : appends)
        letters += append->letters;
    size_t at = 0;
    bool may_skip = false;
    for (const AppendBlock* block : blocks) {
        size_t found = letters.find(block->letters, at);
        if (found == letters.npos || (found != at && !may_skip))
            return false;
        at = found + block->letters.size();
        may_skip = may_skip || block->has_children;
        if (!block->letters.empty())
            may_skip = block->has_children;
    }
    return at == letters.size() || may_skip;
}

} // namespace

Result<std::vector<AppendBlock>> parse_append_blocks(std::string_view results,
                                                     std::span<const std::string> makers) {
    auto parsed = json::parse(results);
    if (!parsed)
        return parsed.error();
    if (!parsed->IsArray())
        return fail(ErrorKind::malformed, "Notion's answer is no list of blocks");
    std::vector<AppendBlock> blocks;
    for (const json::Value& item : parsed->GetArray()) {
        AppendBlock block;
        std::string texts;
        if (const json::Value* content = json::find(item, json::text(item, "type")))
            gather(*content, texts);
        block.letters = letters_of(texts);
        block.has_children = json::truth(item, "has_children");
        const json::Value* author = json::find(item, "created_by");
        block.is_ours = author != nullptr &&
                        std::ranges::find(makers, json::text(*author, "id")) != makers.end();
        auto created = parse_stamp(json::text(item, "created_time"));
        if (!created)
            return fail(ErrorKind::malformed, "a block of Notion's has no time of creation");
        block.created_ms = floor_div(created->instant().us, 1000);
        blocks.push_back(std::move(block));
    }
    return blocks;
}

Appended settle_append(const std::vector<AppendBlock>& blocks, const std::vector<Append>& before,
                       const Append& append) {
    int64_t since = minute_of(append.sent_ms - append_slack_ms);
    std::vector<const AppendBlock*> ours;
    for (const AppendBlock& block : blocks)
        if (block.is_ours && block.created_ms >= since)
            ours.push_back(&block);
    // Which of those before made blocks since then: surely from `sure` on, perhaps from `first` on.
    size_t first = before.size();
    size_t sure = before.size();
    while (first > 0 && minute_of(before[first - 1].done_ms + append_slack_ms) >= since)
        --first;
    while (sure > first && minute_of(before[sure - 1].sent_ms - append_slack_ms) >= since)
        --sure;
    bool may_be_done = false;
    bool may_be_undone = false;
    for (size_t from = first; from <= sure; ++from) {
        std::vector<const Append*> expected;
        for (size_t i = from; i < before.size(); ++i)
            expected.push_back(&before[i]);
        may_be_undone = may_be_undone || are(ours, expected);
        expected.push_back(&append);
        may_be_done = may_be_done || are(ours, expected);
    }
    if (may_be_done == may_be_undone)
        return Appended::unclear;
    return may_be_done ? Appended::done : Appended::not_done;
}

Outcome append_outcome(bool handed_over, int32_t status, std::string_view body) {
    constexpr bool like_a_create = true;
    if (handed_over && status >= 200 && status < 300) {
        auto parsed = json::parse(body);
        return parsed && json::text(*parsed, "object") == "page_markdown" ? Outcome::done
                                                                          : Outcome::unknown;
    }
    Outcome judged = outcome({like_a_create, handed_over, status, body});
    return judged == Outcome::verify ? Outcome::unknown : judged;
}

} // namespace notion::sync
