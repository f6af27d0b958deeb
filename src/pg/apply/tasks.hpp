// Tasks of the apply process, each a handful of short transactions (docs/sync.md). They return
// whether there may be more to do at once. requires: outside a transaction.
// scope: worker.
#pragma once

namespace notion::pg::apply {

/// Rows to which others refer have pages now: those others are looked at again.
bool follow_arrivals();
/// Dirty rows, against the base: what should be sent.
bool examine_some();
/// Admitted snapshots, into their rows.
bool merge_some();
/// Contents of pages, into their rows.
bool take_contents();
/// Where the process before this one ended in the middle of a merge, that is counted.
void count_last_death();
/// A sync whose scan is done: rows and pages are paired.
bool pair_one_job();
/// A published table whose database is there: its foreign table and its link.
bool publish_one();
/// What notion.forget deleted, out of the files. False also where it has to wait.
bool erase_forgotten();

} // namespace notion::pg::apply
