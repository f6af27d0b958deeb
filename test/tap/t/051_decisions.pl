# Decisions under strain: in two sessions at once, many at once, about a column that was renamed, is
# not linked any more or was dropped; keys with quotes. What cannot be carried out holds up nobody.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('decisions', rows => q{INSERT INTO tasks (name, points)
    SELECT 'task ' || i, i FROM generate_series(1, 40) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, q{UPDATE notion.link_columns SET rule = 'manual' WHERE column_name = 'points'});
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');
my $net = sql($node, q{SELECT pid FROM notion.workers() WHERE process = 'net'});

sub points_there {
    return $emulator->person('ada', 'GET', "/v1/pages/$page{$_[0]}")->{properties}{Points}{number};
}
# Both sides change these rows; key -> number of the conflict.
sub collide {
    my (@ids) = @_;
    my $list = join ',', @ids;
    sql($node, "SELECT notion.pause('tasks');
        UPDATE tasks SET points = id + 100 WHERE id IN ($list)");
    $emulator->person('ada', 'PATCH', "/v1/pages/$page{$_}",
        { properties => { Points => { number => $_ + 200 } } }) for @ids;
    sql($node, "SELECT notion.resume('tasks')");
    my $open = "FROM notion.conflicts WHERE state = 'open' AND key::int IN ($list)";
    wait_until($node, "SELECT count(*) $open", scalar @ids, 'open conflicts: ' . @ids);
    at_rest($pair, 'at rest');
    return map { split /\|/ } split /\n/, sql($node, "SELECT key, id $open");
}
sub closed {
    my ($conflict, $name) = @_;
    wait_until($node, "SELECT state FROM notion.conflicts WHERE id = $conflict", 'closed', $name);
    at_rest($pair, 'at rest');
    return sql($node, "SELECT coalesce(winner, note) FROM notion.conflicts WHERE id = $conflict");
}

my %conflict = collide(1 .. 4, 10 .. 40);

# Two sessions, neither of which sees the other's decision; the first asks, and commits last.
my @sessions = map { $node->background_psql('postgres') } 1 .. 2;
$sessions[0]->query_safe("BEGIN; SELECT notion.resolve($conflict{1}, 'notion')");
$sessions[1]->query_safe("BEGIN; SELECT notion.resolve($conflict{1}, 'postgres')");
$sessions[1]->query_safe('COMMIT');
is(closed($conflict{1}, 'of two decisions'), 'postgres', 'the one that was committed first holds');
$sessions[0]->query_safe('COMMIT');
$_->quit for @sessions;
wait_until($node, 'SELECT count(*) FROM notion.requests', 0, 'the other is carried out');
at_rest($pair, 'at rest');
is(sql($node, 'SELECT points FROM tasks WHERE id = 1') . ' ' . points_there(1), '101 101',
    'and changes nothing');

# Many.
is(sql($node, q{SELECT notion.resolve(array_agg(id), 'notion') FROM notion.conflicts
    WHERE state = 'open' AND key::int >= 10}), 31, 'thirty-one at once');
wait_until($node, q{SELECT count(*) FROM notion.conflicts WHERE key::int >= 10 AND state = 'closed'
    AND winner = 'notion'}, 31, 'are closed');
at_rest($pair, 'at rest');
is(sql($node, 'SELECT count(*) FROM tasks WHERE id >= 10 AND points = id + 200'), 31,
    'and their rows are as Notion has them');
is(sql($node, "SELECT notion.resolve('{}'::bigint[], 'notion')"), 0, 'none at all are none');
like(error_of($node, "SELECT notion.resolve($conflict{2}, NULL)"),
    qr/22023: .*winner must be postgres, notion or value.*HINT:/s, 'no winner is an error');

# The column has another name, and then another.
sql($node, 'ALTER TABLE tasks RENAME points TO score; ALTER TABLE tasks RENAME score TO marks');
wait_until($node, "SELECT column_name FROM notion.conflicts WHERE id = $conflict{2}", 'marks',
    'an open conflict follows the name of its column');
sql($node, "SELECT notion.resolve($conflict{2}, 'value', '7')");
is(closed($conflict{2}, 'under which it is'), 'value', 'decided');
is(sql($node, 'SELECT marks FROM tasks WHERE id = 2') . ' ' . points_there(2), '7 7',
    'and both sides have it');

# The column is not linked any more: asked in one transaction, and asked before it was known.
my $without = q{'{"id": "key", "name": "name", "done": "done"}'};
sql($node, "SELECT notion.alter_link('tasks', columns => $without);
    SELECT notion.resolve($conflict{3}, 'postgres')");
is(closed($conflict{3}, 'of a column that is not linked any more a conflict ends'),
    'the column is not linked any more', 'without a winner, and says why');
is(closed($conflict{4}, 'so does one that nobody asked about'),
    'the column is not linked any more', 'likewise');
is(points_there(3), 203, 'and nothing is sent');

# The column is dropped while somebody decides.
sql($node, q{SELECT notion.alter_link('tasks', rule => 'manual',
    columns => '{"id": "key", "name": "name", "done": "done", "marks": "points"}');
    SELECT notion.sync('tasks')});
wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0, 'linked again');
at_rest($pair, 'at rest');
sql($node, "SELECT notion.pause('tasks'); UPDATE tasks SET marks = 105 WHERE id = 5");
$emulator->person('ada', 'PATCH', "/v1/pages/$page{5}",
    { properties => { Points => { number => 205 } } });
sql($node, "SELECT notion.resume('tasks')");
my $open = q{FROM notion.conflicts WHERE key = '5' AND state = 'open'};
wait_until($node, "SELECT count(*) $open", 1, 'both changed');
at_rest($pair, 'at rest');
my $dropped = sql($node, "SELECT id $open");
sql($node, qq{ALTER TABLE tasks DROP marks; SELECT notion.resolve($dropped, 'notion')});
wait_until($node, 'SELECT state FROM notion.links', 'paused', 'a link that does not fit pauses');
like(error_of($node, "SELECT notion.resume('tasks')"), qr/55000: .*DETAIL: .*marks.*HINT: /s,
    'and does not resume until it does');
sql($node, "SELECT notion.alter_link('tasks', columns => $without)");
sql($node, "SELECT notion.resume('tasks')");
is(closed($dropped, 'then its conflict is over'), 'the column is not linked any more', 'as well');
sql($node, q{UPDATE tasks SET name = 'goes on' WHERE id = 5});
wait_for('the link goes on', sub { pages($pair)->{'goes on'} });

# What cannot be carried out: no function asks so, and a defect might.
sql($node, q{INSERT INTO notion.requests (link, kind, args, asked_by) SELECT id, 'resolve',
    '{"conflict": "none", "winner": "notion"}', current_user FROM notion.links});
wait_until($node, q{SELECT count(*) FROM notion.log WHERE action = 'resolve'
    AND outcome ~ '^not carried out: invalid input syntax'}, 1, 'is said in notion.log');
is(sql($node, 'SELECT count(*) FROM notion.requests'), 0, 'and not asked again and again');
sql($node, q{UPDATE tasks SET name = 'still' WHERE id = 5});
wait_for('nor holds up anything', sub { pages($pair)->{still} });
is(sql($node, q{SELECT pid FROM notion.workers() WHERE process = 'net'}), $net,
    'all that time the worker was the same process');

like(error_of($node, q{SELECT notion.alter_link('tasks', columns =>
    '{"id": "key", "name": null, "done": 3}')}),
    qr/22023: .*DETAIL: .*column done: give the name.*column name: give the name.*HINT:/s,
    'columns that are paired with nothing are refused by name');
like(error_of($node, q{SELECT * FROM notion.history('tasks', 'it''s "one"')}),
    qr/22P02: .*key "it's "one"" is none of column id \(integer\).*DETAIL: .*HINT:/s,
    'a key that is none');

$node->stop;
$emulator->stop;
done_testing();
