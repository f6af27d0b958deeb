# The log knows what sessions did in Notion: each write of a foreign table, with old and new values
# where those are wanted, and calls of notion.api, rolled back or not; reads where a setting asks.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use PostgreSQL::Test::Utils ();
use Test::More;

my $node = start_node('audit');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, 'CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    SELECT notion.come_alive()');
my $super = sql($node, 'SELECT current_user');

sub logged { # the newest entries: what was done, oldest first
    my ($what, $count) = @_;
    return sql($node, "SELECT string_agg(line, E'\\n' ORDER BY id) FROM (
        SELECT id, concat_ws(' ', $what) AS line FROM notion.log ORDER BY id DESC LIMIT $count) x");
}
sub entries { return sql($node, 'SELECT count(*) FROM notion.log'); }
my $what = q{action, changes ->> 'what', changes ->> 'inserted', changes ->> 'updated',
    changes ->> 'trashed', outcome};

is(sql($node, q{SELECT running FROM (SELECT count(*) AS running FROM notion.workers()) w}) > 0, 1,
    'workers run') or diag(sql($node, 'SELECT * FROM notion.health'));
my $page = sql($node, q{INSERT INTO crm.participants (name) VALUES ('Quetzal') RETURNING page_id});
wait_until($node, 'SELECT count(*) FROM notion.log', 1, 'an INSERT is logged');
is(logged($what, 1), 'write crm.participants 1 done', 'as what it is');
is(sql($node, q{SELECT page, changes ->> 'columns', changes ->> 'server', split_part(actor, ' ', 1)
    FROM notion.log}), "$page|name|acme|$super", 'with page, columns, server and role');
sql($node, "BEGIN; UPDATE crm.participants SET name = 'Quokka' WHERE page_id = '$page'; ROLLBACK");
wait_until($node, 'SELECT count(*) FROM notion.log', 2, 'so is an UPDATE that is rolled back');
is(logged($what, 1), 'write crm.participants 1 done', 'since Notion has it');
sub fields {
    return sql($node, q{SELECT changes -> 'fields' FROM notion.log ORDER BY id DESC LIMIT 1});
}
is(fields(), '{"name": {"to": "Quokka", "from": "Quetzal"}}', 'with what was and what came');
sql($node, "DELETE FROM crm.participants WHERE page_id = '$page'");
wait_until($node, 'SELECT count(*) FROM notion.log', 3, 'and a DELETE');
is(sql($node, q{SELECT changes ->> 'trashed' FROM notion.log ORDER BY id DESC LIMIT 1}), 1,
    'as such');
$emulator->fault({ kind => 'status', status => 400, route => 'POST /v1/pages', count => 1 });
error_of($node, "INSERT INTO crm.participants (name) VALUES ('Quail')");
$emulator->clear_faults;
wait_until($node, 'SELECT count(*) FROM notion.log', 4, 'one that Notion refuses');
is(logged($what, 1), 'write crm.participants failed', 'as failed');
$emulator->fault({ kind => 'drop_after_commit', route => 'POST /v1/pages', count => 1 });
error_of($node, "INSERT INTO crm.participants (name) VALUES ('Quoll')");
$emulator->clear_faults;
wait_until($node, 'SELECT count(*) FROM notion.log', 5, 'one of which nobody knows');
is(logged($what, 1), 'write crm.participants unknown', 'as unknown');

sql($node, q{BEGIN; SELECT notion.api('acme', 'GET', '/v1/users?page_size=1'); ROLLBACK});
wait_until($node, 'SELECT count(*) FROM notion.log', 6, 'notion.api, rolled back');
is(logged("$what, request_id IS NOT NULL", 1), 'api GET /v1/users done t',
    'with its request id');
