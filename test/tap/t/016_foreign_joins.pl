# Joins with a foreign table: few requests, and the same rows as with a copy in a heap table.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
$emulator->control('POST', 'generate',
    { data_source => 'Participants', count => 3000, seed => 1, spread_minutes => 6000 });

sub asked {
    my ($query) = @_;
    my $before = $emulator->stats->{requests};
    my $result = sql($node, $query);
    return ($result, $emulator->stats->{requests} - $before);
}

# The heap copy, and keys: some that are there, doubles, some that are not, NULLs.
$node->safe_psql('postgres', 'CREATE TABLE heap AS SELECT * FROM crm.participants;
    CREATE TABLE keys AS
      SELECT fee, row_number() OVER () AS n FROM
        (SELECT fee FROM heap WHERE fee IS NOT NULL ORDER BY page_id LIMIT 40) a
      UNION ALL SELECT NULL, 100 UNION ALL SELECT -1e9, 101
      UNION ALL SELECT fee, 200 + row_number() OVER () FROM
        (SELECT fee FROM heap WHERE fee IS NOT NULL ORDER BY page_id LIMIT 8) b;
    ANALYZE heap; ANALYZE keys; SET notion.analyze_requests = 40; ANALYZE crm.participants');

my %joins = (
    inner => 'SELECT k.n, p.name FROM keys k JOIN PARTICIPANTS p ON p.fee = k.fee',
    'inner, with more conditions' =>
      "SELECT k.n, p.name, p.status FROM keys k JOIN PARTICIPANTS p ON k.fee = p.fee
        AND p.page_id::text > 'a' AND k.n < length(p.name) * 20 WHERE p.consented",
    left => 'SELECT k.n, p.name, p.page_id IS NULL FROM keys k LEFT JOIN PARTICIPANTS p
        ON p.fee = k.fee',
    'left, with conditions on both sides' =>
      "SELECT k.n, p.name FROM keys k LEFT JOIN PARTICIPANTS p
        ON p.fee = k.fee AND k.n > 10 AND p.status = 'Done' WHERE coalesce(p.name, 'x') > 'N'",
    semi => 'SELECT k.n FROM keys k WHERE EXISTS (SELECT FROM PARTICIPANTS p WHERE p.fee = k.fee)',
    anti =>
      'SELECT k.n FROM keys k WHERE NOT EXISTS (SELECT FROM PARTICIPANTS p WHERE p.fee = k.fee)',
    'by name' => 'SELECT k.n, p.ticket FROM (SELECT n, CASE n % 4 WHEN 0 THEN \'Student\'
        WHEN 1 THEN \'none such\' END AS t FROM keys WHERE n < 9) k
        LEFT JOIN (SELECT * FROM PARTICIPANTS WHERE fee > 14900) p ON p.ticket = k.t',
    'of two foreign tables' => 'SELECT a.name, b.name FROM PARTICIPANTS a JOIN PARTICIPANTS b
        ON a.fee = b.fee AND a.page_id <> b.page_id WHERE a.fee > 14800',
    'with an aggregate and a limit' => 'SELECT count(*), max(n) FROM (SELECT k.n FROM keys k
        JOIN PARTICIPANTS p ON p.fee = k.fee ORDER BY k.n, p.page_id LIMIT 7) s',
    'below a lateral subquery' => 'SELECT g, s.c FROM generate_series(1, 3) g, LATERAL (SELECT
        count(*) AS c FROM keys k JOIN PARTICIPANTS p ON p.fee = k.fee WHERE k.n % 3 = g - 1) s',
);
for my $name (sort keys %joins) {
    my $sorted = "SELECT s::text FROM ($joins{$name}) s ORDER BY 1";
    (my $foreign = $sorted) =~ s/PARTICIPANTS/crm.participants/g;
    (my $heap = $sorted) =~ s/PARTICIPANTS/heap/g;
    my ($rows, $requests) = asked($foreign);
    is($rows, sql($node, $heap), "$name: the rows of the heap");
    cmp_ok($requests, '<=', 5, "for a handful of requests ($requests)");
    is(sql($node, "SET notion.pushdown = off; $foreign"), $rows, 'as without pushdown');
}

