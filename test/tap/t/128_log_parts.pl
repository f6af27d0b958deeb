# notion.log lies in parts: retention drops whole ones, waits for nobody, loses nothing younger, and
# costs the same however much they hold; nobody reads a part around the policy of the whole.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('parts', 'notion.worker' => 'off');
sql($node, 'CREATE EXTENSION pg_notion; CREATE ROLE guest LOGIN');

# ---- a hundred days, entry by entry, with a retention that changes -------------------------------

sql($node, q{
    CREATE TABLE kept (at timestamptz, floor timestamptz, retention interval,
                       young_lost bigint, oldest timestamptz);
    CREATE PROCEDURE live(days integer, kept_for interval, step interval) LANGUAGE plpgsql AS $$
    DECLARE
        moment timestamptz := coalesce((SELECT max(at) FROM kept), '2026-01-01');
        until timestamptz := moment + days * interval '1 day';
    BEGIN
        WHILE moment < until LOOP
            moment := moment + step;
            INSERT INTO notion.log (at, side, action) VALUES (moment, 'postgres', 'update');
            PERFORM notion.keep_log(kept_for, moment);
            -- What no look so far could take for old.
            INSERT INTO kept SELECT moment, moment - kept_for, kept_for,
                (SELECT count(*) FROM kept k WHERE k.at >= f.floor) + 1
                - (SELECT count(*) FROM notion.log g WHERE g.at >= f.floor),
                (SELECT min(g.at) FROM notion.log g)
              FROM (SELECT greatest(max(k.floor), moment - kept_for) AS floor FROM kept k) f;
        END LOOP;
    END $$;
    CALL live(40, '10 days', '7 hours')});
