// One row and its page that come and go, every interleaving: the row is deleted, inserted, touched,
// while the page is on its way to the trash and back, is read, or a person trashes it; an answer is
// lost, before the write took effect or after. Driven through decide, reconcile, record and settle.
// Broken: at rest the sides differ, a row is deleted or a conflict found with nobody there, a
// deletion is undone. scope: none.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/notion/json.hpp"
#include "core/sync/explore.hpp"
#include "core/sync/flight.hpp"
#include "core/sync/sample.hpp"
#include "core/sync/settle.hpp"

namespace notion::sync {
namespace {

struct Guards {
    bool on_wish = true;  ///< the trash stays ours until the restore is done, whoever wishes again
    bool on_read = true;  ///< and whoever reads the page meanwhile
    bool patience = true; ///< a page as before proves nothing while the write may yet be made
};

constexpr uint8_t absent = 0xFF;
constexpr uint8_t nothing = 0xFF; ///< as a wish or a flight
enum class Read : uint8_t { none, asked, live, trashed };
enum class Trash : uint8_t { no, ours, persons };
enum class Commit : uint8_t { to_come, done, never };

/// Values are 0, the base at first, and 1.
struct State {
    uint8_t row = 0, page = 0, base = 0;
    Trash trash = Trash::no;
    uint8_t page_trashed = 0, row_deleted = 0;                      ///< what the mapping knows
    uint8_t queued = 0, deleted = 0;                                ///< captured; a DELETE among it
    uint8_t wish = nothing, wished = 0, flight = nothing, sent = 0; ///< FlightKind, and its value
    Commit committed = Commit::to_come;
    uint8_t answer_trashed = 0, unknown = 0; ///< unknown: no answer came, and none will
    uint8_t late = nothing, late_value = 0;  ///< a write given up that may yet be made
    uint8_t losses = 0;                      ///< still to come
    Read read = Read::none;
    uint8_t edits = 0, looks = 0, persons = 0; ///< still to come
    uint8_t was_absent = 0;                    ///< the row, when a person trashed its page or since
    uint8_t conflict = 0, removed = 0, undone = 0;
    bool operator==(const State& other) const = default;
};

constexpr std::string_view fees[] = {"5", "6"};

class Model {
  public:
    Model(const Guards& guards, OnNotionTrash on_trash) : guards_(guards), link_(sample::link()) {
        link_->on_notion_trash = on_trash;
        mapping_ = sample::mapping(*link_);
        for (int value = 0; value < 2; ++value) {
            sample::Values shown = sample::values();
            shown["fee"] = fees[value];
            Row row = sample::row();
            row["fee"] = fees[value];
            const auto paired = pair(*link_, row, sample::snapshot(*link_, shown), "");
            EXPECT_TRUE(paired.ok());
            bases_[value] = paired->base;
            for (const bool in_trash : {false, true}) {
                const sample::PageOptions options{.in_trash = in_trash};
                auto parsed = json::parse(sample::page_json(shown, options));
                EXPECT_TRUE(parsed.ok());
                answers_[value][in_trash] = std::move(parsed.value());
                snapshots_[value][in_trash] = sample::snapshot(*link_, shown, options);
            }
        }
    }

    std::vector<State> steps(const State& s) const {
        std::vector<State> out;
        edit(s, out);
        person(s, out);
        examine(s, out);
        write(s, out);
        lose(s, out);
        settle_flight(s, out);
        look(s, out);
        return out;
    }

  private:
    Guards guards_;
    std::unique_ptr<Link> link_;
    Mapping mapping_;
    Base bases_[2];
    json::Document answers_[2][2];
    Snapshot snapshots_[2][2];

    static void edit(const State& s, std::vector<State>& out) {
        if (s.edits == 0)
            return;
        for (const uint8_t row : {uint8_t(0), uint8_t(1), absent}) {
            if (row == absent && s.row == absent)
                continue;
            State to = s; // an UPDATE to the same value too: a touch
            to.row = row;
            to.queued = 1;
            to.deleted |= row == absent;
            to.was_absent |= row == absent;
            --to.edits;
            out.push_back(to);
        }
    }

    static void person(const State& s, std::vector<State>& out) {
        if (s.persons == 0 || s.trash != Trash::no)
            return;
        State to = s;
        to.trash = Trash::persons;
        // Or its trash is under way, or a restore that nobody answered for: then nobody can tell
        // whose it is.
        to.was_absent = s.row == absent || s.flight == static_cast<uint8_t>(FlightKind::trash) ||
                        (s.unknown && s.flight == static_cast<uint8_t>(FlightKind::restore));
        --to.persons;
        out.push_back(to);
    }

    Mapping mapping_of(const State& s) const {
        Mapping mapping = mapping_;
        mapping.base = bases_[s.base];
        mapping.page_state = s.page_trashed ? PageState::trashed : PageState::live;
        mapping.row_deleted = s.row_deleted;
        return mapping;
    }

    static std::optional<Row> row_of(const State& s) {
        if (s.row == absent)
            return std::nullopt;
        Row row = sample::row();
        row["fee"] = fees[s.row];
        return row;
    }

