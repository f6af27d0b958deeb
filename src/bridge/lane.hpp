// Lane: one list of pages after another to the end of a range of creation times, or page after page
// by id; one answer in hand and at most one more under way. Several lanes make a scan side by side.
// Inside the bridge only. Refuses to wait: see turn.hpp. scope: query.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridge/reader.hpp"
#include "core/notion/walk.hpp"

namespace notion::bridge {

/// What all lanes of a scan ask for.
struct Question {
    std::string data_source;
    std::string table; ///< for messages
    std::string filter;
    std::string sorts; ///< "" = any order
    std::vector<std::string> properties;
    std::string number_property;  ///< the data source's unique id, "" where not known
    bool by_id = false;           ///< GET each of `ids` instead of querying
    std::vector<std::string> ids; ///< shared by the lanes
    size_t next_id = 0;
};

class Lane {
  public:
    Lane(const Endpoint& endpoint, Question& question, Walk walk);
    /// The newest pages, one answer of them, but for those that `oldest` gave.
    Lane(const Endpoint& endpoint, Question& question, const Lane& oldest);

    /// The page after next may be asked for: nothing is under way, and what is in hand leads on.
    bool can_ask() const;
    void ask_ahead(int page_size);
    /// Moves on without waiting: row: an answer is in hand; done: the range is at its end.
    /// requires: nothing is in hand.
    Step turn(int64_t now_ms, int page_size, Error& error);

    /// The next page in hand that is ours; false where none is left. Valid until the next answer.
    Result<bool> next(PageHead& head, const json::Value*& page);
    bool in_hand() const { return at_ < size_; }
    bool leads_on() const { return more_; }
    size_t left() const { return size_ - at_; }
    size_t size() const { return size_; }
    bool is_done() const { return done_; }
    size_t held_bytes() const { return text_.size(); }

    void finish();
    Walk& walk() { return walk_; }
    const Walk& walk() const { return walk_; }
    /// The latest creation time received; none before the first answer, or where it is empty.
    std::optional<Instant> front() const { return front_; }
    /// The earliest of the answer that came last.
    std::optional<Instant> back() const { return back_; }
    /// What the newest pages leave to the oldest lane: pages created before this, but for some.
    /// Nullopt where they did not come in order. requires: made for them, and in hand.
    std::optional<Instant> leaves(std::vector<std::string>& but) const;

    Reader& reader() { return reader_; }
    const Reader& reader() const { return reader_; }
    int64_t rows() const { return rows_; }       ///< given
    int64_t answers() const { return answers_; } ///< received
    int64_t meagre() const { return meagre_; }   ///< of them, with less than half a page of ours

  private:
    Status go_on();
    Status begin_list();
    void send_next(Reader::When when, int page_size);
    Status load(std::string body);
    void close_answer();
    Step fail_with(Error from, Error& error);

    Question& question_;
    Walk walk_;
    const Lane* oldest_ = nullptr; ///< set: the newest pages, once
    Reader reader_;
    std::string text_;
    json::Arena arena_;
    json::Document document_;
    const json::Value* results_ = nullptr; ///< null: one page, the document itself
    size_t at_ = 0;
    size_t size_ = 0;
    std::string cursor_;
    bool more_ = true;   ///< the list goes on
    bool cut_ = false;   ///< it was cut, and not gone on from yet
    bool begun_ = false; ///< the list's conditions stand: a cursor is good for them alone
    bool done_ = false;
    std::string filter_;
    std::string sorts_;
    bool numbered_ = false;
    int64_t rows_ = 0;
    int64_t answers_ = 0;
    int64_t meagre_ = 0;
    int64_t rows_before_ = 0; ///< rows_ when the answer in hand came
    std::optional<Instant> back_;
    std::optional<Instant> front_;
};

} // namespace notion::bridge
