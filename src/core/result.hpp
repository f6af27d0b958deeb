// Result: what may happen. Exceptions are for what must not.
// An Error is words for a person plus a kind for a program; bridge turns it into a Fault, src/pg
// turns that into an SQLSTATE (docs/errors.md).
// scope: none.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace notion {

/// One kind for each thing that a caller may want to tell apart. docs/errors.md has the SQLSTATEs.
enum class ErrorKind : uint8_t {
    internal,         ///< a bug of ours
    out_of_memory,    ///< std::bad_alloc
    invalid_argument, ///< what the caller gave cannot be used
    invalid_option,   ///< an option of a server, table, column or user mapping
    no_token,         ///< no token is known for this role and server
    unauthorized,     ///< Notion refused the token (401)
    restricted,       ///< Notion knows the token but not this right (403)
    not_found,        ///< not there, or not shared with the connection (404)
    validation,       ///< Notion refused the request's content (400)
    property_missing, ///< the data source no longer has this property
    property_type,    ///< the property's type is not what the column was made for
    misfit,           ///< a value that the column cannot hold
    unsendable,       ///< a value that Notion cannot hold
    conflict,         ///< 409: try again
    rate_limited,     ///< 429
    row_limit,        ///< 406: the data source is full
    unavailable,      ///< 5xx, 529
    connection,       ///< never reached Notion: nothing was sent
    timeout,          ///< the deadline passed
    unknown_outcome,  ///< a write may or may not have been done
    malformed,        ///< the answer is not what Notion's documentation says
    too_large,        ///< an answer over the limit
    incomplete,       ///< Notion cut the result and we cannot complete it (law 2)
    forbidden,        ///< our own rules forbid it (local_only, read_only, api_url, plain http)
};

struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message; ///< one sentence, PostgreSQL style, no value of a row, never a secret
    std::string detail;  ///< may hold values of rows
    std::string hint;    ///< the next step
    std::string request_id;
    std::string code; ///< Notion's own error code, "validation_error", or ""
    int64_t retry_after_ms = -1;
    int status = 0; ///< HTTP status, 0 where there was none
};

/// Either a T or an Error. requires: ok() before value(), !ok() before error().
template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    Error& error() & { return std::get<1>(state_); }
    const Error& error() const& { return std::get<1>(state_); }
    Error&& error() && { return std::get<1>(std::move(state_)); }

  private:
    std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

inline Error fail(ErrorKind kind, std::string message, std::string detail = {},
                  std::string hint = {}) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    error.detail = std::move(detail);
    error.hint = std::move(hint);
    return error;
}

} // namespace notion
