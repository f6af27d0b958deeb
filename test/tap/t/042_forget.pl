# notion.forget: no file of the database holds the values of a forgotten row any more, and its page
# does not come back.
use strict;
use warnings;
use lib 'test/tap/lib';
use File::Find;
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('forget', rows => q{
    INSERT INTO tasks (name, points) VALUES ('Qzjvax1', 1), ('Xwpkuf2', 2)});
my ($node, $emulator) = @$pair{qw(node emulator)};

sub page_of { return sql($node, "SELECT page FROM notion.mappings WHERE key = '$_[0]'"); }
# How many files below base hold the text.
sub files_with {
    my ($text) = @_;
    my @found;
    find({ no_chdir => 1, wanted => sub {
        return unless -f $_;
        open my $file, '<:raw', $_ or return; # gone meanwhile
        local $/;
        push @found, $_ if index(<$file>, $text) >= 0;
    } }, $node->data_dir . '/base');
    return scalar @found;
}

my $page = page_of(2);
$emulator->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Name => { title => [{ text => { content => 'Yrhmod3' } }] } } });
wait_until($node, 'SELECT name FROM tasks WHERE id = 2', 'Yrhmod3', 'an edit of it');
at_rest($pair, 'at rest');
sql($node, "UPDATE crm.tasks SET name = 'Bfzhow6' WHERE page_id = '$page'");
wait_until($node, 'SELECT name FROM tasks WHERE id = 2', 'Bfzhow6',
    'one through the foreign table');
at_rest($pair, 'at rest');
sql($node, "SELECT notion.pause('tasks'); UPDATE tasks SET name = 'Vtgnel4' WHERE id = 2");
$emulator->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Name => { title => [{ text => { content => 'Kcswiy5' } }] } } });
sql($node, "SELECT notion.resume('tasks')");
wait_until($node, 'SELECT count(*) FROM notion.conflicts', 1, 'and a conflict');
at_rest($pair, 'at rest');
sql($node, "SELECT notion.pause('tasks'); DELETE FROM tasks WHERE id = 2");
my ($status, undef, $error) = $node->psql('postgres', "SELECT notion.forget('tasks', '2')");
like($error, qr/on its way to Notion/, 'a change that is on its way must arrive first');
sql($node, "SELECT notion.resume('tasks')");
wait_until($node, "SELECT row_state || page_state FROM notion.mappings WHERE key = '2'",
    'deletedtrashed', 'the row is deleted, its page in the trash');
at_rest($pair, 'at rest');
$node->safe_psql('postgres', 'VACUUM FULL tasks; ANALYZE; CHECKPOINT');
cmp_ok(files_with($_), '>', 0, "$_ is in files")
  for qw(Xwpkuf2 Yrhmod3 Bfzhow6 Vtgnel4 Kcswiy5 Qzjvax1);

# Who can still see the old rows keeps them where they are.
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM tasks');
my $erasure = sql($node, "SELECT notion.forget('tasks', '2')");
wait_until($node, "SELECT count(*) FROM notion.history('tasks', '2')", 0, 'no history is left');
is(sql($node, "SELECT done_at IS NULL FROM notion.erasures WHERE id = $erasure"), 't',
    'a snapshot that may look at it delays the erasure');
$reader->query_safe('COMMIT');
$reader->quit;
wait_until($node, "SELECT done_at IS NOT NULL FROM notion.erasures WHERE id = $erasure", 't',
    'erased');
$node->safe_psql('postgres', 'VACUUM FULL tasks; CHECKPOINT');
is(files_with($_), 0, "$_ is in no file") for qw(Xwpkuf2 Yrhmod3 Bfzhow6 Vtgnel4 Kcswiy5);
cmp_ok(files_with('Qzjvax1'), '>', 0, 'others are');

# Taken out of the trash, the page is nobody's.
$emulator->control('POST', "pages/$page/restore", { as => 'ada' });
sql($node, "SELECT notion.sync('tasks')");
wait_until($node, "SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL", 0, 'a sync');
at_rest($pair, 'at rest');
is(sql($node, 'SELECT count(*) FROM tasks'), 1, 'the forgotten page is no new row');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'and no failure');
is(sql($node, "SELECT string_agg(key, ',') FROM notion.rows"), 1, 'nor a row that is known');