    void examine(const State& s, std::vector<State>& out) const {
        if (!s.queued || s.flight != nothing)
            return;
        const Decision decision = decide(*link_, mapping_of(s), row_of(s), s.deleted);
        State to = s;
        to.queued = to.deleted = 0;
        to.row_deleted = decision.row_deleted && (guards_.on_wish || s.row == absent);
        to.conflict |= !decision.conflicts.empty();
        to.wish = to.wished = nothing;
        if (decision.wish) {
            to.wish = static_cast<uint8_t>(decision.wish->action);
            const auto fee = decision.wish->fields.find("fee");
            to.wished = fee == decision.wish->fields.end() ? nothing : fee->second == fees[1];
        }
        out.push_back(to);
    }

    void write(const State& s, std::vector<State>& out) const {
        if (s.flight == nothing && s.wish != nothing && !s.queued) {
            State to = s;
            to.flight = s.wish;
            to.sent = s.wished;
            to.wish = to.wished = nothing;
            out.push_back(to);
        }
        if (s.flight != nothing && s.committed == Commit::to_come) {
            State to = s;
            make(to, s.flight, s.sent);
            to.committed = Commit::done;
            to.answer_trashed = to.trash != Trash::no;
            out.push_back(to);
        }
        if (s.committed == Commit::done && !s.unknown)
            out.push_back(answered(s, s.answer_trashed));
    }

    static void make(State& to, uint8_t flight, uint8_t value) {
        const State s = to;
        const auto kind = static_cast<FlightKind>(flight);
        if (kind == FlightKind::trash && s.trash == Trash::no)
            to.trash = Trash::ours;
        if (kind == FlightKind::restore) {
            to.undone |= s.trash == Trash::persons && !s.was_absent && !s.conflict;
            to.trash = Trash::no;
        }
        if (kind == FlightKind::patch && s.trash == Trash::no)
            to.page = value;
    }

    /// The answer is lost, and what nobody hears of is made, later, or never.
    static void lose(const State& s, std::vector<State>& out) {
        if (s.flight != nothing && !s.unknown && s.losses > 0) {
            State to = s;
            const auto kind = static_cast<FlightKind>(s.flight);
            to.unknown = fly(FlightState::sending, kind, FlightEvent::no_word, {}).to ==
                         FlightState::unknown;
            to.was_absent |= kind == FlightKind::restore; // nobody can tell who trashed it since
            --to.losses;
            out.push_back(to);
        }
        if (s.unknown && s.committed == Commit::to_come) {
            State to = s;
            to.committed = Commit::never;
            out.push_back(to);
        }
        if (s.late != nothing) {
            State to = s;
            to.late = to.late_value = nothing;
            out.push_back(to);
            make(to, s.late, s.late_value);
            out.push_back(to);
        }
    }

    /// The page is read for the sake of a write of unknown outcome.
    void settle_flight(const State& s, std::vector<State>& out) const {
        if (!s.unknown)
            return;
        const bool trashed = s.trash != Trash::no;
        Mapping mapping = mapping_of(s);
        mapping.flight = FlightState::unknown;
        mapping.settle_until_us = 1;
        mapping.payload.action = static_cast<FlightKind>(s.flight);
        if (s.sent != nothing)
            mapping.payload.fields["fee"] = Cell(fees[s.sent]);
        const bool settled = !guards_.patience || s.committed != Commit::to_come;
        const Settled told =
            settle(*link_, mapping, {snapshots_[s.page][trashed]}, {sample::bot, settled ? 2 : 0});
        if (told.settlement == Settlement::wait)
            return;
        State to = s;
        if (told.settlement == Settlement::sent)
            to = answered(s, trashed);
        to.queued = 1; // looked at once more
        to.flight = to.sent = nothing;
        to.read = Read::none;
        if (told.settlement == Settlement::merge) {
            to.base = told.base.at("fee").p == Cell(fees[1]);
            to.read = trashed ? Read::trashed : Read::live;
        }
        if (s.committed == Commit::to_come) {
            to.late = s.flight;
            to.late_value = s.sent;
        }
        to.unknown = 0;
        to.committed = Commit::to_come;
        out.push_back(to);
    }

    State answered(const State& s, bool trashed) const {
        const auto kind = static_cast<FlightKind>(s.flight);
        Wish wish{kind, {}};
        if (s.sent != nothing)
            wish.fields["fee"] = Cell(fees[s.sent]);
        const auto recorded = record(*link_, mapping_of(s), wish, answers_[s.page][trashed]);
        EXPECT_TRUE(recorded.ok());
        State to = s;
        to.page_trashed = recorded->page_state == PageState::trashed;
        to.base = recorded->base.at("fee").p == Cell(fees[1]);
        if (kind != FlightKind::patch)
            to.row_deleted = kind == FlightKind::trash;
        to.queued |= kind == FlightKind::restore; // its fields follow
        to.flight = to.sent = nothing;
        to.committed = Commit::to_come;
        to.answer_trashed = 0;
        to.read = Read::none; // asked for before: thrown away
        return to;
    }

