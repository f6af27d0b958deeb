// The merge of one field, for every kind of property, over every (base, postgres, notion, rule,
// direction) with three values each, against an oracle of its own: what both sides will hold in the
// end, and whether anything that somebody typed is lost without a word. scope: none.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/notion/json.hpp"
#include "core/sync/reconcile.hpp"
#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

using sample::option;
using sample::options;
using sample::runs;

struct Kind {
    std::string property;
    std::string column;
    std::vector<std::string> here;  ///< as PostgreSQL prints it
    std::vector<std::string> there; ///< as Notion writes it
    bool is_set = false;
};

std::string date(std::string_view start) {
    return R"({"start":")" + std::string(start) + R"(","end":null,"time_zone":null})";
}

std::string ids(std::string_view type, std::initializer_list<int> which) {
    std::string json = "[";
    for (const int i : which) {
        json += json.size() > 1 ? "," : "";
        json += type == "people" ? R"({"object":"user","id":")" : R"({"id":")";
        json += "00000000-0000-0000-0000-00000000000" + std::to_string(i) + R"("})";
    }
    return json + "]";
}

std::string uuids(std::initializer_list<int> which) {
    std::string text = "{";
    for (const int i : which)
        text += (text.size() > 1 ? "," : "") + std::string("00000000-0000-0000-0000-00000000000") +
                std::to_string(i);
    return text + "}";
}

std::vector<Kind> kinds() {
    const std::vector<std::string> texts = {"one", "two", "three"};
    const std::vector<std::string> run = {runs("one"), runs("two"), runs("three")};
    const std::vector<std::string> names = {option("one"), option("two"), option("three")};
    const std::vector<std::string> quoted = {R"("one")", R"("two")", R"("three")"};
    const std::vector<std::string> numbers = {"1", "2", "3"};
    return {
        {"title", "text", texts, run},
        {"rich_text", "text", texts, run},
        {"number", "float8", numbers, numbers},
        {"number", "int8", numbers, numbers},
        {"number", "numeric", numbers, numbers},
        {"checkbox", "boolean", {"f", "t", "f"}, {"false", "true", "false"}},
        {"select", "text", texts, names},
        {"status", "text", texts, names},
        {"url", "text", texts, quoted},
        {"email", "text", texts, quoted},
        {"phone_number", "text", texts, quoted},
        {"date",
         "timestamptz",
         {"2026-03-01 09:30:00+00", "2026-03-02 09:30:00+00", "2026-03-03 09:30:00+00"},
         {date("2026-03-01T09:30:00.000+00:00"), date("2026-03-02T09:30:00.000+00:00"),
          date("2026-03-03T09:30:00.000+00:00")}},
        {"date",
         "date",
         {"2026-03-01", "2026-03-02", "2026-03-03"},
         {date("2026-03-01"), date("2026-03-02"), date("2026-03-03")}},
        {"multi_select",
         "text_array",
         {"{one}", "{one,two}", "{two,three}"},
         {options("one"), options("one,two"), options("two,three")},
         true},
        {"people",
         "uuid_array",
         {uuids({1}), uuids({1, 2}), uuids({2, 3})},
         {ids("people", {1}), ids("people", {1, 2}), ids("people", {2, 3})},
         true},
        {"relation",
         "uuid_array",
         {uuids({1}), uuids({1, 2}), uuids({2, 3})},
         {ids("relation", {1}), ids("relation", {1, 2}), ids("relation", {2, 3})},
         true},
    };
}

struct Case {
    int base, here, there;
    std::string rule, direction;
};

std::unique_ptr<Link> link_of(const Kind& kind, const Case& it) {
    return sample::link(
        R"({"id":1,"data_source":")" + std::string(sample::source) +
        R"(","direction":"both","rule":"newest","columns":[{"column_name":"c","property_id":"f",)"
        R"("property_type":")" +
        kind.property + R"(","column_type":")" + kind.column + R"(","direction":")" + it.direction +
        R"(","rule":")" + it.rule + R"("}]})");
}

Snapshot snapshot_of(const Kind& kind, const Case& it) {
    Snapshot snapshot;
    snapshot.page = sample::page_id;
    snapshot.data_source = sample::source;
    const auto property = json::parse(R"({"id":"f","type":")" + kind.property + R"(",")" +
                                      kind.property + R"(":)" + kind.there[it.there] + "}");
    snapshot.properties["f"] = half(*property);
    return snapshot;
}

std::set<std::string> members(std::string text) {
    std::set<std::string> set;
    text = text.substr(1, text.size() - 2);
    for (size_t at = 0; at <= text.size() && !text.empty();) {
        const size_t comma = std::min(text.find(',', at), text.size());
        set.insert(text.substr(at, comma - at));
        at = comma + 1;
    }
    return set;
}