sub later_than { # looks that found something older than retention, a sixth of it and two steps
    my ($retention, $steps, $from) = @_;
    return sql($node, "SELECT count(*) FROM kept WHERE retention = '$retention' AND
        at > '$from' AND floor - oldest > interval '$retention' / 6 + interval '$steps'");
}
is(later_than('10 days', '14 hours', '2026-01-01'), 0,
    'nothing is kept for more than a sixth longer');
cmp_ok(sql($node, 'SELECT count(DISTINCT part) FROM notion.log'), '>=', 6, 'in parts');
sql($node, q{CALL live(10, '1 day', '1 hour')});
is(later_than('1 day', '2 hours', '2026-02-12'), 0,
    'a shorter retention holds once the part that was being filled is old');
sql($node, q{CALL live(60, '7 days 5 hours', '5 hours')});
is(later_than('7 days 5 hours', '10 hours', '2026-03-10'), 0, 'and so does a longer one');
is(sql($node, 'SELECT count(*) FROM kept WHERE young_lost <> 0'), 0,
    'nothing younger than the retention is ever dropped');
cmp_ok(sql($node, 'SELECT last_value FROM notion.log_turn'), '>', 40, 'round the ring and again');

# ---- somebody reads, others write ----------------------------------------------------------------

sql($node, q{TRUNCATE notion.log; INSERT INTO notion.log (at, side, action)
    SELECT now() - interval '3 days', 'postgres', 'update' FROM generate_series(1, 100)});
sql($node, q{SELECT notion.keep_log('30 days')});
sql($node, q{SELECT nextval('notion.log_turn')});
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN; SELECT count(*) FROM notion.log');
sql($node, q{SELECT notion.keep_log('1 day')});
is(sql($node, 'SELECT count(*) FROM notion.log'), 100, 'a part that is being read waits for later');
$reader->query_safe('COMMIT');
$reader->quit;
my $writer = $node->background_psql('postgres');
$writer->query_safe(q{BEGIN; INSERT INTO notion.log (at, side, action, part)
    SELECT now(), 'postgres', 'late', g.part FROM notion.log g LIMIT 1});
sql($node, q{SELECT notion.keep_log('1 day')});
$writer->query_safe('COMMIT');
$writer->quit;
sql($node, q{SELECT notion.keep_log('1 day')});
is(sql($node, q{SELECT count(*) FROM notion.log WHERE action = 'late'}), 1,
    'what was being written into an old part is not dropped with it');
sql($node, q{TRUNCATE notion.log});
my @writers = map { $node->background_psql('postgres') } 1 .. 3;
$_->query_until(qr/begun/, q{\echo begun
    DO $$ BEGIN FOR i IN 1 .. 400 LOOP
        INSERT INTO notion.log (at, side, action)
        VALUES (clock_timestamp() - (i % 3) * interval '40 minutes', 'postgres', i::text);
        COMMIT; END LOOP; END $$;
}) for @writers;
sql($node, q{SELECT notion.keep_log('1 hour'); SELECT pg_stat_clear_snapshot()}) for 1 .. 30;
$_->query_safe('SELECT 1') for @writers;
$_->quit for @writers;
sql($node, q{SELECT notion.keep_log('1 hour')});
is(sql($node, q{SELECT count(*) FROM notion.log WHERE at > now() - interval '1 hour'}), 3 * 267,
    'with three writers and thirty looks nothing young is lost');

# ---- what it costs -------------------------------------------------------------------------------

sub wal_of_dropping { # bytes of WAL for a part with so many entries
    my ($entries) = @_;
    sql($node, qq{TRUNCATE notion.log; INSERT INTO notion.log (at, side, action, changes)
        SELECT now() - interval '3 days', 'postgres', 'update', '{"name": {"from": "a", "to": "b"}}'
          FROM generate_series(1, $entries)});
    sql($node, q{SELECT nextval('notion.log_turn'); CHECKPOINT});
    my $before = sql($node, 'SELECT pg_current_wal_insert_lsn()');
    sql($node, q{SELECT notion.keep_log('1 day')});
    is(sql($node, 'SELECT count(*) FROM notion.log'), 0, "$entries entries are dropped");
    return sql($node, "SELECT pg_current_wal_insert_lsn() - '$before'::pg_lsn");
}
my ($few, $many) = map { wal_of_dropping($_) } 100, 100_000;
cmp_ok($many, '<', $few + 65_536, "dropping 1,000 times as much writes no more ($few, $many)");

# ---- who reads -----------------------------------------------------------------------------------

sql($node, q{INSERT INTO notion.log (side, action) VALUES ('postgres', 'update');
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC});
is(sql($node, 'SET ROLE guest; SELECT count(*) FROM notion.log'), 0,
    'the whole shows what its policy lets through');
like(error_of($node, "SELECT * FROM notion.log_$_", role => 'guest'),
    qr/42501: permission denied for table log_$_/, "part $_ alone is for nobody") for 0, 7;
sql($node, 'GRANT SELECT ON ALL TABLES IN SCHEMA notion TO guest');
is(sql($node, "SET ROLE guest; SELECT count(*) FROM notion.log_$_"), 0,
    'and granted by mistake shows nothing')
  for sql($node, 'SELECT part FROM notion.log');
for my $function (q{keep_log('0')}, q{log_part_is_empty(0, now())}) {
    like(error_of($node, "SELECT notion.$function", role => 'guest'), qr/42501: permission denied/,
        "nobody calls $function");
}

# ---- the worker does it, and at once after the setting has changed -------------------------------

sql($node, q{TRUNCATE notion.log; INSERT INTO notion.log (at, side, action)
    SELECT now() - interval '3 days', 'postgres', 'old' FROM generate_series(1, 10);
    SELECT notion.come_alive(); ALTER SYSTEM SET notion.worker = on});
$node->reload;
wait_until($node, "SELECT count(*) FROM notion.workers() WHERE process = 'net'
    AND pid IS NOT NULL", 1, 'a worker runs');
is(sql($node, 'SELECT count(*) FROM notion.log'), 10, 'three days are kept, of thirty');
sql($node, q{ALTER SYSTEM SET notion.log_retention = '12 h'});
$node->reload;
wait_until($node, 'SELECT count(*) FROM notion.log', 0, 'and not of half a day');
$node->stop;
done_testing();
