# A field that does not fit its column is held, and the rest of its row goes on: who looks sees
# which, monitoring counts it, and it comes in once the column can hold it: by ALTER TABLE itself,
# by notion.retry and by notion.sync, and never by sending what the row has over it.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('held', rows => q{ALTER TABLE tasks ALTER points TYPE integer;
    INSERT INTO tasks (name, points) SELECT 'task ' || i, i FROM generate_series(1, 3) i});
my ($node, $emulator) = @$pair{qw(node emulator)};

sub page_of { return sql($node, "SELECT page FROM notion.mappings WHERE key = '$_[0]'"); }
sub edit {
    my ($id, $points) = @_;
    $emulator->person('ada', 'PATCH', '/v1/pages/' . page_of($id),
        { properties => { Points => { number => $points } } });
    return sql($node, "SELECT notion.sync('tasks', key => '$id')"); # read now, not by a poll
}
sub there {
    return $emulator->person('ada', 'GET', '/v1/pages/' . page_of($_[0]))
      ->{properties}{Points}{number};
}
sub failed { # ROW, REASON
    my ($id, $reason) = @_;
    return wait_until($node, "SELECT column_name, state FROM notion.failures
        WHERE key = '$id' AND reason LIKE '$reason'", 'points|failed', "row $id: listed");
}
sub served { # until what was asked is carried out
    my ($name) = @_;
    wait_until($node, 'SELECT count(*) FROM notion.requests', '0', $name);
    return at_rest($pair, $name);
}

# ---- seen
edit(1, 5.5);
failed(1, 'misfit: %integer');
is(sql($node, "SELECT state, reason FROM notion.rows WHERE key = '1'"),
    'held|points: misfit: a value of the Notion property does not fit a column of type integer',
    'notion.rows says which column, and why');
edit(2, 6.5);
failed(2, 'misfit: %integer');
is(sql($node, 'SELECT failures, open_conflicts FROM notion.status'), '2|0',
    'notion.status counts it');
is(sql($node, "SELECT level, state FROM notion.health WHERE what = 'failures'"),
    'warning|2 fields set aside', 'notion.health warns');
is(sql($node, 'SELECT count(*) FROM notion.failed'),
    sql($node, "SELECT count(*) FROM notion.failures WHERE state = 'failed'"),
    'both count what notion.failures lists');

# ---- tried again, and not better
is(sql($node, "SELECT notion.retry('tasks', '1')"), 1, 'notion.retry counts it');
served('after retry');
failed(1, 'misfit: %integer');
sql($node, q{UPDATE tasks SET name = 'renamed' WHERE id = 1});
at_rest($pair, 'the rest of the row goes on');
is(there(1), 5.5, 'nothing is sent over it');

# ---- the column can hold it now
sql($node, 'UPDATE tasks SET points = 60 WHERE id = 2');
at_rest($pair, 'an edit here of a held field');
is(there(2), 6.5, 'is not sent');
sql($node, 'ALTER TABLE tasks ALTER points TYPE numeric');
wait_until($node, 'SELECT points FROM tasks WHERE id = 1', '5.5', 'ALTER TABLE lets it in');
wait_until($node, q{SELECT base, postgres, notion, winner FROM notion.conflicts WHERE key = '2'},
    '2|60|6.5|notion', 'where both sides changed, the rule decides, and the loser is kept');
wait_until($node, 'SELECT count(*) FROM notion.failures', '0', 'nothing is held');
is(sql($node, "SELECT count(*) FROM notion.health WHERE what = 'failures'"), 0, 'all is well');
at_rest($pair, 'at rest');

# ---- no rewrite
sql($node, 'ALTER TABLE tasks ALTER points SET NOT NULL');
edit(1, undef);
failed(1, 'misfit: %NOT NULL%');
sql($node, 'ALTER TABLE tasks ALTER points DROP NOT NULL');
wait_until($node, 'SELECT points IS NULL FROM tasks WHERE id = 1', 't',
    'a column that may be NULL since lets it in, too');
sql($node, 'UPDATE tasks SET points = 1 WHERE id = 1');
at_rest($pair, 'and it goes on from there');
is(there(1), 1, 'both ways');

# ---- unnoticed: whoever mends it says so
for my $again (q{notion.retry('tasks')}, q{notion.retry('tasks', '1')},
    q{notion.sync('tasks', key => '1')}, q{notion.sync('tasks')}) {
    sql($node, 'ALTER TABLE tasks ALTER points SET NOT NULL');
    edit(1, undef);
    failed(1, 'misfit: %NOT NULL%');
    served('it waits');
    sql($node, q{SET session_replication_role = replica; -- no event trigger
        ALTER TABLE tasks ALTER points DROP NOT NULL;
        UPDATE notion.link_columns SET not_null = false WHERE column_name = 'points'});
    sql($node, "SELECT $again");
    wait_until($node, 'SELECT points IS NULL FROM tasks WHERE id = 1', 't', "$again lets it in");
    sql($node, 'UPDATE tasks SET points = 1 WHERE id = 1');
    served('at rest');
}

# ---- of a page that became a row
sql($node, 'ALTER TABLE tasks ALTER points TYPE integer');
served('integer again');
$emulator->person('ada', 'POST', '/v1/pages', {
    parent => { type => 'data_source_id', data_source_id => $pair->{source} },
    properties => { Name => { title => [ { text => { content => 'made there' } } ] },
        Points => { number => 7.5 } } });
wait_until($node, q{SELECT count(*) FROM tasks WHERE name = 'made there'}, 1, 'a page is a row');
my $id = sql($node, q{SELECT id FROM tasks WHERE name = 'made there'});
failed($id, 'misfit: %integer');
at_rest($pair, 'at rest');
is(there($id), 7.5, 'what did not fit is not overwritten');
sql($node, 'ALTER TABLE tasks ALTER points TYPE numeric');
wait_until($node, "SELECT points FROM tasks WHERE id = $id", '7.5', 'it comes in at last');
at_rest($pair, 'at rest');
is(there($id), 7.5, 'as it was');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'no failure is left');

done_testing();
