// Crew: the lanes of a scan. One alone where the pages are few or their order was asked for; else
// the time of creation is cut into ranges that are read side by side, and cut again where one is
// left behind, as long as few requests are wasted by it.
// Inside the bridge only. Refuses to wait: see turn.hpp. scope: query.
#pragma once

#include <memory>
#include <vector>

#include "bridge/lane.hpp"

namespace notion::bridge {

struct Tempo {
    bool read_ahead = false;   ///< whoever reads will surely read to the end
    int parallel = 1;          ///< lanes at most
    int64_t expected = 1;      ///< answers, as the planner thinks
    int64_t answer_us = 0;     ///< what the fastest one took, 0: not known
    std::vector<Instant> cuts; ///< known to cut the pages into parts alike
};

class Crew {
  public:
    Crew(const Endpoint& endpoint, Question question, Tempo tempo);

    /// The next page, or what is needed first. row: head and page, valid until the next call.
    /// `wanted`: rows that are still wanted, 0 = all.
    Step next(int64_t now_ms, int64_t wanted, PageHead& head, const json::Value*& page,
              Error& error);
    /// Whether next() has something to do before anything more arrives.
    bool is_ready() const;
    /// With a row: lets the lanes ask for what comes next; asks_ahead where one does.
    void offer(int64_t wanted, Step& step);

    const Question& question() const { return question_; }
    Question& question() { return question_; }
    Traffic traffic() const;
    int64_t widest() const { return widest_; }

  private:
    Step pump(int64_t now_ms, int64_t wanted, Error& error);
    Step wait_for(Lane& lane, Step step, bool& flying);
    Lane* in_hand();
    void arrived(Lane& lane);
    void spread();
    void begin_by_cuts(int parts);
    Walk& add(Walk walk);
    void steal();
    void cut_up(Lane& lane, int parts);
    int desired() const;
    int busy() const;
    int active() const;
    int ranges() const;
    int64_t answers() const;
    bool may_waste() const;
    double left_in(const Lane& lane) const;
    int page_size(int64_t wanted) const;
    bool is_parallel() const { return tempo_.parallel > 1 && tempo_.read_ahead; }

    KeptEndpoint endpoint_;
    Question question_;
    Tempo tempo_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    Lane* newest_ = nullptr; ///< the lane of the newest pages
    bool bounded_ = false;   ///< what the newest pages leave is known
    bool cut_ = false;       ///< ranges for as many lanes as are wanted were made
    size_t current_ = 0;
    int64_t widest_ = 1;
    // of lanes that others took the place of
    Traffic past_traffic_;
    int64_t past_answers_ = 0;
    int64_t past_meagre_ = 0;
};

} // namespace notion::bridge
