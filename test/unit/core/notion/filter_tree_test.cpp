// Conditions as trees: true, false and NULL as PostgreSQL has them, and Notion's two levels of
// lists. Random trees over a number, a checkbox and a select, on every page there can be.
// scope: none.
#include <gtest/gtest.h>

#include <random>

#include "core/notion/filter.hpp"
#include "core/notion/readings.hpp"

namespace notion {
namespace {

enum class Truth : uint8_t { no, yes, null };

Truth negation(Truth truth) {
    return truth == Truth::null ? truth : truth == Truth::yes ? Truth::no : Truth::yes;
}

/// What PostgreSQL makes of a leaf: NULL where the value or the operand is.
Truth of_leaf(const Term& term, const Value& value) {
    if (term.op == Operator::is_null)
        return is_null(value) ? Truth::yes : Truth::no;
    if (is_null(value) || (!term.operands.empty() && is_null(term.operands[0])))
        return Truth::null;
    const auto truth = [](bool is) { return is ? Truth::yes : Truth::no; };
    switch (term.op) {
    case Operator::is_true:
        return truth(std::get<bool>(value));
    case Operator::equal:
        return truth(value == term.operands[0]);
    case Operator::less:
        return truth(value < term.operands[0]);
    case Operator::any_of:
        if (value == term.operands[0] || value == term.operands[1])
            return Truth::yes;
        return is_null(term.operands[1]) ? Truth::null : Truth::no;
    default:
        throw std::logic_error("not in this test");
    }
}

struct Row {
    std::vector<Value> values;      ///< by term
    std::vector<std::string> pages; ///< the property of each term, as Notion shows it
};

struct Tree {
    std::vector<QualNode> nodes;
    std::vector<Term> terms;
    size_t at = 0;

    Truth truth(const Row& row);
};

Truth Tree::truth(const Row& row) {
    const QualNode node = nodes[at++];
    if (node.kind == NodeKind::leaf)
        return of_leaf(terms[static_cast<size_t>(node.count)],
                       row.values[static_cast<size_t>(node.count)]);
    if (node.kind == NodeKind::no)
        return negation(truth(row));
    const Truth decisive = node.kind == NodeKind::all ? Truth::no : Truth::yes;
    bool decided = false;
    bool null = false;
    for (int i = 0; i < node.count; ++i) {
        const Truth part = truth(row);
        decided = decided || part == decisive;
        null = null || part == Truth::null;
    }
    return decided ? decisive : null ? Truth::null : negation(decisive);
}

/// A whole filter on a row: each leaf names the property that it reads by its term's number.
bool given(const json::Value& filter, const Row& row, const test::Reading& reading) {
    for (const char* word : {"and", "or"})
        if (const json::Value* parts = json::find(filter, word)) {
            const bool all = std::string_view(word) == "and";
            for (const json::Value& part : parts->GetArray())
                if (given(part, row, reading) != all)
                    return !all;
            return all;
        }
    const auto index = std::stoul(std::string(json::text(filter, "property")));
    auto page = json::parse(row.pages[index]);
    return test::matches(filter, *page, reading);
}

int depth(const json::Value& filter) {
    int deepest = 0;
    for (const char* word : {"and", "or"})
        if (const json::Value* parts = json::find(filter, word)) {
            EXPECT_LE(parts->Size(), 100U);
            EXPECT_GE(parts->Size(), 2U);
            for (const json::Value& part : parts->GetArray())
                deepest = std::max(deepest, 1 + depth(part));
        }
    return deepest;
}

const Codec number{.property = PropertyType::number, .column = ColumnType::float8};
const Codec flag{.property = PropertyType::checkbox, .column = ColumnType::boolean};
const Codec option{.property = PropertyType::select, .column = ColumnType::text};

struct Maker {
    std::mt19937 random;
    int left = 0; ///< leaves that may still be made

