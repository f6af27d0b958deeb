# What counts as having seen a page: a reading that left when all that is known was known, and left
# nothing out; a walk whose index had its time, whatever the clocks of Notion say. An event of a
# page that is being written waits for that write's outcome, however long it takes.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $pair = start_pair('looks', settings => { 'notion.listen' => "127.0.0.1:$port",
    'notion.poll_interval' => '1h', 'notion.index_lag' => '5s', 'notion.settle' => '6s' },
    options => [ "budget_per_minute '-1'", "request_timeout_ms '2000'" ],
    rows => q{INSERT INTO tasks (name, points) SELECT 'task ' || i, i
        FROM generate_series(1, 20) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');

sub fault { return $emulator->fault({ @_, count => 1, token => 'ntn_bot_' }) }
sub edit {
    my ($key, $points) = @_;
    return $emulator->person('ada', 'PATCH', "/v1/pages/$page{$key}",
        { properties => { Points => { number => $points } } });
}
sub points { return "SELECT points FROM tasks WHERE id = $_[0]" }
sub hits {
    my ($wanted, $name) = @_;
    return wait_for($name, sub {
        (() = $emulator->control('GET', 'faults') =~ /"hits":\s*1\b/g) == $wanted });
}

# A page that leaves a property out has not shown it.
fault(kind => 'omit_properties', properties => ['Points'], route => 'GET /v1/pages/:id');
edit(1, 101);
sql($node, "SELECT notion.sync('tasks', key => '1')");
wait_until($node, points(1), 101, 'what a page left out is asked for once more');
at_rest($pair, 'at rest');
$emulator->clear_faults;
fault(kind => 'omit_properties', properties => ['Points'], route => 'PATCH /v1/pages/:id');
sql($node, "UPDATE tasks SET name = 'another' WHERE id = 2");
wait_for('what an answer left out is read', sub {
    grep { $_->{method} eq 'GET' && $_->{path} eq "/v1/pages/$page{2}" } $emulator->journal });
at_rest($pair, 'at rest after it');
$emulator->clear_faults;

# Two readings of a page under way: the first left before an edit, the second because of it.
my $looked = sql($node, "SELECT coalesce(looked_at, '-infinity') FROM notion.mappings
    WHERE key = '3'");
my %reading = (kind => 'delay_after', route => 'GET /v1/pages/:id');
fault(%reading, ms => 1_000);
sql($node, "SELECT notion.sync('tasks', key => '3')");
hits(1, 'a page is being read');
edit(3, 103);
fault(%reading, ms => 1_900);
sql($node, "SELECT notion.sync('tasks', key => '3')");
hits(2, 'and once more, since something else has come');
wait_until($node, "SELECT count(*) FROM notion.due_pages d JOIN notion.mappings m
    USING (link, page) WHERE m.key = '3' AND m.looked_at > '$looked'", 1,
    'the first does not settle what the second is for');
wait_until($node, points(3), 103, 'which brings the edit');
at_rest($pair, 'at rest again');
$emulator->clear_faults;

sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks',
    { url => "http://127.0.0.1:$port/webhook/acme", window_ms => 10 });
wait_until($node, 'SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL', 1,
    'subscribed');
sub drained {
    my ($name) = @_;
    $emulator->control('POST', 'webhooks/drain');
    return wait_until($node, "SELECT count(*) FROM notion.inbox WHERE state = 'new'", 0, $name);
}

# Our write arrives long after it was given up; before it did, a person had edited what it sends.
fault(kind => 'delay', ms => 4_000, route => 'PATCH /v1/pages/:id');
sql($node, 'UPDATE tasks SET points = 500 WHERE id = 4');
hits(1, 'a write is on its way');
edit(4, 104);
$emulator->control('POST', 'webhooks/drain');
wait_until($node, "SELECT flight FROM notion.mappings WHERE key = '4'", 'unknown',
    'what became of it is not known');
sql($node, "UPDATE notion.inbox SET attempts = 40, due = now() WHERE state = 'new'");
at_rest($pair, 'it has come after all');
drained('and what a person typed meanwhile is settled');
is($emulator->person('ada', 'GET', "/v1/pages/$page{4}")->{properties}{Points}{number}, 500,
    'our write was the later one');
is(sql($node, q{SELECT column_name, postgres FROM notion.conflicts
    WHERE kind = 'overwritten unseen' AND state = 'open'}), 'points|500',
    'what it overwrote unseen is a conflict');
$emulator->clear_faults;

# Notion's clock is behind ours, by less than is noticed, and its index lags: events seem older than
# they are. More come than are read one by one, ten at most, and writes ask for walks.
$emulator->fault({ kind => 'index_lag', ms => 4_800 });
$emulator->control('POST', 'clock', { advance_ms => -1_800 });
edit($_, 200 + $_) for 5 .. 19;
$emulator->control('POST', 'webhooks/drain');
my $last = "FROM notion.due_pages WHERE page = '$page{19}'";
wait_until($node, "SELECT count(*) $last", 1, 'a page is due, and not read yet');
my ($due, $here);
for (my $tries = 0; $tries < 2_000; $tries++) {
    sql($node, 'UPDATE tasks SET points = points + 1 WHERE id = 20');
    ($due, $here) = split /\|/, sql($node, "SELECT (SELECT count(*) $last),
        (SELECT points = 219 FROM tasks WHERE id = 19)
        OR EXISTS (SELECT FROM notion.snapshots WHERE page = '$page{19}')");
    last unless $due;
}
is("$due|$here", '0|t', 'a walk settles nothing that its index does not know yet');
$emulator->clear_faults;
wait_until($node, points($_), 200 + $_, "edit $_ arrives") for 5 .. 19;
at_rest($pair, 'at rest in the end');

$node->stop;
$emulator->stop;
done_testing();
