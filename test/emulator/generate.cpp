// Pages by the thousand; see generate.hpp. One value in ten is empty.
// scope: call.
#include "generate.hpp"

#include "rich_text.hpp"

#include <algorithm>
#include <random>

namespace emulator {

namespace {

constexpr std::string_view words[] = {"amber",  "birch",  "cedar", "delta",   "ember", "fjord",
                                      "grove",  "harbor", "isle",  "juniper", "kelp",  "lagoon",
                                      "meadow", "north",  "oak",   "prairie"};

class Maker {
  public:
    Maker(World& world, DataSource& source, uint64_t seed)
        : world_(world), source_(source), random_(seed) {
        for (const auto& [id, user] : world.store.users)
            if (!user.is_bot)
                people_.push_back(id);
    }

    Uuid id() {
        const uint64_t high = random_();
        return stamped(high, random_(), 8);
    }

    Values values(int64_t row) {
        Values values;
        for (const auto& property : source_.properties)
            if (!property.removed)
                if (Value value = value_of(property, row);
                    !std::holds_alternative<std::monostate>(value))
                    values.emplace_back(property.slot, std::move(value));
        return values;
    }

  private:
    uint64_t below(uint64_t limit) { return random_() % limit; }

    std::string phrase(int count) {
        std::string text;
        for (int i = 0; i < count; ++i)
            text.append(i ? " " : "").append(words[below(std::size(words))]);
        return text;
    }

    OptionIds options(const Property& property, uint64_t most) {
        OptionIds ids;
        if (property.options.empty())
            return ids;
        const uint64_t wanted = most == 1 ? 1 : below(most + 1);
        for (uint64_t i = 0; i < wanted; ++i) {
            const auto& id = property.options[below(property.options.size())].id;
            if (std::ranges::find(ids, id) == ids.end())
                ids.push_back(id);
        }
        return ids;
    }

    Ids related(const Property& property) {
        const DataSource* target = world_.store.data_source(property.related_source);
        Ids ids;
        if (!target || target->pages.empty())
            return ids;
        for (uint64_t i = below(4); i > 0; --i) {
            const Uuid id = target->pages[below(target->pages.size())]->now.id;
            if (std::ranges::find(ids, id) == ids.end())
                ids.push_back(id);
        }
        return ids;
    }

    DateValue date() {
        const int64_t day = ms_of({2024, 1, 1}) + static_cast<int64_t>(below(1000)) * day_ms;
        if (below(2))
            return {{day, 0, false}, std::nullopt};
        const Moment start{day + static_cast<int64_t>(below(1440)) * minute_ms, 0, true};
        if (below(3))
            return {start, std::nullopt};
        return {start, Moment{start.at + 90 * minute_ms, 0, true}};
    }

    Value value_of(const Property& property, int64_t row) {
        const std::string name = phrase(1) + std::to_string(row);
        const bool empty = below(10) == 0;
        switch (property.type) {
        case Type::title:
            return plain_run("Row " + std::to_string(row));
        case Type::checkbox:
            return below(2) == 1;
        case Type::status:
            return property.options.empty() ? Value{} : Value{options(property, 1)};
        case Type::verification:
        case Type::unique_id:
        case Type::rollup:
        case Type::created_time:
        case Type::last_edited_time:
        case Type::created_by:
        case Type::last_edited_by:
        case Type::button:
        case Type::other:
            return {};
        default:
            return empty ? Value{} : filled(property, name);
        }
    }

    Value filled(const Property& property, const std::string& name) {
        switch (property.type) {
        case Type::rich_text:
            return plain_run(phrase(6));
        case Type::number:
            return static_cast<double>(static_cast<int64_t>(below(2'000'000)) - 500'000) / 100;
        case Type::select:
            return property.options.empty() ? Value{} : Value{options(property, 1)};
        case Type::multi_select:
            return options(property, 3);
        case Type::date:
            return date();
        case Type::people:
            return people_.empty() ? Value{} : Value{Ids{people_[below(people_.size())]}};
        case Type::files:
            return Raw{R"([{"name":")" + name + R"(.pdf","type":"external","external":{"url":)" +
                       R"("https://files.example.com/)" + name + R"(.pdf"}}])"};
        case Type::url:
            return "https://example.com/" + name;
        case Type::email:
            return name + "@example.com";
        case Type::phone_number:
            return "+1 555 " + std::to_string(1'000'000 + below(9'000'000));
        case Type::formula:
            return static_cast<double>(below(1000));
        case Type::relation:
            return related(property);
        case Type::place:
            return Raw{R"({"lat":52.52,"lon":13.405,"name":null,"address":")" + name +
                       R"(","aws_place_id":null,"google_place_id":null})"};
        default:
            return {};
        }
    }

    World& world_;
    DataSource& source_;
    std::mt19937_64 random_;
    Ids people_;
};

} // namespace

void generate_pages(World& world, DataSource& source, const Generation& wish) {
    Maker maker(world, source, wish.seed);
    const Uuid author = named_uuid("person", "Generator");
    if (!world.store.user(author)) {
        User user;
        user.id = author;
        user.name = "Generator";
        user.email = "generator@example.com";
        world.store.add(std::move(user));
    }
    Edit edit{world, author, true, true};
    const int64_t now = floor_to(world.clock.now(), minute_ms);
    const int64_t group = wish.same_minute > 0 ? wish.same_minute : 100;
    const int64_t minutes =
        wish.spread_minutes > 0 ? wish.spread_minutes : (wish.count + group - 1) / group;
    for (int64_t row = 0; row < wish.count; ++row) {
        const int64_t minute = wish.spread_minutes > 0 ? row * minutes / wish.count : row / group;
        Page page;
        page.id = maker.id();
        page.parent = {Parent::Kind::data_source, source.id};
        page.stamp = {now - (minutes - minute) * minute_ms, 0, author, author};
        page.stamp.edited_at = page.stamp.created_at;
        if (world.store.page(page.id))
            refuse("generate: these pages are there already; use another seed");
        create_page(edit, std::move(page), maker.values(row));
    }
}

} // namespace emulator