/// Whoever added a member has it, whoever removed one of the base's does not.
std::set<std::string> united(const Kind& kind, const Case& it) {
    const auto base = members(kind.here[it.base]);
    const auto here = members(kind.here[it.here]);
    const auto there = members(kind.here[it.there]);
    std::set<std::string> all;
    for (const auto& side : {here, there})
        for (const auto& one : side)
            if (!base.contains(one) || (here.contains(one) && there.contains(one)))
                all.insert(one);
    return all;
}

enum class End { here, there, both_kept, united };

/// What both sides hold in the end; both_kept: each its own, until a person decides.
End expected(const Kind& kind, const Case& it) {
    const auto& values = kind.here;
    const bool dirty = values[it.here] != values[it.base];
    const bool news = values[it.there] != values[it.base];
    if (values[it.here] == values[it.there])
        return End::here;
    if (it.direction == "to_notion")
        return End::here;
    if (it.direction == "from_notion")
        return news ? End::there : End::both_kept; // an edit here stays here
    if (dirty != news)
        return dirty ? End::here : End::there;
    if (it.rule == "manual")
        return End::both_kept;
    if (kind.is_set && it.rule.find('.') == std::string::npos)
        return End::united;
    if (it.rule == "public.ours")
        return End::here;
    return it.rule == "postgres" ? End::here : End::there;
}

void check(const Kind& kind, const Case& it) {
    SCOPED_TRACE(kind.property + "/" + kind.column + " base " + std::to_string(it.base) +
                 " postgres " + std::to_string(it.here) + " notion " + std::to_string(it.there) +
                 " " + it.rule + " " + it.direction);
    const auto link = link_of(kind, it);
    const Snapshot snapshot = snapshot_of(kind, it);
    Case agreed = it;
    agreed.there = it.base;
    Mapping mapping;
    mapping.exists = true;
    mapping.key = "7";
    mapping.page = sample::page_id;
    mapping.page_state = PageState::live;
    mapping.base["f"] = {Cell(kind.here[it.base]), snapshot_of(kind, agreed).properties["f"], {}};
    const Row row = {{"c", kind.here[it.here]}};
    Times times;
    Merged merged = reconcile(*link, mapping, row, snapshot, times);
    if (merged.action == MergeAction::ask) {
        ASSERT_EQ(merged.asks.size(), 1U);
        EXPECT_EQ(merged.asks[0].postgres, Cell(kind.here[it.here]));
        times.answers["f"] = {"value", {}, {}, merged.asks[0].postgres};
        merged = reconcile(*link, mapping, row, snapshot, times);
    }
    const auto write = merged.write.find("c");
    const Cell after = write == merged.write.end() ? Cell(kind.here[it.here]) : write->second;
    const Field& field = link->fields[0];
    const bool both_changed = kind.here[it.here] != kind.here[it.base] &&
                              kind.here[it.there] != kind.here[it.base] &&
                              kind.here[it.here] != kind.here[it.there];
    switch (expected(kind, it)) {
    case End::here:
        EXPECT_TRUE(same_cell(field, after, Cell(kind.here[it.here])));
        EXPECT_EQ(merged.dirty, kind.here[it.here] != kind.here[it.there]);
        break;
    case End::there:
        EXPECT_TRUE(same_cell(field, after, Cell(kind.here[it.there])));
        EXPECT_FALSE(merged.dirty);
        break;
    case End::both_kept:
        EXPECT_TRUE(merged.write.empty());
        EXPECT_FALSE(merged.dirty);
        break;
    case End::united:
        EXPECT_EQ(members(*after), united(kind, it));
        EXPECT_EQ(merged.dirty, united(kind, it) != members(kind.here[it.there]));
        return;
    }
    if (!both_changed)
        return;
    // No value that somebody typed is lost without a word.
    ASSERT_EQ(merged.conflicts.size(), 1U);
    EXPECT_TRUE(same_cell(field, merged.conflicts[0].postgres, Cell(kind.here[it.here])));
    EXPECT_TRUE(same_cell(field, merged.conflicts[0].notion, Cell(kind.here[it.there])));
    EXPECT_EQ(merged.conflicts[0].is_open, it.rule == "manual" && it.direction == "both");
}

TEST(EveryField, EndsAsItsRuleAndDirectionSayAndLosesNothingUnseen) {
    for (const Kind& kind : kinds())
        for (const std::string rule : {"newest", "notion", "postgres", "manual", "public.ours"})
            for (const std::string direction : {"both", "to_notion", "from_notion"})
                for (int i = 0; i < 27; ++i)
                    check(kind, {i / 9, i / 3 % 3, i % 3, rule, direction});
}

} // namespace
} // namespace notion::sync
