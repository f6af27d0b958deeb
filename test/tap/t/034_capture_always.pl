# Changes under session_replication_role = replica, as logical replication makes them, are captured
# by links with capture => 'always', and found by a sync by the others. And who may dump a database
# with links.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use PostgreSQL::Test::Utils;
use Test::More;

my $pair = start_pair('replica');
my ($node, $notion) = @$pair{qw(node emulator)};
sub names { return join ' ', sort keys %{ pages($pair) }; }
sub flush { return sql($node, q{CALL notion.flush('tasks', '50 s')}); }

sql($node, q{SET session_replication_role = replica; INSERT INTO tasks (name) VALUES ('unseen')});
sql($node, q{INSERT INTO tasks (name) VALUES ('seen')});
flush();
is(names(), 'seen', 'a subscriber sends nothing that came to it');
sql($node, q{SELECT notion.sync('tasks')});
flush();
is(names(), 'seen unseen', 'but for what a sync finds');

sql($node, q{SELECT notion.alter_link('tasks', capture => 'always')});
flush();
is(sql($node, q{SELECT string_agg(DISTINCT tgenabled::text, '') FROM pg_trigger
    WHERE tgrelid = 'tasks'::regclass AND tgname LIKE 'notion_capture%'}), 'A',
    'its triggers fire always');
sql($node, q{SET session_replication_role = replica;
    INSERT INTO tasks (name) VALUES ('replicated'); UPDATE tasks SET name = 'changed'
    WHERE name = 'seen'; DELETE FROM tasks WHERE name = 'unseen'});
flush();
is(names(), 'changed replicated', 'capture => always: inserts, updates and deletes');
my $unseen = 'SELECT count(*) FROM notion.jobs';
my $before = sql($node, $unseen);
sql($node, q{ALTER TABLE tasks DISABLE TRIGGER ALL});
wait_until($node, "SELECT ($unseen) > $before", 't', 'triggers that are disabled: a scan follows');
sql($node, q{ALTER TABLE tasks ENABLE TRIGGER ALL});
is(sql($node, q{SELECT string_agg(DISTINCT tgenabled::text, '') FROM pg_trigger
    WHERE tgrelid = 'tasks'::regclass AND tgname LIKE 'notion_capture%'}), 'A',
    'and fire always again once they are enabled');
flush();
sql($node, q{SELECT notion.alter_link('tasks', capture => 'origin')});
flush();
sql($node, q{SET session_replication_role = replica; INSERT INTO tasks (name) VALUES ('again')});
flush();
is(names(), 'changed replicated', 'and back');

# ---- dumps by others than superusers ----------------------------------------------------------

sql($node, q{CREATE ROLE app LOGIN; GRANT ALL ON DATABASE postgres TO app;
    CREATE SCHEMA app AUTHORIZATION app; CREATE ROLE dumper LOGIN BYPASSRLS;
    GRANT pg_read_all_data TO dumper});
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump';
my @dump = ('pg_dump', '-Fc', '-f', $file, '-d', $node->connstr('postgres'));
$node->command_fails_like([ @dump, '-U', 'app' ], qr/permission denied for table/,
    'who may not read the queues cannot dump them');
$node->command_ok([ @dump, '-U', 'app', '-n', 'app' ], 'but schemas of their own');
$node->command_ok([ @dump, '-U', 'dumper' ], 'pg_read_all_data and BYPASSRLS are enough');
sql($node, 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $file ],
    'and a superuser restores it');
is(sql($node, q{SELECT (SELECT count(*) FROM notion.mappings), (SELECT count(*) FROM notion.links)},
    database => 'restored'), sql($node, q{SELECT (SELECT count(*) FROM notion.mappings), 1}),
    'with all that was linked');

done_testing();
