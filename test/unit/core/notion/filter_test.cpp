// Law 3: whatever Notion means by its filter, PostgreSQL's answer is the same with it and without.
// Every type and operator, many values and operands, against every reading.
// scope: none.
#include "core/notion/filter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "core/notion/readings.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;

const Zone& berlin() {
    static const Zone zone{"Europe/Berlin", 3600, {{1774746000, 7200}, {1792890000, 3600}}};
    return zone;
}

/// PostgreSQL's order of float8: NaN is above everything.
int compare(const Value& a, const Value& b) {
    if (const auto* x = std::get_if<double>(&a)) {
        const double y = std::get<double>(b);
        if (std::isnan(*x) || std::isnan(y))
            return static_cast<int>(std::isnan(*x)) - static_cast<int>(std::isnan(y));
        return *x < y ? -1 : *x > y ? 1 : 0;
    }
    return a < b ? -1 : a == b ? 0 : 1;
}

/// numeric as decimal text: enough digits for the values used here.
int compare_decimals(const Value& a, const Value& b) {
    const auto scaled = [](const Value& value) { return std::stold(std::get<std::string>(value)); };
    const long double x = scaled(a);
    const long double y = scaled(b);
    return x < y ? -1 : x > y ? 1 : 0;
}

bool holds(const Value& value, Operator op, const std::vector<Value>& operands, ColumnType column) {
    const auto order = [&](const Value& operand) {
        return column == ColumnType::numeric ? compare_decimals(value, operand)
                                             : compare(value, operand);
    };
    const auto has = [&](const Value& member) {
        const auto& list = std::get<Texts>(value);
        return std::ranges::find(list, std::get<std::string>(member)) != list.end();
    };
    const auto is = [&](auto&& test) {
        return !is_null(operands.at(0)) && test(order(operands.at(0)));
    };
    if (op == Operator::is_null)
        return is_null(value);
    if (op == Operator::distinct || op == Operator::not_distinct) {
        const bool null = is_null(operands.at(0));
        const bool same = null || is_null(value) ? null == is_null(value) : order(operands[0]) == 0;
        return same == (op == Operator::not_distinct);
    }
    if (op == Operator::none_of && operands.empty())
        return true;
    if (is_null(value))
        return false;
    switch (op) {
    case Operator::equal:
        return is([](int o) { return o == 0; });
    case Operator::not_equal:
        return is([](int o) { return o != 0; });
    case Operator::less:
        return is([](int o) { return o < 0; });
    case Operator::less_equal:
        return is([](int o) { return o <= 0; });
    case Operator::greater:
        return is([](int o) { return o > 0; });
    case Operator::greater_equal:
        return is([](int o) { return o >= 0; });
    case Operator::is_true:
    case Operator::is_false:
        return std::get<bool>(value) == (op == Operator::is_true);
    case Operator::is_not_true:
    case Operator::is_not_false:
        return std::get<bool>(value) == (op == Operator::is_not_false);
    case Operator::any_of:
        return std::ranges::any_of(operands,
                                   [&](const Value& o) { return !is_null(o) && order(o) == 0; });
    case Operator::none_of:
        return std::ranges::all_of(operands,
                                   [&](const Value& o) { return !is_null(o) && order(o) != 0; });
    case Operator::contains:
        return std::ranges::all_of(operands, has);
    case Operator::overlaps:
    case Operator::has_member:
        return std::ranges::any_of(operands, has);
    default:
        return true;
    }
}

constexpr Operator scalar_operators[] = {
    Operator::equal,   Operator::not_equal,     Operator::less,     Operator::less_equal,
    Operator::greater, Operator::greater_equal, Operator::is_null,  Operator::is_not_null,
    Operator::any_of,  Operator::none_of,       Operator::distinct, Operator::not_distinct,
};
constexpr Operator list_operators[] = {Operator::contains, Operator::overlaps, Operator::has_member,
                                       Operator::is_null, Operator::is_not_null};
constexpr Operator flag_operators[] = {
    Operator::equal,   Operator::not_equal,   Operator::is_true,      Operator::is_false,
    Operator::is_null, Operator::is_not_null, Operator::any_of,       Operator::is_not_true,
    Operator::none_of, Operator::distinct,    Operator::not_distinct, Operator::is_not_false};

