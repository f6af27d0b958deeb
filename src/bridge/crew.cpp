// Crew: see the header. A range that is read from its beginning ends in a page that is not full, so
// each costs half a request on average: lanes are as many as keeps that below a tenth.
// scope: query.
#include "bridge/crew.hpp"

#include <algorithm>

#include "core/notion/moment.hpp"

namespace notion::bridge {
namespace {

constexpr int64_t answers_a_lane = 8;
/// Making rows of an answer takes about as long: where the next one comes as soon, more lanes than
/// keep the reader busy cost requests and save no time.
constexpr int64_t reading_us = 1500;
/// Answers after which a scan whose size nobody knows is taken to be large, if it goes on.
constexpr int64_t surprise = 5;
/// Rows that a lane must have left for a part of it to be worth a request.
constexpr double rows_to_steal = 400;
/// Answers that are held for later are at most this large together.
constexpr size_t held_bytes_max = 8 * 1024 * 1024;

} // namespace

Crew::Crew(const Endpoint& endpoint, Question question, Tempo tempo)
    : endpoint_(endpoint), question_(std::move(question)), tempo_(std::move(tempo)) {
    std::sort(question_.ids.begin(), question_.ids.end());
    question_.ids.erase(std::unique(question_.ids.begin(), question_.ids.end()),
                        question_.ids.end());
    add(Walk(Range{}, question_.number_property));
    if (question_.by_id && is_parallel()) {
        size_t lanes = std::min(question_.ids.size(), static_cast<size_t>(tempo_.parallel));
        while (lanes_.size() < lanes)
            add(Walk(Range{}));
        return;
    }
    if (!question_.sorts.empty() || question_.by_id)
        tempo_.parallel = 1;
    if (desired() > 1)
        tempo_.cuts.empty() ? spread() : begin_by_cuts(desired());
}

/// In the place of one that is done, if there is any; the first one is looked at by the newest.
Walk& Crew::add(Walk walk) {
    auto lane = std::make_unique<Lane>(endpoint_.view(), question_, std::move(walk));
    auto free = std::find_if(lanes_.begin(), lanes_.end(), [&](const auto& old) {
        return old->is_done() && !old->in_hand() && old != lanes_.front() && old.get() != newest_;
    });
    Walk& its = lane->walk();
    if (free == lanes_.end()) {
        lanes_.push_back(std::move(lane));
    } else {
        past_traffic_.add((*free)->reader().traffic());
        past_answers_ += (*free)->answers();
        past_meagre_ += (*free)->meagre();
        *free = std::move(lane);
    }
    widest_ = std::max<int64_t>(widest_, ranges());
    return its;
}

int Crew::active() const {
    return static_cast<int>(std::count_if(lanes_.begin(), lanes_.end(),
                                          [](const auto& lane) { return !lane->is_done(); }));
}

int Crew::ranges() const {
    return active() - (newest_ != nullptr && !newest_->is_done() ? 1 : 0);
}

int64_t Crew::answers() const {
    int64_t all = past_answers_;
    for (const auto& lane : lanes_)
        all += lane->answers();
    return all;
}

/// As many as what is expected is worth: known beforehand, or by what is left in the ranges.
int Crew::desired() const {
    if (!is_parallel())
        return 1;
    double left = 0;
    for (const auto& lane : lanes_)
        left += left_in(*lane);
    int64_t ahead = std::max(tempo_.expected, static_cast<int64_t>(left / page_size_max));
    return static_cast<int>(std::clamp<int64_t>(ahead / answers_a_lane, 1, busy()));
}

/// Lanes that keep the reader busy, as many as are allowed.
int Crew::busy() const {
    Traffic past;
    past.took(tempo_.answer_us);
    past.add(traffic());
    if (past.answer_us == 0)
        return tempo_.parallel;
    int64_t worth = std::max<int64_t>(1 + past.answer_us / reading_us, 2);
    return static_cast<int>(std::min<int64_t>(tempo_.parallel, worth));
}

/// One answer in ten, and a few to begin with.
bool Crew::may_waste() const {
    int64_t meagre = past_meagre_;
    for (const auto& lane : lanes_)
        meagre += lane->meagre();
    return meagre * 10 <= answers() + 20;
}

void Crew::begin_by_cuts(int parts) {
    const size_t known = tempo_.cuts.size();
    Walk* last = &lanes_.back()->walk();
    for (int part = 1; part < parts; part++) {
        Instant at = tempo_.cuts[std::min(known - 1, known * static_cast<size_t>(part) /
                                                         static_cast<size_t>(parts))];
        if (last->can_split(at))
            last = &add(last->split(at));
    }
    bounded_ = cut_ = true;
}

/// Rows that it has still to read, if the rest of its time is as full as the answer that came last;
/// 0 where it has no part that could be given away.
double Crew::left_in(const Lane& lane) const {
    const Range& range = lane.walk().range();
    if (lane.is_done() || &lane == newest_ || !range.before || !lane.front() || lane.answers() == 0)
        return 0;
    auto ahead = static_cast<double>(range.before->us - lane.front()->us);
    if (ahead < 2.0 * minute_us)
        return 0;
    auto behind = static_cast<double>(std::max(lane.front()->us - lane.back()->us, minute_us));
    return page_size_max / behind * ahead;
}

/// The lane that has most left gives up the later of its parts.
void Crew::steal() {
    Lane* most = lanes_.front().get();
    for (const auto& lane : lanes_)
        if (left_in(*lane) > left_in(*most))
            most = lane.get();
    if (left_in(*most) >= rows_to_steal)
        cut_up(*most, 2);
}

void Crew::cut_up(Lane& lane, int parts) {
    Walk* rest = &lane.walk();
    const Instant last{rest->range().before->us - minute_us};
    for (Instant at : cuts_between(*lane.front(), last, parts)) {
        if (rest->can_split(at))
            rest = &add(rest->split(at));
    }
}

void Crew::spread() {
    Lane& oldest = *lanes_.front();
    if (!is_parallel())
        return;
    if (newest_ == nullptr && !bounded_) {
        bool large = tempo_.expected >= answers_a_lane ||
                     (oldest.leads_on() && oldest.answers() >= surprise);
        if (!large)
            return;
        lanes_.push_back(std::make_unique<Lane>(endpoint_.view(), question_, oldest));
        newest_ = lanes_.back().get();
        return;
    }
    const int wanted = desired();
    if (!bounded_ || ranges() >= wanted || !may_waste())
        return;
    // At first all at once; later, for a lane that has ended, half of another's rest.
    if (!cut_ && oldest.front() && oldest.walk().range().before)
        cut_up(oldest, wanted);
    else
        steal();
    cut_ = true;
}

void Crew::arrived(Lane& lane) {
    if (&lane == newest_) {
        std::vector<std::string> but;
        std::optional<Instant> before = lane.leaves(but);
        if (before)
            lanes_.front()->walk().shrink(*before, std::move(but));
        else
            lane.finish(); // nothing can be built on it
        bounded_ = before.has_value();
    }
    spread();
}

Lane* Crew::in_hand() {
    for (size_t step = 0; step < lanes_.size(); step++) {
        size_t at = (current_ + step) % lanes_.size();
        if (lanes_[at]->in_hand()) {
            current_ = at;
            return lanes_[at].get();
        }
    }
    return nullptr;
}

int Crew::page_size(int64_t wanted) const {
    return wanted > 0 ? static_cast<int>(std::min<int64_t>(wanted, page_size_max)) : page_size_max;
}

/// All lanes that have nothing in hand move on. row: one of them has now.
Step Crew::pump(int64_t now_ms, int64_t wanted, Error& error) {
    Step all;
    bool flying = false;
    bool got = false;
    for (size_t at = 0; at < lanes_.size(); at++) { // which may grow
        Lane& lane = *lanes_[at];
        if (lane.in_hand() || lane.is_done())
            continue;
        Step step = lane.turn(now_ms, page_size(wanted), error);
        if (step.turn == Turn::failed)
            return step;
        if (step.turn == Turn::row) {
            got = true;
            arrived(lane);
        } else if (step.turn == Turn::done) {
            spread();
        } else if (step.refused || step.expired || all.turn == Turn::done) {
            flying = flying || lane.reader().state() == Reader::State::flies;
            all = step;
            if (step.refused || step.expired)
                return all;
        } else {
            flying = flying || lane.reader().state() == Reader::State::flies;
            int64_t wait_ms = all.wait_ms < 0    ? step.wait_ms
                              : step.wait_ms < 0 ? all.wait_ms
                                                 : std::min(all.wait_ms, step.wait_ms);
            if (step.turn == Turn::asks && all.turn != Turn::asks)
                all = step;
            all.wait_ms = wait_ms;
        }
    }
    all.others = flying;
    if (got)
        all.turn = Turn::row;
    return all;
}

Step Crew::next(int64_t now_ms, int64_t wanted, PageHead& head, const json::Value*& page,
                Error& error) {
    Step step;
    while (true) {
        Lane* lane = in_hand();
        if (lane == nullptr) {
            step = pump(now_ms, wanted, error);
            if (step.turn != Turn::row)
                return step;
            continue;
        }
        Result<bool> found = lane->next(head, page);
        if (!found) {
            error = std::move(found).error();
            step.turn = Turn::failed;
            return step;
        }
        step.turn = Turn::row;
        if (*found)
            return step;
        if (lanes_.size() > 1) { // what arrived meanwhile, before another lane's turn
            step = pump(now_ms, wanted, error);
            if (step.turn == Turn::failed || step.refused || step.expired)
                return step;
        }
    }
}

bool Crew::is_ready() const {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) {
        return lane->in_hand() || (!lane->is_done() && lane->reader().is_ready());
    });
}

void Crew::offer(int64_t wanted, Step& step) {
    if (!tempo_.read_ahead)
        return;
    size_t held = 0;
    for (const auto& lane : lanes_)
        held += lane->held_bytes();
    for (const auto& lane : lanes_) {
        bool soon = is_parallel() || lane->left() * 2 <= lane->size();
        auto coming = static_cast<int64_t>(lane->left());
        bool enough = wanted > 0 && coming >= wanted;
        bool room = lanes_.size() == 1 || held < held_bytes_max || &*lane == lanes_[current_].get();
        if (lane->in_hand() && soon && !enough && room && lane->can_ask())
            lane->ask_ahead(page_size(wanted > 0 ? wanted - coming : 0));
        if (lane->reader().state() == Reader::State::asks) {
            step.asks_ahead = true;
            step.reader = &lane->reader();
        }
    }
}

Traffic Crew::traffic() const {
    Traffic all = past_traffic_;
    for (const auto& lane : lanes_)
        all.add(lane->reader().traffic());
    return all;
}

} // namespace notion::bridge
