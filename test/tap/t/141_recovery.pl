# Taking over after a promotion: what was queued before may have been sent, and from an older row. A
# page is adopted; only what equals the row counts as sent by us. A database that was made is taken.
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

# It made one of two databases that were to be published, related it, and told nobody of that, too.
sql($node, q{ALTER SYSTEM SET notion.worker = off;
    CREATE TABLE made (id integer PRIMARY KEY, above integer REFERENCES made);
    CREATE TABLE unmade (id integer PRIMARY KEY)});
$node->reload;
wait_until($node, "SELECT count(*) FROM pg_stat_activity
    WHERE backend_type IN ('pg_notion net', 'pg_notion apply')", '0', 'the workers rest');
my $home = $notion->bot('acme', 'POST', '/v1/pages',
    { parent => { type => 'workspace', workspace => \1 },
      properties => { title => { title => [ { text => { content => 'Home' } } ] } } })->{id};
sql($node, "SELECT notion.publish('{made,unmade}', 'acme', '$home', 'crm', two_way => true)");
my $database = $notion->bot('acme', 'POST', '/v1/databases',
    NotionTest::json(sql($node, q{SELECT request FROM notion.publications WHERE title = 'Made'})));
$notion->bot('acme', 'PATCH', "/v1/data_sources/$database->{data_sources}[0]{id}", {
    properties => { Above => { relation => {
        data_source_id => $database->{data_sources}[0]{id}, type => 'dual_property',
        dual_property => { synced_property_name => 'Made' } } } } });
my $seen = ($notion->journal)[-1]{n};
sql($node, q{UPDATE notion.instance SET timeline = 0; ALTER SYSTEM RESET notion.worker});
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

wait_until($node, 'SELECT DISTINCT state FROM notion.published', 'done', 'both are published');
is(join(' ', map { "$_->{method} $_->{route}" =~ s{^\w+ (\w+ )}{$1}r }
    grep { $_->{n} > $seen && $_->{method} ne 'GET' && $_->{path} =~ /database|data_sources/
        && $_->{path} !~ /query/ } $notion->journal), 'POST /v1/databases',
    'the one that was not there is made, and nothing is asked of the other');
is(sql($node, q{SELECT database FROM notion.published WHERE title = 'Made'}), $database->{id},
    'which is taken');

done_testing();
