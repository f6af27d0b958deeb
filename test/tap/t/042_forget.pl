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

$node->stop;
$emulator->stop;
done_testing();
