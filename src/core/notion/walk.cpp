// Walk: see the header. That Notion compares created and edited times at the minute which they show
// is built upon only where more pages than its cap share a minute (docs/unknown.md).
// scope: none.
#include "core/notion/walk.hpp"

#include <algorithm>

#include "core/notion/moment.hpp"

namespace notion {
namespace {

/// Shown times are cut to the minute, or rounded to it; what is compared may have seconds.
constexpr int64_t margin_us = minute_us;
constexpr rapidjson::SizeType conditions_max = 100; ///< of one and, or one or

std::string timed(std::string_view timestamp, std::string_view op, int64_t at_us) {
    std::string name = json::quote(timestamp);
    return "{\"timestamp\":" + name + "," + name + ":{" + json::quote(op) + ":" +
           json::quote(format_instant(Instant{at_us})) + "}}";
}

std::optional<int64_t> number_of(const PageHead& page, std::string_view property_id) {
    const json::Value* property = property_by_id(page, property_id);
    const json::Value* id = property != nullptr ? json::find(*property, "unique_id") : nullptr;
    const json::Value* number = id != nullptr ? json::find(*id, "number") : nullptr;
    return number != nullptr && number->IsInt64() ? std::optional(number->GetInt64())
                                                  : std::nullopt;
}

using Pool = json::Document::AllocatorType;

/// False where there is no room.
bool add_to(json::Value& list, const std::vector<json::Document>& conditions, Pool& pool) {
    if (list.Size() + conditions.size() > conditions_max)
        return false;
    for (const json::Document& condition : conditions)
        list.PushBack(json::Value(condition, pool), pool);
    return true;
}

json::Value* member(json::Value& value, const char* name) {
    return value.HasMember(name) && value[name].IsArray() ? &value[name] : nullptr;
}

/// {"and":[part, conditions…]}; an `and` grows.
bool join(json::Value& part, const std::vector<json::Document>& conditions, Pool& pool) {
    if (json::Value* list = member(part, "and"))
        return add_to(*list, conditions, pool);
    json::Value list(rapidjson::kArrayType);
    list.PushBack(part.Move(), pool);
    json::Value whole(rapidjson::kObjectType);
    if (!add_to(list, conditions, pool))
        return false;
    whole.AddMember("and", list, pool);
    part = whole;
    return true;
}

bool is_deep(const json::Value& list) {
    return std::any_of(list.Begin(), list.End(), [](const json::Value& part) {
        return json::find(part, "and") != nullptr || json::find(part, "or") != nullptr;
    });
}

} // namespace

Walk::Walk(Range range, std::string number_property)
    : range_(range), number_property_(std::move(number_property)) {
    if (range_.from)
        from_[creation] = range_.from->us;
}

std::vector<std::string> Walk::conditions() const {
    constexpr const char* created = "created_time";
    constexpr const char* edited = "last_edited_time";
    std::vector<std::string> list;
    if (level_ == creation) {
        if (from_[creation]) {
            int64_t from = *from_[creation] - (tight_ ? 0 : margin_us);
            if (is_storable(Instant{from}))
                list.push_back(timed(created, "on_or_after", from));
        }
        if (range_.before)
            list.push_back(timed(created, "on_or_before", range_.before->us));
        return list;
    }
    list.push_back(timed(created, "on_or_after", fixed_[creation]));
    list.push_back(timed(created, "before", fixed_[creation] + minute_us));
    if (level_ == edits) {
        if (from_[edits])
            list.push_back(timed(edited, "on_or_after", *from_[edits]));
        return list;
    }
    list.push_back(timed(edited, "on_or_after", fixed_[edits]));
    list.push_back(timed(edited, "before", fixed_[edits] + minute_us));
    if (from_[numbers])
        list.push_back("{\"property\":" + json::quote(number_property_) +
                       ",\"unique_id\":{\"greater_than\":" + std::to_string(*from_[numbers]) +
                       "}}");
    return list;
}

std::string Walk::sorts() const {
    switch (level_) {
    case creation:
        return R"([{"timestamp":"created_time","direction":"ascending"}])";
    case edits:
        return R"([{"timestamp":"last_edited_time","direction":"ascending"}])";
    case numbers:
        break;
    }
    return "[{\"property\":" + json::quote(number_property_) + ",\"direction\":\"ascending\"}]";
}

std::optional<int64_t> Walk::key_of(const PageHead& page) const {
    switch (level_) {
    case creation:
        return page.created.us;
    case edits:
        return page.edited.us;
    case numbers:
        break;
    }
    return number_of(page, number_property_);
}

bool Walk::take(const PageHead& page) {
    std::optional<int64_t> key = key_of(page);
    ordered_ = ordered_ && key && (!last_ || *key >= *last_);
    last_ = key;
    if (level_ == creation) {
        seen_before_ = seen_before_ || (from_[creation] && *key < *from_[creation]);
        bool old = (from_[creation] && *key < *from_[creation]) ||
                   (minute_ && page.created < *minute_ && ordered_);
        if (old || !range_.has(page.created))
            return false;
        if (!minute_ || page.created != *minute_) {
            taken_.clear();
            minute_ = page.created;
        }
    } else if (page.created.us != fixed_[creation]) {
        return false;
    }
    if (range_.before && page.created.us + minute_us >= range_.before->us &&
        others_.contains(std::string(page.id)))
        return false;
    const bool fresh = taken_.emplace(page.id).second;
    fruitful_ = fruitful_ || fresh;
    return fresh;
}

void Walk::begin_list() {
    last_.reset();
    seen_before_ = fruitful_ = false;
}

bool Walk::lose() {
    if (!has_moved() && !fruitful_)
        return cut();
    if (!ordered_)
        return false;
    if (has_moved())
        from_[level_] = last_;
    begin_list();
    return true;
}

bool Walk::cut() {
    if (!ordered_ || !last_)
        return false;
    if (has_moved()) {
        from_[level_] = last_;
    } else if (level_ == creation && !tight_ && seen_before_) {
        tight_ = true; // the margin alone may have filled the list
    } else if (level_ == numbers || *last_ != *from_[level_] ||
               (level_ == edits && number_property_.empty())) {
        return false;
    } else {
        fixed_[level_] = *last_;
        level_ = static_cast<Level>(level_ + 1);
        from_[level_].reset();
    }
    begin_list();
    return true;
}

bool Walk::end() {
    begin_list();
    if (level_ == creation)
        return false;
    level_ = static_cast<Level>(level_ - 1);
    from_[level_] = fixed_[level_] + minute_us;
    ordered_ = true;
    if (level_ != creation)
        return true;
    tight_ = true;
    return !range_.before || *from_[creation] < range_.before->us;
}

void Walk::shrink(Instant before, std::vector<std::string> but) {
    range_.before = before;
    others_.clear();
    others_.insert(but.begin(), but.end());
}

bool Walk::can_split(Instant at) const {
    return level_ == creation && (!minute_ || at > *minute_) &&
           (!range_.from || at > *range_.from) && (!range_.before || at < *range_.before);
}

Walk Walk::split(Instant at) {
    Walk later({at, range_.before}, number_property_);
    later.others_ = std::move(others_);
    shrink(at);
    return later;
}

bool Walk::has_taken(const PageHead& page) const {
    return minute_ && (page.created < *minute_ ||
                       (page.created == *minute_ && taken_.contains(std::string(page.id))));
}

bool Walk::is_beyond(const PageHead& page) const {
    return level_ == creation && ordered_ && range_.before && page.created >= *range_.before;
}

std::optional<std::string> narrowed(std::string_view filter,
                                    const std::vector<std::string>& conditions) {
    std::vector<json::Document> more;
    for (const std::string& condition : conditions) {
        Result<json::Document> parsed = json::parse(condition);
        if (!parsed)
            return std::nullopt;
        more.push_back(std::move(*parsed));
    }
    if (more.empty())
        return std::string(filter);
    json::Document whole(rapidjson::kObjectType);
    if (filter.empty()) {
        json::Value list(rapidjson::kArrayType);
        if (!add_to(list, more, whole.GetAllocator()))
            return std::nullopt;
        if (list.Size() == 1)
            return conditions.front();
        whole.AddMember("and", list, whole.GetAllocator());
        return json::write(whole);
    }
    Result<json::Document> parsed = json::parse(filter);
    if (!parsed)
        return std::nullopt;
    whole = std::move(*parsed);
    // An `or` of `and`s is as deep as Notion goes: every branch is narrowed.
    json::Value* branches = member(whole, "or");
    if (branches == nullptr || !is_deep(*branches))
        return join(whole, more, whole.GetAllocator()) ? std::optional(json::write(whole))
                                                       : std::nullopt;
    for (json::Value& branch : branches->GetArray())
        if (json::find(branch, "or") != nullptr || !join(branch, more, whole.GetAllocator()))
            return std::nullopt;
    return json::write(whole);
}

void Quantiles::add(Instant created) {
    constexpr size_t sample_max = 1024;
    if (count_++ % stride_ != 0)
        return;
    sample_.push_back(created);
    if (sample_.size() < sample_max)
        return;
    for (size_t at = 0; at * 2 < sample_.size(); at++)
        sample_[at] = sample_[at * 2];
    sample_.resize(sample_.size() / 2);
    stride_ *= 2;
}

std::vector<Instant> Quantiles::cuts(int parts) const {
    std::vector<Instant> sorted = sample_;
    std::sort(sorted.begin(), sorted.end());
    std::vector<Instant> cuts;
    for (size_t part = 1; part < static_cast<size_t>(parts) && !sorted.empty(); part++) {
        const Instant cut = to_minute(sorted[sorted.size() * part / static_cast<size_t>(parts)]);
        if (cut > (cuts.empty() ? sorted.front() : cuts.back()))
            cuts.push_back(cut);
    }
    return cuts;
}

std::vector<Instant> cuts_between(Instant first, Instant last, int parts) {
    std::vector<Instant> cuts;
    const int64_t minutes = (last.us - first.us) / minute_us;
    for (int64_t part = 1; part < parts; part++) {
        const Instant cut{first.us + minutes * part / parts * minute_us};
        if (cut > (cuts.empty() ? first : cuts.back()) && cut <= last)
            cuts.push_back(cut);
    }
    return cuts;
}

} // namespace notion
