// What may be sorted by Notion: only what no reading of it can sort otherwise.
// scope: none.
#include "core/notion/sort.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

TEST(Sort, TimesAndFilledNumbersAloneAreSortedAlike) {
    int alike = 0;
    for (int type = 0; type <= static_cast<int>(PropertyType::unknown); ++type)
        for (int column = 0; column <= static_cast<int>(ColumnType::uuid_array); ++column)
            for (const bool filled : {false, true}) {
                Codec codec;
                codec.property = static_cast<PropertyType>(type);
                codec.column = static_cast<ColumnType>(column);
                if (!accepts(codec.property, codec.column) || !sorts_alike(codec, filled))
                    continue;
                ++alike;
                const bool time = codec.property == PropertyType::created_time ||
                                  codec.property == PropertyType::last_edited_time;
                EXPECT_TRUE(time || (codec.property == PropertyType::number && filled));
                codec.fit = Fit::change;
                EXPECT_FALSE(sorts_alike(codec, filled));
            }
    EXPECT_EQ(alike, 10);
}

TEST(Sort, IsSaidByPropertyOrTime) {
    EXPECT_EQ(sort_json("a%3Fc", PropertyType::number, true),
              R"([{"property":"a%3Fc","direction":"descending"}])");
    EXPECT_EQ(sort_json("", PropertyType::last_edited_time, false),
              R"([{"timestamp":"last_edited_time","direction":"ascending"}])");
}

} // namespace
} // namespace notion
