// Fault: see the header. Copies with a cut at a UTF-8 boundary.
// scope: none.
#include "bridge/fault.hpp"

#include <cstring>
#include <exception>
#include <new>

namespace notion::bridge {
namespace {

template <std::size_t size>
void copy(char (&to)[size], const char* from, std::size_t bytes) noexcept {
    if (bytes >= size) {
        bytes = size - 1;
        while (bytes > 0 && (static_cast<unsigned char>(from[bytes]) & 0xC0) == 0x80)
            --bytes;
    }
    std::memcpy(to, from, bytes);
    to[bytes] = '\0';
}

} // namespace

void fill(Fault& fault, const Error& error) noexcept {
    fault.set = true;
    fault.kind = error.kind;
    fault.status = error.status;
    fault.retry_after_ms = error.retry_after_ms;
    copy(fault.message, error.message.data(), error.message.size());
    copy(fault.detail, error.detail.data(), error.detail.size());
    copy(fault.hint, error.hint.data(), error.hint.size());
    copy(fault.request_id, error.request_id.data(), error.request_id.size());
    copy(fault.code, error.code.data(), error.code.size());
}

void fill(Fault& fault, ErrorKind kind, const char* message) noexcept {
    fault.set = true;
    fault.kind = kind;
    fault.status = 0;
    fault.retry_after_ms = -1;
    copy(fault.message, message, std::strlen(message));
    fault.detail[0] = fault.hint[0] = fault.request_id[0] = fault.code[0] = '\0';
}

void fill_from_exception(Fault& fault) noexcept {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        fill(fault, ErrorKind::out_of_memory, "out of memory");
    } catch (const std::exception& problem) {
        fill(fault, ErrorKind::internal, problem.what());
    } catch (...) {
        fill(fault, ErrorKind::internal, "unknown exception");
    }
}

} // namespace notion::bridge
