// Law 3 for texts: whatever Notion does to case, accents, composition and blanks, no row is lost.
// Values and operands that differ in just these, every operator, every combination of readings.
// scope: none.
#include <gtest/gtest.h>

#include "core/notion/filter.hpp"
#include "core/notion/readings.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;

/// PostgreSQL's LIKE, character by character.
bool like(std::string_view text, std::string_view pattern) {
    if (pattern.empty())
        return text.empty();
    if (pattern[0] == '%') {
        for (size_t at = 0; at <= text.size(); ++at)
            if (at == utf8::start(text, at) && like(text.substr(at), pattern.substr(1)))
                return true;
        return false;
    }
    if (text.empty())
        return false;
    if (pattern[0] == '_') {
        size_t at = 0;
        utf8::next(text, at);
        return like(text.substr(at), pattern.substr(1));
    }
    const size_t literal = pattern[0] == '\\' ? 1 : 0;
    return text[0] == pattern[literal] && like(text.substr(1), pattern.substr(literal + 1));
}

std::string lower(std::string text) {
    for (char& c : text)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
}

bool holds(Operator op, const std::string& text, const Value& operand) {
    if (op == Operator::is_null)
        return text.empty();
    if (text.empty() || is_null(operand))
        return false;
    const auto& sought = std::get<std::string>(operand);
    switch (op) {
    case Operator::like:
        return like(text, sought);
    case Operator::ilike:
        return like(lower(text), lower(sought));
    case Operator::starts_with:
        return text.starts_with(sought);
    default:
        return text == sought;
    }
}

const Texts values{"",
                   " ",
                   "a",
                   "A",
                   " a",
                   "a ",
                   "John Doe",
                   "john doe",
                   "john.doe@x.org",
                   "Doe, John",
                   "\u00E9t\u00E9",
                   "e\u0301te\u0301",
                   "ete",
                   "Caf\u00E9",
                   "Cafe\u0301",
                   "caf\u00E9 ",
                   "a < b",
                   "a <\u0338 b",
                   "50 %",
                   "x_y",
                   "\u03A3\u039F\u03A3",
                   "\u039F\u0394\u039F\u03A3 \u0391",
                   "\u304B\u3099",
                   "\u304B",
                   "\u6771\u4EAC 2026",
                   "line\none",
                   "  two  blanks ",
                   "\u00A0nbsp\u00A0",
                   "\uFFFD",
                   "12",
                   "Doe "};
const Texts patterns{"a%",       "%a",        "%doe%",   "John%",   "john%",
                     "%Doe",     "J_hn D%",   "%@x.org", "Caf%",    "%e",
                     "%\u00E9",  "Cafe%",     "%caf%",   "a <%",    "%<%",
                     "50 \\%",   "x\\_%",     "%\u03A3", "\u03A3%", "%\u039F\u0394\u039F\u03A3%",
                     "%\u304B%", "\u6771%",   "%2026",   "%\n%",    " %",
                     "% ",       "% two %",   "%",       "_",       "",
                     "12",       "%\u00E9t%", "1%",      "%1%2%",   "x\\"};

std::string page(const std::string& type, const std::string& text) {
    const bool runs = type == "title" || type == "rich_text";
    const size_t middle = utf8::start(text, text.size() / 2);
    std::string inner = text.empty() ? (runs ? "[]" : "null") : json::quote(text);
    if (runs && !text.empty())
        inner = R"([{"plain_text":)" + json::quote(text.substr(0, middle)) + R"(},{"plain_text":)" +
                json::quote(text.substr(middle)) + "}]";
    return R"({"id":"t","type":")" + type + "\",\"" + type + "\":" + inner + "}";
}

void judge(const std::string& type, Operator op, const Value& operand, int& said, int& narrowed) {
    const Codec codec{.property = property_type(type), .column = ColumnType::text};
    ASSERT_EQ(classify(codec, op), Push::wide);
    const Term term{"t", codec, op,
                    op == Operator::is_null ? std::vector<Value>{} : std::vector<Value>{operand}};
    const Qual qual{{{NodeKind::leaf, 0}}, Push::wide};
    const Filter built = build_filter({&qual, 1}, {&term, 1});
    const std::string text = filter_json(built);
    said += text.empty() ? 0 : 1;
    auto filter = json::parse(text.empty() ? "{}" : text);
    ASSERT_TRUE(filter.ok()) << text;
    static const std::vector<test::Reading> all = test::text_readings();
    for (const std::string& value : values) {
        const bool wanted = holds(op, value, operand);
        ASSERT_FALSE(built.never && wanted) << value;
        if (text.empty())
            continue;
        auto parsed = json::parse(page(type, value));
        for (const test::Reading& reading : all) {
            const bool given = test::matches(*filter, *parsed, reading);
            narrowed += given ? 0 : 1;
            ASSERT_TRUE(given || !wanted) << text << " on \"" << value << "\"";
        }
    }
}

TEST(FilterText, NoRowIsLostHoweverTextsCompare) {
    int said = 0;
    int narrowed = 0;
    for (const char* type : {"title", "email"}) {
        judge(type, Operator::is_null, {}, said, narrowed);
        for (const std::string& value : values)
            for (const Operator op : {Operator::equal, Operator::any_of, Operator::starts_with})
                judge(type, op, Value(value), said, narrowed);
        for (const Texts* list : {&patterns, &values})
            for (const std::string& pattern : *list)
                for (const Operator op : {Operator::like, Operator::ilike})
                    judge(type, op, Value(pattern), said, narrowed);
    }
    EXPECT_GT(said, 250);
    EXPECT_GT(narrowed, 100000);
}

std::string filter_of(Operator op, const Value& operand) {
    const Codec codec{.property = PropertyType::title, .column = ColumnType::text};
    const Term term{"title", codec, op, {operand}};
    const Qual qual{{{NodeKind::leaf, 0}}, Push::wide};
    std::string text = filter_json(build_filter({&qual, 1}, {&term, 1}));
    const std::string start = R"({"property":"title","title":)";
    return text.starts_with(start) ? text.substr(start.size(), text.size() - start.size() - 1)
                                   : text;
}

TEST(FilterText, AsksForWhatStaysAPart) {
    EXPECT_EQ(filter_of(Operator::equal, "ada@x.org"), R"({"equals":"ada@x.org"})");
    EXPECT_EQ(filter_of(Operator::like, "%@x.org"), R"({"ends_with":"@x.org"})");
    EXPECT_EQ(filter_of(Operator::ilike, "%@x.org"), R"({"contains":"@x.org"})");
    EXPECT_EQ(filter_of(Operator::like, "INV-2026-%"), R"({"starts_with":"INV-2026-"})");
    // A mark after the n would make another letter of it.
    EXPECT_EQ(filter_of(Operator::like, "John%"), R"({"starts_with":"Joh"})");
    // The blank is there in any case, though it may not count.
    EXPECT_EQ(filter_of(Operator::equal, "blank "), R"({"contains":"blank"})");
    EXPECT_EQ(filter_of(Operator::like, "%"), "");
    EXPECT_EQ(filter_of(Operator::like, "100\\%%"), R"({"starts_with":"100%"})");
}

TEST(FilterText, IsNotNullAndInequalityStayHere) {
    const Codec codec{.property = PropertyType::email, .column = ColumnType::text};
    for (const Operator op : {Operator::is_not_null, Operator::not_equal, Operator::less,
                              Operator::none_of, Operator::distinct})
        EXPECT_EQ(classify(codec, op), Push::here);
    EXPECT_EQ(negated(Operator::like), std::nullopt);
}

} // namespace
} // namespace notion
