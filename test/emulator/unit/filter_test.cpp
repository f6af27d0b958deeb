// Filters: every family and condition, with the recorded semantics.
#include "lab.hpp"

namespace emulator {

namespace {

class Filters : public Lab {
  protected:
    Filters() {
        load(R"({"users":[{"name":"Ann","id":"aaaaaaaa-0000-4000-8000-000000000001"},
                          {"name":"Bob","id":"aaaaaaaa-0000-4000-8000-000000000002"}],
          "databases":[{"title":"All","properties":{
            "Name":"title","Text":"rich_text","Mail":"email","Link":"url","Phone":"phone_number",
            "N":"number","Done":"checkbox","Pick":{"select":["Red","Green"]},
            "State":{"status":["Open","Closed"]},"Tags":{"multi_select":["x","y"]},"Day":"date",
            "Who":"people","Files":"files","No":{"unique_id":"T"},"F":"formula",
            "Made":"created_time","By":"created_by"},
          "pages":[
            {"created_by":"Ann","created_time":"2026-06-10T08:00:00Z","properties":{
              "Name":"a","Text":"John Doe","Mail":"john.doe@x.org","Link":"https://a.org",
              "Phone":"+1 5","N":1,"Done":true,"Pick":"Red","State":"Open","Tags":["x","y"],
              "Day":"2026-06-17","Who":["Ann"],"Files":["https://a.org/f"],
              "F":{"formula":{"type":"number","number":3}}}},
            {"created_by":"Bob","created_time":"2026-06-11T08:00:00Z","properties":{
              "Name":"b","Text":"ÄRGER","N":2.5,"Pick":"Green","State":"Closed","Tags":["y"],
              "Day":"2026-06-10T18:01:00+01:00","Who":["Bob","Ann"],
              "F":{"formula":{"type":"string","string":"yes"}}}},
            {"created_by":"Bob","created_time":"2026-06-17T11:59:00Z","properties":{
              "Name":"c","State":"Open"}}]}]})");
    }
    std::string where(const std::string& property, const std::string& condition) {
        return found(R"({"property":")" + property + R"(",)" + condition + "}");
    }
};

TEST_F(Filters, TextIgnoresCaseAndNegationIncludesTheEmpty) {
    EXPECT_EQ(where("Text", R"("rich_text":{"contains":"doe"})"), "a");
    EXPECT_EQ(where("Text", R"("rich_text":{"starts_with":"john"})"), "a");
    EXPECT_EQ(where("Text", R"("rich_text":{"ends_with":"DOE"})"), "a");
    EXPECT_EQ(where("Text", R"("rich_text":{"contains":"ärg"})"), "b");
    EXPECT_EQ(where("Text", R"("rich_text":{"equals":"john doe"})"), "a");
    EXPECT_EQ(where("Text", R"("rich_text":{"does_not_equal":"John Doe"})"), "b,c");
    EXPECT_EQ(where("Text", R"("rich_text":{"does_not_contain":"doe"})"), "b,c");
    EXPECT_EQ(where("Text", R"("rich_text":{"is_empty":true})"), "c");
    EXPECT_EQ(where("Text", R"("rich_text":{"is_not_empty":true})"), "a,b");
}

TEST_F(Filters, EqualityOfTextIsASwitch) {
    world.semantics.text_equals_ignores_case = false;
    EXPECT_EQ(where("Text", R"("rich_text":{"equals":"john doe"})"), "");
    EXPECT_EQ(where("Text", R"("rich_text":{"equals":"John Doe"})"), "a");
}

TEST_F(Filters, RichTextKeyFitsEveryKindOfText) {
    EXPECT_EQ(where("Name", R"("rich_text":{"equals":"b"})"), "b");
    EXPECT_EQ(where("Mail", R"("rich_text":{"contains":"doe"})"), "a");
    EXPECT_EQ(where("Link", R"("rich_text":{"is_not_empty":true})"), "a");
    EXPECT_EQ(where("Phone", R"("rich_text":{"starts_with":"+1"})"), "a");
    EXPECT_EQ(where("Mail", R"("email":{"is_empty":true})"), "b,c");
}