    void look(const State& s, std::vector<State>& out) const {
        State to = s;
        switch (s.read) {
        case Read::none:
            if (s.looks == 0)
                return;
            --to.looks;
            to.read = Read::asked;
            break;
        case Read::asked:
            to.read = s.trash == Trash::no ? Read::live : Read::trashed;
            break;
        default:
            if (s.flight != nothing)
                return;
            merge(to, s.read == Read::trashed);
        }
        out.push_back(to);
    }

    void merge(State& s, bool trashed) const {
        Mapping mapping = mapping_of(s);
        if (!guards_.on_read && s.row != absent)
            mapping.row_deleted = false;
        Times times;
        times.deleted = s.deleted;
        times.trashed_since_us = 0;
        times.asked_us = times.trash_grace_us; // whoever waited for it has waited
        const Merged merged =
            reconcile(*link_, mapping, row_of(s), snapshots_[s.page][trashed], times);
        s.read = Read::none;
        s.page_trashed = merged.page_state == PageState::trashed;
        s.row_deleted = merged.row_deleted;
        s.conflict |= !merged.conflicts.empty();
        s.queued |= merged.dirty || s.wish != nothing; // decided again
        s.wish = s.wished = nothing;
        if (merged.action == MergeAction::insert)
            s.row = s.page;
        if (merged.action == MergeAction::update)
            s.row = s.base = s.page;
        if (merged.action == MergeAction::remove) {
            s.row = absent;
            s.removed = s.was_absent = 1;
        }
    }
};

struct Verdict {
    size_t states = 0;
    bool split = false, conflict = false, removed = false, undone = false;
    bool clean() const { return !split && !conflict && !removed && !undone; }
};

Verdict explore(const Guards& guards, OnNotionTrash on_trash, uint8_t persons, uint8_t losses = 0) {
    State start;
    start.edits = 3;
    start.looks = 1;
    start.persons = persons;
    start.losses = losses;
    start.wished = start.sent = nothing;
    const Model model(guards, on_trash);
    Verdict verdict;
    verdict.states = visit_all(
        start, [&](const State& state) { return model.steps(state); },
        [&](const State& state, const std::vector<State>& next) {
            verdict.undone |= state.undone != 0;
            if (persons > 0)
                return; // then the sides may differ, and a row may be deleted
            verdict.conflict |= state.conflict != 0;
            verdict.removed |= state.removed != 0;
            const bool together = state.row == absent
                                      ? state.trash != Trash::no
                                      : state.trash == Trash::no && state.row == state.page;
            // Neither an edit more nor a read more is a reason to go on.
            const bool at_rest = std::all_of(next.begin(), next.end(), [&](const State& to) {
                return to.edits != state.edits || to.looks != state.looks;
            });
            verdict.split |= at_rest && !together;
        });
    return verdict;
}

TEST(ExistenceModel, ARowHasItsPageWheneverItComesBack) {
    for (const auto on_trash : {OnNotionTrash::ignore, OnNotionTrash::remove}) {
        const Verdict verdict = explore({}, on_trash, 0);
        EXPECT_FALSE(verdict.split);
        EXPECT_FALSE(verdict.conflict);
        EXPECT_FALSE(verdict.removed);
        EXPECT_GT(verdict.states, 500U);
    }
}

TEST(ExistenceModel, AndWheneverAnAnswerIsLost) {
    for (const auto on_trash : {OnNotionTrash::ignore, OnNotionTrash::remove}) {
        const Verdict verdict = explore({}, on_trash, 0, 2);
        EXPECT_FALSE(verdict.split);
        EXPECT_FALSE(verdict.conflict);
        EXPECT_FALSE(verdict.removed);
        EXPECT_GT(verdict.states, 3'000U);
    }
}

TEST(ExistenceModel, APersonsDeletionIsNotUndone) {
    for (const auto on_trash : {OnNotionTrash::ignore, OnNotionTrash::remove})
        for (const uint8_t losses : {0, 1})
            EXPECT_FALSE(explore({}, on_trash, 1, losses).undone);
}

TEST(ExistenceModel, BreaksWithoutPatience) {
    const Guards without{.on_wish = true, .on_read = true, .patience = false};
    EXPECT_TRUE(explore(without, OnNotionTrash::ignore, 0, 1).split);
    EXPECT_FALSE(explore(without, OnNotionTrash::ignore, 0, 0).split); // nothing was lost
}

TEST(ExistenceModel, BreaksWhereTheTrashIsNoLongerOursOnceARestoreIsWished) {
    const Guards without{.on_wish = false, .on_read = true, .patience = true};
    EXPECT_TRUE(explore(without, OnNotionTrash::ignore, 0).split);
    EXPECT_TRUE(explore(without, OnNotionTrash::ignore, 0).conflict);
    EXPECT_TRUE(explore(without, OnNotionTrash::remove, 0).removed);
}

TEST(ExistenceModel, BreaksWhereAReadTakesItForAnothers) {
    const Guards without{.on_wish = true, .on_read = false, .patience = true};
    EXPECT_TRUE(explore(without, OnNotionTrash::ignore, 0).split);
    EXPECT_TRUE(explore(without, OnNotionTrash::remove, 0).removed);
}

} // namespace
} // namespace notion::sync