    size_t below(size_t n) { return random() % n; }
    Term leaf(size_t index);
    void grow(Tree& tree, int height);
};

Term Maker::leaf(size_t index) {
    const std::string id = std::to_string(index);
    const Value null;
    switch (below(7)) {
    case 0:
        return {id, flag, Operator::is_true};
    case 1:
        return {id, option, Operator::equal, {below(5) == 0 ? null : Value("a")}};
    case 2:
        return {id, option, Operator::is_null};
    case 3:
        return {id, number, Operator::is_null};
    case 4:
        return {id, number, Operator::any_of, {1.0, below(4) == 0 ? null : Value(2.0)}};
    case 5:
        return {id, number, Operator::less, {below(6) == 0 ? null : Value(2.0)}};
    default:
        return {id, number, Operator::equal, {below(6) == 0 ? null : Value(1.0)}};
    }
}

void Maker::grow(Tree& tree, int height) {
    if (height == 0 || left <= 0 || below(4) == 0) {
        --left;
        tree.nodes.push_back({NodeKind::leaf, static_cast<int>(tree.terms.size())});
        tree.terms.push_back(leaf(tree.terms.size()));
        return;
    }
    if (below(4) == 0) {
        tree.nodes.push_back({NodeKind::no, 1});
        grow(tree, height - 1);
        return;
    }
    const int count = 2 + static_cast<int>(below(3));
    tree.nodes.push_back({below(2) == 0 ? NodeKind::all : NodeKind::any, count});
    for (int i = 0; i < count; ++i)
        grow(tree, height - 1);
}

Row row_for(const Tree& tree, Maker& maker) {
    Row row;
    for (const Term& term : tree.terms) {
        const std::string id = term.property_id;
        std::string inner = "null";
        Value value;
        const size_t which = maker.below(4);
        if (term.codec.property == PropertyType::checkbox) {
            inner = which % 2 == 0 ? "true" : "false";
            value = which % 2 == 0;
        } else if (which > 0 && term.codec.property == PropertyType::number) {
            inner = std::to_string(which);
            value = static_cast<double>(which);
        } else if (which > 0) {
            const std::string name = which == 1 ? "a" : which == 2 ? "A" : "b";
            inner = R"({"id":"1","name":")" + name + "\"}";
            value = name;
        }
        const std::string type(property_type_name(term.codec.property));
        row.values.push_back(value);
        row.pages.push_back(R"({"id":"x","type":")" + type + "\",\"" + type + "\":" + inner + "}");
    }
    return row;
}

