# A write to a page that Notion refuses: the page is read, and where it is as before, the write is
# tried once more, since what was in the way may have gone meanwhile; then it is a failure, until
# the row changes, the page is heard of, or somebody retries.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $pair = start_pair('refused_writes', settings => { 'notion.listen' => "127.0.0.1:$port",
    'notion.poll_interval' => '1h' },
    rows => q{INSERT INTO tasks (name, points) VALUES ('it', 1)});
my ($node, $emulator) = @$pair{qw(node emulator)};
my $page = sql($node, 'SELECT page FROM notion.mappings');

my %archived = (kind => 'status', status => 400, route => 'PATCH /v1/pages/:id',
    token => 'ntn_bot_', body => json({ object => 'error', status => 400,
        code => 'validation_error', message => "Can't edit block that is archived." }));
sub shown { return $emulator->person('ada', 'GET', "/v1/pages/$page"); }
my $told = 0;
sub asked { # of the page by us, since this was asked last
    my @all = $emulator->journal;
    my @new = splice @all, $told;
    $told += @new;
    return join ' ', map { $_->{method} }
      grep { $_->{path} eq "/v1/pages/$page" && $_->{token} =~ /bot/ } @new;
}
sub failures { return sql($node, q{SELECT direction, attempts, reason FROM notion.failures}); }

# Once: nobody hears of it.
asked();
$emulator->fault({ %archived, count => 1 });
sql($node, 'UPDATE tasks SET points = 2');
at_rest($pair, 'refused once: at rest');
is(shown()->{properties}{Points}{number}, 2, 'it was tried again');
is(asked(), 'PATCH GET PATCH', 'after a look at the page');
$emulator->clear_faults;
$emulator->fault({ %archived, count => 1 });
sql($node, 'DELETE FROM tasks');
at_rest($pair, 'a deletion, refused once: at rest');
ok(shown()->{in_trash}, 'it was tried again as well');
is(asked(), 'PATCH GET PATCH', 'in the same way');
$emulator->clear_faults;

# Twice.
sql($node, q{INSERT INTO tasks (name, points) VALUES ('another', 1)});
at_rest($pair, 'another row');
$page = sql($node, q{SELECT page FROM notion.mappings WHERE row_state = 'present'});
$emulator->fault(\%archived);
sql($node, 'UPDATE tasks SET points = 2');
my $fails = q{SELECT count(*) FROM notion.failures};
wait_until($node, $fails, 1, 'refused twice it is a failure');
wait_until($node, 'SELECT count(*) FROM notion.due_pages', 0, 'and the page was read');
like(failures(), qr/^to_notion\|2\|.*archived/s, "after two attempts, in Notion's words");
is(asked(), 'PATCH GET PATCH GET', 'which are all');
sql($node, 'UPDATE tasks SET points = 3');
wait_until($node, "$fails HAVING bool_and(attempts = 2 AND reason LIKE '%archived%')", 1,
    'another change is another two attempts');
wait_until($node, "SELECT count(*) FROM notion.work WHERE state <> 'failed'", 0, 'and no more');
$emulator->clear_faults;

# The page is heard of.
sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks',
    { url => "http://127.0.0.1:$port/webhook/acme", window_ms => 10 });
wait_until($node, 'SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL', 1,
    'subscribed');
is(sql($node, $fails), 1, 'it is a failure still');
$emulator->person('ada', 'PATCH', "/v1/blocks/$page/children", { children => [
    { type => 'paragraph', paragraph => { rich_text => [{ text => { content => 'Hm.' } }] } } ] });
wait_until($node, $fails, 0, 'an event of its page, and it is tried again');
at_rest($pair, 'at rest');
is(shown()->{properties}{Points}{number}, 3, 'and sent');

# A create that finds no parent while the data source can be read: a few times, then no more.
$emulator->fault(
    { kind => 'status', status => 404, route => 'POST /v1/pages', token => 'ntn_bot_' });
sql($node, q{INSERT INTO tasks (name) VALUES ('nowhere')});
wait_until($node, $fails, 1, 'a create refused again and again is a failure');
like(failures(), qr/^to_notion\|4\|/, 'after four attempts');
is(sql($node, 'SELECT state FROM notion.links'), 'active', 'and the link goes on');

$node->stop;
$emulator->stop;
done_testing();
