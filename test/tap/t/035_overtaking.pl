# A person who waits goes first (law 7): a query of a foreign table overtakes a long queue of writes
# that the worker makes with the same token, once the budget of both is spent.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

# Of a token that was never used half of the window counts as spent, evenly: of what is left each
# kind keeps a floor, 12 requests for people who wait, and then one is free every second.
my $pair = start_pair('overtaking', direction => 'to_notion',
    options => ["budget_per_minute '120'"]);
my ($node, $emulator) = @$pair{qw(node emulator)};
$emulator->control('POST', 'generate', { data_source => 'Tasks', count => 400, seed => 3 });

# Somebody asks now and then: for a minute after that the worker leaves the floor alone.
is(sql($node, q{SELECT notion.api('acme', 'GET', '/v1/users/me') ->> 'object'}), 'user', 'asked');
# Each in its own transaction: what people do, not a bulk job.
sql($node, q{DO $$ BEGIN FOR i IN 1 .. 200 LOOP
    INSERT INTO tasks (name) VALUES ('row ' || i); COMMIT; END LOOP; END $$});
wait_until($node, 'SELECT count(*) >= 20 FROM notion.mappings WHERE page IS NOT NULL', 't',
    'the worker has spent its share, and goes on one by one');
my $plan = sql($node, 'EXPLAIN ANALYZE SELECT name FROM crm.tasks');
like($plan, qr/ Requests: 5\b.*Waited for Budget: 0 ms/s, 'a query does not wait at all');
my $queued = sql($node, 'SELECT count(*) FROM notion.work');
cmp_ok($queued, '>=', 100, 'while the queue is long');
my @exchanges = $emulator->journal(sub { $_->{token} eq 'ntn_bot_acme' });
my @reads = grep { $exchanges[$_]{path} =~ m{/query$} } 0 .. $#exchanges;
@reads = @reads[ -5 .. -1 ]; # the first sync asked before
my $between = grep { $_->{method} eq 'POST' && $_->{path} eq '/v1/pages' }
  @exchanges[ $reads[0] .. $reads[-1] ];
cmp_ok($between, '<=', 3, 'and between its first request and its last hardly a write went');

$node->stop;
$emulator->stop;
done_testing();