TEST_F(Filters, NumbersLeaveTheEmptyOutButForNegation) {
    EXPECT_EQ(where("N", R"("number":{"equals":1})"), "a");
    EXPECT_EQ(where("N", R"("number":{"does_not_equal":1})"), "b,c");
    EXPECT_EQ(where("N", R"("number":{"greater_than":1})"), "b");
    EXPECT_EQ(where("N", R"("number":{"greater_than_or_equal_to":1})"), "a,b");
    EXPECT_EQ(where("N", R"("number":{"less_than":2.5})"), "a");
    EXPECT_EQ(where("N", R"("number":{"less_than_or_equal_to":2.5})"), "a,b");
    EXPECT_EQ(where("N", R"("number":{"is_empty":true})"), "c");
    EXPECT_EQ(where("No", R"("unique_id":{"greater_than":1})"), "b,c");
}

TEST_F(Filters, AnEmptyCheckboxIsFalse) {
    EXPECT_EQ(where("Done", R"("checkbox":{"equals":false})"), "b,c");
    EXPECT_EQ(where("Done", R"("checkbox":{"does_not_equal":false})"), "a");
}

TEST_F(Filters, OptionsTakeOneNameOrSeveral) {
    EXPECT_EQ(where("Pick", R"("select":{"equals":"red"})"), "a");
    EXPECT_EQ(where("Pick", R"("select":{"equals":["Red","Green"]})"), "a,b");
    EXPECT_EQ(where("Pick", R"("select":{"does_not_equal":"Red"})"), "b,c");
    EXPECT_EQ(where("Pick", R"("select":{"does_not_equal":["Red","Green"]})"), "c");
    EXPECT_EQ(where("Pick", R"("select":{"is_empty":true})"), "c");
    EXPECT_EQ(where("State", R"("status":{"equals":["Open"]})"), "a,c");
    EXPECT_EQ(where("Tags", R"("multi_select":{"contains":"x"})"), "a");
    EXPECT_EQ(where("Tags", R"("multi_select":{"contains":["x","y"]})"), "a,b");
    EXPECT_EQ(where("Tags", R"("multi_select":{"does_not_contain":"x"})"), "b,c");
    EXPECT_EQ(where("Tags", R"("multi_select":{"is_not_empty":true})"), "a,b");
}

TEST_F(Filters, DatesCompareByMinuteOrByDay) {
    EXPECT_EQ(where("Day", R"("date":{"equals":"2026-06-10"})"), "b");
    EXPECT_EQ(where("Day", R"("date":{"equals":"2026-06-10T17:01:59Z"})"), "b");
    EXPECT_EQ(where("Day", R"("date":{"before":"2026-06-10T17:01:30Z"})"), "");
    EXPECT_EQ(where("Day", R"("date":{"after":"2026-06-10T17:01:30Z"})"), "a");
    EXPECT_EQ(where("Day", R"("date":{"on_or_before":"2026-06-10T17:01:30Z"})"), "b");
    EXPECT_EQ(where("Day", R"("date":{"on_or_after":"2026-06-10T17:01:30Z"})"), "a,b");
    EXPECT_EQ(where("Day", R"("date":{"before":"2026-06-17"})"), "b");
    EXPECT_EQ(where("Day", R"("date":{"on_or_before":"2026-06-17"})"), "a,b");
    EXPECT_EQ(where("Day", R"("date":{"is_empty":true})"), "c");
}

