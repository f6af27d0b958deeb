// Sync over the wall: JSON in, JSON out, and no input that crashes it. scope: none.
#include "bridge/sync.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/notion/json.hpp"
#include "core/sync/sample.hpp"
#include "net/signature.hpp"

namespace notion::bridge {
namespace {

namespace sample = sync::sample;

constexpr ZoneView utc{"UTC", 0, nullptr, nullptr, 0};

struct SyncBridge : testing::Test {
    Fault fault{};
    Link* link = link_open(sample::link_json(), utc, fault);
    Text* text = text_new(fault);

    ~SyncBridge() override {
        text_free(text);
        link_close(link);
    }
    json::Document answer() const {
        auto parsed = json::parse(text_view(text));
        EXPECT_TRUE(parsed.ok()) << text_view(text);
        return std::move(parsed.value());
    }
    std::string snapshot(const sample::Values& values) {
        EXPECT_TRUE(sync_snapshot(link, sample::page_json(values), text, fault)) << fault.message;
        return std::string(text_view(text));
    }
    std::string row(std::string_view fee) const {
        return R"({"id":"7","name":"Ada","fee":")" + std::string(fee) +
               R"(","stage":"Open","tags":"{a,b}","due":"2026-03-01 09:30:00+00","due_end":null,)"
               R"("done":"f","judged":"good","secret":"s","owner":"Eve","total":"10"})";
    }
    /// As to_jsonb prints one.
    std::string mapping(const std::string& base, std::string_view more = "") const {
        return R"({"link":1,"key":"7","page":")" + std::string(sample::page_id) +
               R"(","row_state":"present","page_state":"live","base":)" + base +
               R"(,"edited":"2026-03-01T10:00:00+00:00","fence":4,"flight":"none",)"
               R"("flight_kind":null,"flight_payload":null,"sent_marker":null,"held":{},)"
               R"("hops":0,"attempts":0)" +
               std::string(more) + "}";
    }
    std::string paired_base() {
        const std::string agreed = snapshot(sample::values());
        EXPECT_TRUE(sync_pair(link, row("5"), agreed, "", text, fault)) << fault.message;
        const json::Document told = answer();
        EXPECT_EQ(told["differs"].Size(), 0U);
        return json::write(told["base"]);
    }
};

TEST_F(SyncBridge, ALinkThatIsNoneIsAFault) {
    EXPECT_EQ(link_open("{}", utc, fault), nullptr);
    EXPECT_TRUE(fault.set);
    EXPECT_NE(std::string_view(fault.message), "");
}

TEST_F(SyncBridge, ARowsWayToNotionAndBack) {
    // A new row: create, answer, base.
    ASSERT_TRUE(sync_decide(link, "", row("5"), false, text, fault)) << fault.message;
    const std::string wish = json::write(answer()["wish"]);
    ASSERT_TRUE(sync_call(link, "", wish, "7", text, fault)) << fault.message;
    EXPECT_EQ(json::text(answer(), "method"), "POST");
    EXPECT_EQ(json::text(answer(), "marker"), "7");
    const std::string in_flight = R"({"key":"7","page":null,"flight":"sending","base":{}})";
    ASSERT_TRUE(
        sync_record(link, in_flight, wish, sample::page_json(sample::values()), text, fault))
        << fault.message;
    const json::Document recorded = answer();
    EXPECT_EQ(json::text(recorded, "page"), sample::page_id);
    const std::string base = json::write(recorded["base"]);

    // The answer's ID and formula are the row's first: merged, after which nothing is left.
    EXPECT_TRUE(recorded["news"].GetBool());
    const std::string shown = json::write(recorded["snapshot"]);
    ASSERT_TRUE(sync_merge(link, mapping(base), row("5"), shown, "{}", text, fault));
    EXPECT_EQ(json::text(answer(), "action"), "none");
    const std::string merged = json::write(answer()["base"]);
    ASSERT_TRUE(sync_decide(link, mapping(merged), row("5"), false, text, fault));
    EXPECT_TRUE(answer()["wish"].IsNull());

    // An edit here is one PATCH.
    ASSERT_TRUE(sync_decide(link, mapping(merged), row("6"), false, text, fault));
    const std::string patch = json::write(answer()["wish"]);
    EXPECT_EQ(patch, R"({"action":"patch","fields":{"fee":"6"}})");
    ASSERT_TRUE(sync_call(link, mapping(merged), patch, "7", text, fault));
    EXPECT_EQ(json::text(answer(), "method"), "PATCH");
    EXPECT_TRUE(answer()["marker"].IsNull());
}

