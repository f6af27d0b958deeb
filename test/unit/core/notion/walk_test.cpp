// A walk against a list of pages that is cut at a cap, as Notion's is.
// scope: none.
#include "core/notion/walk.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "core/notion/moment.hpp"

namespace notion {
namespace {

struct Stored {
    int64_t created; ///< minutes
    int64_t edited;
    int64_t number;
};

/// Answers lists by what the walk asks; gives `cap` pages of each, and counts.
class Server {
  public:
    Server(std::vector<Stored> pages, size_t cap) : pages_(std::move(pages)), cap_(cap) {}

    /// The ids that the walk takes, in order; empty optional where it gives up. `lose_every`: the
    /// cursor is lost after so many pages.
    std::optional<std::vector<int64_t>> run(Walk& walk, size_t lose_every = 0) {
        std::vector<int64_t> taken;
        bool more = true;
        while (more) {
            std::vector<Stored> list = answer(walk);
            bool cut = list.size() > cap_;
            list.resize(std::min(list.size(), cap_));
            bool lost = lose_every > 0 && list.size() > lose_every;
            if (lost)
                list.resize(lose_every);
            for (const Stored& page : list)
                if (take(walk, page))
                    taken.push_back(page.number);
            if (lost ? !walk.lose() : cut && !walk.cut())
                return std::nullopt;
            if (!lost && !cut)
                more = walk.end();
            if (++lists_ > 100'000)
                return std::nullopt;
        }
        return taken;
    }
    int lists() const { return lists_; }

  private:
    static bool take(Walk& walk, const Stored& page) {
        std::string text = "{\"p\":{\"id\":\"uid\",\"type\":\"unique_id\",\"unique_id\":"
                           "{\"prefix\":null,\"number\":" +
                           std::to_string(page.number) + "}}}";
        json::Document properties = std::move(*json::parse(text));
        std::string id = "page-" + std::to_string(page.number);
        PageHead head;
        head.id = id;
        head.created = Instant{page.created * minute_us};
        head.edited = Instant{page.edited * minute_us};
        head.properties = &properties;
        return walk.take(head);
    }

    static bool fulfils(const Stored& page, const json::Value& condition) {
        if (const json::Value* number = json::find(condition, "unique_id"))
            return page.number > json::find(*number, "greater_than")->GetInt64();
        std::string_view which = json::text(condition, "timestamp");
        int64_t time = which == "created_time" ? page.created : page.edited;
        const json::Value* test = json::find(condition, which);
        for (const auto& member : test->GetObject()) {
            int64_t at = parse_stamp(json::view(member.value))->instant().us / minute_us;
            std::string_view op = json::view(member.name);
            return op == "on_or_after" ? time >= at : op == "on_or_before" ? time <= at : time < at;
        }
        return false;
    }

    std::vector<Stored> answer(const Walk& walk) const {
        std::vector<Stored> list;
        std::vector<json::Document> conditions;
        for (const std::string& text : walk.conditions())
            conditions.push_back(std::move(*json::parse(text)));
        for (const Stored& page : pages_)
            if (std::all_of(conditions.begin(), conditions.end(),
                            [&](const json::Document& it) { return fulfils(page, it); }))
                list.push_back(page);
        std::string sorts = walk.sorts();
        auto key = [&](const Stored& page) {
            return sorts.find("created") != std::string::npos  ? page.created
                   : sorts.find("edited") != std::string::npos ? page.edited
                                                               : page.number;
        };
        std::stable_sort(list.begin(), list.end(),
                         [&](const Stored& a, const Stored& b) { return key(a) < key(b); });
        return list;
    }

    std::vector<Stored> pages_;
    size_t cap_;
    int lists_ = 0;
};

std::vector<Stored> random_pages(std::mt19937& random, int count, int minutes, int edits) {
    std::vector<Stored> pages;
    for (int number = 1; number <= count; number++) {
        int64_t created = static_cast<int64_t>(random() % static_cast<unsigned>(minutes)) + 1000;
        pages.push_back({created,
                         created + static_cast<int64_t>(random() % static_cast<unsigned>(edits)),
                         number});
    }
    std::shuffle(pages.begin(), pages.end(), random);
    return pages;
}

void expect_all(std::optional<std::vector<int64_t>> taken, size_t count) {
    ASSERT_TRUE(taken.has_value());
    std::sort(taken->begin(), taken->end());
    ASSERT_EQ(taken->size(), count);
    EXPECT_EQ(std::unique(taken->begin(), taken->end()), taken->end()) << "a page came twice";
}

TEST(Walk, TakesEveryPageOnceWhateverSharesAMinute) {
    std::mt19937 random(7);
    for (int round = 0; round < 60; round++) {
        const int minutes = 1 + static_cast<int>(random() % 20);
        const int edits = 1 + static_cast<int>(random() % 5);
        const size_t lose = round % 3 == 0 ? 5 + random() % 10 : 0;
        Server server(random_pages(random, 200, minutes, edits), 10 + random() % 60);
        Walk walk(Range{}, "uid");
        SCOPED_TRACE(round);
        expect_all(server.run(walk, lose), 200);
    }
}

TEST(Walk, OfASmallerRangeTakesThatRange) {
    std::mt19937 random(8);
    std::vector<Stored> pages = random_pages(random, 400, 30, 3);
    auto at = [](int64_t minute) { return Instant{minute * minute_us}; };
    std::vector<int64_t> all;
    for (auto [from, before] : std::map<int64_t, int64_t>{{0, 1005}, {1005, 1020}, {1020, 2000}}) {
        Server server(pages, 50);
        Walk walk({at(from), at(before)}, "uid");
        auto taken = server.run(walk);
        ASSERT_TRUE(taken);
        all.insert(all.end(), taken->begin(), taken->end());
    }
    expect_all(all, 400);
}

TEST(Walk, WithoutUniqueIdGivesUpOnlyWhereNothingTellsPagesApart) {
    std::vector<Stored> pages;
    for (int64_t number = 1; number <= 100; number++)
        pages.push_back({1000, 1000 + number % 10, number});
    Walk fine(Range{});
    expect_all(Server(pages, 20).run(fine), 100);
    Walk stuck(Range{});
    EXPECT_FALSE(Server(pages, 10).run(stuck));
    Walk numbered(Range{}, "uid");
    expect_all(Server(pages, 10).run(numbered), 100);
}

TEST(Walk, AsksForFewListsWhereLittleIsCut) {
    std::mt19937 random(9);
    Server server(random_pages(random, 1000, 1000, 1), 100);
    Walk walk(Range{}, "uid");
    expect_all(server.run(walk), 1000);
    EXPECT_LE(server.lists(), 12);
}

TEST(Walk, SplitsIntoTwoThatTakeEveryPageOnce) {
    std::mt19937 random(10);
    std::vector<Stored> pages = random_pages(random, 300, 20, 2);
    Walk early(Range{}, "uid");
    const Instant at{1010 * minute_us};
    ASSERT_TRUE(early.can_split(at));
    Walk late = early.split(at);
    auto first = Server(pages, 40).run(early);
    auto second = Server(pages, 40).run(late);
    ASSERT_TRUE(first && second);
    first->insert(first->end(), second->begin(), second->end());
    expect_all(first, 300);
    EXPECT_FALSE(early.can_split(at)) << "seen already";
}

TEST(Narrowed, KeepsToTwoLevels) {
    const std::vector<std::string> one{R"({"x":1})"};
    const std::vector<std::string> two{R"({"x":1})", R"({"y":2})"};
    EXPECT_EQ(narrowed("", {}), "");
    EXPECT_EQ(narrowed(R"({"a":1})", {}), R"({"a":1})");
    EXPECT_EQ(narrowed("", one), R"({"x":1})");
    EXPECT_EQ(narrowed("", two), R"({"and":[{"x":1},{"y":2}]})");
    EXPECT_EQ(narrowed(R"({"a":1})", two), R"({"and":[{"a":1},{"x":1},{"y":2}]})");
    EXPECT_EQ(narrowed(R"({"and":[{"a":1},{"or":[{"b":1},{"c":1}]}]})", one),
              R"({"and":[{"a":1},{"or":[{"b":1},{"c":1}]},{"x":1}]})");
    EXPECT_EQ(narrowed(R"({"or":[{"a":1},{"b":1}]})", one),
              R"({"and":[{"or":[{"a":1},{"b":1}]},{"x":1}]})");
    EXPECT_EQ(narrowed(R"({"or":[{"a":1},{"and":[{"b":1},{"c":1}]}]})", one),
              R"({"or":[{"and":[{"a":1},{"x":1}]},{"and":[{"b":1},{"c":1},{"x":1}]}]})");
    std::string full = R"({"and":[{"a":1})";
    for (int at = 1; at < 99; at++)
        full += R"(,{"a":1})";
    EXPECT_TRUE(narrowed(full + "]}", one));
    EXPECT_FALSE(narrowed(full + "]}", two)) << "more than 100 in a list";
}

TEST(Quantiles, CutAlike) {
    Quantiles known;
    for (int64_t minute = 0; minute < 100'000; minute++)
        known.add(Instant{minute * minute_us});
    EXPECT_EQ(known.count(), 100'000);
    const std::vector<Instant> cuts = known.cuts(4);
    ASSERT_EQ(cuts.size(), 3u);
    for (size_t at = 0; at < 3; at++)
        EXPECT_NEAR(static_cast<double>(cuts[at].us / minute_us),
                    25'000.0 * static_cast<double>(at + 1), 300);
    Quantiles alike;
    for (int at = 0; at < 5000; at++)
        alike.add(Instant{0});
    EXPECT_TRUE(alike.cuts(8).empty());
    EXPECT_TRUE(Quantiles().cuts(8).empty());
    EXPECT_EQ(cuts_between(Instant{0}, Instant{3 * minute_us}, 8).size(), 2u);
}

} // namespace
} // namespace notion
