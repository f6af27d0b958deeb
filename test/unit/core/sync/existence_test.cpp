// The row and page table. scope: none.
#include "core/sync/existence.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

constexpr PageSide pages[] = {PageSide::none,
                              PageSide::live,
                              PageSide::live_news,
                              PageSide::trashed_by_us,
                              PageSide::trashed_by_others,
                              PageSide::moved,
                              PageSide::unreachable,
                              PageSide::gone};

TEST(Existence, APresentRowAndALivePageMerge) {
    EXPECT_EQ(exist(RowSide::clean, PageSide::live), ExistenceAction::merge);
    EXPECT_EQ(exist(RowSide::dirty, PageSide::live_news), ExistenceAction::merge);
}

TEST(Existence, ARowWithoutAPageWantsOne) {
    EXPECT_EQ(exist(RowSide::dirty, PageSide::none), ExistenceAction::create);
    EXPECT_EQ(exist(RowSide::deleted, PageSide::none), ExistenceAction::nothing);
}

TEST(Existence, TrashInNotionFollowsTheLinksSetting) {
    EXPECT_EQ(exist(RowSide::clean, PageSide::trashed_by_others), ExistenceAction::notion_trash);
}

TEST(Existence, AnEditHereBeatsADeleteThere) {
    EXPECT_EQ(exist(RowSide::dirty, PageSide::trashed_by_others),
              ExistenceAction::edit_against_delete);
}

TEST(Existence, ARowThatCameBackRestoresItsPage) {
    EXPECT_EQ(exist(RowSide::clean, PageSide::trashed_by_us), ExistenceAction::restore);
    EXPECT_EQ(exist(RowSide::dirty, PageSide::trashed_by_us), ExistenceAction::restore);
}

TEST(Existence, ADeleteHereFollowsTheLinksSettingUnlessThePageHasNews) {
    EXPECT_EQ(exist(RowSide::deleted, PageSide::live), ExistenceAction::postgres_delete);
    EXPECT_EQ(exist(RowSide::deleted, PageSide::live_news), ExistenceAction::keep_page);
    EXPECT_EQ(exist(RowSide::deleted, PageSide::trashed_by_us), ExistenceAction::tombstone);
}

TEST(Existence, AbsenceIsNeverADeletion) {
    for (const PageSide page : pages) {
        const ExistenceAction action = exist(RowSide::unseen, page);
        EXPECT_TRUE(action == ExistenceAction::wait || action == ExistenceAction::tombstone);
    }
}

TEST(Existence, APageOutOfSightOnlyWaits) {
    for (const PageSide page : {PageSide::moved, PageSide::unreachable, PageSide::gone})
        for (const RowSide row : {RowSide::clean, RowSide::dirty, RowSide::deleted})
            EXPECT_EQ(exist(row, page), ExistenceAction::wait);
}

} // namespace
} // namespace notion::sync