struct Counts {
    int exact = 0;
    int wide = 0;
    int never = 0;
    int narrowed = 0; ///< pages that a filter kept out
};

/// One qual over all pages under all readings.
void judge(const Term& term, const std::vector<std::string>& pages, Counts& counts) {
    const Push push = classify(term.codec, term.op);
    if (push == Push::here) {
        EXPECT_EQ(build_leaf(term).kind, Clause::Kind::unsaid);
        return;
    }
    const Qual qual{{{NodeKind::leaf, 0}}, push};
    const Filter whole = build_filter({&qual, 1}, {&term, 1});
    const std::string leaf = filter_json(whole);
    ++(push == Push::exact ? counts.exact : counts.wide);
    counts.never += whole.never ? 1 : 0;
    auto filter = json::parse(leaf.empty() ? "{}" : leaf);
    ASSERT_TRUE(filter.ok()) << leaf;
    static const std::vector<test::Reading> all = test::readings();
    for (const std::string& page : pages) {
        auto value = json::parse(page);
        auto decoded = decode(*value, term.codec);
        ASSERT_TRUE(decoded.ok()) << page << decoded.error().detail;
        const bool wanted = holds(*decoded, term.op, term.operands, term.codec.column);
        if (whole.never || leaf.empty()) {
            EXPECT_FALSE(whole.never && wanted) << page;
            EXPECT_TRUE(whole.never || wanted || push == Push::wide || whole.recheck) << page;
            continue;
        }
        for (const test::Reading& reading : all) {
            const bool given = test::matches(*filter, *value, reading);
            counts.narrowed += given ? 0 : 1;
            const bool right =
                push == Push::exact && !whole.recheck ? given == wanted : given || !wanted;
            ASSERT_TRUE(right) << leaf << " on " << page;
        }
    }
}

Counts judge_all(const Codec& codec, std::span<const Operator> operators,
                 const std::vector<Value>& operands, const std::vector<std::string>& pages) {
    Counts counts;
    for (const Operator op : operators) {
        std::vector<std::vector<Value>> lists{{}};
        if (op == Operator::any_of || op == Operator::none_of || op == Operator::contains ||
            op == Operator::overlaps) {
            for (const Value& a : operands) {
                lists.push_back({a});
                for (const Value& b : operands)
                    lists.push_back({a, b});
            }
        } else if (op != Operator::is_null && op != Operator::is_not_null &&
                   !(op >= Operator::is_true && op <= Operator::is_not_false)) {
            lists.clear();
            for (const Value& a : operands)
                lists.push_back({a});
        }
        for (const auto& list : lists)
            judge({"aBc", codec, op, list}, pages, counts);
    }
    return counts;
}

std::string page(std::string_view type, std::string_view inner) {
    return "{\"id\":\"aBc\",\"type\":\"" + std::string(type) + "\",\"" + std::string(type) +
           "\":" + std::string(inner) + "}";
}
std::vector<std::string> pages(std::string_view type, const Texts& inners) {
    std::vector<std::string> list;
    for (const std::string& inner : inners)
        list.push_back(page(type, inner));
    return list;
}

TEST(Filter, NumbersAreTheSameInBoth) {
    const auto list =
        pages("number", {"null", "0", "-1", "5", "0.1", "1e300", "0.30000000000000004"});
    const double infinity = std::numeric_limits<double>::infinity();
    const Counts counts = judge_all(
        {.property = PropertyType::number, .column = ColumnType::float8}, scalar_operators,
        {0.0, -0.0, 5.0, 0.1, 0.3, infinity, -infinity, std::nan(""), Value()}, list);
    EXPECT_GT(counts.exact, 40);
    EXPECT_GT(counts.never, 5);
}

TEST(Filter, DecimalsAreWidenedToTheirDouble) {
    const auto list = pages("number", {"null", "0", "5", "0.1", "0.30000000000000004"});
    const Counts counts = judge_all(
        {.property = PropertyType::number, .column = ColumnType::numeric}, scalar_operators,
        {"0.1", "0.1000000000000000055", "0.09999999999999999999999", "0.3", "5", Value(),
         "1" + std::string(400, '0')},
        list);
    EXPECT_GT(counts.wide, 40);
    EXPECT_GT(counts.narrowed, 0);
}