/// Law 3 for one tree: no row is lost, and none is given too much where that was promised.
void judge(Tree& tree, Maker& maker, int& exact, int& narrowed) {
    const Push push = classify(tree.nodes, tree.terms);
    const Qual qual{tree.nodes, push};
    const Filter filter = build_filter({&qual, 1}, tree.terms);
    const std::string text = filter_json(filter);
    auto parsed = json::parse(text.empty() ? "{}" : text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_LE(depth(*parsed), 2) << text;
    const bool promised = push == Push::exact && !filter.recheck;
    exact += promised ? 1 : 0;
    test::Reading reading;
    for (int i = 0; i < 12; ++i) {
        const Row row = row_for(tree, maker);
        reading.fold_case = i % 2 == 0;
        tree.at = 0;
        const bool wanted = tree.truth(row) == Truth::yes;
        const bool shown = !filter.never && (text.empty() || given(*parsed, row, reading));
        narrowed += shown ? 0 : 1;
        ASSERT_TRUE(shown || !wanted) << text;
        ASSERT_TRUE(!promised || shown == wanted) << text;
    }
}

TEST(FilterTree, AnyTreeGivesTheSameRowsWithinTwoLevels) {
    Maker maker{std::mt19937(20261125)};
    int exact = 0;
    int narrowed = 0;
    for (int i = 0; i < 4000 && !HasFatalFailure(); ++i) {
        Tree tree;
        maker.left = 12;
        maker.grow(tree, 4);
        judge(tree, maker, exact, narrowed);
    }
    EXPECT_GT(exact, 500);
    EXPECT_GT(narrowed, 5000);
}

std::string said(const std::vector<QualNode>& nodes, const std::vector<Term>& terms) {
    const Qual qual{nodes, classify(nodes, terms)};
    return filter_json(build_filter({&qual, 1}, terms));
}

TEST(FilterTree, NotIsSaidByTheOppositeOperator) {
    const std::vector<Term> terms{{"n", number, Operator::less, {5.0}},
                                  {"f", flag, Operator::is_true}};
    EXPECT_EQ(
        said({{NodeKind::no, 1}, {NodeKind::any, 2}, {NodeKind::leaf, 0}, {NodeKind::leaf, 1}},
             terms),
        R"({"and":[{"property":"n","number":{"greater_than_or_equal_to":5}},)"
        R"({"property":"f","checkbox":{"equals":false}}]})");
}

TEST(FilterTree, WhatIsNotKnownWidensAnAndAndSpoilsAnOr) {
    const std::vector<Term> terms{{"n", number, Operator::less, {5.0}}};
    EXPECT_EQ(said({{NodeKind::all, 2}, {NodeKind::leaf, 0}, {NodeKind::unknown, 0}}, terms),
              R"({"property":"n","number":{"less_than":5}})");
    const std::vector<QualNode> either{
        {NodeKind::any, 2}, {NodeKind::leaf, 0}, {NodeKind::unknown, 0}};
    EXPECT_EQ(classify(either, terms), Push::here);
    EXPECT_EQ(said(either, terms), "");
}

TEST(FilterTree, AThirdLevelIsMultipliedOut) {
    std::vector<Term> terms;
    for (const char* id : {"0", "1", "2"})
        terms.push_back({id, flag, Operator::is_true});
    // 0 OR (1 AND (2 OR 0)) is (0 OR 1) AND (0 OR 2).
    EXPECT_EQ(said({{NodeKind::any, 2},
                    {NodeKind::leaf, 0},
                    {NodeKind::all, 2},
                    {NodeKind::leaf, 1},
                    {NodeKind::any, 2},
                    {NodeKind::leaf, 2},
                    {NodeKind::leaf, 0}},
                   terms),
              R"({"and":[{"or":[{"property":"0","checkbox":{"equals":true}},)"
              R"({"property":"1","checkbox":{"equals":true}}]},)"
              R"({"or":[{"property":"0","checkbox":{"equals":true}},)"
              R"({"property":"2","checkbox":{"equals":true}}]}]})");
}

TEST(FilterTree, WhatDoesNotFitIsCheckedHere) {
    std::vector<Term> terms;
    std::vector<QualNode> nodes{{NodeKind::any, 101}};
    for (int i = 0; i < 101; ++i) {
        nodes.push_back({NodeKind::leaf, i});
        terms.push_back({std::to_string(i), flag, Operator::is_true});
    }
    const Qual qual{nodes, classify(nodes, terms)};
    EXPECT_EQ(qual.push, Push::exact);
    Filter filter = build_filter({&qual, 1}, terms);
    EXPECT_TRUE(filter.recheck);
    EXPECT_EQ(filter_json(filter), "");
    // Of an `and`, some members.
    nodes[0].kind = NodeKind::all;
    const Qual all{nodes, Push::exact};
    filter = build_filter({&all, 1}, terms);
    EXPECT_TRUE(filter.recheck);
    EXPECT_EQ(filter.groups.size(), 94U);
}

// As much as Notion takes: ten lists of a hundred.
TEST(FilterTree, TheLongestFilterFits) {
    std::vector<Term> terms;
    std::vector<QualNode> nodes{{NodeKind::all, 10}};
    for (int list = 0; list < 10; ++list) {
        nodes.push_back({NodeKind::any, 100});
        for (int i = 0; i < 100; ++i) {
            nodes.push_back({NodeKind::leaf, 100 * list + i});
            terms.push_back({std::to_string(100 * list + i), flag, Operator::is_true});
        }
    }
    const Qual qual{nodes, classify(nodes, terms)};
    const Filter filter = build_filter({&qual, 1}, terms);
    EXPECT_FALSE(filter.recheck);
    ASSERT_EQ(filter.groups.size(), 10U);
    for (const auto& group : filter.groups)
        EXPECT_EQ(group.size(), 100U);
}

// Each of 40 lists has 2^10 forms as an `and` of `or`s, together 10^40 as an `or` of `and`s.
TEST(FilterTree, WhatSpreadsWithoutEndIsCutAndCheckedHere) {
    std::vector<Term> terms;
    std::vector<QualNode> nodes{{NodeKind::all, 40}};
    for (int list = 0; list < 40; ++list) {
        nodes.push_back({NodeKind::any, 10});
        for (int pair = 0; pair < 10; ++pair) {
            nodes.push_back({NodeKind::all, 2});
            for (int i = 0; i < 2; ++i) {
                nodes.push_back({NodeKind::leaf, static_cast<int>(terms.size())});
                terms.push_back({std::to_string(terms.size()), flag, Operator::is_true});
            }
        }
    }
    const Qual qual{nodes, classify(nodes, terms)};
    EXPECT_EQ(qual.push, Push::exact);
    const Filter filter = build_filter({&qual, 1}, terms);
    EXPECT_TRUE(filter.recheck);
    EXPECT_FALSE(filter.never);
    EXPECT_FALSE(filter.groups.empty());
    EXPECT_LE(depth(*json::parse(filter_json(filter))), 2);
}

TEST(FilterTree, AWindowStandsBesideEveryFilter) {
    const Codec created{.property = PropertyType::created_time, .column = ColumnType::timestamptz};
    const Term window{"", created, Operator::greater_equal, {Instant{1772323200000000}}};
    const std::vector<Term> terms{{"a", flag, Operator::is_true},
                                  {"b", flag, Operator::is_true},
                                  {"c", flag, Operator::is_true},
                                  {"d", flag, Operator::is_true}};
    const std::vector<QualNode> nodes{{NodeKind::any, 2},  {NodeKind::all, 2}, {NodeKind::leaf, 0},
                                      {NodeKind::leaf, 1}, {NodeKind::all, 2}, {NodeKind::leaf, 2},
                                      {NodeKind::leaf, 3}};
    const Qual qual{nodes, Push::exact};
    const std::string text = filter_json(build_filter({&qual, 1}, terms), {&window, 1});
    EXPECT_EQ(depth(*json::parse(text)), 2);
    size_t windows = 0;
    for (size_t at = text.find("on_or_after"); at != std::string::npos;
         at = text.find("on_or_after", at + 1))
        ++windows;
    EXPECT_EQ(windows, 2U) << text;
    EXPECT_EQ(filter_json(Filter{}, {&window, 1}),
              R"({"timestamp":"created_time","created_time":)"
              R"({"on_or_after":"2026-02-28T23:59:00.000Z"}})");
}

} // namespace
} // namespace notion
