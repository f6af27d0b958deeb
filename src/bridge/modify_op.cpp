// One row on its way to Notion: see the header. scope: query.
#include "bridge/modify_op.hpp"

#include <algorithm>

#include "core/notion/content.hpp"

namespace notion::bridge {

ModifyOp::ModifyOp(const Endpoint& endpoint, const ModifyFrame& frame, Write write, int64_t number,
                   std::string page)
    : frame_(frame), write_(write), number_(number), page_(std::move(page)),
      base_reader_(std::make_unique<Reader>(endpoint)), writer_(endpoint) {
    if (!frame.returned.empty()) {
        row_ = std::make_unique<Row>(endpoint, frame.returned, frame.table, frame.misfit_null);
        out_.resize(frame.returned.size());
    }
}

bool ModifyOp::in_flight() const {
    return writer_.state() == Writer::State::flies || base_reader_->state() == Reader::State::flies;
}

void ModifyOp::fail_with(Error error) {
    error_ = std::move(error);
    state_ = State::failed;
    asks = false;
}

void ModifyOp::begin() {
    std::vector<std::string> wanted;
    for (const Assignment& one : cells)
        if (needs_base(one) && std::ranges::find(wanted, one.property) == wanted.end())
            wanted.push_back(one.property);
    if (write_ == Write::update && base_text_.empty() && !wanted.empty()) {
        base_reader_->ask(get_page(page_, wanted));
        state_ = State::base;
        return;
    }
    encode();
}

void ModifyOp::encode() {
    json::Document base;
    if (!base_text_.empty()) {
        auto parsed = json::parse(base_text_);
        if (!parsed)
            return fail_with(std::move(parsed).error());
        base = std::move(*parsed);
    }
    for (const Assignment& one : cells)
        if (Status known = check_status(one); !known)
            return fail_with(std::move(known).error());
    auto members = members_of(cells, base_text_.empty() ? nullptr : &base);
    if (!members)
        return fail_with(std::move(members).error());
    auto content = std::ranges::find(members->beside, content_member, &Member::property_id);
    if (content != members->beside.end()) {
        constexpr size_t envelope_bytes = 1'000;
        if (content->json.size() + envelope_bytes > request_bytes_max)
            return fail_with(fail(ErrorKind::unsendable,
                                  "the content is longer than Notion takes at once",
                                  std::to_string(content->json.size()) + " bytes as JSON; " +
                                      std::to_string(request_bytes_max - envelope_bytes) + " go.",
                                  "Write its beginning, and add the rest by notion.append."));
        if (write_ == Write::update) {
            ask_content(*content);
            members->beside.erase(content);
        }
    }
    auto parts = split(std::move(*members));
    if (!parts)
        return fail_with(std::move(parts).error());
    parts_ = std::move(*parts);
    if (state_ == State::content)
        return;
    state_ = State::writes;
    ask_next();
}

void ModifyOp::ask_content(const Member& content) {
    auto call = replace_content(page_, "");
    call.body = R"({"type":"replace_content","replace_content":{"new_str":)" + content.json + "}}";
    writer_.ask(std::move(call), false);
    state_ = State::content;
}

/// The page's properties follow, if any are written; or the page is read, if it is wanted back.
void ModifyOp::take_content() {
    written_ = true;
    const PageMembers& part = parts_.front();
    if (!part.properties.empty() || !part.beside.empty()) {
        state_ = State::writes;
        ask_next();
        asks = true;
    } else if (row_ == nullptr) {
        state_ = State::done;
    } else {
        base_reader_->ask(get_page(page_, {}));
        state_ = State::rereads;
    }
}

void ModifyOp::ask_next() {
    const PageMembers& part = parts_[next_part_++];
    if (write_ == Write::trash)
        writer_.ask(set_trash(page_, true), false);
    else if (page_.empty())
        writer_.ask(create_page(frame_.data_source, part.properties, part.beside), true);
    else
        writer_.ask(update_page(page_, part.properties, part.beside), false);
}

void ModifyOp::hear(const Step& from, Step& step) {
    asks = from.turn == Turn::asks;
    reader = from.reader;
    if (from.wait_ms >= 0)
        resume_at_ms = from.wait_ms;
    step.refused = step.refused || from.refused;
    step.expired = step.expired || from.expired;
    step.overloaded = step.overloaded || from.overloaded;
    step.retry_after_ms = std::max(step.retry_after_ms, from.retry_after_ms);
}

void ModifyOp::turn(int64_t now_ms, Step& step) {
    asks = false;
    reader = nullptr;
    resume_at_ms = -1;
    if (state_ == State::base)
        turn_read(now_ms, step);
    if (state_ == State::content || state_ == State::writes)
        turn_write(now_ms, step);
    if (state_ == State::rereads)
        turn_read(now_ms, step);
    if (state_ == State::returns)
        turn_row(now_ms, step);
}

void ModifyOp::turn_read(int64_t now_ms, Step& step) {
    Error error;
    Step from = base_reader_->turn(now_ms, error);
    hear(from, step);
    if (from.turn == Turn::failed)
        return fail_with(std::move(error));
    if (from.turn != Turn::row)
        return;
    if (state_ == State::rereads)
        take_page(base_reader_->take());
    else
        take_base(base_reader_->take());
}

void ModifyOp::take_base(std::string body) {
    auto page = json::parse(body);
    if (!page)
        return fail_with(std::move(page).error());
    auto head = page_head(*page);
    if (!head)
        return fail_with(std::move(head).error());
    base_text_ = json::write(*head->properties);
    encode();
}

void ModifyOp::turn_write(int64_t now_ms, Step& step) {
    Writer::State before = writer_.state();
    writer_.turn(now_ms, step);
    asks = writer_.state() == Writer::State::asks;
    if (writer_.state() == Writer::State::pauses)
        resume_at_ms = std::max<int64_t>(writer_.resume_at_ms() - now_ms, 0);
    if (before != Writer::State::flies || writer_.state() != Writer::State::settled)
        return;
    if (writer_.end() == Writer::End::done)
        return state_ == State::content ? take_content() : take_answer();
    unknown_ = writer_.end() == Writer::End::unknown;
    fail_with(writer_.error());
}

void ModifyOp::take_page(std::string body) {
    body_ = std::move(body);
    auto parsed = json::parse_in_place(body_);
    auto head = parsed.ok() ? page_head(*parsed) : Result<PageHead>(parsed.error());
    if (!head)
        return fail_with(std::move(head).error());
    answer_ = std::move(*parsed);
    row_->begin(*page_head(answer_), answer_);
    state_ = State::returns;
}

void ModifyOp::take_answer() {
    body_ = writer_.take_body();
    auto parsed = json::parse_in_place(body_);
    auto head = parsed.ok() ? page_head(*parsed) : Result<PageHead>(parsed.error());
    if (!head) { // what was done cannot be read: it may be done
        unknown_ = true;
        return fail_with(std::move(head).error());
    }
    answer_ = std::move(*parsed);
    page_ = head->id;
    written_ = true;
    if (Status shown = check_answer(*head); !shown)
        return fail_with(std::move(shown).error());
    if (next_part_ < parts_.size()) {
        ask_next();
        asks = true;
        return;
    }
    if (row_ == nullptr) {
        state_ = State::done;
        return;
    }
    auto whole = page_head(answer_);
    row_->begin(*whole, answer_);
    state_ = State::returns;
}

/// Whether an unknown property is refused or ignored nobody says (docs/unknown.md): what was sent
/// must be in the answer.
Status ModifyOp::check_answer(const PageHead& head) const {
    for (const Member& member :
         parts_.empty() ? std::vector<Member>() : parts_[next_part_ - 1].properties)
        if (property_by_id(head, member.property_id) == nullptr &&
            json::find(*head.properties, member.property_id) == nullptr)
            return fail(ErrorKind::property_missing,
                        "a property that was written is not in the data source",
                        "Page " + page_ + " was written without property \"" + member.property_id +
                            "\".",
                        "notion.drift shows what changed in Notion.");
    return Done{};
}

void ModifyOp::turn_row(int64_t now_ms, Step& step) {
    Error error;
    Step from = row_->turn(now_ms, out_.data(), error);
    hear(from, step);
    if (from.turn == Turn::failed)
        return fail_with(std::move(error));
    if (from.turn == Turn::row) {
        asks = false;
        state_ = State::done;
    }
}

std::string ModifyOp::trace() const {
    if (!page_.empty())
        return "page " + page_;
    for (const Assignment& one : cells)
        if (one.codec.property == PropertyType::title)
            if (const auto* text = std::get_if<std::string>(&one.value))
                return "a new page titled \"" + text->substr(0, 100) + "\"";
    return "a new page without a title";
}

} // namespace notion::bridge
