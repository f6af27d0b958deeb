// Random walks of one row and its page with values of every kind: edits on both sides, reads,
// writes with a person's edit in the middle of them. In the end both come to rest, agree, and hold
// in each field what was typed last on one of the sides: never an older value.
// scope: none.
#include <gtest/gtest.h>

#include <random>

#include "core/sync/request.hpp"
#include "core/sync/sample.hpp"
#include "core/sync/snapshot.hpp"

namespace notion::sync {
namespace {

using sample::option;
using sample::options;
using sample::runs;

/// One value as both sides write it.
struct Typed {
    std::string_view column, property;
    Cell here;
    std::string there;
};

std::string date(std::string_view start, std::string_view end) {
    const auto part = [](std::string_view day) {
        return day.empty() ? std::string("null")
                           : "\"2026-03-" + std::string(day) + "T09:30:00.000+00:00\"";
    };
    return R"({"start":)" + part(start) + R"(,"end":)" + part(end) + R"(,"time_zone":null})";
}

const std::vector<Typed>& typed() {
    static const std::vector<Typed> values = {
        {"name", "title", "Ada", runs("Ada")},
        {"name", "title", "Bob", runs("Bob")},
        {"name", "title", "", "[]"},
        {"fee", "fee", "5", "5"},
        {"fee", "fee", "6.5", "6.5"},
        {"fee", "fee", std::nullopt, "null"},
        {"stage", "stage", "Open", option("Open")},
        {"stage", "stage", "Done", option("Done")},
        {"tags", "tags", "{a,b}", options("a,b")},
        {"tags", "tags", "{b,c}", options("c,b")},
        {"tags", "tags", "{}", "[]"},
        {"due", "due", "2026-03-01 09:30:00+00", date("01", "")},
        {"due", "due", "2026-03-02 09:30:59+00", date("02", "")},
        {"done", "done", "t", "true"},
        {"done", "done", "f", "false"},
        {"secret", "secret", "s", runs("s")},
        {"secret", "secret", "t", runs("t")},
        {"owner", "owner", "Eve", option("Eve")},
        {"owner", "owner", "Dan", option("Dan")},
    };
    return values;
}

/// What Notion makes of a property that is sent: options by id, text as one run.
std::string stored(std::string_view type, const json::Value& sent) {
    const json::Value& value = *json::find(sent, type);
    if (type == "title" || type == "rich_text") {
        std::string text;
        for (const json::Value& run : value.GetArray())
            text += json::text(run["text"], "content");
        return runs(text);
    }
    const auto name = [](const json::Value& of) {
        const std::string_view id = json::text(of, "id");
        return id.empty() ? json::text(of, "name") : id.substr(2); // "o-Open"
    };
    if (type == "select" || type == "status")
        return value.IsNull() ? "null" : option(name(value));
    if (type == "multi_select") {
        std::string names;
        for (const json::Value& member : value.GetArray())
            names += (names.empty() ? "" : ",") + std::string(name(member));
        return options(names);
    }
    return json::write(value);
}

class World {
  public:
    explicit World(unsigned seed, Rule rule) : random_(seed), link_(sample::link()) {
        for (Field& field : link_->fields)
            if (!field.is_marker && field.rule != Rule::manual)
                field.rule = rule;
        mapping_ = sample::mapping(*link_);
    }

    void step() {
        switch (random_() % 6) {
        case 0:
        case 1:
            return edit_here();
        case 2:
        case 3:
            return edit_there();
        case 4:
            return fetch();
        default:
            return write();
        }
    }

    /// False if reads and writes go on for ever.
    bool comes_to_rest() {
        for (int round = 0; round < 12; ++round) {
            fetch();
            const bool wished = decide(*link_, mapping_, row_, false).wish.has_value();
            if (!wished && news_of(*link_, mapping_, shown()) == News::none)
                return true;
            write();
        }
        return false;
    }

    void expect_agreement() const {
        for (const Field& field : link_->fields) {
            const Result<Value> here = canonical(field, row_.at(field.column));
            const Result<Value> there = decoded(field, shown().properties.at(field.property_id));
            ASSERT_TRUE(here.ok() && there.ok());
            EXPECT_TRUE(agrees(field, *here, *there)) << field.column;
        }
    }

