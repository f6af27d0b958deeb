# The extension comes and goes, with the library preloaded and without, and takes no schema that
# someone else prepared (docs: a schema notion that is already there gives a clear error).
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main');

sub refused {
    my ($name, $prepare, $error) = @_;
    $node->safe_psql('postgres', 'CREATE DATABASE refused');
    $node->safe_psql('refused', $prepare);
    my ($status, undef, $stderr) = $node->psql('refused', 'CREATE EXTENSION pg_notion');
    isnt($status, 0, "$name: refused");
    like($stderr, $error, "$name: says why");
    like($stderr, qr/HINT: /, "$name: says what to do");
    is(sql($node, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_notion'",
            database => 'refused'), 0, "$name: nothing is left");
    $node->safe_psql('postgres', 'DROP DATABASE refused');
    return;
}

$node->safe_psql('postgres', 'CREATE EXTENSION pg_notion');
is(sql($node, "SELECT nspowner::regrole = current_user::regrole FROM pg_namespace
                WHERE nspname = 'notion'"), 't', 'schema notion belongs to the installer');
is(sql($node, "SELECT extversion = notion.library_version() FROM pg_extension
                WHERE extname = 'pg_notion'"), 't', 'library and SQL have one version');
$node->safe_psql('postgres', 'DROP EXTENSION pg_notion');
is(sql($node, "SELECT count(*) FROM pg_depend WHERE refobjid = 'notion'::regnamespace"), 0,
    'DROP EXTENSION leaves an empty schema');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_notion');
pass('and it can be created again in that schema');
$node->safe_psql('postgres', 'DROP EXTENSION pg_notion; DROP SCHEMA notion');

$node->safe_psql('postgres', 'CREATE ROLE mallory; CREATE ROLE admin SUPERUSER');
refused("a stranger's schema", 'CREATE SCHEMA notion AUTHORIZATION mallory',
    qr/schema "notion" exists already and belongs to role "mallory"/);
refused('a schema with a table', 'CREATE SCHEMA notion CREATE TABLE notion.mine (a int)',
    qr/schema "notion" exists already and is not empty/);
refused('a schema with a function',
    'CREATE SCHEMA notion; CREATE FUNCTION notion.link() RETURNS int LANGUAGE sql RETURN 1',
    qr/schema "notion" exists already and is not empty/);
refused('a schema that others may create in',
    'CREATE SCHEMA notion; GRANT CREATE ON SCHEMA notion TO mallory',
    qr/schema "notion" exists already and others than its owner may create in it/);

$node->safe_psql('postgres', 'CREATE SCHEMA notion AUTHORIZATION admin');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_notion');
pass("another superuser's empty schema is taken: a dump restores it before the extension");

my (undef, undef, $stderr) = $node->psql('postgres', 'ALTER EXTENSION pg_notion SET SCHEMA public');
like($stderr, qr/does not support SET SCHEMA/, 'it stays in its schema');

$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN; CREATE DATABASE theirs OWNER plain');
(undef, undef, $stderr) = $node->psql('theirs', 'SET ROLE plain; CREATE EXTENSION pg_notion');
like($stderr, qr/permission denied to create extension "pg_notion"/, 'a superuser must install it');
$node->stop;

my $late = start_node('late', preload => 0);
$late->safe_psql('postgres', 'CREATE EXTENSION pg_notion');
is(sql($late, 'SELECT notion.library_version() IS NOT NULL'), 't', 'it works without preload');
ok(!$late->log_contains('FATAL'), 'and nothing in the log is fatal');
$late->stop;

done_testing();