# A key that is a value, decisions, and a row that is forgotten in the middle of a conflict: a page
# that was edited there when its row was deleted here.
$emulator->control('POST', 'load', { workspace => 'Acme', databases => [{ title => 'People',
    properties => { Name => 'title', Address => 'rich_text' } }] });
sql($node, q{IMPORT FOREIGN SCHEMA workspace LIMIT TO (people) FROM SERVER acme INTO crm;
    CREATE TABLE people (address text PRIMARY KEY, name text, notes text);
    INSERT INTO people VALUES ('Hmqvad7', 'Nwexoa8', 'Tbdsgh3'), ('Other', 'Person', 'any');
    SELECT notion.link('people', 'crm.people', direction => 'both', rule => 'manual',
        content => 'notes', columns => '{"address": "address", "name": "name"}');
    SELECT notion.sync('people')});
sql($node, q{CALL notion.flush('people', '50 s')});
$page = page_of('Hmqvad7');
sub rename_there {
    my ($name) = @_;
    sql($node, "SELECT notion.pause('people')");
    $emulator->person('ada', 'PATCH', "/v1/pages/$page/markdown", { type => 'replace_content',
        replace_content => { new_str => "Tbdsgh3 $name" } });
    $emulator->person('ada', 'PATCH', "/v1/pages/$page",
        { properties => { Name => { title => [{ text => { content => $name } }] } } });
    return;
}
my $open = q{FROM notion.conflicts WHERE key = 'Hmqvad7' AND state = 'open'};
rename_there('Zkuylb9');
sql($node, q{UPDATE people SET name = 'Gpotrc0' WHERE address = 'Hmqvad7';
    SELECT notion.resume('people')});
wait_until($node, "SELECT count(*) $open", 1, 'a conflict of a row whose key is an address');
sql($node, "SELECT notion.resolve(id, 'value', 'Lsjnie5') $open");
wait_until($node, q{SELECT name FROM people WHERE address = 'Hmqvad7'}, 'Lsjnie5', 'decided');
at_rest($pair, 'at rest');
sql($node, qq{SELECT notion.retry('people', 'Hmqvad7'); SELECT notion.pair('people', 'Hmqvad7',
    '$page'); SELECT notion.sync('people', key => 'Hmqvad7')});
wait_until($node, q{SELECT count(*) FROM notion.requests}, 0, 'what names the row is carried out');
at_rest($pair, 'at rest');
rename_there('Cyfzqm2');
sql($node, q{DELETE FROM people WHERE address = 'Hmqvad7'; SELECT notion.resume('people')});
wait_until($node, "SELECT kind $open", 'deleted here, edited there', 'a conflict about the row');
at_rest($pair, 'at rest');
my @words = qw(Tbdsgh3 Hmqvad7 Nwexoa8 Zkuylb9 Gpotrc0 Lsjnie5 Cyfzqm2);
$node->safe_psql('postgres', 'ANALYZE; VACUUM FULL people; CHECKPOINT');
cmp_ok(files_with($_), '>', 0, "$_ is in files") for @words;
sql($node, "SELECT notion.forget('people', 'Hmqvad7')");
wait_until($node, 'SELECT count(*) FROM notion.erasures WHERE done_at IS NULL', 0, 'erased');
$node->safe_psql('postgres', 'VACUUM FULL people; CHECKPOINT');
is(files_with($_), 0, "$_ is in no file") for @words;
is(sql($node, "SELECT count(*) $open"), 0, 'no conflict is left');
# The page lives on, and is edited.
rename_there('Cyfzqm2');
sql($node, "SELECT notion.resume('people'); SELECT notion.sync('people')");
wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0, 'a sync');
at_rest($pair, 'at rest');
is(sql($node, q{SELECT string_agg(address, ',') FROM people}), 'Other',
    'an edit there does not bring it back');
wait_until($node, q{SELECT count(*) > 0 AND bool_and(read_at IS NOT NULL) FROM notion.contents c
    JOIN notion.links l ON l.id = c.link WHERE l.table_id = 'people'::regclass}, 't',
    'contents were read');
$node->safe_psql('postgres', 'CHECKPOINT');
is(files_with($_), 0, "$_: nothing of it is kept") for qw(Cyfzqm2 Tbdsgh3);

$node->stop;
$emulator->stop;
done_testing();
