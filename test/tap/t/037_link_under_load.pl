# Linking, syncing and unlinking a table that three sessions write to all the while: no writer is
# refused anything, and in the end both sides agree, every row once. Syncs are told that Postgres's
# value is right where the sides differ after a time without a link.
use strict;
use warnings;

use IPC::Run qw(start);
use NotionTest;
use NotionTest::Link;
use PostgreSQL::Test::Utils;
use Test::More;

my $pair = start_pair('load', wait => 0, rows =>
    q{INSERT INTO tasks SELECT i, 'task ' || i, i FROM generate_series(1, 40) i});
my $node = $pair->{node};
my $link = q{SELECT notion.link('tasks', 'crm.tasks', direction => 'both',
    columns => '{"id": "key", "name": "name", "points": "points", "done": "done"}')};

my $script = PostgreSQL::Test::Utils::tempdir() . '/writes.sql';
PostgreSQL::Test::Utils::append_to_file($script, <<'SQL');
\set id random(1, 60)
\set what random(1, 8)
\if :what = 1
DELETE FROM tasks WHERE id = :id;
\elif :what < 4
INSERT INTO tasks VALUES (:id, 'task ' || :id, :client_id)
    ON CONFLICT (id) DO UPDATE SET done = NOT coalesce(tasks.done, false);
\else
UPDATE tasks SET points = points + 1 WHERE id = :id;
\endif
SQL
my ($out, $err) = ('', '');
my $writers = start([ 'pgbench', '-n', '-c', '3', '-T', '3600', '-R', '150', '-f', $script,
        $node->connstr('postgres') ], '<', \'', '>', \$out, '2>', \$err);

sub written { return sql($node, q{SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)
    FROM pg_stat_user_tables WHERE relname = 'tasks'}); }
sub wait_for_writes {
    my $before = written();
    return wait_until($node, qq{SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) > $before + 30
        FROM pg_stat_user_tables WHERE relname = 'tasks'}, 't', 'writers go on');
}

for my $round (1 .. 4) {
    sql($node, q{SELECT notion.sync('tasks', prefer => 'postgres')});
    # Some rounds end before the first sync does.
    wait_until($node, 'SELECT state FROM notion.links', 'active', "round $round: synced")
      if $round % 2;
    wait_for_writes();
    sql($node, q{SELECT notion.unlink('tasks')});
    is(sql($node, q{SELECT count(*) FROM notion.outbox o JOIN notion.links l ON l.id = o.link}),
        '0', "round $round: unlinked, nothing is queued");
    wait_for_writes();
    sql($node, $link);
}
sql($node, q{SELECT notion.sync('tasks', prefer => 'postgres');
    UPDATE notion.links SET deletes_allowed_until = now() + interval '1 day'});
wait_until($node, 'SELECT state FROM notion.links', 'active', 'synced for good');
wait_for_writes();
ok($writers->pumpable, 'the writers are still at it');
$writers->signal('TERM'); # a shell's background job ignores INT
$writers->finish;
unlike($err, qr/error|FATAL/i, 'and were refused nothing');

sql($node, q{CALL notion.flush('tasks', '60 s')});
at_rest($pair, 'at rest');
my $here = 'SELECT id::text, name, points, coalesce(done, false) FROM tasks';
my $there = 'SELECT key, name, points, done FROM crm.tasks';
is(sql($node, qq{SELECT coalesce(string_agg(d::text, E'\\n'), 'equal') FROM (
        (SELECT 'here', h.* FROM ($here EXCEPT ALL $there) h)
        UNION ALL (SELECT 'there', t.* FROM ($there EXCEPT ALL $here) t)) d}), 'equal',
    'both sides agree, every row once');
is(sql($node, 'SELECT count(*) FROM notion.failures'), '0', 'nothing failed');

done_testing();
