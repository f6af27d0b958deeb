# One table never stops the others: locked, refused, paused by the brake or with thousands of rows
# queued, it waits alone.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('turns', emulator => { latency_ms => 3 });
my ($node, $notion) = @$pair{qw(node emulator)};
$notion->control('POST', 'load', { workspace => 'Acme', databases => [ {
    title => 'Others', properties => { Name => 'title', Key => 'rich_text' } } ] });
sql($node, q{IMPORT FOREIGN SCHEMA workspace LIMIT TO (others) FROM SERVER acme INTO crm;
    CREATE TABLE others (id serial PRIMARY KEY, name text);
    INSERT INTO others (name) VALUES ('first');
    SELECT notion.link('others', 'crm.others', direction => 'both',
        columns => '{"id": "key", "name": "name"}');
    INSERT INTO tasks (name) SELECT 'task ' || i FROM generate_series(1, 60) i;
    SELECT notion.sync('others')});
sub flush { return sql($node, "CALL notion.flush('$_[0]', '50 s')"); }
sub there { return sql($node, q{SELECT string_agg(name, ' ' ORDER BY name) FROM crm.others}); }
flush($_) for qw(tasks others);
my $page = sql($node, q{SELECT page FROM notion.rows WHERE link = 'others'::regclass});
sub edit { # as a person, in both data sources
    my ($name) = @_;
    my $task = pages($pair)->{'task 1'}{id};
    $notion->person('ada', 'PATCH', "/v1/pages/$task", { properties => { Points => { number =>
        length $name } } });
    $notion->person('ada', 'PATCH', "/v1/pages/$page",
        { properties => { Name => { title => [ { text => { content => $name } } ] } } });
    return;
}

# ---- locked -----------------------------------------------------------------------------------

my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE');
sql($node, q{INSERT INTO others (name) VALUES ('beside a lock')});
flush('others');
is(there(), 'beside a lock first', 'a locked table holds no other up on the way out');
edit('edited');
wait_until($node, 'SELECT name FROM others WHERE id = 1', 'edited', 'nor on the way in');
$session->query_safe(q{UPDATE tasks SET done = true WHERE id = 1; COMMIT});
wait_until($node, q{SELECT points, done FROM tasks WHERE name = 'task 1'}, '6|t',
    'and catches up, both ways');
flush('tasks');
ok(pages($pair)->{'task 1'}{properties}{Done}{checkbox}, 'what the holder wrote is sent');

# One row locked: the others of its table go on.
$session->query_safe('BEGIN; SELECT FROM tasks WHERE id = 1 FOR UPDATE');
my $two = pages($pair)->{'task 2'}{id};
edit('again and again');
$notion->person('ada', 'PATCH', "/v1/pages/$two", { properties => { Points => { number => 2 } } });
wait_until($node, 'SELECT points FROM tasks WHERE id = 2', '2', 'a locked row waits alone');
is(sql($node, 'SELECT points FROM tasks WHERE id = 1'), 6, 'while it is locked');
$session->query_safe('COMMIT');
wait_until($node, 'SELECT points FROM tasks WHERE id = 1', '15', 'until it is free');
$session->quit;

# ---- thousands queued, refused ----------------------------------------------------------------

sql($node, q{INSERT INTO tasks (name) SELECT 'bulk ' || i FROM generate_series(1, 3000) i});
sql($node, q{INSERT INTO others (name) VALUES ('one commit')});
flush('others');
cmp_ok(sql($node, q{SELECT count(*) FROM notion.work w JOIN notion.links l ON l.id = w.link
    WHERE l.table_id = 'tasks'::regclass}), '>', 1000, 'one commit overtakes thousands of rows');
sql($node, q{UPDATE tasks SET points = 99 WHERE id = 3});
wait_for('of the same table, too',
    sub { (pages($pair)->{'task 3'}{properties}{Points}{number} // 0) == 99 });
cmp_ok(sql($node, 'SELECT count(*) FROM notion.work'), '>', 0, 'while many wait');
$notion->fault({ method => 'POST', path => '/v1/pages', kind => 'status', status => 400 });
sql($node, q{UPDATE others SET name = 'beside refusals' WHERE name = 'one commit'});
flush('others');
like(there(), qr/beside refusals/, 'rows that Notion refuses hold up no other');
$notion->clear_faults;
flush('tasks');
sql($node, q{SELECT notion.retry('tasks')});
flush('tasks');
is(count_pages($pair), 3060, 'and are sent when they can be');

# ---- the brake --------------------------------------------------------------------------------

sql($node, 'TRUNCATE tasks');
wait_until($node, q{SELECT state FROM notion.status WHERE link = 'tasks'::regclass}, 'paused',
    'TRUNCATE is braked');
like(sql($node, q{SELECT reason FROM notion.status WHERE link = 'tasks'::regclass}),
    qr/the brake: at least \d+ rows to be trashed in Notion/, 'with a count');
is(count_pages($pair), 3060, 'before the first page');
sql($node, q{UPDATE others SET name = 'beside the brake' WHERE id = 1});
flush('others');
like(there(), qr/beside the brake/, 'and brakes nothing else');
# One row that comes and goes is no mass delete, however often.
my $logged = q{SELECT count(*) FROM notion.log WHERE key = '1'
    AND link = (SELECT l.id FROM notion.links l WHERE l.table_id = 'others'::regclass) AND action};
for my $times (1 .. 22) {
    sql($node, 'DELETE FROM others WHERE id = 1');
    wait_until($node, "$logged = 'trash'", $times, "a row goes, $times");
    sql($node, q{INSERT INTO others (id, name) VALUES (1, 'back again')});
    wait_until($node, "$logged = 'restore'", $times, 'and comes back');
}
flush('others');
is(sql($node, q{SELECT state FROM notion.status WHERE link = 'others'::regclass}), 'active',
    'and brakes nothing');

done_testing();
