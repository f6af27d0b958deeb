# Rows go out, edits come in, through both workers; and what goes wrong on the way is said, retried
# or settled, and loses and doubles nothing.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('sync', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s', restart_after_crash => 'on');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{
        title => 'Tasks',
        properties => {
            Name => 'title', Key => 'rich_text', Points => 'number', Done => 'checkbox',
        },
        pages => [{ properties => { Name => 'Written in Notion', Points => 5 } }],
    }],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE tasks (id serial PRIMARY KEY, name text, points float8, done boolean)});

my $source = sql($node, "SELECT option_value FROM pg_foreign_table, pg_options_to_table(ftoptions)
    WHERE ftrelid = 'crm.tasks'::regclass AND option_name = 'data_source'");

sub pages {
    my $answer = $emulator->person('ada', 'POST', "/v1/data_sources/$source/query", {});
    return { map { ($_->{properties}{Name}{title}[0]{plain_text} // '') => $_ }
          @{ $answer->{results} } };
}
sub count_pages {
    my ($count, $cursor) = (0);
    do {
        my $answer = $emulator->person('ada', 'POST', "/v1/data_sources/$source/query",
            { page_size => 100, $cursor ? (start_cursor => $cursor) : () });
        $count += @{ $answer->{results} };
        $cursor = $answer->{next_cursor};
    } while ($cursor);
    return $count;
}
sub at_rest {
    my ($name) = @_;
    return wait_until($node, "SELECT count(*) FROM (SELECT FROM notion.outbox UNION ALL
        SELECT FROM notion.work WHERE state NOT IN ('failed', 'held') UNION ALL
        SELECT FROM notion.snapshots UNION ALL
        SELECT FROM notion.mappings WHERE flight <> 'none') x", '0', $name);
}

sql($node, q{INSERT INTO tasks (name, points, done)
    SELECT 'task ' || i, i, false FROM generate_series(1, 20) i});
sql($node, q{SELECT notion.link('tasks', 'crm.tasks', direction => 'both',
    columns => '{"id": "key", "name": "name", "points": "points", "done": "done"}')});
sql($node, q{INSERT INTO tasks (name) VALUES ('before the first sync')});
is(count_pages(), 1, 'nothing is sent before the first sync');
sql($node, "SELECT notion.sync('tasks')");
wait_until($node, "SELECT state FROM notion.links", 'active',
    'the first sync makes the link active');
at_rest('and ends');
is(count_pages(), 22, 'every row has a page');
is(sql($node, "SELECT name, points FROM tasks WHERE name LIKE 'Written%'"), 'Written in Notion|5',
    'the page has a row');

sql($node, "INSERT INTO tasks (name, points) VALUES ('new one', 7)");
wait_for('an INSERT makes a page', sub { exists pages()->{'new one'} });
sql($node, "UPDATE tasks SET points = 8, done = true WHERE name = 'new one'");
wait_for('an UPDATE changes it', sub {
    my $page = pages()->{'new one'};
    $page->{properties}{Points}{number} == 8 && $page->{properties}{Done}{checkbox} });
my $page = pages()->{'new one'};
$emulator->person('ada', 'PATCH', "/v1/pages/$page->{id}",
    { properties => { Points => { number => 9 } } });
wait_until($node, "SELECT points FROM tasks WHERE name = 'new one'", '9',
    'an edit comes in by poll');
at_rest('and causes no other');
sql($node, "DELETE FROM tasks WHERE name = 'new one'");
wait_for('a DELETE trashes the page', sub { !exists pages()->{'new one'} });
$page = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { data_source_id => $source },
    properties => { Name => { title => [{ text => { content => 'made by Ada' } }] } } });
wait_until($node, "SELECT count(*) FROM tasks WHERE name = 'made by Ada'", '1',
    'a new page becomes a row');
at_rest('and its marker is written');

$node->stop;
$emulator->stop;
done_testing();
