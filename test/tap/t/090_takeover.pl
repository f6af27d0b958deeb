# Who speaks: a standby rests, its promotion carries on and doubles nothing that the old primary had
# sent without telling; and settings made for people do not reach the workers.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('primary', settings => { allows_streaming => 1 });
my ($node, $emulator) = @$pair{qw(node emulator)};

# Settings that a DBA makes for people. The sessions of this test put their own above them.
local $ENV{PGOPTIONS} = join ' ', map { "-c $_" } 'default_transaction_read_only=off',
    'search_path=public', 'TimeZone=UTC', 'DateStyle=ISO', 'statement_timeout=0', 'lock_timeout=0',
    'idle_in_transaction_session_timeout=0', 'session_replication_role=origin',
    'standard_conforming_strings=on', 'default_transaction_isolation=read\ committed',
    'extra_float_digits=1';
sql($node, "ALTER DATABASE postgres SET $_") for 'default_transaction_read_only = on',
    'search_path = nowhere', "TimeZone = 'Asia/Kathmandu'", "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'", "bytea_output = 'escape'", 'extra_float_digits = -10',
    'statement_timeout = 1', 'lock_timeout = 1', 'idle_in_transaction_session_timeout = 1',
    'session_replication_role = replica', 'synchronous_commit = off', 'row_security = off',
    'standard_conforming_strings = off', 'quote_all_identifiers = on', 'transform_null_equals = on',
    'default_transaction_isolation = serializable', 'default_transaction_deferrable = on';
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type IN ('pg_notion net', 'pg_notion apply')");
sql($node, "INSERT INTO tasks (name, points) VALUES ('under hostile settings', 0.1)");
wait_for('hostile settings: an INSERT makes a page', sub {
    (pages($pair)->{'under hostile settings'}{properties}{Points}{number} // 0) == 0.1 });
my $page = pages($pair)->{'under hostile settings'};
at_rest($pair, 'hostile settings: settled');
$emulator->person('ada', 'PATCH', "/v1/pages/$page->{id}",
    { properties => { Points => { number => 0.3 } } });
wait_until($node, "SELECT points FROM tasks WHERE name = 'under hostile settings'", '0.3',
    'hostile settings: an edit comes in');
at_rest($pair, 'hostile settings: at rest');

# A standby.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is(sql($standby, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_notion%'"),
    '0', 'on a standby nothing runs');

# What the old primary sent, and the new one never heard of: queued on both, sent by one.
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion net'", '0',
    'the workers of the primary rest');
sql($node, "INSERT INTO tasks (name) SELECT 'queued ' || i FROM generate_series(1, 20) i");
$node->wait_for_catchup($standby);
$standby->stop;
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
wait_for('the primary sends', sub { count_pages($pair) == 21 });
at_rest($pair, 'the primary is at rest');
$node->stop('immediate');

$standby->start;
$standby->promote;
$pair->{node} = $standby;
wait_until($standby, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion net'",
    '1', 'after the promotion the workers start');
sql($standby, "INSERT INTO tasks (name) VALUES ('after the promotion')");
wait_for('what is new goes out', sub { exists pages($pair)->{'after the promotion'} });
wait_until($standby, "SELECT count(*) FROM notion.mappings WHERE page IS NOT NULL", '22',
    'every row found its page');
at_rest($pair, 'at rest after the promotion');
wait_until($standby, "SELECT count(*) FROM notion.jobs WHERE state IN ('queued', 'scanning',
    'pairing')", '0', 'the scan after the promotion ended');
is(count_pages($pair), 22, 'no page was made twice');
is(sql($standby, 'SELECT count(*) FROM tasks'), '22', 'and no row');
is(sql($standby, 'SELECT count(*) FROM notion.conflicts'), '0', 'nobody had to decide');

$standby->stop;
$emulator->stop;
done_testing();