TEST(Filter, IntegersAreSaidUpToWhatADoubleHolds) {
    const auto list = pages("number", {"null", "0", "5", "-7", "9007199254740992"});
    for (const ColumnType column : {ColumnType::int8})
        judge_all({.property = PropertyType::number, .column = column}, scalar_operators,
                  {int64_t{5}, int64_t{0}, (int64_t{1} << 53) + 1, Value()}, list);
    const Term big{"aBc",
                   {.property = PropertyType::number, .column = ColumnType::int8},
                   Operator::less,
                   {(int64_t{1} << 53) + 1}};
    const Qual qual{{{NodeKind::leaf, 0}}, Push::wide};
    EXPECT_EQ(filter_json(build_filter({&qual, 1}, {&big, 1})), "");
}

TEST(Filter, CheckboxesAreNeverNull) {
    const Counts counts =
        judge_all({.property = PropertyType::checkbox, .column = ColumnType::boolean},
                  flag_operators, {true, false, Value()}, pages("checkbox", {"true", "false"}));
    EXPECT_GT(counts.exact, 5);
    EXPECT_GT(counts.never, 0);
}

TEST(Filter, OptionsAreFoundWhateverCaseMeans) {
    static const std::vector<Option> known{{"1", "Open"}, {"2", "done"}};
    for (const char* type : {"select", "status"})
        for (const auto* options : {static_cast<const std::vector<Option>*>(nullptr), &known}) {
            Codec codec{.property = property_type(type), .column = ColumnType::text};
            codec.options = options;
            const Counts counts =
                judge_all(codec, scalar_operators, {"Open", "open", "done", "", "a,b", Value()},
                          pages(type, {"null", R"({"id":"1","name":"Open"})",
                                       R"({"id":"2","name":"done"})"}));
            EXPECT_GT(counts.wide, 10);
            EXPECT_GT(counts.narrowed, 0);
        }
}

TEST(Filter, ListsHoldWhatTheyContain) {
    static const std::string one = "0f0e0d0c-0b0a-4908-8706-050403020100";
    static const std::string two = "11111111-2222-4333-8444-555555555555";
    Counts counts =
        judge_all({.property = PropertyType::multi_select, .column = ColumnType::text_array},
                  list_operators, {"a", "A", "x,y"},
                  pages("multi_select", {"[]", R"([{"id":"1","name":"a"}])",
                                         R"([{"id":"1","name":"a"},{"id":"2","name":"A"}])"}));
    EXPECT_GT(counts.narrowed, 0);
    for (const char* type : {"relation", "people"}) {
        counts = judge_all({.property = property_type(type), .column = ColumnType::uuid_array},
                           list_operators, {one, two},
                           pages(type, {"[]", R"([{"id":")" + one + R"("}])",
                                        R"([{"id":")" + one + R"("},{"id":")" + two + R"("}])"}));
        EXPECT_GT(counts.narrowed, 0);
    }
}

TEST(Filter, EqualListsContainTheSameMembers) {
    constexpr Operator equal[] = {Operator::equal};
    const Counts counts =
        judge_all({.property = PropertyType::multi_select, .column = ColumnType::text_array}, equal,
                  {Texts{"a"}, Texts{"a", "b"}, Texts{}, Texts{"A"}, Texts{"x,y"}, Value()},
                  pages("multi_select", {"[]", R"([{"id":"1","name":"a"}])",
                                         R"([{"id":"1","name":"a"},{"id":"2","name":"b"}])"}));
    EXPECT_EQ(counts.wide, 6);
    EXPECT_EQ(counts.never, 1);
    EXPECT_GT(counts.narrowed, 0);
}