TEST_F(Filters, DateWordsAndWindowsTurnAroundNow) {
    EXPECT_EQ(where("Day", R"("date":{"equals":"today"})"), "a");
    EXPECT_EQ(where("Day", R"("date":{"equals":"one_week_ago"})"), "b");
    EXPECT_EQ(where("Day", R"("date":{"before":"tomorrow"})"), "a,b");
    EXPECT_EQ(where("Day", R"("date":{"past_week":{}})"), "a,b");
    EXPECT_EQ(where("Day", R"("date":{"next_week":{}})"), "a");
    EXPECT_EQ(where("Day", R"("date":{"this_week":{}})"), "a");
    EXPECT_EQ(where("Day", R"("date":{"past_month":{}})"), "a,b");
    freeze("2026-07-10T12:00:00Z");
    EXPECT_EQ(where("Day", R"("date":{"past_month":{}})"), "a,b");
    freeze("2026-07-11T00:00:00Z");
    EXPECT_EQ(where("Day", R"("date":{"past_month":{}})"), "a");
    EXPECT_EQ(where("Day", R"("date":{"past_year":{}})"), "a,b");
}

TEST_F(Filters, TheFirstDayOfTheWeekIsASwitch) {
    freeze("2026-06-14T12:00:00Z"); // a Sunday
    EXPECT_EQ(where("Day", R"("date":{"this_week":{}})"), "b");
    world.semantics.week_starts_sunday = true;
    EXPECT_EQ(where("Day", R"("date":{"this_week":{}})"), "a");
}

TEST_F(Filters, PeopleByIdAndMe) {
    EXPECT_EQ(where("Who", R"("people":{"contains":"aaaaaaaa-0000-4000-8000-000000000002"})"), "b");
    EXPECT_EQ(where("Who", R"("people":{"does_not_contain":"aaaaaaaa00004000800000000000002"})")
                  .substr(0, 8),
              "(no list");
    EXPECT_EQ(
        where("Who", R"("people":{"does_not_contain":"aaaaaaaa-0000-4000-8000-000000000001"})"),
        "c");
    EXPECT_EQ(where("By", R"("created_by":{"contains":"aaaaaaaa-0000-4000-8000-000000000001"})"),
              "a");
    const Answer mine =
        ask("POST", "/v1/data_sources/" + source("All") + "/query",
            R"({"filter":{"property":"Who","people":{"contains":"me"}}})", "ntn_person_Bob");
    EXPECT_EQ(mine.titles(), "b");
}

TEST_F(Filters, FilesFormulasAndTimes) {
    EXPECT_EQ(where("Files", R"("files":{"is_not_empty":true})"), "a");
    EXPECT_EQ(where("F", R"("formula":{"number":{"greater_than":2}})"), "a");
    EXPECT_EQ(where("F", R"("formula":{"string":{"equals":"yes"}})"), "b");
    EXPECT_EQ(where("Made", R"("created_time":{"on_or_after":"2026-06-11"})"), "b,c");
    EXPECT_EQ(found(R"({"timestamp":"created_time","created_time":{"past_week":{}}})"), "a,b,c");
    EXPECT_EQ(found(R"({"timestamp":"created_time","created_time":{"is_empty":true}})"), "");
    EXPECT_EQ(found(R"({"timestamp":"last_edited_time",
                        "last_edited_time":{"on_or_after":"2026-06-17T11:59:59Z"}})"),
              "c");
}

TEST_F(Filters, GroupsNestTwice) {
    EXPECT_EQ(found(R"({"or":[{"property":"N","number":{"equals":1}},
                              {"and":[{"property":"Pick","select":{"is_empty":true}},
                                      {"property":"Done","checkbox":{"equals":false}}]}]})"),
              "a,c");
    const Answer deep = query("All", R"({"filter":{"and":[{"or":[{"and":[]}]}]}})");
    EXPECT_EQ(deep.status, 400);
    EXPECT_NE(deep.message().find("body.filter.and[0].or[0].and should be not present"),
              std::string::npos)
        << deep.message();
    std::string many;
    for (int i = 0; i < 101; ++i)
        many += std::string(i ? "," : "") + R"({"property":"N","number":{"equals":1}})";
    EXPECT_EQ(
        query("All", R"({"filter":{"or":[)" + many + "]}}").message(),
        "body failed validation: body.filter.or.length should be ≤ `100`, instead was `101`.");
}

