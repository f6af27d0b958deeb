# The workers start, rest, come back, and hold up no statement that needs their database.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;
use Time::HiRes ();

my $node = start_node('lifecycle', autovacuum => 'off', restart_after_crash => 'on');

sub pids {
    my ($database) = @_;
    return sql($node, "SELECT coalesce(string_agg(backend_type || ' ' || pid, ',' ORDER BY 1), '')
        FROM pg_stat_activity WHERE datname = '$database' AND backend_type LIKE 'pg_notion %'");
}
sub both_run {
    my ($database, $name) = @_;
    return wait_until($node, "SELECT string_agg(backend_type, ',' ORDER BY backend_type)
        FROM pg_stat_activity WHERE datname = '$database' AND backend_type LIKE 'pg_notion %'",
        'pg_notion apply,pg_notion net', $name);
}
sub nobody_runs {
    my ($database, $name) = @_;
    return wait_until($node, "SELECT count(*) FROM pg_stat_activity
        WHERE datname = '$database' AND backend_type LIKE 'pg_notion %'", '0', $name);
}
sub state_is {
    my ($database, $state, $name) = @_;
    return wait_until($node, "SELECT DISTINCT w.state FROM notion.workers() w JOIN pg_database d
        ON d.oid = w.database WHERE datname = '$database'", $state, $name);
}
sub at_once {
    my ($statement, $name) = @_;
    my $start = Time::HiRes::time();
    my ($status, $out, $err) = $node->psql('postgres', $statement);
    my $took = Time::HiRes::time() - $start;
    is($status, 0, $name) or diag($err);
    # DROP DATABASE waits 5 s for sessions before it gives up: less than one of its rounds of
    # waiting, plus a checkpoint on a busy machine.
    cmp_ok($took, '<', 4, "$name: not held up");
    return;
}

# Without links that know this database nobody speaks; adopt() says that they do.
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_notion');
$node->safe_psql('one', 'CREATE EXTENSION pg_notion');
state_is('one', 'resting: not the database that the links know',
    'nothing runs without an identity');
nobody_runs('one', 'and no process stays');
$node->safe_psql('one', 'SELECT notion.adopt()');
both_run('one', 'both workers start after adopt()');
# An announcement that comes while a worker is looking is not lost: CREATE EXTENSION right behind
# CREATE DATABASE, whose new database the launcher may be visiting.
for my $i (1 .. 5) {
    $node->safe_psql('postgres', 'CREATE DATABASE brief');
    $node->safe_psql('brief', 'CREATE EXTENSION pg_notion; SELECT notion.adopt()');
    both_run('brief', "workers in a new database, $i");
    $node->safe_psql('postgres', 'DROP DATABASE brief');
}
is(sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion launcher'
    AND datname IS NULL"), '1', 'the launcher is connected to no database');

# Deaths.
my $before = pids('one');
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'one'
    AND backend_type = 'pg_notion net'");
both_run('one', 'net comes back after SIGTERM');
isnt(pids('one'), $before, 'as another process');

# Statements that need the database for themselves.
at_once('ALTER DATABASE one RENAME TO two', 'rename');
both_run('two', 'the workers follow the database to its new name');
at_once('CREATE DATABASE three TEMPLATE two', 'template');
both_run('two', 'the workers return to the template');
state_is('three', 'resting: not the database that the links know', 'a copy does not speak');
my $space = PostgreSQL::Test::Utils::tempdir();
sql($node, "CREATE TABLESPACE elsewhere LOCATION '$space'");
at_once('ALTER DATABASE two SET TABLESPACE elsewhere', 'set tablespace');
both_run('two', 'the workers return after the move');
sql($node, 'CREATE ROLE passer_by LOGIN');
$before = pids('two');
my ($status, undef, $err) = $node->psql('postgres', 'SET ROLE passer_by; DROP DATABASE two');
like($err, qr/must be owner of database/, 'one who may not drop the database may not drop it');
is(pids('two'), $before, 'and does not disturb its workers');
at_once('DROP DATABASE two', 'drop');
is(sql($node, "SELECT count(*) FROM pg_database WHERE datname = 'two'"), '0', 'it is gone');
at_once('DROP DATABASE three', 'drop of the copy');

# A statement that fails brings them back.
$node->safe_psql('postgres', 'CREATE DATABASE four');
$node->safe_psql('four', 'CREATE EXTENSION pg_notion; SELECT notion.adopt()');
both_run('four', 'workers in a new database');
my $guest = $node->background_psql('four');
$guest->query_safe('SELECT 1');
($status, undef, $err) = $node->psql('postgres', 'ALTER DATABASE four RENAME TO five');
like($err, qr/is being accessed by other users/, 'another session still prevents a rename');
$guest->quit;
both_run('four', 'the workers return after a rename that failed');

# The extension.
my $start = Time::HiRes::time();
$node->safe_psql('four', 'DROP EXTENSION pg_notion');
cmp_ok(Time::HiRes::time() - $start, '<', 4, 'DROP EXTENSION is not held up');
nobody_runs('four', 'the workers leave with the extension');
$node->safe_psql('four', 'BEGIN; CREATE EXTENSION pg_notion; ROLLBACK');
nobody_runs('four', 'nobody comes for an extension that was rolled back');
$node->safe_psql('four', 'CREATE EXTENSION pg_notion; SELECT notion.adopt()');
both_run('four', 'the workers return with the extension');
$node->safe_psql('four', 'BEGIN; DROP EXTENSION pg_notion; ROLLBACK');
both_run('four', 'a DROP EXTENSION that is rolled back leaves the workers');

# Settings, restart, crash.
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
nobody_runs('four', 'notion.worker = off sends them home');
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
both_run('four', 'notion.worker = on calls them back');
$node->restart;
both_run('four', 'they start with the server');
my $pid = sql($node, "SELECT pid FROM pg_stat_activity WHERE datname = 'four'
    AND backend_type = 'pg_notion net'");
kill 'KILL', $pid;
wait_until($node, "SELECT pg_postmaster_start_time() IS NOT NULL AND NOT EXISTS
    (SELECT FROM pg_stat_activity WHERE pid = $pid)", 't',
    'kill -9 of a worker restarts the cluster');
both_run('four', 'they start after a crash');

# What a DBA set for people.
sql($node, $_) for 'ALTER DATABASE four SET default_transaction_read_only = on',
    'ALTER DATABASE four SET search_path = nowhere',
    'ALTER DATABASE four SET TimeZone = \'Asia/Kathmandu\'',
    'ALTER DATABASE four SET statement_timeout = 1',
    'ALTER DATABASE four SET session_replication_role = replica',
    'ALTER DATABASE four SET default_transaction_isolation = serializable',
    'ALTER ROLE CURRENT_USER IN DATABASE four SET role = passer_by';
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'four'
    AND backend_type LIKE 'pg_notion %'");
both_run('four', 'hostile settings do not keep them from starting');
is(sql($node, "SELECT bool_and(usesysid = 10) FROM pg_stat_activity WHERE datname = 'four'
    AND backend_type LIKE 'pg_notion %'"), 't', 'as the bootstrap superuser');
$node->stop;

# Without preloading.
$node = start_node('late', preload => 0);
sql($node, 'CREATE EXTENSION pg_notion; SELECT notion.adopt()');
is(sql($node, 'SELECT notion.start_worker()'), 't', 'start_worker() starts the launcher');
both_run('postgres', 'both workers run without preloading');
is(sql($node, 'SELECT notion.start_worker()'), 'f', 'a second call starts no other');
is(sql($node, "SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'pg_notion launcher'"), '1', 'there is one launcher');
sql($node, 'DROP EXTENSION pg_notion');
nobody_runs('postgres', 'without the hook too, they notice that the extension is gone');
$node->stop;
done_testing();
