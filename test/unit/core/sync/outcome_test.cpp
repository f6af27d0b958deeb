// The table of answers. scope: none.
#include "core/sync/outcome.hpp"

#include <gtest/gtest.h>

#include <string>

namespace notion::sync {
namespace {

std::string error_body(int status) {
    return R"({"object":"error","status":)" + std::to_string(status) +
           R"(,"code":"x","message":"m","request_id":"r"})";
}

Outcome create(int status) {
    const std::string body = error_body(status);
    return outcome({true, true, status, body});
}

Outcome patch(int status) {
    const std::string body = error_body(status);
    return outcome({false, true, status, body});
}

TEST(WriteOutcome, APageIsDone) {
    EXPECT_EQ(outcome({true, true, 200, R"({"object":"page","id":"p"})"}), Outcome::done);
}

TEST(WriteOutcome, A200ThatIsNoPageMayHaveBeenDone) {
    EXPECT_EQ(outcome({true, true, 200, R"({"object":"page","id":)"}), Outcome::unknown);
    EXPECT_EQ(outcome({false, true, 200, "<html>"}), Outcome::unknown);
    EXPECT_EQ(outcome({false, true, 200, ""}), Outcome::unknown);
    EXPECT_EQ(outcome({true, true, 202, R"({"object":"async_task","id":"t"})"}), Outcome::unknown);
}

TEST(WriteOutcome, WhatNeverLeftWasNotDone) {
    EXPECT_EQ(outcome({true, false, 0, ""}), Outcome::certain_no);
    EXPECT_EQ(outcome({true, true, 0, ""}), Outcome::unknown);
}

TEST(WriteOutcome, RefusedForNowMayBeTriedAgain) {
    for (const int status : {429, 529}) {
        EXPECT_EQ(create(status), Outcome::certain_no);
        EXPECT_EQ(outcome({true, true, status, "busy"}), Outcome::certain_no);
    }
}

TEST(WriteOutcome, RefusedForGoodIsAFailureOrALookAtThePage) {
    EXPECT_EQ(create(400), Outcome::permanent);
    EXPECT_EQ(create(404), Outcome::permanent);
    EXPECT_EQ(create(406), Outcome::permanent);
    EXPECT_EQ(patch(400), Outcome::look);
    EXPECT_EQ(patch(404), Outcome::look);
}

TEST(WriteOutcome, ARefusedTokenRestsTheLink) {
    EXPECT_EQ(create(401), Outcome::link_rests);
    EXPECT_EQ(patch(403), Outcome::link_rests);
}

TEST(WriteOutcome, AProxysWordIsNotNotions) {
    for (const int status : {400, 401, 403, 404, 406, 503})
        EXPECT_EQ(outcome({true, true, status, "<html>denied</html>"}), Outcome::unknown);
}

TEST(WriteOutcome, AConflictDecidesNothingForACreate) {
    EXPECT_EQ(create(409), Outcome::unknown);
    EXPECT_EQ(patch(409), Outcome::look);
}

TEST(WriteOutcome, ServerErrorsMayHaveCommitted) {
    for (const int status : {500, 502, 503, 504, 520, 522, 524, 599}) {
        EXPECT_EQ(create(status), Outcome::unknown);
        EXPECT_EQ(patch(status), Outcome::unknown);
    }
}

TEST(WriteOutcome, A503ThatNamesWhatItCommittedIsVerified) {
    const std::string body = R"({"object":"error","status":503,"code":"service_unavailable",)"
                             R"("additional_data":{"committed_resource_id":"abc"}})";
    EXPECT_EQ(outcome({true, true, 503, body}), Outcome::verify);
}

} // namespace
} // namespace notion::sync
