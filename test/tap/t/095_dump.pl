# Copies: a dump keeps links, pages and queues; what is restored, or made as a template copy, sends
# nothing until notion.adopt(), whatever changes in it; then nothing is lost and nothing doubled.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use PostgreSQL::Test::Utils;
use Test::More;

my $pair = start_pair('original', rows => q{
    INSERT INTO tasks (name, points) SELECT 'row ' || i, i FROM generate_series(1, 6) i});
my ($node, $emulator) = @$pair{qw(node emulator)};

my $home = $emulator->bot('acme', 'POST', '/v1/pages',
    { parent => { type => 'workspace', workspace => \1 },
      properties => { title => { title => [ { text => { content => 'Home' } } ] } } })->{id};

# Pending work of all kinds: net and apply rest while it is done.
sub rest {
    sql($node, 'ALTER SYSTEM SET notion.worker = off');
    $node->reload;
    wait_until($node, "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type IN ('pg_notion net', 'pg_notion apply')", '0', 'the workers rest');
    return;
}
sub go {
    sql($node, 'ALTER SYSTEM RESET notion.worker');
    $node->reload;
    return;
}
sub writes { return scalar $emulator->journal(sub { $_->{method} ne 'GET'
    && ($_->{route} // '') !~ /query|search/ }); }

rest();
sql($node, q{INSERT INTO tasks (name, points) VALUES ('new', 10);
    UPDATE tasks SET points = 20 WHERE name = 'row 1';
    UPDATE tasks SET id = 100 WHERE name = 'row 2';
    DELETE FROM tasks WHERE name = 'row 3';
    CREATE TABLE other (id integer PRIMARY KEY, task integer REFERENCES tasks)});
sql($node, "SELECT notion.publish('{other}', 'acme', '$home', 'crm', two_way => true)");
my $before = writes();
my $queued = sql($node, 'SELECT count(*) FROM notion.outbox');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
sql($node, 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is(sql($node, 'SELECT count(*) FROM notion.outbox', database => 'restored'), $queued,
    'the queue is in it');
is(sql($node, q{SELECT (SELECT count(*) FROM notion.mappings WHERE page IS NOT NULL), state
    FROM notion.status}, database => 'restored'), '6|active', 'and so are link and pages');
is(sql($node, 'SELECT count(*) FROM notion.instance', database => 'restored'), 0,
    'but not whose they are');
sql($node, 'CREATE DATABASE template_copy TEMPLATE postgres');

# Both copies are changed while the workers could run.
go();
wait_until($node, 'SELECT count(*) FROM notion.workers() w JOIN pg_database d ON d.oid = w.database
    WHERE datname IN ($$restored$$, $$template_copy$$) AND state LIKE $$resting%$$', '4',
    'the workers of both copies rest');
sql($node, "INSERT INTO tasks (name) VALUES ('in the copy'); ALTER TABLE tasks ADD extra text",
    database => $_) for 'restored', 'template_copy';
at_rest($pair, 'the original goes on');
wait_until($node, 'SELECT state FROM notion.published', 'done', 'and publishes');
my $sent = writes() - $before;
is($sent, 6, 'its four changes and two for a database were sent, and nothing by the copies');
like(sql($node, q{SELECT string_agg(level, ' ') FROM notion.health WHERE what = 'identity'},
    database => 'restored'), qr/^trouble$/, 'health says that it is a copy');

# The original goes; the restored copy is adopted, with a queue that the original had worked off.
rest();
$node->safe_psql('restored', q{SELECT notion.adopt()});
sql($node, "UPDATE tasks SET points = 21 WHERE name = 'row 4'", database => 'restored');
sql($node, 'SELECT notion.pause()');
go();
wait_until($node, 'SELECT DISTINCT state FROM notion.links', 'paused', 'the original is paused');
$node->safe_psql('restored', q{CALL notion.flush('tasks', '50 s')});
my $pages = pages($pair);
is(join(', ', map { "$_=" . ($pages->{$_}{properties}{Points}{number} // '') . ' '
        . ($pages->{$_}{properties}{Key}{rich_text}[0]{plain_text} // '') } sort keys %$pages),
    sql($node, q{SELECT string_agg(name || '=' || coalesce(points::text, '') || ' ' || id, ', '
        ORDER BY name COLLATE "C") FROM tasks}, database => 'restored'),
    'once adopted, Notion holds what the restored table holds');
is($pair->{count}, 7, 'and every row once');
wait_until($node, 'SELECT state FROM notion.published', 'done', 'what was to be published is done',
    database => 'restored');
is(scalar(grep { $_->{path} =~ m{^/v1/(databases|data_sources/[^/]+)$} && $_->{method} ne 'GET' }
    $emulator->journal), 2, 'by the original, and not once more');
is(sql($node, 'SELECT data_source FROM notion.published', database => 'restored'),
    sql($node, 'SELECT data_source FROM notion.published'), 'whose database is taken');
is(sql($node, 'SELECT count(DISTINCT id) = count(*) AND max(id) > 0 FROM notion.jobs',
    database => 'restored'), 't', 'numbers go on where they were');

# The template copy knows the cluster, and not the database.
is(sql($node, q{SELECT state LIKE 'resting%' FROM notion.workers() w JOIN pg_database d
    ON d.oid = w.database WHERE datname = 'template_copy' LIMIT 1}), 't',
    'the template copy rests on');

# A dump in which a link's table is gone holds no link.
sql($node, 'DROP TABLE tasks, other');
is(sql($node, 'SELECT count(*) FROM notion.links'), 0, 'a dropped table leaves no link to dump');

done_testing();
