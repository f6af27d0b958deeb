// Rules that are SQL functions of (base, postgres, notion, context), asked as the table's owner.
// They decide one field each; what they raise is the snapshot's reason to wait.
// scope: call.
#pragma once

#include "pg/apply/linked.hpp"
#include "pg/apply/owner.hpp"

namespace notion::pg::apply {

struct Question {
    int32 link;
    std::string_view key;
    std::string_view page;
    std::string_view asks; ///< of sync_merge
};

/// Asks them all; `times` gets their answers, for the next sync_merge. False where one refused.
bool ask_functions(const Linked& linked, const Question& question, std::string_view* times,
                   Refusal* refusal);

} // namespace notion::pg::apply
