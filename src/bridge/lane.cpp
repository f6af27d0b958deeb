// Lane: see the header. scope: query.
#include "bridge/lane.hpp"

#include "core/notion/moment.hpp"

namespace notion::bridge {
namespace {

constexpr int64_t half_a_page = 50;
constexpr std::string_view newest_first =
    R"([{"timestamp":"created_time","direction":"descending"}])";

bool is_lost_cursor(const Error& error) {
    return error.kind == ErrorKind::validation &&
           (error.detail.find("start_cursor") != std::string::npos ||
            error.message.find("start_cursor") != std::string::npos);
}

Error cut_short(const std::string& table, bool sorted) {
    if (sorted)
        return fail(ErrorKind::incomplete,
                    "Notion cut the result of foreign table \"" + table + "\"",
                    "It gives a limited number of pages for a query, and was asked to sort them.",
                    "Add a condition that Notion can evaluate, or set notion.pushdown to off.");
    return fail(ErrorKind::incomplete, "Notion cut the result of foreign table \"" + table + "\"",
                "It gives a limited number of pages for a query, and so many were created, and "
                "last edited, in one minute.",
                "Add a unique ID property to the data source and a column for it to the foreign "
                "table, or a condition that Notion can evaluate; EXPLAIN shows which are.");
}

} // namespace

Lane::Lane(const Endpoint& endpoint, Question& question, Walk walk)
    : question_(question), walk_(std::move(walk)), reader_(endpoint) {}

Lane::Lane(const Endpoint& endpoint, Question& question, const Lane& oldest)
    : question_(question), walk_(Range{}), oldest_(&oldest), reader_(endpoint) {}

bool Lane::can_ask() const {
    if (done_ || cut_ || oldest_ != nullptr || reader_.state() != Reader::State::idle)
        return false;
    if (question_.by_id)
        return question_.next_id < question_.ids.size();
    return begun_ && more_ && question_.sorts.empty(); // else go_on judges
}

Status Lane::begin_list() {
    begun_ = true;
    cursor_.clear();
    std::optional<std::string> filter = narrowed(question_.filter, walk_.conditions());
    if (!filter)
        return cut_short(question_.table, false);
    filter_ = std::move(*filter);
    sorts_ = oldest_ != nullptr        ? std::string(newest_first)
             : question_.sorts.empty() ? walk_.sorts()
                                       : question_.sorts;
    numbered_ = walk_.wants_number();
    return Done{};
}

void Lane::send_next(Reader::When when, int page_size) {
    if (question_.by_id) {
        reader_.ask(get_page(question_.ids[question_.next_id++], question_.properties), when);
        return;
    }
    Query query;
    query.data_source = question_.data_source;
    query.filter = filter_;
    query.sorts = sorts_;
    query.properties = question_.properties;
    if (numbered_)
        query.properties.push_back(question_.number_property);
    query.cursor = cursor_;
    query.page_size = page_size;
    reader_.ask(query_data_source(query), when);
}

void Lane::ask_ahead(int page_size) {
    send_next(Reader::When::ahead, page_size);
}

Status Lane::load(std::string body) {
    text_ = std::move(body);
    document_ = json::Document();
    Result<json::Document> parsed = json::parse_in_place(text_, arena_);
    if (!parsed)
        return std::move(parsed).error();
    document_ = std::move(*parsed);
    at_ = 0;
    answers_++;
    rows_before_ = rows_;
    if (question_.by_id) {
        results_ = nullptr;
        size_ = 1;
        return Done{};
    }
    Result<ListHead> list = list_head(document_);
    if (!list)
        return std::move(list).error();
    results_ = list->results;
    size_ = results_->Size();
    more_ = !list->next_cursor.empty();
    if (more_ && list->next_cursor == cursor_)
        return fail(ErrorKind::malformed, "Notion's answer names itself as the next one");
    cursor_ = list->next_cursor;
    cut_ = !more_ && list->incomplete;
    if (size_ > 0)
        if (Result<PageHead> last = page_head((*results_)[results_->Size() - 1]))
            front_ = last->created;
    if (size_ > 0)
        if (Result<PageHead> head = page_head((*results_)[0]))
            back_ = head->created;
    return Done{};
}

Step Lane::fail_with(Error from, Error& error) {
    error = std::move(from);
    Step step;
    step.turn = Turn::failed;
    return step;
}

/// Where the last list is at its end: on to the next one, or done.
Status Lane::go_on() {
    if (question_.by_id) {
        done_ = question_.next_id >= question_.ids.size();
        return Done{};
    }
    if (oldest_ != nullptr && begun_) {
        done_ = true;
        return Done{};
    }
    // A page that is edited meanwhile may move from where nothing was read yet to where it was.
    if (begun_ && more_ && !question_.sorts.empty())
        return fail(ErrorKind::incomplete,
                    "Notion did not give the sorted rows of foreign table \"" + question_.table +
                        "\" in one answer",
                    "Its list goes on, and may have changed meanwhile.",
                    "Set notion.pushdown to off for this query: then all rows are read, and sorted "
                    "here.");
    if (begun_ && more_)
        return Done{};
    if (cut_ && !question_.sorts.empty())
        return cut_short(question_.table, true);
    if (cut_ && !walk_.cut())
        return cut_short(question_.table, false);
    done_ = begun_ && !cut_ && !walk_.end();
    cut_ = false;
    return done_ ? Status(Done{}) : begin_list();
}

Step Lane::turn(int64_t now_ms, int page_size, Error& error) {
    if (reader_.state() == Reader::State::idle && !done_) {
        if (Status ready = go_on(); !ready)
            return fail_with(std::move(ready).error(), error);
        if (!done_)
            send_next(Reader::When::now, page_size);
    }
    Step step;
    if (done_)
        return step;
    step = reader_.turn(now_ms, error);
    if (step.turn == Turn::failed && question_.by_id && error.kind == ErrorKind::not_found)
        return turn(now_ms, page_size, error); // no row: the next one
    if (step.turn == Turn::failed && is_lost_cursor(error) && !cursor_.empty() &&
        question_.sorts.empty() && walk_.lose()) {
        if (Status ready = begin_list(); !ready)
            return fail_with(std::move(ready).error(), error);
        send_next(Reader::When::now, page_size);
        return reader_.turn(now_ms, error);
    }
    if (step.turn != Turn::row)
        return step;
    if (Status loaded = load(reader_.take()); !loaded)
        return fail_with(std::move(loaded).error(), error);
    return step;
}

void Lane::close_answer() {
    if (size_ == 0)
        return;
    meagre_ += rows_ - rows_before_ < half_a_page;
    at_ = size_ = 0;
}

Result<bool> Lane::next(PageHead& head, const json::Value*& page) {
    while (at_ < size_) {
        page =
            results_ != nullptr ? &(*results_)[static_cast<rapidjson::SizeType>(at_)] : &document_;
        at_++;
        if (json::text(*page, "object") == "data_source") // in wikis, beside pages
            continue;
        Result<PageHead> read = page_head(*page);
        if (!read)
            return std::move(read).error();
        head = *read;
        if (question_.by_id) {
            if (head.in_trash || head.data_source != question_.data_source)
                continue;
            rows_++;
            return true;
        }
        if (oldest_ != nullptr) {
            if (head.in_trash || oldest_->walk_.has_taken(head))
                continue;
            rows_++;
            return true;
        }
        bool beyond = walk_.is_beyond(head);
        if (!walk_.take(head) || head.in_trash) {
            if (beyond)
                finish();
            continue;
        }
        rows_++;
        return true;
    }
    close_answer();
    return false;
}

std::optional<Instant> Lane::leaves(std::vector<std::string>& but) const {
    std::optional<Instant> minute;
    for (const json::Value& page : results_->GetArray()) {
        Result<PageHead> head = page_head(page);
        if (!head || (minute && head->created > *minute))
            return std::nullopt;
        if (!minute || head->created != *minute)
            but.clear();
        minute = head->created;
        but.emplace_back(head->id);
    }
    if (!minute)
        return std::nullopt;
    if (more_)
        return Instant{minute->us + minute_us};
    but.clear(); // all there is
    return minute;
}

/// What is under way, if anything, is of no use.
void Lane::finish() {
    done_ = true;
    at_ = size_;
    reader_.drop();
}

} // namespace notion::bridge