TEST_F(SyncBridge, APagesWayIntoARowAndBack) {
    sample::Values values = sample::values();
    values["mark"] = "[]";
    ASSERT_TRUE(sync_merge(link, "", "", snapshot(values), "", text, fault)) << fault.message;
    const std::string merged(text_view(text));
    EXPECT_EQ(json::text(answer(), "action"), "insert");
    EXPECT_FALSE(answer()["write"].HasMember("id"));
    ASSERT_TRUE(sync_rebase(link, "", merged, row("5"), text, fault)) << fault.message;
    EXPECT_TRUE(answer()["dirty"].GetBool());
    ASSERT_TRUE(
        sync_decide(link, mapping(json::write(answer()["base"])), row("5"), false, text, fault));
    const json::Document decided = answer();
    const json::Value& fields = decided["wish"]["fields"];
    EXPECT_EQ(json::text(fields, "mark"), "7");
    EXPECT_EQ(fields.MemberCount(), 1U);
}

TEST_F(SyncBridge, AdmissionReadsWhatTheTablesHold) {
    const std::string base = paired_base();
    Admission admission{};
    const std::string same = snapshot(sample::values());
    ASSERT_TRUE(sync_admit(link, mapping(base), same, "poll", 5, 0, 0, admission, fault));
    EXPECT_EQ(admission, Admission::nothing_new);
    sample::Values values = sample::values();
    values["fee"] = "6";
    const std::string news = snapshot(values);
    ASSERT_TRUE(sync_admit(link, mapping(base), news, "poll", 5, 0, 0, admission, fault));
    EXPECT_EQ(admission, Admission::read_page);
    ASSERT_TRUE(sync_admit(link, mapping(base), news, "get", 5, 0, 0, admission, fault));
    EXPECT_EQ(admission, Admission::admitted);
    ASSERT_TRUE(sync_admit(link, mapping(base), news, "get", 4, 0, 0, admission, fault));
    EXPECT_EQ(admission, Admission::thrown_away);
    ASSERT_TRUE(sync_admit(link, "", news, "scan", 1, 0, 0, admission, fault));
    EXPECT_EQ(admission, Admission::admitted);
}

TEST_F(SyncBridge, ASnapshotAsTheTableKeepsItHasNoSource) {
    sample::Values values = sample::values();
    values["fee"] = "6";
    json::Document kept = std::move(json::parse(snapshot(values)).value());
    kept.RemoveMember("data_source");
    ASSERT_TRUE(
        sync_merge(link, mapping(paired_base()), row("5"), json::write(kept), "", text, fault));
    EXPECT_EQ(json::text(answer(), "page_state"), "live");
    EXPECT_EQ(json::text(answer(), "action"), "update");
}

TEST_F(SyncBridge, AValueOfASnapshotAsTheColumnPrintsIt) {
    const std::string shown = snapshot(sample::values());
    ASSERT_TRUE(sync_value(link, shown, "name", text, fault));
    EXPECT_EQ(text_view(text), "Ada");
    ASSERT_TRUE(sync_value(link, shown, "due_end", text, fault));
    EXPECT_EQ(text_view(text), "");
}

