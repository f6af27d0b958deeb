// JSON: see the header. Lone surrogates and U+0000, which PostgreSQL's text and jsonb refuse,
// become U+FFFD before parsing: `\ufffd` is as long as what it replaces, so no offset moves.
// scope: none.
#include "core/notion/json.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/notion/number.hpp"
#include "core/notion/utf8.hpp"

namespace notion::json {

/// A text that is decoded where it stands: RapidJSON's stream of this kind, but for skip_plain.
/// requires: a word of NUL after the text.
class InPlace {
  public:
    using Ch = char;
    explicit InPlace(char* text) : from_(text), to_(text), begin_(text) {}

    char Peek() const { return *from_; }
    char Take() { return *from_++; }
    size_t Tell() const { return static_cast<size_t>(from_ - begin_); }
    void Put(char c) { *to_++ = c; }
    char* PutBegin() { return to_ = from_; }
    size_t PutEnd(char* begin) const { return static_cast<size_t>(to_ - begin); }
    void Flush() {}

    [[gnu::always_inline]] void skip_blanks() { // there are none in what Notion says
        while (*from_ == ' ' || *from_ == '\n' || *from_ == '\r' || *from_ == '\t')
            ++from_;
    }
    /// Passes over what stands for itself in a string: to the next quote, backslash or control
    /// character. By words, since half the time of a scan went into doing it by bytes.
    void skip_plain() {
        constexpr uint64_t each = 0x0101010101010101U;
        const auto has_zero = [](uint64_t word) { return (word - each) & ~word & each * 0x80; };
        while (true) {
            const uint64_t word = little_endian(from_);
            // Bits above the lowest that is set may be wrong: that one alone is looked at.
            const uint64_t found = has_zero(word ^ each * '"') | has_zero(word ^ each * '\\') |
                                   ((word - each * 0x20) & ~word & each * 0x80);
            const size_t length =
                found == 0 ? sizeof word : static_cast<size_t>(std::countr_zero(found)) / 8;
            if (to_ != from_)
                std::memmove(to_, from_, length);
            from_ += length;
            to_ += length;
            if (found != 0)
                return;
        }
    }

  private:
    static uint64_t little_endian(const char* from) {
        uint64_t word = 0;
        std::memcpy(&word, from, sizeof word);
        return std::endian::native == std::endian::big ? __builtin_bswap64(word) : word;
    }

    char* from_;
    char* to_;
    char* begin_;
};

} // namespace notion::json

namespace rapidjson {
template <>
struct StreamTraits<notion::json::InPlace> {
    enum { copyOptimization = 1 };
};
template <>
[[gnu::always_inline]] inline void SkipWhitespace(notion::json::InPlace& from) {
    from.skip_blanks();
}
/// Where RapidJSON has a place for what it calls SIMD.
template <>
template <>
inline void Reader::ScanCopyUnescapedString(notion::json::InPlace& from, notion::json::InPlace&) {
    from.skip_plain();
}
} // namespace rapidjson

