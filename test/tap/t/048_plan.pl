# notion.plan says row by row what a sync would do, writes nothing anywhere, and is right: what it
# listed is what happens. And what a link says of columns beside its pairs (mark, filter, content,
# template) is checked, follows renames, and pauses the link when it is gone.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('plan', rows => q{
    ALTER TABLE tasks ADD gone boolean, ADD kept boolean DEFAULT true, ADD kind text, ADD body text;
    INSERT INTO tasks (id, name, points) SELECT i, 'task ' || i, i FROM generate_series(1, 6) i;
    SELECT setval('tasks_id_seq', 100)});
my ($node, $notion) = @$pair{qw(node emulator)};

sub refused { return error_of($node, $_[0]); }
sub state { return sql($node, q{SELECT state || coalesce(': ' || reason, '') FROM notion.links}); }
sub page { return sql($node, qq{SELECT page FROM notion.rows WHERE key = '$_[0]'}); }
sub flush { return sql($node, q{CALL notion.flush('tasks', '50 s')}); }
sub planned {
    return sql($node, q{SELECT string_agg(concat_ws(' ', action, key,
            (SELECT string_agg(k, ',' ORDER BY k) FROM jsonb_object_keys(changes) k
              WHERE action IN ('update', 'change', 'conflict'))), ', ' ORDER BY action, key)
        FROM notion.plan('tasks') WHERE action <> 'total'});
}

# ---- what it lists ------------------------------------------------------------------------------

sql($node, q{SELECT notion.alter_link('tasks', filter => 'kept')});
flush();
is(planned(), '', 'in step: nothing');
sql($node, q{SELECT notion.pause('tasks');
    UPDATE tasks SET points = 10 WHERE id IN (1, 2);
    UPDATE tasks SET kept = false WHERE id = 4;
    DELETE FROM tasks WHERE id = 5;
    INSERT INTO tasks (id, name, kept) VALUES (7, 'new', true), (8, 'outside', false)});
$notion->person('ada', 'PATCH', '/v1/pages/' . page($_),
    { properties => { Points => { number => 20 } } }) for 2, 3;
$notion->person('ada', 'POST', '/v1/pages', { parent => { type => 'data_source_id',
    data_source_id => $pair->{source} }, properties => {
    Name => { title => [ { text => { content => 'theirs' } } ] } } });
my $tables = q{SELECT (SELECT count(*) FROM notion.outbox), (SELECT count(*) FROM notion.work),
    (SELECT count(*) FROM notion.jobs), (SELECT count(*) FROM notion.snapshots),
    (SELECT count(*) FROM notion.due_pages),
    (SELECT md5(string_agg(m::text, '' ORDER BY key)) FROM notion.mappings m)};
# Paused, net folds what is captured, and does no more: from then on nothing moves by itself.
wait_until($node, q{SELECT count(*) FROM notion.outbox}, 0, 'captured and folded');
my $before = sql($node, $tables);
my $exchanges = scalar $notion->journal(sub { 1 });
is(planned(), 'change 3 points, conflict 2 points, create 7, insert, trash 4, trash 5, '
    . 'update 1 points', 'row by row: a row that the filter excludes is trash, like one deleted');
is(sql($node, q{SELECT changes - 'minutes' FROM notion.plan('tasks') WHERE action = 'total'}),
    '{"trash": 2, "change": 1, "create": 1, "insert": 1, "update": 1, "conflict": 1, '
    . '"requests": 6}',
    'the last row has the counts and the requests');
is(sql($node, $tables), $before, 'nothing was written here');
is(scalar(grep { $_->{method} ne 'GET' && $_->{path} !~ /query$/ }
    ($notion->journal(sub { 1 }))[ $exchanges .. $exchanges + 1 ]), 0, 'nor there');
sql($node, q{SELECT notion.alter_link('tasks', on_postgres_delete => 'ignore')});
unlike(planned(), qr/trash/, 'where a deletion here is ignored, nothing goes to the trash');
sql($node, q{SELECT notion.alter_link('tasks', on_postgres_delete => 'trash');
    SELECT notion.resume('tasks'); SELECT notion.sync('tasks')});
flush();
at_rest($pair, 'at rest');
is(join(' ', sort keys %{ pages($pair) }), 'new task 1 task 2 task 3 task 6 theirs',
    'what it said is what happened');
is(sql($node, q{SELECT string_agg(points::text, ' ' ORDER BY id) FROM tasks WHERE id IN (1, 3)}),
    '10 20', 'both ways');