TEST_F(SyncBridge, UnknownCreatesAreSettled) {
    const std::string flight =
        R"({"key":"7","flight":"unknown","flight_kind":"create","flight_payload":)"
        R"({"action":"create","fields":{}},"sent_marker":"7","attempts":1,)"
        R"("sent_at":"2026-03-01T09:00:10.123456+00:00",)"
        R"("settle_until":"2026-03-01T09:02:40.123456+00:00"})";
    Settlement settlement{};
    const std::string found = "[" + snapshot(sample::values()) + "]";
    ASSERT_TRUE(sync_settle(link, flight, found, sample::bot, 0, 0, settlement, text, fault));
    EXPECT_EQ(settlement, Settlement::adopt);
    EXPECT_EQ(json::text(answer(), "page"), sample::page_id);
    constexpr int64_t until_ms = 1772355760123; // 2026-03-01T09:02:40.123Z
    ASSERT_TRUE(sync_settle(link, flight, "[]", sample::bot, until_ms, 0, settlement, text, fault));
    EXPECT_EQ(settlement, Settlement::wait);
    ASSERT_TRUE(
        sync_settle(link, flight, "[]", sample::bot, until_ms + 1000, 0, settlement, text, fault));
    EXPECT_EQ(settlement, Settlement::not_sent);
}

TEST_F(SyncBridge, QueriesAreCalls) {
    ASSERT_TRUE(sync_poll(link, false, "2026-03-01T10:00:00.000Z", "", text, fault));
    EXPECT_EQ(json::text(answer(), "method"), "POST");
    EXPECT_TRUE(json::text(answer(), "path").starts_with("/v1/data_sources/"));
    ASSERT_TRUE(sync_lookup(link, R"(["7"])", text, fault));
    EXPECT_FALSE(sync_lookup(link, "[]", text, fault));
}

TEST(WebhookBridge, EventsAreReadAndSignaturesChecked) {
    Fault fault{};
    Text* text = text_new(fault);
    const std::string body = R"({"verification_token":"secret_x"})";
    ASSERT_TRUE(webhook_event(body, text, fault));
    EXPECT_EQ(text_view(text), R"({"kind":"handshake","token":"secret_x"})");
    const std::string signature = net::sign("secret_x", body);
    EXPECT_TRUE(webhook_signed(body, signature, "secret_x"));
    EXPECT_FALSE(webhook_signed(body + " ", signature, "secret_x"));
    EXPECT_FALSE(webhook_signed(body, signature, "secret_y"));
    EXPECT_FALSE(webhook_signed(body, "", "secret_x"));
    EXPECT_FALSE(webhook_event("x", text, fault));
    EXPECT_EQ(fault.kind, ErrorKind::malformed);
    text_free(text);
}

TEST(WebhookBridge, TheDocumentedVectorHolds) {
    const std::string token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    EXPECT_TRUE(webhook_signed(
        R"({"verification_token":")" + token + R"("})",
        "sha256=461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735", token));
}

/// Valid JSON that is bent: members dropped, swapped, of other types, cut in the middle.
class Bender {
  public:
    explicit Bender(unsigned seed) : random_(seed) {}

    std::string bend(std::string text) {
        switch (pick(6)) {
        case 0:
            return text.substr(0, pick(text.size() + 1));
        case 1:
            return text;
        default:
            break;
        }
        auto parsed = json::parse(text);
        if (!parsed.ok())
            return text;
        const int bends = 1 + static_cast<int>(pick(4));
        for (int i = 0; i < bends; ++i)
            bend(*parsed, *parsed, 0);
        return json::write(*parsed);
    }

    size_t pick(size_t below) { return below == 0 ? 0 : random_() % below; }

  private:
    std::mt19937 random_;

    void bend(json::Value& value, json::Document& document, int depth) {
        if (value.IsObject() && value.MemberCount() > 0 && pick(8) != 0) {
            auto member = value.MemberBegin() + static_cast<long>(pick(value.MemberCount()));
            if (pick(6) == 0)
                value.RemoveMember(member);
            else
                bend(member->value, document, depth + 1);
        } else if (value.IsArray() && value.Size() > 0 && pick(8) != 0) {
            bend(value[static_cast<unsigned>(pick(value.Size()))], document, depth + 1);
        } else {
            replace(value, document);
        }
    }

