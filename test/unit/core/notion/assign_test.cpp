// scope: none.
#include "core/notion/assign.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

Assignment text(std::string column, std::string property, std::string value) {
    Assignment one;
    one.column = std::move(column);
    one.property = std::move(property);
    one.codec.property = PropertyType::rich_text;
    one.codec.column = ColumnType::text;
    one.value = std::move(value);
    return one;
}

Assignment date(DatePart part, Value value) {
    Assignment one;
    one.column = part == DatePart::start ? "begins" : "ends";
    one.property = "dAte";
    one.codec.property = PropertyType::date;
    one.codec.column = ColumnType::date;
    one.codec.part = part;
    one.value = std::move(value);
    return one;
}

Assignment status(std::string value, const std::vector<Option>& options) {
    Assignment one = text("state", "stat", std::move(value));
    one.codec.property = PropertyType::status;
    one.codec.options = &options;
    return one;
}

TEST(Assign, SendsWhatIsGivenAndNoMore) {
    auto members = members_of({text("notes", "n%3A", "hello")}, nullptr);
    ASSERT_TRUE(members.ok());
    ASSERT_EQ(members->properties.size(), 1U);
    EXPECT_EQ(members->properties[0].property_id, "n%3A");
    EXPECT_NE(members->properties[0].json.find("hello"), std::string::npos);
    EXPECT_TRUE(members->beside.empty());
}

TEST(Assign, NamesTheColumnThatCannotBeSent) {
    auto members = members_of({text("notes", "n", std::string(200'001, 'x'))}, nullptr);
    ASSERT_FALSE(members.ok());
    EXPECT_EQ(members.error().kind, ErrorKind::unsendable);
    EXPECT_EQ(members.error().message.find("column \"notes\" cannot be sent to Notion"), 0U);
}

TEST(Assign, TwoColumnsOfOnePropertyAreRefused) {
    auto members = members_of({text("a", "n", "x"), text("b", "n", "y")}, nullptr);
    ASSERT_FALSE(members.ok());
    EXPECT_EQ(members.error().kind, ErrorKind::invalid_argument);
}

TEST(Assign, StartAndEndOfADateAreOneMember) {
    auto members =
        members_of({date(DatePart::end, Day{20'003}), date(DatePart::start, Day{20'001})}, nullptr);
    ASSERT_TRUE(members.ok());
    ASSERT_EQ(members->properties.size(), 1U);
    EXPECT_EQ(members->properties[0].json, R"({"date":{"start":"2024-10-05","end":"2024-10-07"}})");
}

TEST(Assign, OnePartOfADateKeepsTheOther) {
    auto page = json::parse(R"({"When":{"id":"dAte","type":"date","date":{"start":"2024-10-05",)"
                            R"("end":"2024-10-07","time_zone":null}}})");
    ASSERT_TRUE(page.ok());
    auto members = members_of({date(DatePart::start, Day{20'000})}, &*page);
    ASSERT_TRUE(members.ok());
    EXPECT_EQ(members->properties[0].json, R"({"date":{"start":"2024-10-04","end":"2024-10-07"}})");
}

TEST(Assign, ReadsThePageOnlyForWhatItKeeps) {
    Assignment words = text("notes", "n", "x");
    EXPECT_TRUE(needs_base(words));
    words.was_null = true;
    EXPECT_FALSE(needs_base(words)) << "nothing was there to keep";
    words.was_null = false;
    words.value = Value();
    EXPECT_FALSE(needs_base(words)) << "nothing is left to keep it in";
    EXPECT_TRUE(needs_base(date(DatePart::start, Day{1})));
    Assignment number = text("fee", "f", "");
    number.codec.property = PropertyType::number;
    EXPECT_FALSE(needs_base(number));
}

TEST(Assign, IconsAreJsonObjectsBesideTheProperties) {
    Assignment icon = text("page_icon", "icon", R"({"type":"emoji","emoji":"x"})");
    icon.beside = true;
    auto members = members_of({icon}, nullptr);
    ASSERT_TRUE(members.ok());
    ASSERT_EQ(members->beside.size(), 1U);
    EXPECT_EQ(members->beside[0].json, R"({"type":"emoji","emoji":"x"})");
    icon.value = std::string("}, \"properties\": {");
    EXPECT_FALSE(members_of({icon}, nullptr).ok());
    icon.value = Value();
    EXPECT_EQ(members_of({icon}, nullptr)->beside[0].json, "null");
}

TEST(Assign, AnUnknownStatusListsThoseThatAre) {
    const std::vector<Option> options = {{"1", "Open"}, {"2", "Done"}};
    EXPECT_TRUE(check_status(status("Open", options)).ok());
    EXPECT_TRUE(check_status(status("done", options)).ok()) << "names are unique without case";
    Status unknown = check_status(status("Lost", options));
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().detail, R"(It is "Lost"; the property has "Open", "Done".)");
}

TEST(Assign, OfManyStatusesSomeAreNamed) {
    std::vector<Option> options(30, {"1", "Open"});
    Status unknown = check_status(status("Lost", options));
    ASSERT_FALSE(unknown.ok());
    EXPECT_NE(unknown.error().detail.find("and 5 more"), std::string::npos);
}

PageMembers of_sizes(std::initializer_list<size_t> sizes) {
    PageMembers members;
    for (size_t size : sizes)
        members.properties.push_back({"p", std::string(size, '1')});
    return members;
}

TEST(Assign, SplitsWhatIsTooLargeForOneRequest) {
    EXPECT_EQ(split(of_sizes({}))->size(), 1U);
    EXPECT_EQ(split(of_sizes({400'000}))->size(), 1U);
    EXPECT_EQ(split(of_sizes({200'000, 200'000}))->size(), 1U);
    EXPECT_EQ(split(of_sizes({200'000, 200'000, 200'000}))->size(), 2U);
    EXPECT_EQ(split(of_sizes({400'000, 400'000, 400'000}))->size(), 3U);
    size_t members = 0;
    const auto parts = split(of_sizes({300'000, 1, 300'000, 1, 300'000}));
    for (const PageMembers& part : *parts)
        members += part.properties.size();
    EXPECT_EQ(members, 5U) << "none is lost";
}

TEST(Assign, AValueLargerThanARequestIsRefused) {
    auto parts = split(of_sizes({1, 500'000}));
    ASSERT_FALSE(parts.ok());
    EXPECT_EQ(parts.error().kind, ErrorKind::unsendable);
}

} // namespace
} // namespace notion