TEST_F(Filters, MistakesAreRefused) {
    EXPECT_EQ(query("All", R"({"filter":{"property":"Nix","number":{"equals":1}}})").message(),
              "Could not find property with name or id: Nix");
    EXPECT_EQ(query("All", R"({"filter":{"property":"Text","number":{"equals":1}}})").message(),
              "database property rich_text does not match filter number");
    EXPECT_EQ(query("All", R"({"filter":{"property":"N","number":{"equals":"1"}}})").message(),
              "body failed validation: body.filter.number.equals should be a number, instead was "
              "`\"1\"`.");
    EXPECT_EQ(query("All", R"({"filter":{"property":"N"}})").status, 400);
    EXPECT_EQ(query("All", R"({"filter":{"property":"N","number":{"is_empty":false}}})").status,
              400);
    EXPECT_EQ(query("All", R"({"filter":{"property":"N","timestamp":"created_time",
                               "created_time":{"past_week":{}}}})")
                  .status,
              400);
    EXPECT_EQ(query("All", R"({"filter":{"property":"Day","date":{"equals":"soon"}}})").status,
              400);
}

class RollupFilters : public Lab {
  protected:
    RollupFilters() {
        load(R"({"databases":[
          {"title":"Owners","properties":{"Name":"title","Pets":{"relation":"Animals"},
            "Ages":{"rollup":{"relation":"Pets","property":"Age","function":"show_original"}},
            "Sum":{"rollup":{"relation":"Pets","property":"Age","function":"sum"}},
            "Born":{"rollup":{"relation":"Pets","property":"Birth","function":"latest_date"}}},
           "pages":[{"properties":{"Name":"one","Pets":["cat","dog"]}},
                    {"properties":{"Name":"two","Pets":["dog"]}},
                    {"properties":{"Name":"zero"}}]},
          {"title":"Animals","properties":{"Name":"title","Age":"number","Birth":"date"},
           "pages":[{"properties":{"Name":"cat","Age":3,"Birth":"2023-05-05"}},
                    {"properties":{"Name":"dog","Age":7,"Birth":"2019-01-01"}}]}]})");
    }
    std::string where(const std::string& condition) {
        return query("Owners", R"({"filter":{"property":)" + condition +
                                   R"(},"sorts":[{"property":"Name","direction":"ascending"}]})")
            .titles();
    }
};

TEST_F(RollupFilters, AnyEveryNone) {
    EXPECT_EQ(where(R"("Ages","rollup":{"any":{"number":{"less_than":5}}})"), "one");
    EXPECT_EQ(where(R"("Ages","rollup":{"every":{"number":{"greater_than":5}}})"), "two");
    EXPECT_EQ(where(R"("Ages","rollup":{"none":{"number":{"less_than":5}}})"), "two,zero");
}

TEST_F(RollupFilters, NumbersDatesAndRelations) {
    EXPECT_EQ(where(R"("Sum","rollup":{"number":{"greater_than":7}})"), "one");
    EXPECT_EQ(where(R"("Born","rollup":{"date":{"after":"2020-01-01"}})"), "one");
    EXPECT_EQ(where(R"("Pets","relation":{"is_empty":true})"), "zero");
    const std::string cat = std::string(view(
        query("Animals",
              R"({"filter":{"property":"Name","title":{"equals":"cat"}}})")["results"][0]["id"]));
    EXPECT_EQ(where(R"("Pets","relation":{"contains":")" + cat + R"("})"), "one");
    EXPECT_EQ(where(R"("Pets","relation":{"does_not_contain":")" + cat + R"("})"), "two,zero");
}

} // namespace

} // namespace emulator