sql($node, q{BEGIN READ ONLY; SELECT notion.api('acme', 'POST', '/v1/search', '{}'); COMMIT});
wait_until($node, 'SELECT count(*) FROM notion.log', 7, 'notion.api, read only');
error_of($node, q{SELECT notion.api('acme', 'GET', '/v1/nowhere')});
wait_until($node, 'SELECT count(*) FROM notion.log', 8, 'notion.api, refused');
is(logged($what, 1), 'api GET /v1/nowhere failed', 'as failed');

# ---- reads ---------------------------------------------------------------------------------------

sql($node, 'SELECT count(*) FROM crm.participants');
sql($node, q{SET notion.log_reads = on; SELECT count(*) FROM crm.participants;
    SELECT name FROM crm.participants LIMIT 3; SELECT count(*) FROM notion.search('acme', 'a')});
wait_until($node, 'SELECT count(*) FROM notion.log', 11, 'reads, where a setting asks');
is(logged(q{action, changes ->> 'what', (changes ->> 'read')::bigint >= 3, outcome}, 3),
    "read crm.participants t done\nread crm.participants t done\nread POST /v1/search done",
    'scans with their rows, a search');
like(error_of($node, 'SET notion.log_reads = off', role => do {
    sql($node, 'CREATE ROLE guest LOGIN'); 'guest' }), qr/42501: permission denied to set/,
    'no session hides its own');
is(sql($node, 'SET ROLE guest; SELECT count(*) FROM notion.log'), 0, 'and others see nothing');

# ---- many at once, none lost ---------------------------------------------------------------------

my @sessions = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 4;
my $calls = join '', map { "SELECT notion.api('acme', 'GET', '/v1/users/me');\n" } 1 .. 60;
$_->query_until(qr/begun/, "\\echo begun\n\\o /dev/null\n$calls\\o\n") for @sessions;
$_->query('SELECT 1') for @sessions;
$_->quit for @sessions;
wait_until($node, 'SELECT count(*) FROM notion.log', 251, '240 calls of four sessions');

# ---- nobody to log -------------------------------------------------------------------------------

sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, "SELECT count(*) FROM notion.workers() WHERE process = 'net'
    AND pid IS NOT NULL", 0, 'no worker');
