# Lists that Notion cuts at 25 references come in whole.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $node = start_node('lists', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [
        { title => 'Tags', properties => { Name => 'title' },
            pages => [ map { { title => "tag $_" } } 1 .. 130 ] },
        { title => 'Tasks', properties => { Name => 'title', Key => 'rich_text',
                Tags => { relation => 'Tags' } } },
    ],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE tasks (id serial PRIMARY KEY, name text, tags uuid[]);
    SELECT notion.link('tasks', 'crm.tasks', direction => 'both',
        columns => '{"id": "key", "name": "name", "tags": "tags"}')});
my $source = sql($node, 'SELECT data_source FROM notion.links');
my $pair = { node => $node, emulator => $emulator, source => $source };
my @tags = split /\n/, sql($node, 'SELECT page_id FROM crm.tags ORDER BY 1');
is(scalar @tags, 130, 'tags to refer to');

sub make {
    my ($name, $count) = @_;
    my @relation = map { { id => $_ } } @tags[0 .. ($count > 100 ? 99 : $count - 1)];
    my $page = $emulator->person('ada', 'POST', '/v1/pages', {
        parent => { data_source_id => $source },
        properties => { Name => { title => [{ text => { content => $name } }] },
            Tags => { relation => \@relation } } });
    return $page->{id};
}
make('many at first', 60);
sql($node, "SELECT notion.sync('tasks')");
wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync');
wait_until($node, "SELECT cardinality(tags) FROM tasks WHERE name = 'many at first'", '60',
    'a cut list of the first sync is whole');
my $id = make('many later', 3);
wait_until($node, "SELECT cardinality(tags) FROM tasks WHERE name = 'many later'", '3',
    'a short list');
at_rest($pair, 'at rest');
$emulator->person('ada', 'PATCH', "/v1/pages/$id",
    { properties => { Tags => { relation => [ map { { id => $_ } } @tags[0 .. 99] ] } } });
wait_until($node, "SELECT cardinality(tags) FROM tasks WHERE name = 'many later'", '100',
    'an edit that makes it long');
at_rest($pair, 'at rest again');
sql($node, "UPDATE tasks SET name = 'renamed' WHERE name = 'many later'");
wait_for('an update of another column', sub { exists pages($pair)->{renamed} });
at_rest($pair, 'at rest after it');
is(sql($node, "SELECT cardinality(tags) FROM tasks WHERE name = 'renamed'"), '100',
    'leaves the list alone');
is(sql($node, 'SELECT count(*) FROM notion.conflicts'), '0', 'nobody had to decide');

$node->stop;
$emulator->stop;
done_testing();
