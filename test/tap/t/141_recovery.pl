# Taking over after a promotion: what was queued before may have been sent, and from an older row. A
# page is adopted; only what equals the row counts as sent by us.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('recovery');
my ($node, $notion) = @$pair{qw(node emulator)};
sql($node, q{SELECT notion.pause('tasks')});
wait_until($node, 'SELECT state FROM notion.links', 'paused', 'nothing is sent');
sql($node, q{INSERT INTO tasks (name, points) VALUES ('same', 1), ('older', 1), ('edited', 1),
    ('queued', 1)});
wait_until($node, 'SELECT count(*) FROM notion.work', '4', 'four creates are queued');

# The primary before us sent three of them, and told nobody.
my %page;
for my $name (qw(same older edited)) {
    $page{$name} = $notion->bot('acme', 'POST', '/v1/pages', {
        parent => { type => 'data_source_id', data_source_id => $pair->{source} },
        properties => {
            Name => { title => [ { text => { content => $name } } ] }, Points => { number => 1 },
            Key => { rich_text => [ { text => {
                content => sql($node, "SELECT id FROM tasks WHERE name = '$name'") } } ] },
        } })->{id};
}
$notion->person('ada', 'PATCH', "/v1/pages/$page{edited}",
    { properties => { Points => { number => 7 } } });
sql($node, 'UPDATE notion.instance SET timeline = 0');
$node->restart;
wait_until($node, 'SELECT timeline > 0 FROM notion.instance', 't', 'we took over');
# Rows go on before anything was looked up.
sql($node, q{UPDATE tasks SET points = 2 WHERE name <> 'same'; SELECT notion.resume('tasks')});
at_rest($pair, 'at rest');
my $pages = pages($pair);
is($pair->{count}, 4, 'no page was made twice');
is(sql($node, q{SELECT string_agg(name || ' ' || points, ', ' ORDER BY name) FROM tasks}),
    'edited 7, older 2, queued 2, same 1', 'an older value replaces no newer one');
is($pages->{older}{properties}{Points}{number}, 2, 'which is sent');
is($pages->{older}{id}, $page{older}, 'to the page that was there');
is(sql($node, q{SELECT postgres, notion, winner FROM notion.conflicts}), '2|7|notion',
    'what a person typed meanwhile is a conflict');

done_testing();
