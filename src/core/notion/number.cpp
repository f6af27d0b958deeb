// Number: see the header.
// scope: none.
#include "core/notion/number.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace notion {
namespace {

/// A decimal as digits d1 d2 d3 … and the place of the point: d1.d2d3… × 10^exponent.
struct Digits {
    bool negative = false;
    std::string digits; ///< no leading or trailing zeros; empty for zero
    int exponent = 0;
};

/// PostgreSQL's numeric has at most 131072 digits before and 16383 after the point.
constexpr int exponent_max = 131072;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void trim(Digits& number) {
    size_t zeros = 0;
    while (zeros < number.digits.size() && number.digits[zeros] == '0')
        ++zeros;
    number.digits.erase(0, zeros);
    number.exponent -= static_cast<int>(zeros);
    while (!number.digits.empty() && number.digits.back() == '0')
        number.digits.pop_back();
    if (number.digits.empty())
        number = Digits{};
}

std::optional<Digits> read(std::string_view text) {
    Digits number;
    size_t at = 0;
    if (at < text.size() && (text[at] == '-' || text[at] == '+'))
        number.negative = text[at++] == '-';
    const size_t first = at;
    while (at < text.size() && is_digit(text[at]))
        number.digits += text[at++];
    int before = static_cast<int>(at - first);
    if (at < text.size() && text[at] == '.') {
        ++at;
        while (at < text.size() && is_digit(text[at]))
            number.digits += text[at++];
    }
    if (number.digits.empty())
        return std::nullopt;
    int power = 0;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && text[at] == '+')
            ++at;
        const auto [end, error] =
            std::from_chars(text.data() + at, text.data() + text.size(), power);
        if (error != std::errc() || power > exponent_max || power < -exponent_max)
            return std::nullopt;
        at = static_cast<size_t>(end - text.data());
    }
    if (at != text.size())
        return std::nullopt;
    number.exponent = before - 1 + power;
    trim(number);
    return number;
}

Digits shortest(double value) {
    char text[40];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    return *read(std::string_view(text, static_cast<size_t>(end.ptr - text)));
}

std::string plain(const Digits& number) {
    if (number.digits.empty())
        return "0";
    std::string out = number.negative ? "-" : "";
    const int count = static_cast<int>(number.digits.size());
    if (number.exponent < 0)
        return out + "0." + std::string(static_cast<size_t>(-number.exponent - 1), '0') +
               number.digits;
    const int before = number.exponent + 1;
    if (before >= count)
        return out + number.digits + std::string(static_cast<size_t>(before - count), '0');
    return out + number.digits.substr(0, static_cast<size_t>(before)) + "." +
           number.digits.substr(static_cast<size_t>(before));
}

} // namespace

std::string decimal_of(double value) {
    return plain(shortest(value));
}

std::optional<std::string> canonical_decimal(std::string_view text) {
    const auto number = read(text);
    if (!number)
        return std::nullopt;
    return plain(*number);
}

std::optional<double> double_of(std::string_view text) {
    if (!text.empty() && text.front() == '+')
        text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || text.empty())
        return std::nullopt;
    if (error == std::errc::result_out_of_range) { // too large, or too small to be told from zero
        const auto number = read(text);
        if (!number)
            return std::nullopt;
        const double limit = number->exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
        return number->negative ? -limit : limit;
    }
    if (error != std::errc())
        return std::nullopt;
    return value;
}

std::string float8_text(double value) {
    if (std::isnan(value))
        return "NaN";
    if (std::isinf(value))
        return value < 0 ? "-Infinity" : "Infinity";
    if (value == 0)
        return std::signbit(value) ? "-0" : "0";
    const Digits number = shortest(value);
    // The limits of PostgreSQL's own d2s.c: fixed notation from 1e-4 up to below 1e15.
    if (number.exponent >= -4 && number.exponent < 15)
        return plain(number);
    std::string out = number.negative ? "-" : "";
    out += number.digits[0];
    if (number.digits.size() > 1)
        out += "." + number.digits.substr(1);
    const int power = number.exponent < 0 ? -number.exponent : number.exponent;
    out += number.exponent < 0 ? "e-" : "e+";
    if (power < 10)
        out += '0';
    return out + std::to_string(power);
}

} // namespace notion
