# Conflicts that wait for a person: who and when on each side, decided for either side or by a value
# of one's own, judged anew where a side moved on meanwhile; who hears of them; the cell's history.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('conflicts', rows => q{INSERT INTO tasks (name, points)
    SELECT 'task ' || i, i FROM generate_series(1, 9) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, q{UPDATE notion.link_columns SET rule = 'manual' WHERE column_name = 'points';
    CREATE TABLE audit (id integer, applying boolean, actor uuid);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.audit VALUES (NEW.id, notion.applying(), notion.actor());
        RETURN NULL; END $$;
    CREATE TRIGGER audit AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION audit()});
my $ada = $emulator->person('ada', 'GET', '/v1/users/me')->{id};

sub page_of { return sql($node, "SELECT page FROM notion.mappings WHERE key = '$_[0]'"); }
sub edit {
    my ($id, $points) = @_;
    return $emulator->person('ada', 'PATCH', '/v1/pages/' . page_of($id),
        { properties => { Points => { number => $points } } });
}
sub points_there {
    return $emulator->person('ada', 'GET', '/v1/pages/' . page_of($_[0]))
      ->{properties}{Points}{number};
}
# Both sides change, and neither has seen the other; returns the conflict's number.
sub collide {
    my ($id, $here, $there) = @_;
    sql($node, "SELECT notion.pause('tasks'); UPDATE tasks SET points = $here WHERE id = $id");
    edit($id, $there);
    sql($node, "SELECT notion.resume('tasks')");
    wait_until($node, "SELECT count(*) FROM notion.conflicts WHERE key = '$id'
        AND state = 'open'", 1, "row $id: an open conflict");
    at_rest($pair, 'and the rest goes on');
    return sql($node, "SELECT id FROM notion.conflicts WHERE key = '$id' AND state = 'open'");
}
sub closed {
    my ($conflict, $name) = @_;
    wait_until($node, "SELECT state FROM notion.conflicts WHERE id = $conflict", 'closed', $name);
    at_rest($pair, 'at rest');
    return sql($node, "SELECT winner FROM notion.conflicts WHERE id = $conflict");
}

my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN notion');

my $first = collide(1, 10, 20);
is(sql($node, "SELECT base, postgres, notion, rule, winner IS NULL, postgres_by LIKE '%conflicts%',
    postgres_at IS NOT NULL, notion_by = '$ada', notion_at IS NOT NULL, kind
    FROM notion.conflicts WHERE id = $first"),
    '1|10|20|manual|t|t|t|t|t|both changed', 'both values, who and when on each side, the rule');
is(sql($node, 'SELECT points FROM tasks WHERE id = 1') . points_there(1), '1020',
    'each side keeps its own');
is(sql($node, 'SELECT failures, open_conflicts FROM notion.status')
      . sql($node, 'SELECT count(*) FROM notion.failures'), '0|10', 'it is no failure');
like($listener->query('SELECT 1'), qr/"what": "conflict".*"conflict": $first\b/s,
    'who listens hears of it');
my ($status, undef, $error) = $node->psql('postgres', "CREATE ROLE guest; SET ROLE guest;
    SELECT notion.resolve($first, 'notion')");
like($error, qr/there is no conflict $first/, 'who does not own the table learns nothing of it');
($status, undef, $error) = $node->psql('postgres', "SELECT notion.resolve($first, 'mine')");
like($error, qr/winner must be postgres, notion or value/, 'a winner that is none');

is(sql($node, "SELECT notion.resolve($first, 'notion')"), 1, 'for Notion');
is(closed($first, 'is closed under its number'), 'notion', 'with its winner');
is(sql($node, 'SELECT points FROM tasks WHERE id = 1') . points_there(1), '2020', 'and so it is');
is(sql($node, "SELECT notion.resolve($first, 'postgres')"), 0, 'what is closed stays closed');

my $second = collide(2, 10, 20);
my $third = collide(3, 10, 20);
is(sql($node, "SELECT notion.resolve(ARRAY[$second, $third], 'postgres')"), 2,
    'several, for postgres');
is(closed($second, 'closed') . closed($third, 'closed'), 'postgrespostgres', 'with their winner');
is(points_there(2) . points_there(3), '1010', 'and both pages say so');

my $fourth = collide(4, 10, 20);
($status, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n"
    . "SELECT notion.resolve($fourth, 'value', 'many')");
like($error, qr/22P02:\ .*conflict\ $fourth: .*"points".*double\ precision
    .*DETAIL: .*"many".*HINT: /xs,
    'a value that the column does not take is refused at once');
is(sql($node, "SELECT state, decided IS NULL FROM notion.conflicts WHERE id = $fourth"), 'open|t',
    'and decides nothing');
sql($node, "SELECT notion.resolve($fourth, 'value', '15')");
is(closed($fourth, 'a value of one\'s own'), 'value', 'wins');
is(sql($node, 'SELECT points FROM tasks WHERE id = 4') . points_there(4), '1515', 'on both sides');

# A decision is about what its author saw.
my $fifth = collide(5, 10, 20);
sql($node, "SELECT notion.pause('tasks'); SELECT notion.resolve($fifth, 'postgres')");
edit(5, 33);
sql($node, "SELECT notion.resume('tasks')");
wait_until($node, "SELECT notion, state, decided IS NULL FROM notion.conflicts WHERE id = $fifth",
    '33|open|t', 'the side that would lose has moved on: judged anew, and open still');
at_rest($pair, 'at rest');
is(points_there(5), 33, 'nothing was overwritten unseen');
sql($node, "SELECT notion.pause('tasks'); SELECT notion.resolve($fifth, 'postgres')");
sql($node, 'UPDATE tasks SET points = 11 WHERE id = 5');
sql($node, "SELECT notion.resume('tasks')");
is(closed($fifth, 'the side that wins may move on'), 'postgres', 'and wins');
is(points_there(5), 11, 'with its newer value');

# Agreement needs no decision.
my $sixth = collide(6, 10, 20);
edit(6, 10);
is(closed($sixth, 'both agree again'), '', 'and nobody has lost');

# Deleted here, edited there.
sub deleted {
    my ($id) = @_;
    sql($node, "SELECT notion.pause('tasks'); DELETE FROM tasks WHERE id = $id");
    edit($id, 77);
    sql($node, "SELECT notion.resume('tasks')");
    wait_until($node, "SELECT count(*) FROM notion.conflicts WHERE key = '$id' AND state = 'open'
        AND kind = 'deleted here, edited there'", 1, "row $id: deleted here, edited there");
    return sql($node, "SELECT id FROM notion.conflicts WHERE key = '$id' AND state = 'open'");
}
my $seventh = deleted(7);
sql($node, "SELECT notion.resolve($seventh, 'notion')");
is(closed($seventh, 'decided for the page'), 'notion', 'which wins');
is(sql($node, 'SELECT name, points FROM tasks WHERE id = 7'), 'task 7|77', 'the row is back');
my $eighth = deleted(8);
my $page = page_of(8);
sql($node, "SELECT notion.resolve($eighth, 'postgres')");
is(closed($eighth, 'decided for the deletion'), 'postgres', 'which wins');
ok($emulator->person('ada', 'GET', "/v1/pages/$page")->{in_trash}, 'the page is in the trash');

# Failures are heard of, too.
sql($node, q{UPDATE tasks SET points = 'NaN' WHERE id = 9});
wait_until($node, q{SELECT count(*) FROM notion.failures WHERE key = '9'}, 1, 'a failure');
like($listener->query('SELECT 1'), qr/"what": "failure"/, 'who listens hears of it');
$listener->quit;

# A new row's value that Notion cannot hold is one as well; the rest of the row has its page.
sql($node, q{INSERT INTO tasks (id, name, points) VALUES (90, 'new', 'NaN')});
wait_until($node, q{SELECT reason FROM notion.failures WHERE key = '90'},
    'unsendable: Notion cannot hold this number: It is infinite or not a number.',
    'what a create left out is listed');
ok(pages($pair)->{new}, 'and the page is there');
is(sql($node, q{SELECT state FROM notion.rows WHERE key = '90'}), 'held', 'its row is not in step');
sql($node, q{UPDATE tasks SET points = 7 WHERE id = 90});
wait_until($node, q{SELECT state FROM notion.rows WHERE key = '90'}, 'in step', 'until mended');
is(points_there(90), 7, 'then it is sent');

# Who it was: for triggers, and afterwards.
is(sql($node, "SELECT count(*) FILTER (WHERE applying AND actor = '$ada') > 0,
    count(*) FILTER (WHERE NOT applying AND actor IS NULL) > 0,
    count(*) FILTER (WHERE applying = (actor IS NULL)) FROM audit"), 't|t|0',
    'triggers know whose change they see');
is(sql($node, q{SELECT string_agg(concat_ws(' ', side, was, became, action), ', ' ORDER BY at)
    FROM notion.history('tasks', '1', 'points')}),
    'postgres 1 create, postgres 10 20 lost, notion 10 20 update', 'the history of a cell');
like(error_of($node, "SELECT * FROM notion.history('tasks', '1', 'pionts')"),
    qr/42703: .*"pionts" of public.tasks is not linked.*  Linked are: done, id, name, points\./s,
    'of a column that is not linked: an error that lists those that are');
is(sql($node, "SELECT count(*) FROM notion.history('tasks', '4711', 'points')"), 0,
    'of a row that nobody knows: nothing');
sql($node, 'CREATE TABLE unlinked (id int PRIMARY KEY)');
like(error_of($node, "SELECT * FROM notion.history('unlinked', '1')"),
    qr/42704: .*unlinked is not linked.*HINT:/s, 'of a table that is not linked: an error');
is(sql($node, qq{SELECT actor = '$ada', rule FROM notion.history('tasks', '1', 'points')
    WHERE action = 'update'}), 't|resolved', 'with who and why');
like(sql($node, q{SELECT actor FROM notion.history('tasks', '2', 'points')
    WHERE action = 'update'}), qr/conflicts/, 'from this side by role and application');
like(sql($node, q{SELECT string_agg(actor, ',') FROM notion.history('tasks', '4', 'points')
    WHERE rule = 'resolved'}), qr/^\w+ \(.*conflicts.*\)$/, 'a value by who gave it');
($status, undef, $error) = $node->psql('postgres', "SET ROLE guest;
    SELECT * FROM notion.history('tasks', '1')");
like($error, qr/must be owner of table .*tasks/, 'for the owner of the table alone');

$node->stop;
$emulator->stop;
done_testing();
