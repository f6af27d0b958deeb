// Raises a Fault as a PostgreSQL error: see the header. scope: none.
#include "pg/postgres.hpp"

#include "pg/raise.hpp"

namespace notion::pg {
namespace {

struct State {
    ErrorKind kind;
    int sqlstate;
};

// Class 08 is left to unknown outcomes: connection pools throw a session away when they see it,
// and a Notion that cannot be reached is no reason for that.
constexpr State states[] = {
    {ErrorKind::internal, ERRCODE_INTERNAL_ERROR},
    {ErrorKind::out_of_memory, ERRCODE_OUT_OF_MEMORY},
    {ErrorKind::invalid_argument, ERRCODE_INVALID_PARAMETER_VALUE},
    {ErrorKind::invalid_option, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE},
    {ErrorKind::no_token, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION},
    {ErrorKind::unauthorized, ERRCODE_INVALID_PASSWORD},
    {ErrorKind::restricted, ERRCODE_INSUFFICIENT_PRIVILEGE},
    {ErrorKind::not_found, ERRCODE_FDW_TABLE_NOT_FOUND},
    {ErrorKind::validation, ERRCODE_FDW_ERROR},
    {ErrorKind::property_missing, ERRCODE_FDW_COLUMN_NAME_NOT_FOUND},
    {ErrorKind::property_type, ERRCODE_FDW_INVALID_DATA_TYPE},
    {ErrorKind::misfit, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST},
    {ErrorKind::unsendable, ERRCODE_DATA_EXCEPTION},
    {ErrorKind::conflict, ERRCODE_OBJECT_IN_USE},
    {ErrorKind::rate_limited, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED},
    {ErrorKind::row_limit, ERRCODE_PROGRAM_LIMIT_EXCEEDED},
    {ErrorKind::unavailable, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY},
    {ErrorKind::connection, ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION},
    {ErrorKind::timeout, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION},
    {ErrorKind::unknown_outcome, ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN},
    {ErrorKind::malformed, ERRCODE_FDW_INVALID_STRING_FORMAT},
    {ErrorKind::too_large, ERRCODE_FDW_INVALID_STRING_LENGTH_OR_BUFFER_LENGTH},
    {ErrorKind::incomplete, ERRCODE_FDW_INCONSISTENT_DESCRIPTOR_INFORMATION},
    {ErrorKind::forbidden, ERRCODE_INSUFFICIENT_PRIVILEGE},
};

// Notion speaks UTF-8; in a database of another encoding its words are converted, and what cannot
// be converted must not turn one error into another: then it is left out.
const char* words(const char* utf8) {
    if (GetDatabaseEncoding() == PG_UTF8)
        return utf8;
    for (const char* at = utf8; *at != '\0'; at++)
        if ((static_cast<unsigned char>(*at) & 0x80) != 0)
            return "(text outside ASCII left out: the database's encoding is not UTF8)";
    return utf8;
}

void emit(int level, const bridge::Fault& fault) {
    bool has_detail = fault.detail[0] != '\0';
    bool has_id = fault.request_id[0] != '\0';
    ereport(level, (errcode(sqlstate_of(fault.kind)), errmsg_internal("%s", words(fault.message)),
                    has_detail && has_id ? errdetail_internal("%s (request %s)",
                                                              words(fault.detail), fault.request_id)
                    : has_detail         ? errdetail_internal("%s", words(fault.detail))
                    : has_id ? errdetail_internal("Notion's request id is %s.", fault.request_id)
                             : 0,
                    fault.hint[0] != '\0' ? errhint("%s", words(fault.hint)) : 0));
}

} // namespace

int sqlstate_of(ErrorKind kind) {
    for (const State& state : states)
        if (state.kind == kind)
            return state.sqlstate;
    return ERRCODE_INTERNAL_ERROR;
}

void raise(const bridge::Fault& fault) {
    emit(ERROR, fault);
    pg_unreachable();
}

void report(int level, const bridge::Fault& fault) {
    Assert(level < ERROR);
    emit(level, fault);
}

} // namespace notion::pg