TEST(Filter, DatesAreFoundInEveryZoneAndEveryPartOfARange) {
    const auto list = pages(
        "date", {"null", R"({"start":"2026-03-01","end":null})",
                 R"({"start":"2026-02-01","end":"2026-04-01"})", R"({"start":"2026-02-28"})",
                 R"({"start":"2026-03-01T00:00:00.000Z","end":null})",
                 R"({"start":"2026-03-01T23:59:00.000-12:00","end":null})",
                 R"({"start":"2026-03-01T00:30:00.000+14:00","end":"2026-05-01T00:00:00.000Z"})"});
    for (const Zone* zone : {static_cast<const Zone*>(nullptr), &berlin()}) {
        Codec codec{.property = PropertyType::date, .column = ColumnType::timestamptz};
        codec.zone = zone;
        Counts counts = judge_all(codec, scalar_operators,
                                  {Instant{1772323200000000}, Instant{1772319600000000},
                                   Instant{1772323259999999}, Instant{0}, Value()},
                                  list);
        EXPECT_GT(counts.narrowed, 0);
        EXPECT_GT(counts.exact, 0);
        codec.column = ColumnType::date;
        counts =
            judge_all(codec, scalar_operators, {Day{20513}, Day{20512}, Day{20514}, Value()}, list);
        EXPECT_GT(counts.narrowed, 0);
    }
}

TEST(Filter, TimesOfPagesAreFoundWhateverTheirSeconds) {
    for (const char* type : {"created_time", "last_edited_time"}) {
        const auto list =
            pages(type, {"\"2026-03-01T09:30:00.000Z\"", "\"2026-03-01T09:31:00.000Z\"",
                         "\"2026-03-02T00:00:00.000Z\""});
        Codec codec{.property = property_type(type), .column = ColumnType::timestamptz};
        Counts counts = judge_all(codec, scalar_operators,
                                  {Instant{1772357400000000}, Instant{1772357400000001},
                                   Instant{1772357459999999}, Instant{1772409600000000}, Value()},
                                  list);
        EXPECT_GT(counts.narrowed, 0);
        codec.column = ColumnType::date;
        codec.zone = &berlin();
        counts = judge_all(codec, scalar_operators, {Day{20513}, Day{20514}, Value()}, list);
        EXPECT_GT(counts.narrowed, 0);
    }
}

TEST(Filter, UniqueIdsAreFoundByNumber) {
    const auto list =
        pages("unique_id", {R"({"prefix":"A","number":12})", R"({"prefix":null,"number":12})",
                            R"({"prefix":"A","number":3})"});
    judge_all({.property = PropertyType::unique_id, .column = ColumnType::text}, scalar_operators,
              {"A-12", "12", "B-12", "A-", "x", Value()}, list);
    const Counts counts =
        judge_all({.property = PropertyType::unique_id, .column = ColumnType::int8},
                  scalar_operators, {int64_t{12}, int64_t{4}, Value()}, list);
    EXPECT_GT(counts.narrowed, 0);
}

TEST(Filter, NothingIsSaidOfWhatIsNotKnown) {
    for (const auto type : {PropertyType::formula, PropertyType::rollup, PropertyType::verification,
                            PropertyType::button, PropertyType::place, PropertyType::unknown})
        for (int column = 0; column <= static_cast<int>(ColumnType::uuid_array); ++column)
            for (int op = 0; op <= static_cast<int>(Operator::starts_with); ++op) {
                const Codec codec{.property = type, .column = static_cast<ColumnType>(column)};
                EXPECT_EQ(classify(codec, static_cast<Operator>(op)), Push::here);
            }
}

TEST(Filter, AColumnThatChangesValuesLimitsWhatIsPromised) {
    Codec codec{.property = PropertyType::number, .column = ColumnType::float8};
    codec.fit = Fit::refuse;
    EXPECT_EQ(classify(codec, Operator::equal), Push::wide);
    EXPECT_EQ(classify(codec, Operator::is_null), Push::here);
    codec.fit = Fit::change;
    EXPECT_EQ(classify(codec, Operator::equal), Push::here);
    EXPECT_EQ(classify(codec, Operator::is_not_null), Push::wide);
}

TEST(Filter, AuthorsAreFoundById) {
    constexpr Operator equal[] = {Operator::equal, Operator::any_of};
    const std::string one = "0f0e0d0c-0b0a-4908-8706-050403020100";
    for (const char* type : {"created_by", "last_edited_by"}) {
        const Counts counts = judge_all(
            {.property = property_type(type), .column = ColumnType::uuid}, equal,
            {one, "11111111-2222-4333-8444-555555555555"},
            pages(type, {R"({"object":"user","id":")" + one + R"("})",
                         R"({"object":"user","id":"aaaaaaaa-2222-4333-8444-555555555555"})"}));
        EXPECT_GT(counts.narrowed, 0);
    }
}

} // namespace
} // namespace notion
