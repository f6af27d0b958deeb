// Keys and sealed secrets: see the header. scope: call.
#include "bridge/seal.hpp"

#include <cstring>
#include <optional>
#include <string>

#include "net/random.hpp"
#include "net/seal.hpp"
#include "net/signature.hpp"

namespace notion::bridge {
namespace {

static_assert(sizeof SealKey::bytes == net::seal_key_bytes);
constexpr size_t digits_of_key = 2 * net::seal_key_bytes;
constexpr std::string_view blanks = " \t\r\v\f";

int nibble(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

KeyText read_key(std::string_view line, SealKey& key) {
    for (char digit : line)
        if (nibble(digit) < 0)
            return KeyText::not_hexadecimal;
    if (line.size() != digits_of_key)
        return KeyText::wrong_length;
    for (size_t at = 0; at < sizeof key.bytes; at++)
        key.bytes[at] =
            static_cast<unsigned char>(nibble(line[2 * at]) << 4 | nibble(line[2 * at + 1]));
    // A key is 256 random bits: its digest says nothing of it.
    std::string named("pg_notion key\0", 14);
    named.append(reinterpret_cast<const char*>(key.bytes), sizeof key.bytes);
    std::string id = net::sha256_hex(named);
    net::wipe(named);
    std::memcpy(key.id, id.data(), sizeof key.id - 1);
    key.id[sizeof key.id - 1] = '\0';
    return KeyText::good;
}

std::string_view trimmed(std::string_view line) {
    size_t from = line.find_first_not_of(blanks);
    if (from == line.npos)
        return {};
    return line.substr(from, line.find_last_not_of(blanks) - from + 1);
}

KeyText read_keys(std::string_view text, SealKey* keys, int max, int& count) {
    while (!text.empty()) {
        size_t end = text.find('\n');
        std::string_view line = trimmed(text.substr(0, end));
        text = end == text.npos ? std::string_view() : text.substr(end + 1);
        if (line.empty())
            continue;
        if (count == max)
            return KeyText::too_many;
        KeyText read = read_key(line, keys[count]);
        if (read != KeyText::good)
            return read;
        count++;
    }
    return count == 0 ? KeyText::empty : KeyText::good;
}

net::SealKey raw(const SealKey& key) {
    return net::SealKey(key.bytes);
}

} // namespace

KeyText seal_keys(std::string_view text, SealKey* keys, int max, int& count,
                  Fault& fault) noexcept {
    KeyText read = KeyText::empty;
    count = 0;
    bool done = guarded(fault, [&] { read = read_keys(text, keys, max, count); });
    if (!done || read != KeyText::good) {
        explicit_bzero(keys, sizeof *keys * static_cast<size_t>(max));
        count = 0;
    }
    return read;
}

bool seal(const SealKey& key, std::string_view secret, std::string_view bound_to, char* out,
          Fault& fault) noexcept {
    return guarded(fault, [&] {
        std::string sealed = net::seal(raw(key), secret, bound_to);
        std::memcpy(out, sealed.data(), sealed.size());
    });
}

bool unseal(const SealKey& key, std::string_view sealed, std::string_view bound_to, char* out,
            bool& opened, Fault& fault) noexcept {
    opened = false;
    return guarded(fault, [&] {
        std::optional<std::string> secret = net::unseal(raw(key), sealed, bound_to);
        if (!secret)
            return;
        std::memcpy(out, secret->data(), secret->size());
        net::wipe(*secret);
        opened = true;
    });
}

bool random_word(char (&out)[44], Fault& fault) noexcept {
    return guarded(fault, [&] {
        constexpr char letters[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        unsigned char bytes[sizeof out - 1];
        net::random_fill(bytes);
        for (size_t at = 0; at < sizeof bytes; at++)
            out[at] = letters[bytes[at] & 63];
        out[sizeof bytes] = '\0';
    });
}

bool digest(std::string_view text, char (&out)[65], Fault& fault) noexcept {
    return guarded(fault, [&] {
        std::string hex = net::sha256_hex(text);
        std::memcpy(out, hex.data(), sizeof out - 1);
        out[sizeof out - 1] = '\0';
    });
}

} // namespace notion::bridge
