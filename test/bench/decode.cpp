// Decode: 20,000 pages of ten properties, as 200 answers, from bytes to values of columns.
// scope: none.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "core/notion/answer.hpp"
#include "core/notion/codec.hpp"

namespace notion {
namespace {

constexpr int pages_an_answer = 100;
constexpr int answers = 200;

std::string page(int number) {
    const std::string n = std::to_string(number);
    const auto run = [&](const char* text) {
        return std::string(R"([{"type":"text","text":{"content":")") + text + n +
               R"(","link":null},"annotations":{"bold":false,"italic":false,"strikethrough":false,)"
               R"("underline":false,"code":false,"color":"default"},"plain_text":")" +
               text + n + R"(","href":null}])";
    };
    const std::string time = R"("2026-03-01T09:30:00.000Z")";
    return R"({"object":"page","id":"0f0e0d0c-0b0a-4908-8706-050403020100","created_time":)" +
           time + R"(,"last_edited_time":)" + time +
           R"(,"parent":{"type":"data_source_id","data_source_id":"d"},"in_trash":false,)"
           R"("properties":{"Name":{"id":"title","type":"title","title":)" +
           run("Page ") + R"(},"Note":{"id":"note","type":"rich_text","rich_text":)" +
           run("Some longer text with an ü ") + R"(},"Fee":{"id":"fee","type":"number","number":)" +
           n +
           R"(.25},"Done":{"id":"done","type":"checkbox","checkbox":true},)"
           R"("State":{"id":"st","type":"status","status":{"id":"1","name":"Open","color":"red"}},)"
           R"("Tags":{"id":"tags","type":"multi_select","multi_select":[{"id":"1","name":"a"},)"
           R"({"id":"2","name":"b"}]},"Due":{"id":"due","type":"date","date":)"
           R"({"start":"2026-03-01","end":null,"time_zone":null}},)"
           R"("Mail":{"id":"mail","type":"email","email":"somebody@example.com"},)"
           R"("Refs":{"id":"refs","type":"relation","relation":)"
           R"([{"id":"0f0e0d0c-0b0a-4908-8706-050403020100"}],"has_more":false},)"
           R"("Made":{"id":"made","type":"created_time","created_time":)" +
           time + "}}}";
}

std::string answer() {
    std::string text = R"({"object":"list","has_more":false,"next_cursor":null,"results":[)";
    for (int i = 0; i < pages_an_answer; ++i)
        text += (i > 0 ? "," : "") + page(i);
    return text + "]}";
}

struct Column {
    const char* id;
    Codec codec;
};

void twenty_thousand_pages(benchmark::State& state) {
    using enum PropertyType;
    const std::vector<Column> columns{
        {"title", {.property = title, .column = ColumnType::text}},
        {"note", {.property = rich_text, .column = ColumnType::text}},
        {"fee", {.property = PropertyType::number, .column = ColumnType::float8}},
        {"done", {.property = checkbox, .column = ColumnType::boolean}},
        {"st", {.property = status, .column = ColumnType::text}},
        {"tags", {.property = multi_select, .column = ColumnType::text_array}},
        {"due", {.property = PropertyType::date, .column = ColumnType::timestamptz}},
        {"mail", {.property = email, .column = ColumnType::text}},
        {"refs", {.property = relation, .column = ColumnType::uuid_array}},
        {"made", {.property = created_time, .column = ColumnType::timestamptz}},
    };
    const std::string text = answer();
    int64_t values = 0;
    for (auto _ : state)
        for (int i = 0; i < answers; ++i) {
            std::string body = text;
            auto document = json::parse_in_place(body);
            auto list = list_head(*document);
            for (const json::Value& object : list->results->GetArray()) {
                auto head = page_head(object);
                for (const Column& column : columns)
                    values += decode(*property_by_id(*head, column.id), column.codec).ok() ? 1 : 0;
            }
        }
    if (values != state.iterations() * answers * pages_an_answer * 10)
        state.SkipWithError("a value did not decode");
    state.SetBytesProcessed(state.iterations() * answers * static_cast<int64_t>(text.size()));
}
BENCHMARK(twenty_thousand_pages)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace notion

BENCHMARK_MAIN();
