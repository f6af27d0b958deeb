# A transaction that decided a conflict, or forgot a row, and is left open holds nothing that the
# worker needs; it takes effect after its commit, and is about what its author saw. Keys of several
# columns are written as everywhere else.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('left_open', wait => 0);
my ($node, $notion) = @$pair{qw(node emulator)};
$notion->control('POST', 'load', { workspace => 'Acme', databases => [ { title => 'Lines',
    properties => { Name => 'title', Mark => 'rich_text', Amount => 'number' } } ] });
sql($node, q{
    IMPORT FOREIGN SCHEMA workspace LIMIT TO (lines) FROM SERVER acme INTO crm;
    CREATE TABLE lines (a integer, b text, name text, amount float8, PRIMARY KEY (a, b));
    INSERT INTO lines VALUES (1, 'x/y', 'first', 1), (2, 'z', 'second', 2), (3, 'z', 'third', 3);
    SELECT notion.link('lines', 'crm.lines', direction => 'both', marker => 'mark',
        columns => '{"name": "name", "amount": {"property": "amount", "rule": "manual"}}');
    SELECT notion.sync('lines'); SELECT notion.sync('tasks')});
wait_until($node, q{SELECT count(*) FROM notion.links WHERE state = 'active'}, '2', 'synced');
at_rest($pair, 'at rest');
my $key = '{"a": 1, "b": "x/y"}';

sub edit {
    my ($a, $properties) = @_;
    my $page = sql($node, "SELECT page_id FROM crm.lines WHERE mark LIKE '$a/%'");
    return $notion->person('ada', 'PATCH', "/v1/pages/$page", { properties => $properties });
}
sub name { return { Name => { title => [ { text => { content => $_[0] } } ] } }; }

sql($node, q{SELECT notion.pause('lines'); UPDATE lines SET amount = 10 WHERE a = 1});
edit(1, { Amount => { number => 20 } });
sql($node, q{SELECT notion.resume('lines')});
wait_until($node, "SELECT count(*) FROM notion.conflicts WHERE state = 'open'", 1, 'a conflict');
my $conflict = sql($node, 'SELECT id FROM notion.conflicts');

# Left open, nothing waits for it: neither this row nor another, in either direction.
my $session = $node->background_psql('postgres');
$session->query_safe("BEGIN; SELECT notion.resolve($conflict, 'postgres')");
edit(1, name('there'));
wait_until($node, 'SELECT name FROM lines WHERE a = 1', 'there', 'an edit there of that row');
sql($node, q{UPDATE lines SET name = 'here' WHERE a = 1});
wait_until($node, q{SELECT name FROM crm.lines WHERE mark LIKE '1/%'}, 'here', 'an edit here');
edit(1, { Amount => { number => 21 } });
wait_until($node, "SELECT notion FROM notion.conflicts WHERE id = $conflict", '21',
    'the conflict itself follows its sides');
$session->query_safe('COMMIT');
wait_until($node, "SELECT note FROM notion.conflicts WHERE id = $conflict",
    'decided, but a side has changed since', 'what was decided was another conflict');
is(sql($node, q{SELECT amount FROM crm.lines WHERE mark LIKE '1/%'}), '21',
    'nothing was overwritten');
$session->query_safe("BEGIN; SELECT notion.resolve($conflict, 'notion'); ROLLBACK");
$session->query_safe("BEGIN; SELECT notion.resolve($conflict, 'value', '15'); COMMIT");
wait_until($node, "SELECT state, winner FROM notion.conflicts WHERE id = $conflict",
    'closed|value', 'what was rolled back is not done, what was committed is');
at_rest($pair, 'at rest');
is(sql($node, q{SELECT l.amount, c.amount FROM lines l, crm.lines c WHERE l.a = 1
    AND c.mark LIKE '1/%'}), '15|15', 'on both sides');

# The history of a row with a key of several columns.
my $history = q{SELECT string_agg(concat_ws(' ', side, was, became, action), ', ' ORDER BY at)
    FROM notion.history('lines', '%s', 'name')};
is(sql($node, sprintf $history, $key), 'postgres first create, notion first there update, '
    . 'postgres there here update', 'its key is an object');
is(sql($node, sprintf $history, '2/z'), 'postgres second create', 'or as its marker shows it');
like(error_of($node, q{SELECT notion.history('lines', '{"a": 1}')}),
    qr/22023: key .* does not name/, 'half a key is an error');
like(error_of($node, q{SELECT notion.forget('lines', '1')}), qr/22023: key .* does not name/,
    'everywhere');

# Forgotten, and left open.
sql($node, 'DELETE FROM lines WHERE a IN (2, 3)');
wait_until($node, q{SELECT count(*) FROM notion.mappings WHERE row_state = 'deleted'
    AND page_state = 'trashed'}, '2', 'two rows are deleted');
at_rest($pair, 'at rest');
$session->query_safe(q{BEGIN; SELECT notion.forget('lines', '{"b": "z", "a": 2}')});
sql($node, q{INSERT INTO lines VALUES (2, 'z', 'again', 22)});
wait_until($node, q{SELECT amount FROM crm.lines WHERE mark LIKE '2/%'}, '22',
    'the worker goes on with that row');
at_rest($pair, 'at rest');
sql($node, q{SELECT notion.pause('lines'); UPDATE lines SET name = 'paused' WHERE a = 2});
$session->query_safe('COMMIT');
wait_until($node, 'SELECT reason, xid IS NULL FROM notion.erasures',
    'a change of the row is on its way to Notion|t', 'a change on its way is waited for');
sql($node, q{SELECT notion.resume('lines')});
wait_until($node, 'SELECT done_at IS NOT NULL, reason IS NULL FROM notion.erasures', 't|t',
    'then it is forgotten');
is(sql($node, q{SELECT count(*) FROM notion.history('lines', '{"a": 2, "b": "z"}')}), '0',
    'what was');
is(sql($node, q{SELECT name, amount FROM lines WHERE a = 2}), 'paused|22', 'not what is');
$session->query_safe(q{SELECT notion.forget('lines', '{"a": 3, "b": "z"}')});
wait_until($node, q{SELECT count(*) FROM notion.mappings WHERE key = '3/z'}, '0',
    'of a deleted row nothing is left');
wait_until($node, 'SELECT bool_and(done_at IS NOT NULL) FROM notion.erasures', 't', 'in no file');
$session->quit;

done_testing();
