// Any bytes as the conditions of a query: trees of AND, OR and NOT over terms of every property
// type, column type, operator and operand. What is built is JSON within Notion's limits, the same
// when it is built again, and leaves room for the windows of a walk. scope: none.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/notion/filter.hpp"
#include "core/notion/json.hpp"
#include "core/notion/utf8.hpp"
#include "core/notion/walk.hpp"

namespace notion {
namespace {

constexpr size_t conditions_max = 100;

void require(bool holds) {
    if (!holds)
        std::abort();
}

/// The input, taken from its beginning; zeros after its end.
class Bytes {
  public:
    Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
    bool done() const { return at_ == size_; }
    unsigned below(unsigned limit) { return byte() % limit; }
    template <class Number>
    Number number() {
        Number made{};
        for (size_t i = 0; i < sizeof made; ++i) {
            const uint8_t next = byte();
            std::memcpy(reinterpret_cast<char*>(&made) + i, &next, 1);
        }
        return made;
    }
    /// As PostgreSQL holds texts: UTF-8 without NUL.
    std::string text() {
        std::string made;
        for (unsigned left = below(24); left > 0; --left)
            made += static_cast<char>(byte());
        for (char& c : made)
            if (c == '\0' || !utf8::is_valid(made))
                c = static_cast<unsigned char>(c) < 0x20 || (c & 0x80) != 0 ? '%' : c;
        return made;
    }

  private:
    uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
    const uint8_t* data_;
    size_t size_;
    size_t at_ = 0;
};

/// What an operand of a column of this type may be (src/pg/fdw/operands.cpp).
Value operand(Bytes& bytes, ColumnType column) {
    constexpr int64_t year_10000_us = 253402300800000000;
    if (bytes.below(16) == 0)
        return {};
    switch (column) {
    case ColumnType::boolean:
        return bytes.below(2) == 1;
    case ColumnType::int2:
    case ColumnType::int4:
    case ColumnType::int8:
        return bytes.number<int64_t>();
    case ColumnType::float8:
        return bytes.number<double>();
    case ColumnType::numeric:
        return std::to_string(bytes.number<int64_t>()) + "." +
               std::to_string(bytes.number<uint32_t>());
    case ColumnType::date:
        return Day{bytes.number<int32_t>() / 100};
    case ColumnType::timestamptz:
        return Instant{bytes.number<int64_t>() % (2 * year_10000_us)};
    default:
        return bytes.text();
    }
}

Term term(Bytes& bytes) {
    Term made;
    made.codec.property =
        static_cast<PropertyType>(bytes.below(static_cast<unsigned>(PropertyType::unknown) + 1));
    made.codec.column =
        static_cast<ColumnType>(bytes.below(static_cast<unsigned>(ColumnType::uuid_array) + 1));
    made.codec.part = bytes.below(2) == 1 ? DatePart::end : DatePart::start;
    made.codec.fit = static_cast<Fit>(bytes.below(3));
    made.property_id = bytes.below(4) == 0 ? "" : bytes.text();
    made.op = static_cast<Operator>(bytes.below(static_cast<unsigned>(Operator::starts_with) + 1));
    made.known = bytes.below(8) != 0;
    const bool lists = made.op == Operator::any_of || made.op == Operator::none_of ||
                       made.op == Operator::contains || made.op == Operator::overlaps;
    for (unsigned left = lists ? bytes.below(6) : 1; left > 0; --left)
        made.operands.push_back(operand(bytes, made.codec.column));
    if (lists && bytes.below(16) == 0) // more than Notion takes
        made.operands.resize(conditions_max + 50, operand(bytes, made.codec.column));
    return made;
}

void tree(Bytes& bytes, int depth, size_t terms, std::vector<QualNode>& nodes) {
    const unsigned kind = bytes.below(depth > 0 ? 8 : 4);
    const int parts = 1 + static_cast<int>(bytes.below(5));
    if (kind == 4) {
        nodes.push_back({NodeKind::no, 1});
        tree(bytes, depth - 1, terms, nodes);
    } else if (kind > 4) {
        nodes.push_back({kind == 5 ? NodeKind::all : NodeKind::any, parts});
        for (int part = 0; part < parts; ++part)
            tree(bytes, depth - 1, terms, nodes);
    } else if (kind == 3 && bytes.below(8) == 0) {
        nodes.push_back({NodeKind::unknown, 0});
    } else {
        nodes.push_back({NodeKind::leaf, static_cast<int>(bytes.number<uint16_t>() % terms)});
    }
}

const json::Value* list_of(const json::Value& filter) {
    const json::Value* all = json::find(filter, "and");
    return all != nullptr ? all : json::find(filter, "or");
}

/// At most two levels of lists, none of them empty or longer than Notion takes.
void check_limits(const json::Value& filter, int levels) {
    require(filter.IsObject());
    const json::Value* parts = list_of(filter);
    if (parts == nullptr)
        return;
    require(levels > 0 && parts->IsArray() && parts->Size() > 0 && parts->Size() <= conditions_max);
    for (const json::Value& part : parts->GetArray())
        check_limits(part, levels - 1);
}

void any(Bytes bytes) {
    std::vector<Term> terms;
    for (unsigned left = 1 + bytes.below(8); left > 0; --left)
        terms.push_back(term(bytes));
    std::vector<Qual> quals;
    for (unsigned left = 1 + bytes.below(4); left > 0; --left) {
        Qual qual;
        tree(bytes, 5, terms.size(), qual.nodes);
        qual.push = classify(qual.nodes, terms);
        if (qual.push != Push::here)
            quals.push_back(std::move(qual));
    }
    const Filter filter = build_filter(quals, terms);
    const std::string text = filter_json(filter);
    require(text == filter_json(build_filter(quals, terms)));
    const std::string edge = R"({"timestamp":"created_time","created_time":{"on_or_after":"x"}})";
    const std::optional<std::string> within = narrowed(text, {edge, edge, edge});
    require(within.has_value());
    for (const std::string& each : {text, *within}) {
        if (each.empty())
            continue;
        auto parsed = json::parse(each);
        require(parsed.ok());
        check_limits(*parsed, 2);
    }
}

} // namespace
} // namespace notion

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    notion::any(notion::Bytes(data, size));
    return 0;
}