    void replace(json::Value& value, json::Document& document) {
        static const std::vector<std::string> others = {"null",
                                                        "true",
                                                        "0",
                                                        "-9223372036854775808",
                                                        "1e308",
                                                        "18446744073709551615",
                                                        "\"\"",
                                                        "\"x\"",
                                                        "\"infinity\"",
                                                        "\"2026-99-01\"",
                                                        "\"9999-12-31T23:59:59.999999+00:00\"",
                                                        "\"{a,\\\"b\"",
                                                        "\"\\u0000\"",
                                                        "[]",
                                                        "{}",
                                                        "[[[[]]]]",
                                                        "{\"p\":1,\"n\":2}",
                                                        "\"unknown\"",
                                                        "\"create\"",
                                                        "{\"*\":\"x\"}",
                                                        "\"conflict: both sides changed\""};
        const auto other = json::parse(others[pick(others.size())]);
        value.CopyFrom(*other, document.GetAllocator());
    }
};

TEST_F(SyncBridge, NoInputCrashesIt) {
    const std::string base = paired_base();
    sample::Values changed = sample::values();
    changed["fee"] = "9";
    changed["tags"] = sample::options("b,c");
    const std::string mappings[] = {
        "", mapping(base), mapping(base, R"(,"seen_at":"2026-03-01T10:00:00+00:00")"),
        mapping("{}", R"(,"flight":"unknown","flight_kind":"patch","settle_until":1,)"
                      R"("flight_payload":{"action":"patch","fields":{"fee":"9"}})")};
    const std::string rows[] = {"", row("5"), row("8")};
    const std::string snapshots[] = {snapshot(sample::values()), snapshot(changed)};
    const std::string wishes[] = {R"({"action":"create","fields":{"fee":"9","title":"x"}})",
                                  R"({"action":"patch","fields":{"due":"x","due#end":null}})",
                                  R"({"action":"trash","fields":{}})"};
    const std::string times =
        R"({"row_changed_at":"2026-03-01T10:00:00+00:00","hops":1,"events":{"fee":5}})";
    const std::string page = sample::page_json(changed);
    const std::string event = R"({"id":"e","type":"page.created","entity":{"id":"p"},"data":{}})";
    Bender bender(20260301);
    const auto bent = [&](const auto& of) { return bender.bend(of[bender.pick(std::size(of))]); };
    Text* scratch = text_new(fault);
    int answered = 0;
    for (int round = 0; round < 400; ++round) {
        const std::string m = bent(mappings);
        const std::string r = bent(rows);
        const std::string s = bent(snapshots);
        const std::string w = bent(wishes);
        const std::string p = bender.bend(page);
        Admission admission{};
        Settlement settlement{};
        answered += sync_decide(link, m, r, round % 2, scratch, fault);
        answered += sync_snapshot(link, p, scratch, fault);
        answered += sync_snapshots(link, p, scratch, fault);
        answered += sync_admit(link, m, s, "poll", 9, INT64_MAX, 5, admission, fault);
        answered += sync_merge(link, m, r, s, bender.bend(times), scratch, fault);
        answered += sync_rebase(link, m, std::string(text_view(scratch)), r, scratch, fault);
        answered += sync_pair(link, r, s, round % 3 ? "notion" : "", scratch, fault);
        answered += sync_call(link, m, w, "7", scratch, fault);
        answered += sync_record(link, m, w, p, scratch, fault);
        answered += sync_settle(link, m, s, sample::bot, INT64_MIN, 0, settlement, scratch, fault);
        answered += sync_complete(link, s, "tags", p, scratch, fault);
        answered += sync_lookup(link, s, scratch, fault);
        answered += webhook_event(bender.bend(event), scratch, fault);
        (void)write_outcome(round % 2, true, 200 + static_cast<int>(round % 400), p);
        Link* other = link_open(bender.bend(sample::link_json()), utc, fault);
        link_close(other);
    }
    text_free(scratch);
    EXPECT_GT(answered, 400); // the bending leaves enough that works
}

} // namespace
} // namespace notion::bridge
