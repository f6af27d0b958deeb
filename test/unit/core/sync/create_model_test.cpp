// One row, one create whose answer may be lost, every interleaving: requests committed late, a
// committed page that the index shows later still, a person who presses Duplicate. Driven through
// the flight table and settle. Broken: the row has two pages of ours, or is mapped to a copy.
// scope: none.
#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

#include "core/sync/explore.hpp"
#include "core/sync/flight.hpp"
#include "core/sync/sample.hpp"
#include "core/sync/settle.hpp"

namespace notion::sync {
namespace {

struct Guards {
    bool patience = true; ///< a negative look-up counts only after the deadline
    bool creator = true;  ///< a page must be made by our own bot
};

constexpr uint8_t pages_max = 4;
constexpr uint8_t nobody = 0xFF;

enum class Page : uint8_t { none, ours, ours_shown, copy, copy_shown };

struct State {
    FlightState flight = FlightState::none;
    uint8_t attempts = 0;
    uint8_t on_wire = 0; ///< requests that may yet be committed
    Page pages[pages_max] = {};
    uint8_t mapped = nobody; ///< the page that the row is mapped to
    uint8_t human = 0;       ///< a person decides
    uint8_t losses = 0, copies = 0;
    bool operator==(const State& other) const = default;
};

bool is_ours(Page page) {
    return page == Page::ours || page == Page::ours_shown;
}
bool is_shown(Page page) {
    return page == Page::ours_shown || page == Page::copy_shown;
}

class Model {
  public:
    explicit Model(const Guards& guards) : guards_(guards), link_(sample::link()) {
        mapping_.exists = true;
        mapping_.flight = FlightState::unknown;
        mapping_.payload.action = FlightKind::create;
        mapping_.sent_marker = "7";
        mapping_.settle_until_us = 1;
        ours_ = sample::snapshot(*link_, sample::values());
        copy_ =
            sample::snapshot(*link_, sample::values(), {.created_by = std::string(sample::person)});
    }

    std::vector<State> steps(const State& s) const {
        std::vector<State> out;
        send(s, out);
        commit(s, out);
        answer(s, out);
        world(s, out);
        look(s, out);
        return out;
    }

  private:
    Guards guards_;
    std::unique_ptr<Link> link_;
    Mapping mapping_;
    Snapshot ours_, copy_;

    static void add(State& s, Page page) {
        for (Page& place : s.pages) {
            if (place == Page::none) {
                place = page;
                return;
            }
        }
    }
    static bool has_room(const State& s) { return s.pages[pages_max - 1] == Page::none; }

    static void send(const State& s, std::vector<State>& out) {
        const bool wished = s.mapped == nobody && !s.human;
        if (!wished || s.flight != FlightState::none)
            return;
        State to = s;
        to.flight = fly(s.flight, FlightKind::create, FlightEvent::wish, {}).to;
        ++to.attempts;
        ++to.on_wire;
        out.push_back(to);
    }

    static void commit(const State& s, std::vector<State>& out) {
        if (s.on_wire == 0 || !has_room(s))
            return;
        State lost = s;
        --lost.on_wire;
        out.push_back(lost);
        State to = lost;
        add(to, Page::ours);
        out.push_back(to);
    }

    static void answer(const State& s, std::vector<State>& out) {
        if (s.flight != FlightState::sending)
            return;
        if (s.losses > 0) {
            State to = s;
            to.flight = fly(s.flight, FlightKind::create, FlightEvent::no_word, {}).to;
            --to.losses;
            out.push_back(to);
        }
        if (s.on_wire > 0)
            return;
        State to = s;
        for (uint8_t i = 0; i < pages_max; ++i)
            if (is_ours(s.pages[i]))
                to.mapped = i; // the newest
        const FlightEvent event =
            to.mapped == nobody ? FlightEvent::certain_no : FlightEvent::answered_all;
        to.flight = fly(s.flight, FlightKind::create, event, {}).to;
        if (to.mapped != nobody || s.attempts < 3)
            out.push_back(to);
    }

    static void world(const State& s, std::vector<State>& out) {
        for (uint8_t i = 0; i < pages_max; ++i) {
            if (s.pages[i] == Page::none || is_shown(s.pages[i]))
                continue;
            State to = s;
            to.pages[i] = is_ours(s.pages[i]) ? Page::ours_shown : Page::copy_shown;
            out.push_back(to);
        }
        if (s.copies > 0 && s.pages[0] != Page::none && has_room(s)) {
            State to = s;
            --to.copies;
            add(to, Page::copy);
            out.push_back(to);
        }
    }

    /// A look-up sees what the index shows.
    void look(const State& s, std::vector<State>& out) const {
        if (s.flight != FlightState::unknown)
            return;
        std::vector<Snapshot> candidates;
        std::array<uint8_t, pages_max> which{};
        bool all_shown = s.on_wire == 0;
        for (uint8_t i = 0; i < pages_max; ++i) {
            const Page page = s.pages[i];
            all_shown &= page == Page::none || is_shown(page);
            if (!is_shown(page))
                continue;
            which[candidates.size()] = i;
            candidates.push_back(is_ours(page) || !guards_.creator ? ours_ : copy_);
            candidates.back().page = std::to_string(i);
        }
        Mapping mapping = mapping_;
        mapping.attempts = s.attempts;
        const bool settled = !guards_.patience || all_shown;
        const Settled told = settle(*link_, mapping, candidates, {sample::bot, settled ? 2 : 0});
        State to = s;
        switch (told.settlement) {
        case Settlement::adopt:
            to.mapped = static_cast<uint8_t>(std::stoi(told.page));
            to.flight = FlightState::none;
            break;
        case Settlement::not_sent:
            to.flight = FlightState::none;
            break;
        case Settlement::several:
        case Settlement::give_up:
            to.flight = FlightState::none;
            to.human = 1;
            break;
        default:
            return;
        }
        out.push_back(to);
    }
};

struct Verdict {
    size_t states = 0;
    bool doubled = false, mistaken = false, forgotten = false;
    bool clean() const { return !doubled && !mistaken && !forgotten; }
};

void judge(const State& s, bool at_rest, Verdict& verdict) {
    int ours = 0;
    for (const Page page : s.pages)
        ours += is_ours(page);
    verdict.doubled |= ours > 1 && !s.human;
    verdict.mistaken |= s.mapped != nobody && !is_ours(s.pages[s.mapped]);
    verdict.forgotten |= at_rest && s.mapped == nobody && !s.human && s.attempts < 3;
}

Verdict explore(const Guards& guards, uint8_t losses) {
    State start;
    start.losses = losses;
    start.copies = 1;
    const Model model(guards);
    Verdict verdict;
    verdict.states = visit_all(
        start, [&](const State& state) { return model.steps(state); },
        [&](const State& state, const std::vector<State>& next) {
            judge(state, next.empty(), verdict);
        });
    return verdict;
}

TEST(CreateModel, OneRowHasOnePage) {
    for (const uint8_t losses : {1, 2}) {
        const Verdict verdict = explore({}, losses);
        EXPECT_FALSE(verdict.doubled);
        EXPECT_FALSE(verdict.mistaken);
        EXPECT_FALSE(verdict.forgotten);
        EXPECT_GT(verdict.states, 50U);
    }
}

TEST(CreateModel, BreaksWithoutPatience) {
    EXPECT_TRUE(explore({.patience = false, .creator = true}, 1).doubled);
}

TEST(CreateModel, BreaksWhenACopyPassesForOurs) {
    EXPECT_TRUE(explore({.patience = true, .creator = false}, 1).mistaken);
}

} // namespace
} // namespace notion::sync
