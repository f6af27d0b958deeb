// JSON in and out: RapidJSON for parsing, a thin writer that appends to a string.
// Numbers are written as JavaScript writes them (2, not 2.0), since Notion is JavaScript.
// Refuses invalid UTF-8 and nesting that would exhaust the stack (parsing is iterative).
// scope: call.
#pragma once

#include <cstdint>
#include <optional>
#include <rapidjson/document.h>
#include <rapidjson/writer.h>
#include <string>
#include <string_view>

namespace emulator {

using Json = rapidjson::Value;
using Document = rapidjson::Document;

/// Parses a whole text; nothing if it is not JSON.
bool parse(std::string_view text, Document& into);

/// The member of an object, or null where there is none (or `value` is no object).
const Json* member(const Json& value, std::string_view name);
std::string_view view(const Json& text);
std::optional<std::string_view> text_member(const Json& value, std::string_view name);
bool flag_member(const Json& value, std::string_view name, bool otherwise);
int64_t integer_member(const Json& value, std::string_view name, int64_t otherwise);

std::string to_text(const Json& value);
std::string number_text(double number);
/// `text` as a JSON string literal, quotes included.
std::string quoted(std::string_view text);

/// Appends JSON to a string. Keys and values alternate as in rapidjson::Writer.
class Out {
  public:
    explicit Out(std::string& text) : sink_{&text}, writer_(sink_) {}
    Out(const Out&) = delete;
    Out& operator=(const Out&) = delete;

    Out& open();
    Out& close();
    Out& open_array();
    Out& close_array();
    Out& key(std::string_view name);
    Out& text(std::string_view value);
    Out& number(double value);
    Out& integer(int64_t value);
    Out& boolean(bool value);
    Out& null();
    /// `json` must be one complete JSON value.
    Out& raw(std::string_view json);
    Out& text_or_null(const std::optional<std::string>& value);
    Out& json(const Json& value);

  private:
    struct Sink {
        using Ch = char;
        std::string* into;
        void Put(char byte) { into->push_back(byte); }
        void Flush() {}
    };
    /// Appends a whole value at once; RapidJSON's own RawValue goes byte by byte.
    struct Writer : rapidjson::Writer<Sink> {
        using rapidjson::Writer<Sink>::Writer;
        void append(std::string_view json) {
            Prefix(rapidjson::kObjectType);
            os_->into->append(json);
        }
    };
    Sink sink_;
    Writer writer_;
};

} // namespace emulator
