// A join of anything with a foreign table by a key that Notion can look up: rows of the outer side
// are gathered, up to 100 keys of them, and asked for at once (postgres.md 34). A CustomScan above
// the outer plan and the foreign scan. Inner, left, semi and anti joins; SELECT only.
// scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// As many as Notion takes in one `or`.
inline constexpr int keys_a_lookup = 100;

/// In CustomScan.custom_private: four lists of integers; custom_exprs: the outer key, then the
/// conditions of the join.
struct PlannedLookup {
    JoinType type;
    int outer_count; ///< columns of the outer plan, first in the scan's tuple
    int inner_count; ///< those of the foreign scan come next
    int key;         ///< of these, the column that is looked up; from 0
    Oid collation;
    bool hashed; ///< outer key and column are of one type
};

List* pack_lookup(const PlannedLookup& planned);
PlannedLookup unpack_lookup(List* custom_private);

/// The clause `column = ANY (the keys gathered)` for the foreign scan below: in
/// ForeignPath.fdw_private. The keys are its CaseTestExpr: the value that the executor hands it.
void lookup_register();
Node* lookup_state(CustomScan* plan);
extern const CustomScanMethods lookup_plan_methods;

} // namespace notion::pg