    /// A scalar is what was typed last, here or there.
    void expect_no_older_value() const {
        for (const Field& field : link_->fields) {
            if (field.is_set() || field.is_marker || field.is_generated)
                continue;
            const Cell& now = row_.at(field.column);
            EXPECT_TRUE(same_cell(field, now, last(last_here_, field)) ||
                        same_cell(field, now, last(last_there_, field)))
                << field.column;
        }
    }

  private:
    std::mt19937 random_;
    std::unique_ptr<Link> link_;
    Mapping mapping_;
    Row row_ = sample::row();
    sample::Values page_ = sample::values();
    Row last_here_ = sample::row();
    Row last_there_ = sample::row();

    static Cell last(const Row& row, const Field& field) { return row.at(field.column); }
    const Typed& any() { return typed()[random_() % typed().size()]; }
    Snapshot shown() const { return sample::snapshot(*link_, page_); }

    void edit_here() {
        const Typed& value = any();
        if (value.column == "owner")
            return; // an error at the statement
        row_[std::string(value.column)] = value.here;
        last_here_[std::string(value.column)] = value.here;
    }

    void edit_there() {
        const Typed& value = any();
        if (value.column == "secret") { // is put back: not a value that counts
            page_[std::string(value.property)] = value.there;
            return;
        }
        page_[std::string(value.property)] = value.there;
        last_there_[std::string(value.column)] = value.here;
        if (value.column == "due")
            last_there_["due_end"] = std::nullopt;
    }

    void merge(const Snapshot& snapshot) {
        if (news_of(*link_, mapping_, snapshot) == News::none)
            return;
        const Merged merged = reconcile(*link_, mapping_, row_, snapshot, Times());
        ASSERT_NE(merged.action, MergeAction::wait);
        for (const auto& [column, cell] : merged.write)
            row_[column] = cell;
        const Rebased rebased =
            rebase(*link_, mapping_, merged.base, merged.held, merged.write, row_);
        EXPECT_EQ(rebased.dirty, merged.dirty);
        mapping_.base = rebased.base;
        mapping_.held = merged.held;
    }

    void fetch() { merge(shown()); }

    void commit(const Call& call) {
        const auto body = json::parse(call.body);
        ASSERT_TRUE(body.ok());
        for (const auto& member : (*body)["properties"].GetObject()) {
            const std::string id(json::view(member.name));
            for (const Field& field : link_->fields)
                if (field.property_id == id)
                    page_[id] = stored(property_type_name(field.codec.property), member.value);
        }
    }

    void write() {
        fetch(); // the guard
        const Decision decision = decide(*link_, mapping_, row_, false);
        if (!decision.wish)
            return;
        ASSERT_EQ(decision.wish->action, FlightKind::patch);
        const auto request = request_of(*link_, mapping_, *decision.wish, "7");
        ASSERT_TRUE(request.ok()) << request.error().message;
        commit(request->call);
        if (random_() % 3 == 0)
            edit_there();
        if (random_() % 3 == 0)
            edit_here();
        const auto answer = json::parse(sample::page_json(page_));
        const auto recorded = record(*link_, mapping_, *decision.wish, *answer);
        ASSERT_TRUE(recorded.ok());
        mapping_.base = recorded->base;
        mapping_.held = recorded->held;
        if (recorded->news)
            merge(recorded->snapshot);
    }
};

TEST(Walk, BothSidesComeToRestAndAgree) {
    for (const Rule rule : {Rule::newest, Rule::notion, Rule::postgres}) {
        for (unsigned seed = 0; seed < 60; ++seed) {
            World world(seed, rule);
            for (int i = 0; i < 30; ++i)
                world.step();
            ASSERT_TRUE(world.comes_to_rest()) << "seed " << seed;
            world.expect_agreement();
            world.expect_no_older_value();
            if (testing::Test::HasFailure())
                FAIL() << "seed " << seed;
        }
    }
}

} // namespace
} // namespace notion::sync