is(sql($node, q{SELECT count(*) FROM notion.conflicts WHERE key = '2'}), 1, 'and the conflict');
is(planned(), '', 'then nothing is left');

# ---- what it costs ------------------------------------------------------------------------------

sub cost { return sql($node, qq{SELECT changes - 'minutes' FROM notion.plan('tasks' $_[0])
    WHERE action = 'total'}); }
sql($node, q{SELECT notion.pause('tasks'); INSERT INTO tasks (id, name) VALUES (20, 'met')});
$notion->person('ada', 'POST', '/v1/pages', { parent => { type => 'data_source_id',
    data_source_id => $pair->{source} }, properties => {
    Name => { title => [ { text => { content => 'met' } } ] } } });
is(cost(q{, match => 'name'}), '{"pair": 1, "requests": 2}', 'a page that is paired gets a marker');
is(cost(''), '{"create": 1, "insert": 1, "requests": 3}', 'so does one that becomes a row');
sql($node, q{SELECT notion.alter_link('tasks', direction => 'from_notion')});
is(cost(''), '{"insert": 1, "requests": 1}', 'but not where nothing is sent');
is(cost(q{, match => 'name'}), '{"pair": 1, "requests": 1}', 'nor when it is paired there');
sql($node, q{SELECT notion.alter_link('tasks', direction => 'both');
    SELECT notion.resume('tasks'); SELECT notion.sync('tasks', match => 'name')});
flush();
at_rest($pair, 'at rest again');

# ---- columns beside the pairs -------------------------------------------------------------------

for my $bad ([ q{on_notion_trash => 'mark:nothing'}, 'no such column of type' ],
    [ q{on_notion_trash => 'mark:points'}, 'no such column of type' ],
    [ q{on_notion_trash => 'sometimes'}, 'is none of ignore, delete, mark:column' ],
    [ q{content => 'nothing'}, 'column nothing: the table has no such column' ],
    [ q{content => 'gone'}, 'content and templates are text, not boolean' ],
    [ q{template => 'column:nothing'}, 'column nothing: the table has no such column' ],
    [ q{forbid => '('}, 'forbid: ' ],
    [ q{filter => 'nothing > 1'}, 'filter: column .* not exist' ]) {
    like(refused("SELECT notion.alter_link('tasks', $bad->[0])"), qr/22023: .*$bad->[1]/s,
        "alter_link refuses $bad->[0]");
}
like(refused(q{SELECT notion.alter_link('tasks', on_notion_trash => 'mark:nothing',
    content => 'nothing', direction => 'sideways')}),
    qr/direction must be.*mark:nothing.*column nothing/s, 'and names all at once');
sql($node, q{SELECT notion.alter_link('tasks', on_notion_trash => 'mark:gone', content => 'body',
    template => 'column:kind')});
flush();
sql($node, q{ALTER TABLE tasks RENAME gone TO lost; ALTER TABLE tasks RENAME body TO text;
    ALTER TABLE tasks RENAME kind TO sort});
is(sql($node, q{SELECT on_notion_trash, content, template FROM notion.links}),
    'mark:lost|text|column:sort', 'they follow when they are renamed');
$notion->person('ada', 'PATCH', '/v1/pages/' . page(1), { in_trash => JSON::PP::true });
sql($node, q{SELECT notion.sync('tasks')});
wait_until($node, 'SELECT lost FROM tasks WHERE id = 1', 't', 'and work on');
is(state(), 'active', 'the link is active');
my %mend = (lost => q{on_notion_trash => 'ignore'}, text => q{content => ''},
    sort => q{template => ''}, kept => q{filter => ''});
for my $column (sort keys %mend) {
    sql($node, "ALTER TABLE tasks DROP $column CASCADE");
    wait_until($node, 'SELECT state FROM notion.links', 'paused', "without $column it is paused");
    like(state(), qr/$column/, 'and says why');
    sql($node, "SELECT notion.alter_link('tasks', $mend{$column}); SELECT notion.resume('tasks')");
    wait_until($node, 'SELECT state FROM notion.links', 'active', 'until it is mended');
}
# A name that is missing is not found again in any column that is renamed.
sql($node, 'ALTER TABLE tasks ADD other float8; ALTER TABLE tasks DROP points');
wait_until($node, 'SELECT state FROM notion.links', 'paused', 'a paired column is dropped');
sql($node, 'ALTER TABLE tasks RENAME other TO another');
is(sql($node, q{SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM notion.columns}),
    'done id name points', 'another that is renamed does not take its place');
done_testing();
