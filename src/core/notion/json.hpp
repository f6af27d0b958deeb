// RapidJSON, as the rest of the code sees it: the only file that includes it.
// Its default assertion aborts the process, which in a server ends every session: ours throws.
// Parsing is recursive, and ends at depth_max: hostile nesting cannot exhaust the stack.
// scope: none.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace notion::json {
/// A bug in our use of a JSON value; the bridge turns it into an internal error.
struct Misuse : std::logic_error {
    using std::logic_error::logic_error;
};
} // namespace notion::json

#define RAPIDJSON_ASSERT(x)                                                                        \
    do {                                                                                           \
        if (!(x))                                                                                  \
            throw notion::json::Misuse(#x);                                                        \
    } while (false)
#define RAPIDJSON_ASSERT_THROWS 1
#define RAPIDJSON_NOEXCEPT_ASSERT(x) static_cast<void>(0)
#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "core/result.hpp"

namespace notion::json {

using Value = rapidjson::Value;
using Document = rapidjson::Document;
using Buffer = rapidjson::StringBuffer;
using Writer = rapidjson::Writer<Buffer>;

/// Deeper than any block tree or formula that Notion returns, shallow enough to walk recursively.
inline constexpr int depth_max = 64;

/// Parses a whole document. Errors: malformed (with the offset), never a crash on any input.
/// U+0000 and lone surrogates in strings become U+FFFD: PostgreSQL holds neither (postgres.md 44).
Result<Document> parse(std::string_view text);
/// Memory for one document after another, kept from one to the next: fresh memory costs the kernel
/// as much time as the parser.
class Arena {
  public:
    /// What was made in it before is gone.
    Document::AllocatorType& renew();

  private:
    std::unique_ptr<char[]> kept_;
    size_t kept_bytes_ = 0;
    std::optional<Document::AllocatorType> pool_;
};

/// As parse, but decodes strings in place: `text` must outlive the document and is overwritten.
/// It grows by a word, for which there should be capacity. `arena` must outlive the document too.
Result<Document> parse_in_place(std::string& text, Arena& arena);
Result<Document> parse_in_place(std::string& text);

/// The member `name`, or nullptr where `value` is no object or has no such member.
const Value* find(const Value& value, std::string_view name);
/// The string member `name`, or "" where absent, null or of another type. View into `value`.
std::string_view text(const Value& value, std::string_view name);
bool truth(const Value& value, std::string_view name);
/// The strings in the list `name`; none where it is absent or no list.
std::vector<std::string> texts(const Value& value, std::string_view name);
inline std::string_view view(const Value& value) {
    return {value.GetString(), value.GetStringLength()};
}
/// Serialised without white space, members in their order.
std::string write(const Value& value);
/// The text as a JSON string literal, quotes included.
std::string quote(std::string_view text);
/// The shortest text that reads as this number. requires: finite.
std::string number(double value);
std::string number(const Value& value);
/// The one text of all values that jsonb holds equal: members in jsonb's order, the first of equal
/// names, shortest numbers. Recursive: only for what parse() made, which limits depth.
std::string canonical(const Value& value);

} // namespace notion::json
