# What becomes of a row whose page goes to the trash, or out of sight: deleted after the grace and
# a second look, marked, left alone; back with all that it held; and absence never deletes.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('trash', wait => 0, settings => { 'notion.trash_grace' => '2s' }, rows => q{
    ALTER TABLE tasks ADD secret text, ADD tags text[], ADD gone_at timestamptz;
    INSERT INTO tasks (name, points, secret, tags)
    SELECT 'task ' || i, i, 'secret ' || i, ARRAY['a', 'b'] FROM generate_series(1, 9) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, "UPDATE notion.links SET on_notion_trash = 'delete'; SELECT notion.sync('tasks')");
wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync');
at_rest($pair, 'at rest');

my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');
sub act { my ($id, $what) = @_; return $emulator->control('POST', "pages/$page{$id}/$what",
    { as => 'ada' }); }
# Polls do not show what is in the trash: a full scan does, by what it lacks.
sub scan {
    sql($node, "SELECT notion.sync('tasks')");
    return wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0,
        'a full scan');
}
sub row { return sql($node, "SELECT name, points, secret, tags FROM tasks WHERE id = $_[0]"); }
sub page_state { return sql($node,
    "SELECT page_state FROM notion.mappings WHERE page = '$page{$_[0]}'"); }

# Absence is no deletion: unshared, moved out, archived, erased, all of the source, the token.
act(1, 'unshare');
act(2, 'erase');
act(3, 'archive');
scan();
wait_until($node, "SELECT count(*) FROM notion.mappings WHERE page_state = 'unreachable'
    AND page IN ('$page{1}', '$page{2}')", 2, 'pages that are not to be read any more are listed');
is(sql($node, 'SELECT count(*) FROM tasks'), 9, 'and delete no row');
act(1, 'share');
scan();
wait_until($node, "SELECT page_state FROM notion.mappings WHERE page = '$page{1}'", 'live',
    'what is shared again is live again');

# The trash: at once nothing, after the grace the row, with its image.
act(4, 'trash');
act(5, 'trash');
scan();
wait_until($node, "SELECT count(*) FROM notion.mappings WHERE page_state = 'trashed'
    AND trashed_since IS NOT NULL", 2, 'two pages are in the trash');
is(sql($node, 'SELECT count(*) FROM tasks WHERE id IN (4, 5)'), 2, 'their rows are still there');
act(5, 'restore');
wait_until($node, 'SELECT count(*) FROM tasks WHERE id = 4', 0, 'one goes after the grace');
wait_until($node, "SELECT page_state FROM notion.mappings WHERE page = '$page{5}'", 'live',
    'the other was looked at again: taken out meanwhile');
is(row(5), 'task 5|5|secret 5|{a,b}', 'and its row stays');
is(sql($node, "SELECT action FROM notion.log WHERE key = '4' ORDER BY id DESC LIMIT 1"), 'delete',
    'the log says so');
act(4, 'restore');
scan();
wait_until($node, 'SELECT count(*) FROM tasks WHERE id = 4', 1, 'out of the trash the row is back');
is(row(4), 'task 4|4|secret 4|{a,b}', 'with the columns that are not paired');
at_rest($pair, 'at rest');

# An edit here against the trash there: restored, and told.
act(6, 'trash');
sql($node, "UPDATE tasks SET points = 66 WHERE id = 6");
scan();
wait_until($node, "SELECT count(*) = 1 FROM notion.conflicts WHERE kind = 'edit against delete'
    AND key = '6'", 't', 'an edit here against a deletion there is a conflict')
  or diag state_of($pair);
wait_for('and the page is back', sub {
    my $it = $emulator->person('ada', 'GET', "/v1/pages/$page{6}");
    return !$it->{in_trash} && $it->{properties}{Points}{number} == 66 }, sub {
    return state_of($pair) . sql($node, 'SELECT * FROM notion.due_pages') });

# Marked.
sql($node, "UPDATE notion.links SET on_notion_trash = 'mark:gone_at'");
act(7, 'trash');
scan();
wait_until($node, 'SELECT gone_at IS NOT NULL FROM tasks WHERE id = 7', 't', 'marked');
act(7, 'restore');
scan();
wait_until($node, 'SELECT gone_at IS NULL FROM tasks WHERE id = 7', 't', 'and unmarked');

# A page that a person duplicates carries the other's key, and is a row of its own.
act(8, 'duplicate');
wait_until($node, "SELECT count(*) FROM tasks WHERE name LIKE 'task 8%'", 2, 'its copy is a row');
at_rest($pair, 'at rest');
is(sql($node, "SELECT count(*) FROM notion.mappings WHERE key = '8' AND page = '$page{8}'"), 1,
    'the original keeps its own');
is(sql($node, q{SELECT count(*) FROM crm.tasks WHERE name LIKE 'task 8%'
    AND key = (SELECT max(id) FROM tasks)::text}), 1, 'the copy carries its new key');

# Too many at once delete nothing, until someone says that it is meant.
sql($node, "UPDATE notion.links SET on_notion_trash = 'delete'");
sql($node, q{INSERT INTO tasks (name) SELECT 'many ' || i FROM generate_series(1, 25) i});
sql($node, q{CALL notion.flush('tasks', '50 s')});
%page = map { split /\|/ } split /\n/, sql($node, q{SELECT m.key, m.page FROM notion.mappings m
    JOIN tasks t ON t.id::text = m.key WHERE t.name LIKE 'many %'});
act($_, 'trash') for sort keys %page;
sql($node, q{SELECT notion.sync('tasks')});
wait_until($node, q{SELECT state, reason ~ '^the brake: at least \d+ rows to be deleted here'
    FROM notion.status}, 'paused|t', 'the brake, inwards');
cmp_ok(sql($node, q{SELECT count(*) FROM tasks WHERE name LIKE 'many %'}), '>=', 5,
    'twenty rows go at the most');
sql($node, q{SELECT notion.resume('tasks', allow_deletes => true)});
wait_until($node, q{SELECT count(*) FROM tasks WHERE name LIKE 'many %'}, 0,
    'when it is meant, all go');

my (undef, undef, $error) = $node->psql('postgres', q{CREATE TABLE other (id int PRIMARY KEY);
    SELECT notion.link('other', 'crm.tasks', direction => 'both', on_notion_trash => 'mark:nothing',
        columns => '{"id": "key"}')});
like($error, qr/no such column of type/, 'a mark must be a column');

$node->stop;
$emulator->stop;
done_testing();
