// One row on its way to Notion: what it needs first, its requests one after the other, what comes
// back. Inside the bridge only. scope: query.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/modify.hpp"
#include "bridge/reader.hpp"
#include "bridge/row.hpp"
#include "bridge/writer.hpp"
#include "core/notion/assign.hpp"

namespace notion::bridge {

/// What all rows of a statement share. Must stay where it is.
struct ModifyFrame {
    std::string data_source; ///< id
    std::string table;
    std::vector<Column> returned;
    bool misfit_null;
};

class ModifyOp {
  public:
    ModifyOp(const Endpoint& endpoint, const ModifyFrame& frame, Write write, int64_t number,
             std::string page);

    /// Of an update, the content goes first: what Notion refuses of it leaves the rest undone.
    enum class State : uint8_t { fresh, base, content, writes, rereads, returns, done, failed };
    State state() const { return state_; }
    bool is_over() const { return state_ == State::done || state_ == State::failed; }
    bool in_flight() const;
    bool in_doubt() const { return writer_.in_doubt(); }
    bool is_written() const { return written_; }
    bool is_unknown() const { return unknown_; }

    std::vector<Assignment> cells;
    void give_base(std::string properties) { base_text_ = std::move(properties); }

    /// Reads the page first, or encodes: then the first request is ready. Fails without a trace in
    /// Notion.
    void begin();
    /// Moves on. Afterwards `asks` says whether a request is wanted, and `reader` by whom.
    void turn(int64_t now_ms, Step& step);
    bool asks = false;
    Reader* reader = nullptr; ///< null: writer
    int64_t resume_at_ms = -1;
    void send() { writer_.send(); }
    void fail_with(Error error);

    Write write() const { return write_; }
    int64_t number() const { return number_; }
    const std::string& page() const { return page_; }
    const Error& error() const { return error_; }
    const std::string& committed() const { return writer_.committed(); }
    const std::vector<Cell>& out() const { return out_; }
    /// For people: what to look for in Notion.
    std::string trace() const;

  private:
    void encode();
    void take_base(std::string body);
    void ask_next();
    void ask_content(const Member& content);
    void take_content();
    void take_answer();
    void take_page(std::string body);
    Status check_answer(const PageHead& head) const;
    void turn_read(int64_t now_ms, Step& step);
    void turn_write(int64_t now_ms, Step& step);
    void turn_row(int64_t now_ms, Step& step);
    void hear(const Step& from, Step& step);

    const ModifyFrame& frame_;
    Write write_;
    int64_t number_;
    std::string page_;
    State state_ = State::fresh;
    std::string base_text_;
    std::unique_ptr<Reader> base_reader_;
    Writer writer_;
    std::vector<PageMembers> parts_;
    size_t next_part_ = 0;
    bool written_ = false;
    bool unknown_ = false;
    Error error_;
    std::string body_;
    json::Document answer_;
    std::unique_ptr<Row> row_;
    std::vector<Cell> out_;
};

} // namespace notion::bridge