my ($plan) = sql($node, 'EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) SELECT k.n, p.name
    FROM keys k JOIN crm.participants p ON p.fee = k.fee');
like($plan,
    qr/NotionLookup.*Join Type: Inner\s+Join Cond: \(\w\.fee = \w\.fee\)\s+Keys a Request: 100/s,
    'EXPLAIN says how');
like($plan, qr/Batches: 1\b/, 'and ANALYZE how often');

# Several batches, an outer side that is rescanned, and many keys: then one scan is cheaper.
$node->safe_psql('postgres', 'CREATE TABLE many AS SELECT fee, page_id FROM heap
    WHERE fee IS NOT NULL ORDER BY page_id LIMIT 250; ANALYZE many');
my ($count, $requests) =
  asked('SELECT count(*) FROM many m JOIN crm.participants p ON p.fee = m.fee');
is($count, sql($node, 'SELECT count(*) FROM many m JOIN heap p ON p.fee = m.fee'), '250 keys');
cmp_ok($requests, '<=', 6, "in batches ($requests requests)");
unlike(sql($node, 'EXPLAIN SELECT 1 FROM heap h JOIN crm.participants p ON p.fee = h.fee'),
    qr/NotionLookup/, 'thousands of keys: the table is read instead');
(undef, $requests) = asked('SELECT count(*) FROM heap h JOIN crm.participants p ON p.fee = h.fee');
cmp_ok($requests, '<=', 38, "once ($requests requests)");

# By id: the smaller of pages and scan.
($count, $requests) = asked("SELECT count(*) FROM crm.participants WHERE page_id = ANY (ARRAY(
    SELECT page_id FROM heap ORDER BY page_id LIMIT 12))");
is("$count in $requests", '12 in 12', 'twelve pages by their ids');
($count, $requests) = asked('SELECT count(*) FROM crm.participants
    WHERE page_id = ANY (ARRAY(SELECT page_id FROM heap))');
cmp_ok($requests, '<=', 38, "all of them by a scan ($requests requests)");
is($count, 3008, 'and all are there');

# An Append over data sources overlaps.
$emulator->control('POST', 'limits', { latency_ms => 50 });
$plan = sql($node, 'EXPLAIN (COSTS OFF) SELECT count(*) FROM (SELECT name FROM crm.participants
    UNION ALL SELECT task FROM crm.tasks) s');
like($plan, qr/Async Foreign Scan on participants.*Async Foreign Scan on tasks/s,
    'scans below an Append are asynchronous');
is(sql($node, 'SELECT count(*) FROM (SELECT name FROM crm.participants
        UNION ALL SELECT task FROM crm.tasks UNION ALL SELECT name FROM crm.participants
        WHERE fee > 0) s'),
    sql($node, 'SELECT (SELECT count(*) FROM heap) + (SELECT count(*) FROM crm.tasks)
        + (SELECT count(*) FROM heap WHERE fee > 0)'), 'and give all rows');
unlike(sql($node, 'EXPLAIN SELECT name FROM crm.participants UNION ALL SELECT task FROM crm.tasks
    LIMIT 5'), qr/Async/, 'not where a limit may stop the first');
$emulator->control('POST', 'limits', { latency_ms => 0 });
my $two = sql($node, 'SELECT count(*) FROM (SELECT 1 FROM crm.participants WHERE fee > 1000
    UNION ALL SELECT 1 FROM crm.participants WHERE fee <= 1000
    UNION ALL SELECT 1 FROM crm.participants WHERE fee IS NULL) s');
is($two, 3008, 'without latency, too');

# notion.max_requests bounds the statement, not each scan.
my (undef, undef, $stderr) = $node->psql('postgres', 'SET notion.max_requests = 50;
    SELECT count(*) FROM crm.participants a, crm.participants b WHERE a.name || b.name = $$x$$');
like($stderr, qr/ERROR:  the statement needs more than 50 requests/, 'two scans share the limit');

$node->stop;
done_testing();
