# Receipts: what our own writes raise as events costs neither a write nor a read; what another typed
# between our look and our write is a conflict.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $rows = $ENV{NOTION_LONG} ? 5_000 : 200;
my $port = free_port();
my $pair = start_pair('receipts',
    settings => { 'notion.listen' => "127.0.0.1:$port", 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};

sub requests {
    my ($route) = @_;
    my $count = 0;
    my $routes = $emulator->stats->{routes};
    $count += $routes->{$_}{requests} for grep { $_ =~ $route } keys %$routes;
    return $count;
}
sub drained {
    my ($name) = @_;
    $emulator->control('POST', 'webhooks/drain');
    return wait_until($node, "SELECT count(*) FROM notion.inbox WHERE state = 'new'", 0, $name);
}

sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks',
    { url => "http://127.0.0.1:$port/webhook/acme", window_ms => 10, duplicate => 0.2 });
wait_until($node, 'SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL', 1,
    'subscribed');
# Pages that are to be read because of an event. What is read before a write is none of them.
sql($node, q{CREATE TABLE read (page uuid, why text);
    CREATE FUNCTION read() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.read VALUES (NEW.page, NEW.why); RETURN NULL; END $$;
    CREATE TRIGGER read AFTER INSERT OR UPDATE ON notion.due_pages
        FOR EACH ROW EXECUTE FUNCTION read();
    ALTER TABLE notion.due_pages ENABLE ALWAYS TRIGGER read});
sql($node, "INSERT INTO tasks (name, points) SELECT 'task ' || i, i
    FROM generate_series(1, $rows) i");
at_rest($pair, 'created');
drained('their events are settled');
at_rest($pair, 'at rest');
sql($node, 'UPDATE tasks SET points = points + 1');
at_rest($pair, 'updated');
drained('their events likewise');
sql($node, 'UPDATE tasks SET points = points + 1, name = name || \'!\'');
at_rest($pair, 'updated again');
drained('and theirs');
at_rest($pair, 'at rest');
my $events = sql($node, q{SELECT count(*) FROM notion.inbox WHERE type LIKE 'page.%'});
cmp_ok($events, '>=', 2 * $rows, 'each write of ours raised an event');
is(requests(qr{^POST /v1/pages}), $rows, 'no page more than rows');
is(requests(qr{^PATCH /v1/pages}), 2 * $rows, 'an echo causes no write');
cmp_ok(requests(qr{^GET /v1/pages}), '<=', $events / 100, 'and hardly a read');
cmp_ok(sql($node, 'SELECT count(DISTINCT page) FROM read'), '<=', $events / 100,
    'nor by query, of many pages at once')
  || diag(sql($node, 'SELECT page, why, count(*) FROM read GROUP BY 1, 2 ORDER BY 1, 2'));
sql($node, 'DROP TRIGGER read ON notion.due_pages');
is(sql($node, 'SELECT count(*) FROM notion.conflicts'), 0, 'and no conflict');

# Another edits the page while our write is on its way.
my $page = sql($node, "SELECT page FROM notion.mappings WHERE key = '1'");
$emulator->fault({ route => 'PATCH /v1/pages/:id', kind => 'hang', count => 1 });
sql($node, 'UPDATE tasks SET points = 500 WHERE id = 1');
wait_until($node, "SELECT flight FROM notion.mappings WHERE key = '1'", 'sending',
    'our write is on its way');
wait_for('and has reached Notion', sub {
    return $emulator->control('GET', 'faults') =~ /"hits":\s*1\b/ });
$emulator->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Points => { number => 9 } } });
$emulator->control('POST', 'faults/release');
at_rest($pair, 'at rest');
drained('settled');
wait_until($node, q{SELECT count(*) FROM notion.conflicts WHERE kind = 'overwritten unseen'
    AND state = 'open' AND column_name = 'points' AND postgres = '500'}, 1,
    'what was overwritten unseen is a conflict');
# An edit within a second or two of the answer is told of as well: Date headers have seconds.
wait_until($node, "SELECT max(acked_at) + interval '1 s' < clock_timestamp() FROM notion.receipts",
    't', 'the window of that write is over');
sql($node, "SELECT notion.pause('tasks')");
wait_until($node, 'SELECT state FROM notion.links', 'paused', 'nothing goes either way');
sql($node, 'UPDATE tasks SET points = 501 WHERE id = 1');
$emulator->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Points => { number => 11 } } });
sql($node, "SELECT notion.resume('tasks')");
wait_until($node, "SELECT count(*) FROM notion.conflicts WHERE kind = 'both changed'", 1,
    'the same column is edited on both sides');
at_rest($pair, 'at rest after that');
is(sql($node, q{SELECT state FROM notion.conflicts WHERE kind = 'overwritten unseen'
    AND postgres = '500'}), 'open',
    'and what was overwritten stays said');
my $conflict = sql($node, q{SELECT id FROM notion.conflicts WHERE kind = 'overwritten unseen'
    AND postgres = '500'});
my (undef, undef, $error) = $node->psql('postgres', "SELECT notion.resolve($conflict, 'notion')");
like($error, qr/can only be resolved with postgres/, 'whose value Notion alone knows');
sql($node, "SELECT notion.resolve($conflict, 'postgres')");
wait_until($node, "SELECT state FROM notion.conflicts WHERE id = $conflict", 'closed',
    'it is noted, and closed');

# And goes to the trash with what was typed meanwhile.
$page = sql($node, "SELECT page FROM notion.mappings WHERE key = '2'");
$emulator->clear_faults;
$emulator->fault({ route => 'PATCH /v1/pages/:id', kind => 'hang', count => 1 });
sql($node, 'DELETE FROM tasks WHERE id = 2');
wait_until($node, "SELECT flight FROM notion.mappings WHERE key = '2'", 'sending',
    'its page is on its way to the trash');
wait_for('and the word of it has reached Notion', sub {
    return $emulator->control('GET', 'faults') =~ /"hits":\s*1\b/ });
$emulator->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Points => { number => 10 } } });
$emulator->control('POST', 'faults/release');
at_rest($pair, 'at rest');
drained('settled');
wait_until($node, q{SELECT count(*) FROM notion.conflicts WHERE kind = 'overwritten unseen'
    AND state = 'open' AND key = '2' AND column_name = 'points' AND note LIKE '%trash%'}, 1,
    'what went to the trash unseen is a conflict');

$node->stop;
$emulator->stop;
done_testing();
