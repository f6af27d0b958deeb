# Random transactions of several sessions: inserts, updates, deletes, other keys (swaps and shifts
# too), savepoints, rollbacks, rows that a filter lets in and out, while the worker is at it and
# Notion answers with faults. At rest Notion holds what the tables hold, every row once. NOTION_SEED
# repeats a run; NOTION_LONG=1 makes it a long one.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $seed = $ENV{NOTION_SEED} // ($ENV{NOTION_LONG} ? int(rand(2**31)) : 20261125);
my $transactions = $ENV{NOTION_LONG} ? 3000 : 250;
note "NOTION_SEED=$seed";
srand($seed);

my $pair = start_pair('model', wait => 0);
my ($node, $notion) = @$pair{qw(node emulator)};
$notion->control('POST', 'load', { workspace => 'Acme', databases => [ { title => 'Lines',
    properties => { Name => 'title', Mark => 'rich_text', Amount => 'number' } } ] });
sql($node, q{
    IMPORT FOREIGN SCHEMA workspace LIMIT TO (lines) FROM SERVER acme INTO crm;
    CREATE TABLE lines (a integer, b text, name text, amount integer, live boolean DEFAULT true,
        PRIMARY KEY (a, b));
    SELECT notion.link('lines', 'crm.lines', direction => 'to_notion', marker => 'mark',
        filter => 'live', columns => '{"name": "name", "amount": "amount"}');
    SELECT notion.sync('lines'); SELECT notion.sync('tasks');
    -- Deletes are what this is about; the brake has tests of its own.
    SELECT notion.resume('lines', allow_deletes => true)});
wait_until($node, q{SELECT count(*) FROM notion.links WHERE state = 'active'}, '2',
    'both are synced');
sql($node, q{UPDATE notion.links SET deletes_allowed_until = now() + interval '1 day'});

my @sessions = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 3;
# Each statement has its time, not the session: on a busy machine the whole takes minutes.
$_->set_query_timer_restart for @sessions;
$_->query(q{SET lock_timeout = '30ms'; SET deadlock_timeout = '10ms'}) for @sessions;

sub one_of { return $_[ int rand @_ ]; }
sub key { return int rand 12; }
sub code { return one_of('x', 'y', 'a/b', '\\'); }