namespace notion::json {
namespace {

/// The four hex digits at `at`, or -1.
int hex4(std::string_view text, size_t at) {
    if (at + 4 > text.size())
        return -1;
    int value = 0;
    const char* end = text.data() + at + 4;
    const auto [last, error] = std::from_chars(text.data() + at, end, value, 16);
    return error == std::errc() && last == end && value >= 0 && text[at] != '-' ? value : -1;
}

bool is_high(int unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(int unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// Calls `replace(offset)` for the hex digits of each escape that PostgreSQL cannot hold.
template <class Replace>
void each_unstorable(std::string_view text, Replace&& replace) {
    size_t at = 0;
    while ((at = text.find('\\', at)) != std::string_view::npos) {
        if (at + 1 >= text.size() || text[at + 1] != 'u') {
            at += 2;
            continue;
        }
        const int unit = hex4(text, at + 2);
        const bool pair = is_high(unit) && text.substr(std::min(at + 6, text.size()), 2) == "\\u" &&
                          is_low(hex4(text, at + 8));
        if (unit == 0 || (!pair && (is_high(unit) || is_low(unit))))
            replace(at + 2);
        at += pair ? 12 : 6;
    }
}

void repair(std::string& text) {
    each_unstorable(text, [&](size_t at) { std::memcpy(text.data() + at, "fffd", 4); });
}

bool needs_repair(std::string_view text) {
    bool found = false;
    each_unstorable(text, [&](size_t) { found = true; });
    return found;
}

/// Hands events on to the document, refuses to go deeper than depth_max, and reads numbers itself:
/// RapidJSON 1.1.0 takes the leading zeros of zero, which is undefined, of "0e71" (diyfp.h).
class Shallow {
  public:
    using Ch = char;
    explicit Shallow(Document& to) : to_(to) {}

    bool Null() { return to_.Null(); }
    bool Bool(bool b) { return to_.Bool(b); }
    bool Int(int i) { return to_.Int(i); }
    bool Uint(unsigned u) { return to_.Uint(u); }
    bool Int64(int64_t i) { return to_.Int64(i); }
    bool Uint64(uint64_t u) { return to_.Uint64(u); }
    bool Double(double d) { return to_.Double(d); }
    bool RawNumber(const char* s, unsigned n, bool) {
        const std::string_view text(s, n);
        if (text.find_first_of(".eE") == std::string_view::npos) {
            int64_t number = 0;
            if (std::from_chars(s, s + n, number).ec == std::errc())
                return to_.Int64(number);
            uint64_t large = 0;
            if (text.front() != '-' && std::from_chars(s, s + n, large).ec == std::errc())
                return to_.Uint64(large);
        }
        const auto number = double_of(text);
        return number && std::isfinite(*number) && to_.Double(*number);
    }
    bool String(const char* s, unsigned n, bool copy) { return to_.String(s, n, copy); }
    bool Key(const char* s, unsigned n, bool copy) { return to_.Key(s, n, copy); }
    bool StartObject() { return deeper() && to_.StartObject(); }
    bool EndObject(unsigned n) { return --depth_, to_.EndObject(n); }
    bool StartArray() { return deeper() && to_.StartArray(); }
    bool EndArray(unsigned n) { return --depth_, to_.EndArray(n); }

  private:
    bool deeper() { return ++depth_ <= depth_max; }
    Document& to_;
    int depth_ = 0;
};

constexpr unsigned flags = rapidjson::kParseNumbersAsStringsFlag;
constexpr std::string_view torn_hint =
    "Whatever stands between this server and Notion may have cut or replaced it.";

Error refused(const rapidjson::ParseResult& result) {
    const bool deep = result.Code() == rapidjson::kParseErrorTermination;
    return fail(ErrorKind::malformed, "the answer is not valid JSON",
                std::string(deep ? "It is nested too deeply, or holds too large a number"
                                 : rapidjson::GetParseError_En(result.Code())) +
                    " (at byte " + std::to_string(result.Offset()) + ").",
                std::string(torn_hint));
}

template <unsigned more, class Stream>
Result<Document> run(Stream& stream, Document document = Document()) {
    rapidjson::ParseResult result;
    auto generate = [&](Document& to) {
        rapidjson::Reader reader;
        Shallow handler(to);
        result = reader.Parse<flags | more>(stream, handler);
        return !result.IsError();
    };
    document.Populate(generate);
    if (result.IsError())
        return refused(result);
    return document;
}

/// What RapidJSON would pass over: a byte order mark, even in part, and what follows NUL; and what
/// must not get there: its check of UTF-8 reads and writes past the end of a buffer in which the
/// last character is cut (1.1.0, encodings.h, in place).
bool is_torn(std::string_view text) {
    const bool marked = !text.empty() && static_cast<unsigned char>(text.front()) >= 0x80;
    return marked || text.find('\0') != std::string_view::npos || !utf8::is_valid(text);
}

Error torn() {
    return fail(ErrorKind::malformed, "the answer is not valid JSON",
                "It is not UTF-8, or has a NUL byte or a byte order mark.", std::string(torn_hint));
}

Result<Document> parse_clean(std::string_view text) {
    if (is_torn(text))
        return torn();
    rapidjson::MemoryStream memory(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
    return run<0>(stream);
}

using Members = std::vector<const rapidjson::Value::Member*>;

/// jsonb's own order: shorter names first, then by bytes.
bool before(const rapidjson::Value::Member* a, const rapidjson::Value::Member* b) {
    if (a->name.GetStringLength() != b->name.GetStringLength())
        return a->name.GetStringLength() < b->name.GetStringLength();
    return view(a->name) < view(b->name);
}

void put(std::string& out, const Value& value);

void put_object(std::string& out, const Value& value) {
    Members members;
    for (const auto& member : value.GetObject())
        members.push_back(&member);
    std::stable_sort(members.begin(), members.end(), before);
    out += '{';
    bool first = true;
    for (size_t i = 0; i < members.size(); ++i) {
        const bool repeated = i > 0 && view(members[i]->name) == view(members[i - 1]->name);
        if (repeated) // the first counts, as in find
            continue;
        if (!first)
            out += ',';
        first = false;
        out += quote(view(members[i]->name));
        out += ':';
        put(out, members[i]->value);
    }
    out += '}';
}

void put(std::string& out, const Value& value) {
    if (value.IsObject())
        return put_object(out, value);
    if (value.IsString()) {
        out += quote(view(value));
    } else if (value.IsNumber()) {
        out += number(value);
    } else if (value.IsArray()) {
        out += '[';
        for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
            if (i > 0)
                out += ',';
            put(out, value[i]);
        }
        out += ']';
    } else {
        out += value.IsNull() ? "null" : value.GetBool() ? "true" : "false";
    }
}

} // namespace

Result<Document> parse(std::string_view text) {
    if (!needs_repair(text))
        return parse_clean(text);
    std::string copy(text);
    repair(copy);
    return parse_clean(copy);
}

Document::AllocatorType& Arena::renew() {
    constexpr size_t least = 64 * 1024;
    constexpr size_t most = 4 * 1024 * 1024; // what is larger comes seldom, and is given back
    const size_t used = pool_ ? pool_->Size() : 0;
    pool_.reset();
    if (kept_ == nullptr || used > kept_bytes_) {
        kept_bytes_ = std::clamp(used + used / 4, least, most);
        kept_ = std::make_unique_for_overwrite<char[]>(kept_bytes_);
    }
    return pool_.emplace(kept_.get(), kept_bytes_);
}

namespace {

Result<Document> parse_in_place(std::string& text, Document document) {
    if (is_torn(text))
        return torn();
    repair(text);
    text.append(sizeof(uint64_t), '\0'); // for InPlace::skip_plain
    InPlace stream(text.data());
    return run<rapidjson::kParseInsituFlag>(stream, std::move(document));
}

} // namespace

Result<Document> parse_in_place(std::string& text) {
    return parse_in_place(text, Document());
}

Result<Document> parse_in_place(std::string& text, Arena& arena) {
    return parse_in_place(text, Document(&arena.renew()));
}

const Value* find(const Value& value, std::string_view name) {
    if (!value.IsObject())
        return nullptr;
    const char first = name.empty() ? '\0' : name.front(); // names end in NUL
    for (const auto& member : value.GetObject()) {
        const std::string_view its = view(member.name);
        if (its.size() == name.size() && *its.data() == first && its == name)
            return &member.value;
    }
    return nullptr;
}

std::string_view text(const Value& value, std::string_view name) {
    const Value* member = find(value, name);
    return member != nullptr && member->IsString() ? view(*member) : std::string_view();
}

std::vector<std::string> texts(const Value& value, std::string_view name) {
    std::vector<std::string> found;
    const Value* list = find(value, name);
    if (list == nullptr || !list->IsArray())
        return found;
    for (const Value& one : list->GetArray())
        if (one.IsString())
            found.emplace_back(view(one));
    return found;
}

bool truth(const Value& value, std::string_view name) {
    const Value* member = find(value, name);
    return member != nullptr && member->IsTrue();
}

std::string write(const Value& value) {
    Buffer buffer;
    Writer writer(buffer);
    value.Accept(writer);
    return std::string(buffer.GetString(), buffer.GetSize());
}

std::string quote(std::string_view text) {
    Buffer buffer;
    Writer writer(buffer);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return std::string(buffer.GetString(), buffer.GetSize());
}

std::string number(double value) {
    char text[40];
    // JSON.stringify(-0) is "0": Notion cannot give a negative zero back.
    const auto end = std::to_chars(text, text + sizeof text, value == 0 ? 0.0 : value).ptr;
    return std::string(text, end);
}

std::string number(const Value& value) {
    if (value.IsInt64())
        return std::to_string(value.GetInt64());
    if (value.IsUint64())
        return std::to_string(value.GetUint64());
    // jsonb keeps 1e5 as 100000: a whole number has one text, however it came.
    const double real = value.GetDouble();
    constexpr double exact = 9007199254740992.0; // 2^53
    if (std::abs(real) < exact && real == std::trunc(real))
        return std::to_string(static_cast<int64_t>(real));
    return number(real);
}

std::string canonical(const Value& value) {
    std::string out;
    put(out, value);
    return out;
}

} // namespace notion::json
