// Every way in which Notion says no; see errors.hpp. scope: call.
#include "errors.hpp"

#include "json.hpp"

namespace emulator {

void refuse(std::string message) {
    throw Refusal{.message = std::move(message)};
}

void refuse_body(std::string_view path, std::string_view expected, std::string_view found) {
    std::string message = "body failed validation: ";
    message.append(path).append(" should be ").append(expected);
    message.append(", instead was `").append(found).append("`.");
    refuse(std::move(message));
}

void refuse_union(const std::vector<std::string>& paths) {
    std::string message = "body failed validation. Fix one:";
    for (const auto& path : paths)
        message += "\n" + path + " should be defined, instead was `undefined`.";
    refuse(std::move(message));
}

void refuse_cursor(std::string_view cursor) {
    refuse("The start_cursor provided is invalid: " + std::string(cursor));
}

void refuse_missing_property(std::string_view name) {
    refuse(std::string(name) + " is not a property that exists.");
}

Refusal not_found(std::string_view kind, std::string_view id, std::string_view integration_name,
                  std::string_view integration_id) {
    Refusal refusal{.status = 404, .code = "object_not_found", .message = "Could not find "};
    refusal.message.append(kind).append(" with ID: ").append(id);
    refusal.message += ". Make sure the relevant pages and databases are shared with your "
                       "integration \"";
    refusal.message.append(integration_name).append("\".");
    refusal.additional.emplace_back("integration_id", quoted(integration_id));
    return refusal;
}

Refusal user_not_found(std::string_view id, std::string_view integration_id) {
    Refusal refusal{.status = 404, .code = "object_not_found", .message = {}};
    refusal.message = "Could not find user with ID: " + std::string(id) +
                      ". Make sure your integration has capabilities to read user information. "
                      "With those capabilities, only members and guests in the integration's "
                      "workspace are visible.";
    refusal.additional.emplace_back("integration_id", quoted(integration_id));
    return refusal;
}

Refusal rate_limited(int retry_after_s, std::string_view reason) {
    Refusal refusal{.status = 429,
                    .code = "rate_limited",
                    .message = "You have been rate limited. Please try again in a few minutes.",
                    .retry_after_s = retry_after_s};
    refusal.additional.emplace_back("rate_limit_reason", quoted(reason));
    refusal.additional.emplace_back("retry_after", quoted(std::to_string(retry_after_s)));
    return refusal;
}

Refusal standard(int status) {
    struct Row {
        int status;
        const char* code;
        const char* message;
    };
    static constexpr Row table[] = {
        {400, "validation_error", "body failed validation."},
        {401, "unauthorized", "API token is invalid."},
        {403, "restricted_resource", "Insufficient permissions for this endpoint."},
        {404, "object_not_found", "Could not find the object."},
        {406, "row_limit_exceeded", "This data source has reached its row limit."},
        {409, "conflict_error", "Conflict occurred while saving. Please try again."},
        {500, "internal_server_error", "Unexpected error occurred."},
        {502, "bad_gateway", "Bad gateway."},
        {503, "service_unavailable", "Service unavailable. Please try again later."},
        {504, "gateway_timeout", "Gateway timeout. Please try again later."},
        {529, "service_overload", "The service is overloaded. Please try again later."},
    };
    if (status == 429)
        return rate_limited(1, "public_api_request_rate_limit");
    for (const auto& row : table)
        if (row.status == status)
            return {.status = status, .code = row.code, .message = row.message};
    return {.status = status, .code = "internal_server_error", .message = "Unexpected error."};
}

std::string error_body(const Refusal& refusal, std::string_view request_id) {
    std::string body;
    Out out(body);
    out.open().key("object").text("error").key("status").integer(refusal.status);
    out.key("code").text(refusal.code).key("message").text(refusal.message);
    if (!refusal.additional.empty()) {
        out.key("additional_data").open();
        for (const auto& [name, value] : refusal.additional)
            out.key(name).raw(value);
        out.close();
    }
    out.key("request_id").text(request_id).close();
    return body;
}

} // namespace emulator
