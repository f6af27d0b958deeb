// Recorded: real answers of Notion, recorded by other people's clients, through the decoder.
// Assumes the recordings beside the source tree; says so and skips where they are absent.
// scope: none.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "core/notion/answer.hpp"
#include "core/notion/codec.hpp"
#include "core/notion/schema.hpp"

namespace notion {
namespace {

const char* const recording = NOTION_SOURCE_DIR "/../shared/notion/recorded-python-clients.jsonl";

/// Every object of a kind in an answer, however deep.
template <class Visit>
void each_object(const json::Value& value, std::string_view kind, Visit&& visit) {
    if (value.IsArray()) {
        for (const json::Value& element : value.GetArray())
            each_object(element, kind, visit);
    } else if (value.IsObject()) {
        if (json::text(value, "object") == kind)
            visit(value);
        for (const auto& member : value.GetObject())
            each_object(member.value, kind, visit);
    }
}

class Recorded : public testing::Test {
  protected:
    void SetUp() override {
        file_.open(recording);
        if (!file_.is_open())
            GTEST_SKIP() << "no recordings at " << recording;
    }

    template <class Visit>
    void each_answer(Visit&& visit) {
        std::string line;
        while (std::getline(file_, line)) {
            auto exchange = json::parse(line);
            ASSERT_TRUE(exchange.ok()) << exchange.error().detail;
            const json::Value* answer = json::find(*exchange, "resp");
            ASSERT_NE(answer, nullptr);
            visit((*exchange)["status"].GetInt(), *answer);
        }
    }

  private:
    std::ifstream file_;
};

/// The codec of a property as a page alone shows it: results of formulas by what they are.
Codec codec_of(const json::Value& value) {
    Property property;
    property.type_name = json::text(value, "type");
    property.type = property_type(property.type_name);
    if (const json::Value* inner = json::find(value, property.type_name)) {
        property.result_type = json::text(*inner, "type");
        property.rollup_function = json::text(*inner, "function");
    }
    return {.property = property.type, .column = default_column_type(property)};
}

/// Whether Notion shows nothing: null, or an empty list of runs or text.
bool is_empty(const json::Value& value) {
    const std::string_view type = json::text(value, "type");
    const json::Value* inner = json::find(value, type);
    if (inner != nullptr && inner->IsObject() && (type == "formula" || type == "rollup"))
        inner = json::find(*inner, json::text(*inner, "type"));
    if (inner == nullptr || inner->IsNull())
        return true;
    return ((type == "title" || type == "rich_text") && inner->Empty()) ||
           (inner->IsString() && inner->GetStringLength() == 0);
}

TEST_F(Recorded, EveryValueOfEveryPageComesOutAndNoneIsLost) {
    std::map<std::string, int> values;
    int pages = 0;
    each_answer([&](int, const json::Value& answer) {
        each_object(answer, "page", [&](const json::Value& page) {
            auto head = page_head(page);
            ASSERT_TRUE(head.ok()) << head.error().detail;
            ++pages;
            for (const auto& member : head->properties->GetObject()) {
                const json::Value& value = member.value;
                const Codec codec = codec_of(value);
                auto decoded = decode(value, codec);
                ASSERT_TRUE(decoded.ok()) << decoded.error().detail << json::write(value);
                EXPECT_EQ(is_null(*decoded), is_empty(value)) << json::write(value);
                if (!is_null(*decoded)) {
                    auto again = from_text(to_text(*decoded, codec.column), codec.column);
                    ASSERT_TRUE(again.ok()) << again.error().detail;
                    EXPECT_EQ(*again, *decoded) << json::write(value);
                    ++values[std::string(json::text(value, "type"))];
                }
                auto of_half = decode_half(half(value), codec);
                ASSERT_TRUE(of_half.ok()) << of_half.error().detail << half(value);
                EXPECT_EQ(*of_half, *decoded) << json::write(value) << half(value);
                EXPECT_EQ(property_by_id(*head, json::text(value, "id")), &value);
            }
        });
    });
    EXPECT_GT(pages, 900);
    for (int i = 0; i < static_cast<int>(PropertyType::unknown); ++i) {
        const auto type = static_cast<PropertyType>(i);
        if (type == PropertyType::verification) // no recorded page has one
            continue;
        EXPECT_GT(values[std::string(property_type_name(type))], 0) << property_type_name(type);
    }
}

TEST_F(Recorded, EveryDataSourceIsReadAndItsColumnsAreNamed) {
    int sources = 0;
    std::map<std::string, int> types;
    each_answer([&](int, const json::Value& answer) {
        each_object(answer, "data_source", [&](const json::Value& value) {
            auto source = parse_data_source(value);
            ASSERT_TRUE(source.ok()) << source.error().detail;
            ++sources;
            std::map<std::string, int> seen;
            for (const NamedColumn& column : name_columns(*source, NameStyle::snake_case)) {
                EXPECT_EQ(++seen[column.column], 1) << column.column;
                EXPECT_TRUE(accepts(column.property->type, column.type));
                EXPECT_NE(column.property->type, PropertyType::unknown)
                    << column.property->type_name;
                ++types[column.property->type_name];
            }
            EXPECT_EQ(seen.size(), source->properties.size());
        });
    });
    EXPECT_GT(sources, 700);
    EXPECT_EQ(types.size(), static_cast<size_t>(PropertyType::unknown));
}

TEST_F(Recorded, EveryRefusalBecomesAnErrorInNotionsWords) {
    std::map<ErrorKind, int> kinds;
    each_answer([&](int status, const json::Value& answer) {
        if (status < 400)
            return;
        const Error error = error_of(status, json::write(answer), -1, "");
        ++kinds[error.kind];
        EXPECT_EQ(error.status, status);
        EXPECT_EQ(error.code, json::text(answer, "code"));
        EXPECT_EQ(error.request_id, json::text(answer, "request_id"));
        EXPECT_NE(error.detail.find(json::text(answer, "message")), std::string::npos);
        EXPECT_FALSE(error.message.empty());
        EXPECT_FALSE(may_read_again(error));
    });
    EXPECT_EQ(kinds[ErrorKind::unauthorized], 5);
    EXPECT_EQ(kinds[ErrorKind::not_found], 3);
    EXPECT_EQ(kinds[ErrorKind::validation], 8);
}

} // namespace
} // namespace notion