my $at = -s $node->logfile;
sql($node, q{SELECT notion.api('acme', 'GET', '/v1/users/me')});
is(sql($node, 'SELECT count(*) FROM notion.log'), 252, 'without a worker: in the caller\'s own');
sql($node, q{BEGIN READ ONLY; SELECT notion.api('acme', 'GET', '/v1/users/me'); COMMIT});
like(PostgreSQL::Test::Utils::slurp_file($node->logfile, $at),
    qr{LOG:  pg_notion: api of GET /v1/users/me on server acme by \S+: done},
    q{or, where that may not write, in the server's log});
$at = -s $node->logfile;
sql($node, q{BEGIN; SELECT notion.api('acme', 'GET', '/v1/users'); ROLLBACK});
like(PostgreSQL::Test::Utils::slurp_file($node->logfile, $at),
    qr{LOG:  pg_notion: api of GET /v1/users on server acme by \S+: done},
    'and where a rollback takes the entry along');

# ---- values --------------------------------------------------------------------------------------

sql($node, 'ALTER SYSTEM SET notion.worker = on');
$node->reload;
wait_until($node, "SELECT count(*) FROM notion.workers() WHERE process = 'net'
    AND pid IS NOT NULL", 1, 'a worker again');
sub writes { return sql($node, q{SELECT count(*) FROM notion.log WHERE action = 'write'
    AND outcome = 'done'}); }
my $before = writes();
sql($node, q{INSERT INTO crm.participants (name)
    SELECT 'many ' || i FROM generate_series(1, 120) i});
wait_until($node, qq{SELECT count(*) - $before FROM notion.log WHERE action = 'write'
    AND outcome = 'done'}, 120, 'each row of a statement is an entry');
is(sql($node, q{SELECT count(DISTINCT page) || ' '
        || count(DISTINCT changes -> 'fields' -> 'name' ->> 'to')
    FROM notion.log WHERE changes -> 'fields' -> 'name' ->> 'to' LIKE 'many %'}), '120 120',
    'with its page and its values');
my ($one) = split /\n/, sql($node, q{SELECT page FROM notion.log
    WHERE changes -> 'fields' -> 'name' ->> 'to' = 'many 1'});
# By a row of another table: not the direct way.
sql($node, qq{UPDATE crm.participants p SET name = v.name FROM (VALUES ('joined')) v(name)
    WHERE p.page_id = '$one'});
wait_until($node, qq{SELECT changes -> 'fields' FROM notion.log WHERE page = '$one'
    ORDER BY id DESC LIMIT 1}, '{"name": {"to": "joined", "from": "many 1"}}',
    'one by one as well');
sql($node, qq{UPDATE crm.participants SET name = repeat('ü', 1500) WHERE page_id = '$one'});
wait_until($node, qq{SELECT count(*) FROM notion.log WHERE page = '$one'}, 3, 'a long value');
is(sql($node, qq{SELECT changes -> 'fields' -> 'name' ->> 'to' FROM notion.log WHERE page = '$one'
    ORDER BY id DESC LIMIT 1}), ('ü' x 200) . '…', 'is cut');
sql($node, qq{DELETE FROM crm.participants WHERE name LIKE 'many 2%'});
wait_until($node, q{SELECT count(DISTINCT page) FROM notion.log WHERE changes ->> 'trashed' = '1'},
    12, 'a DELETE names each page');

# One of three fails: those before it are logged, and it is.
$before = writes();
$emulator->fault({ kind => 'status', status => 400, route => 'POST /v1/pages', count => 1 });
error_of($node, q{INSERT INTO crm.participants (name) VALUES ('Quail 1'), ('Quail 2')});
$emulator->clear_faults;
wait_until($node, q{SELECT outcome FROM notion.log ORDER BY id DESC LIMIT 1}, 'failed',
    'a statement that fails is logged as such');
is(sql($node, "SELECT count(*) FROM notion.log WHERE changes::text LIKE '%Quail%'
    AND outcome <> 'done'"), 0, 'without the values of what was not written');

for my $where ('SERVER acme', 'FOREIGN TABLE crm.participants') {
    sql($node, "ALTER $where OPTIONS (ADD log_values 'false')");
    $before = writes();
    sql($node, qq{UPDATE crm.participants SET name = 'Quince' WHERE page_id = '$one';
        UPDATE crm.participants SET name = 'Quoin' WHERE page_id = '$one'});
    wait_until($node, qq{SELECT count(*) - $before FROM notion.log WHERE action = 'write'
        AND outcome = 'done'}, 2, "$where keeps values to itself");
    is(sql($node, "SELECT count(*) FROM notion.log g WHERE g::text ~ 'Quince|Quoin'"), 0,
        'no value is in the log');
    sql($node, "ALTER $where OPTIONS (DROP log_values)");
}
like(error_of($node, "ALTER SERVER acme OPTIONS (ADD log_values 'perhaps')"),
    qr/HV024: invalid value for option "log_values"\n.*HINT:  Expected "true" or "false"/s,
    'which is yes or no');
$before = writes();
sql($node, q{CREATE TABLE people (id integer PRIMARY KEY, name text);
    SELECT notion.link('people', 'crm.participants', direction => 'from_notion',
        columns => '{"name": "name"}', log_values => false)});
sql($node, qq{UPDATE crm.participants SET name = 'Quarto' WHERE page_id = '$one'});
wait_until($node, qq{SELECT count(*) - $before FROM notion.log WHERE action = 'write'
    AND outcome = 'done'}, 1, 'a write of a foreign table that is linked');
is(sql($node, "SELECT count(*) FROM notion.log g WHERE g::text ~ 'Quarto'"), 0,
    'keeps to what its link says');
done_testing();
