// scope: none.
#include "core/notion/drift.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

Codec codec(PropertyType property, ColumnType column) {
    Codec made;
    made.property = property;
    made.column = column;
    return made;
}

Property property(PropertyType type) {
    Property made;
    made.id = "aB%3A";
    made.name = "Fee";
    made.type = type;
    made.type_name = property_type_name(type);
    return made;
}

TEST(Drift, ARenamedPropertyIsNone) {
    Property fee = property(PropertyType::number);
    fee.name = "Entrance fee";
    EXPECT_TRUE(
        check_property("t", "fee", "aB%3A", codec(PropertyType::number, ColumnType::float8), &fee)
            .ok());
}

TEST(Drift, AGonePropertySaysSo) {
    Status gone = check_property("t", "fee", "aB%3A",
                                 codec(PropertyType::number, ColumnType::float8), nullptr);
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().kind, ErrorKind::property_missing);
    EXPECT_EQ(gone.error().hint.find("ALTER FOREIGN TABLE t DROP COLUMN fee;"), 0U);
}

TEST(Drift, AnotherTypeGivesTheAlter) {
    Property now = property(PropertyType::checkbox);
    Status other =
        check_property("t", "fee", "aB%3A", codec(PropertyType::number, ColumnType::float8), &now);
    ASSERT_FALSE(other.ok());
    EXPECT_EQ(other.error().kind, ErrorKind::property_type);
    EXPECT_EQ(other.error().hint, "ALTER FOREIGN TABLE t ALTER COLUMN fee TYPE boolean, "
                                  "ALTER COLUMN fee OPTIONS (SET type 'checkbox');");
}

TEST(Drift, TheColumnsTypeStaysWhereItCan) {
    Property now = property(PropertyType::rich_text);
    EXPECT_EQ(alter_for("t", "Ticket", codec(PropertyType::select, ColumnType::text), now),
              "ALTER FOREIGN TABLE t ALTER COLUMN \"Ticket\" OPTIONS (SET type 'rich_text');");
    EXPECT_EQ(alter_for("t", "x", codec(PropertyType::unknown, ColumnType::text), now),
              "ALTER FOREIGN TABLE t ALTER COLUMN x OPTIONS (ADD type 'rich_text');");
}

TEST(Drift, ATypeUnknownTodayBecomesJsonb) {
    Property now = property(PropertyType::unknown);
    now.type_name = "hologram";
    EXPECT_EQ(alter_for("t", "x", codec(PropertyType::number, ColumnType::float8), now),
              "ALTER FOREIGN TABLE t ALTER COLUMN x TYPE jsonb, "
              "ALTER COLUMN x OPTIONS (DROP type);");
}

TEST(Drift, NamesAreQuotedWhereTheyMustBe) {
    EXPECT_EQ(sql_name("fee_2"), "fee_2");
    EXPECT_EQ(sql_name("Fee"), "\"Fee\"");
    EXPECT_EQ(sql_name("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(sql_name("2x"), "\"2x\"");
    EXPECT_EQ(sql_name(""), "\"\"");
}

} // namespace
} // namespace notion
