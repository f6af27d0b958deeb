# What Notion refuses, delays, garbles or hangs up on: the link rests, the row waits or fails with
# Notion's words, and everything goes on by itself once the cause is gone.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;
use Time::HiRes ();

my $pair = start_pair('errors', settings => { 'notion.settle' => '400ms' },
    options => ["budget_per_minute '-1'", "request_timeout_ms '3000'"]);
my ($node, $emulator) = @$pair{qw(node emulator)};

sub change {
    my ($name) = @_;
    sql($node, "INSERT INTO tasks (name) VALUES ('$name')");
    return;
}
sub arrives {
    my ($name, $test) = @_;
    return wait_for($test, sub { exists pages($pair)->{$name} }, sub { state_of($pair) });
}
sub once {
    my ($name) = @_;
    return scalar grep { $_->{properties}{Name}{title}[0]{plain_text} eq $name }
      @{ $emulator->person('ada', 'POST', "/v1/data_sources/$pair->{source}/query",
          { filter => { property => 'Name', title => { equals => $name } } })->{results} };
}

# Passing troubles of a create.
for my $case (
    [ 'a 429', { kind => 'status', status => 429, retry_after => 1, count => 1 } ],
    [ 'a 529', { kind => 'status', status => 529, retry_after => 1, count => 1 } ],
    [ 'a 500', { kind => 'status', status => 500, count => 1 } ],
    [ 'a 502 of Cloudflare', { kind => 'status', status => 502, body => '<html>', count => 1 } ],
    [ 'a 409', { kind => 'status', status => 409, count => 1 } ],
    [ 'a hang', { kind => 'hang', count => 1 } ],
    [ 'a connection dropped before', { kind => 'drop_before', count => 1 } ],
    [ 'a connection dropped after', { kind => 'drop_after_commit', count => 1 } ],
    [ 'a 503 after the commit', { kind => '503_after_commit', count => 1 } ],
    [ 'the same without an id',
        { kind => '503_after_commit', committed_resource_id => json('false'), count => 1 } ],
    [ 'half an answer', { kind => 'truncated', bytes => 100, count => 1 } ],
    [ 'an answer that is no JSON', { kind => 'garbage', body => 'O no', count => 1 } ]) {
    my ($what, $fault) = @$case;
    $emulator->fault({ %$fault, route => 'POST /v1/pages' });
    change($what);
    arrives($what, "create: $what: it arrives");
    at_rest($pair, "create: $what: settled");
    is(once($what), 1, "create: $what: once");
    $emulator->clear_faults;
    $emulator->fault({ %$fault, route => 'PATCH /v1/pages/:id' });
    sql($node, "UPDATE tasks SET points = 42 WHERE name = '$what'");
    wait_for("patch: $what: it arrives",
        sub { (pages($pair)->{$what}{properties}{Points}{number} // 0) == 42 },
        sub { state_of($pair) });
    at_rest($pair, "patch: $what: settled");
    $emulator->clear_faults;
}
is(sql($node, 'SELECT count(*) FROM notion.conflicts'), '0', 'nobody had to decide');
is(sql($node, 'SELECT count(*) FROM tasks'), '12', 'no row came from a page of ours');

# A link that rests.
for my $case ([ 401, 'unauthorized', 'API token is invalid.' ],
    [ 403, 'restricted_resource', 'Insufficient permissions.' ]) {
    my ($status, $code, $words) = @$case;
    $emulator->fault({ kind => 'status', status => $status, path => '/v1', body => json({
        object => 'error', status => $status, code => $code, message => $words }) });
    change("through $status");
    wait_until($node, 'SELECT state FROM notion.links', 'resting', "$status: the link rests");
    like(sql($node, 'SELECT reason FROM notion.links'), qr/\Q$words\E/, "$status: Notion's words");
    $emulator->clear_faults;
    sql($node, "UPDATE notion.polls SET next_at = now(); SELECT notion.wake()");
    wait_until($node, 'SELECT state FROM notion.links', 'active', "$status: a poll wakes it");
    arrives("through $status", "$status: nothing was lost");
}
# The data source is not shared any more.
my $database = $emulator->person('ada', 'GET', "/v1/data_sources/$pair->{source}")
  ->{parent}{database_id};
$emulator->control('POST', "databases/$database/unshare", { as => 'Ada' });
change('unshared');
wait_until($node, 'SELECT state FROM notion.links', 'resting', 'unshared: the link rests');
like(sql($node, 'SELECT reason FROM notion.links'), qr/share/i, 'and says what to do');
$emulator->control('POST', "databases/$database/share", { as => 'Ada' });
sql($node, "UPDATE notion.polls SET next_at = now(); SELECT notion.wake()");
wait_until($node, 'SELECT state FROM notion.links', 'active', 'shared again: a poll wakes it');
arrives('unshared', 'shared again: nothing was lost');

# What Notion refuses for good.
$emulator->fault({ kind => 'status', status => 400, route => 'POST /v1/pages', body => json({
    object => 'error', status => 400, code => 'validation_error', message => 'No such thing.' }) });
change('refused');
wait_until($node, "SELECT state FROM notion.work w JOIN tasks t ON t.id::text = w.key
    WHERE name = 'refused'", 'failed', 'a 400 is a failure of the row');
like(sql($node, "SELECT reason FROM notion.work WHERE state = 'failed'"), qr/No such thing\./,
    "in Notion's words");
$emulator->clear_faults;
change('after it');
arrives('after it', 'and stops no other row');
sql($node, "SELECT notion.retry('tasks')");
arrives('refused', 'retry sends it');

# Nothing waits while Notion hangs: no transaction, no lock; and SIGTERM is obeyed at once.
$emulator->fault({ kind => 'hang', path => '/v1' });
change('into the void');
wait_until($node, "SELECT flight FROM notion.mappings m JOIN tasks t ON t.id::text = m.key
    WHERE name = 'into the void'", 'sending', 'a request hangs');
is(sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_notion%'
    AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)"), '0',
    'no transaction is open meanwhile');
is(sql($node, "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE a.backend_type LIKE 'pg_notion%'"), '0', 'and no lock is held');
my $pid = sql($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_notion net'");
my $start = Time::HiRes::time();
kill 'TERM', $pid;
Time::HiRes::usleep(500) while kill(0, $pid) && Time::HiRes::time() - $start < 10;
cmp_ok(Time::HiRes::time() - $start, '<', 0.5, 'SIGTERM ends a process whose request hangs');
$emulator->clear_faults;
arrives('into the void', 'its successor settles what was under way');
at_rest($pair, 'at rest');
is(once('into the void'), 1, 'once');

$node->stop;
$emulator->stop;
done_testing();