# A statement; what a constraint or a lock refuses is part of the game.
sub statement {
    my ($n, $k, $m) = (int rand 1000, key(), key());
    my ($c, $d) = (code(), code());
    return one_of(
        "INSERT INTO tasks (id, name, points) VALUES ($k, 'n$n', $n)",
        "INSERT INTO tasks (id, name, points) VALUES ($k, 'n$n', $n) ON CONFLICT (id) DO UPDATE
            SET points = excluded.points",
        "UPDATE tasks SET points = $n WHERE id = $k",
        "UPDATE tasks SET name = 'r$n', done = NOT coalesce(done, false) WHERE id IN ($k, $m)",
        "DELETE FROM tasks WHERE id = $k",
        # Comes back, often as it was, while its page is on its way to the trash or back.
        "DELETE FROM tasks WHERE id = $k; INSERT INTO tasks (id, name, points) VALUES ($k, 'b', 1)",
        "INSERT INTO tasks (id, name, points) VALUES ($k, 'b', 1) ON CONFLICT (id) DO NOTHING",
        "UPDATE tasks SET name = 'b', points = 1 WHERE id = $k",
        "UPDATE tasks SET id = $m WHERE id = $k",
        "UPDATE tasks SET id = -1 WHERE id = $k; UPDATE tasks SET id = $k WHERE id = $m;
            UPDATE tasks SET id = $m WHERE id = -1",
        "UPDATE tasks SET id = id + 100; UPDATE tasks SET id = id - 100",
        "INSERT INTO lines VALUES ($k, '$c', 'l$n', $n, " . one_of('true', 'false') . ')',
        "UPDATE lines SET amount = $n WHERE a = $k",
        "UPDATE lines SET live = NOT live WHERE a = $k AND b = '$c'",
        "UPDATE lines SET b = '$d' WHERE a = $k AND b = '$c'",
        "UPDATE lines SET a = $m, name = 'm$n' WHERE a = $k AND b = '$c'",
        "DELETE FROM lines WHERE a = $k AND b = '$c'",
        "MERGE INTO lines l USING (VALUES ($k, '$c')) v(a, b) ON l.a = v.a AND l.b = v.b
            WHEN MATCHED THEN UPDATE SET amount = $n WHEN NOT MATCHED THEN
            INSERT VALUES (v.a, v.b, 'g$n', $n)");
}

sub step {
    my ($session) = @_;
    my $what = rand;
    if (!$session->{open}) {
        $session->{psql}->query('BEGIN');
        $session->{open} = 1;
    }
    if ($what < 0.5) {
        # In a savepoint, so that a refusal does not end the transaction.
        $session->{psql}->query('SAVEPOINT s; ' . statement() . ";\nROLLBACK TO s")
          if $what < 0.1;
        $session->{psql}->query("\\set ON_ERROR_ROLLBACK on\n" . statement() . ';');
    } elsif ($what < 0.6) {
        $session->{psql}->query('ROLLBACK');
        $session->{open} = 0;
    } else {
        $session->{psql}->query('COMMIT');
        $session->{open} = 0;
        return 1;
    }
    return 0;
}

$notion->fault({ method => $_->[0], kind => $_->[1], probability => 0.03 })
  for [ 'PATCH', 'drop_after_commit' ], [ 'POST', '503_after_commit' ], [ 'PATCH', 'drop_before' ];
my @drivers = map { { psql => $_, open => 0 } } @sessions;
my $committed = 0;
my $differ = sub { my ($here, $there) = @_;
    return sql($node, qq{SELECT coalesce(string_agg(d::text, E'\\n'), 'equal') FROM (
        (SELECT 'here', h.* FROM ($here EXCEPT ALL $there) h)
        UNION ALL (SELECT 'there', t.* FROM ($there EXCEPT ALL $here) t)) d}) };
sub look { # what is committed, though transactions be open
    my ($when) = @_;
    sql($node, "CALL notion.flush('$_', '50 s')") for 'tasks', 'lines';
    at_rest($pair, "$when: at rest");
    is($differ->('SELECT id::text, name, points, coalesce(done, false) FROM tasks',
        'SELECT key, name, points, done FROM crm.tasks'), 'equal', "$when: tasks are in Notion");
    is($differ->('SELECT notion.row_key(a, b), name, amount::float8 FROM lines WHERE live',
        'SELECT mark, name, amount FROM crm.lines'), 'equal', "$when: lines are");
    return;
}
while ($committed < $transactions) {
    look("after $committed") if step(one_of(@drivers)) && ++$committed % 50 == 0;
}
for my $driver (@drivers) {
    $driver->{psql}->query('COMMIT') if $driver->{open};
    $driver->{psql}->quit;
}
$notion->clear_faults;
look('at the end');
is(sql($node, q{SELECT count(*) FROM notion.mappings m JOIN notion.links l ON l.id = m.link
    WHERE m.page_state = 'live' AND m.row_state = 'deleted'}), '0',
    'no page lives without its row');
is(sql($node, q{SELECT count(*) FROM notion.failures}), '0', 'nothing failed')
  or diag(sql($node, 'SELECT * FROM notion.failures LIMIT 5'));
is(sql($node, q{SELECT count(*) FROM notion.work WHERE renamed_from IS NOT NULL}), '0',
    'no rename waits');
diag("NOTION_SEED=$seed\n", map { sql($node, $_) . "\n" }
    'SELECT key, page, page_state, row_state, flight, held, reason, base FROM notion.mappings',
    "SELECT at, link, key, page, side, action, outcome, changes FROM notion.log ORDER BY id")
  unless Test::More->builder->is_passing;

done_testing();
