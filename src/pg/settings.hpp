// Every notion.* setting, as plain globals that PostgreSQL writes.
// Assumes define() ran once, from _PG_init. Nothing here needs preloading: no setting is
// of context postmaster (postgres.md 25). scope: backend.
#pragma once

namespace notion::pg::settings {

extern bool worker;                ///< notion.worker
extern char* listen;               ///< notion.listen: "" = off
extern int listen_rate;            ///< notion.listen_rate, a minute: -1 = no limit
extern int poll_interval_s;        ///< notion.poll_interval
extern bool local_only;            ///< notion.local_only
extern char* key_file;             ///< notion.key_file: "" = none
extern char* key_command;          ///< notion.key_command: "" = none
extern bool require_sealed_tokens; ///< notion.require_sealed_tokens
extern int log_retention_min;      ///< notion.log_retention
extern int max_parallel_requests;  ///< notion.max_parallel_requests
extern bool capture;               ///< notion.capture
extern bool log_reads;             ///< notion.log_reads
extern char* proxy;                ///< notion.proxy: "" = none
extern char* ca_file;              ///< notion.ca_file: "" = the system's
extern int settle_ms;              ///< notion.settle: protocol.md 1.6
extern int index_lag_ms;           ///< notion.index_lag: protocol.md 1.3 d
extern int trash_grace_ms;         ///< notion.trash_grace
extern int scan_interval_min;      ///< notion.scan_interval: 0 = none
extern int schema_interval_s;      ///< notion.schema_interval: 0 = none
extern int apply_timeout_ms;       ///< notion.apply_timeout
extern int max_requests;           ///< notion.max_requests: 0 = no limit
extern int analyze_requests;       ///< notion.analyze_requests: 0 = foreign tables are left out
extern bool pushdown;              ///< notion.pushdown

void define();

} // namespace notion::pg::settings
