# What a plan with foreign tables is taken to be, and what EXPLAIN says of it: not compiled for the
# network's sake, no more ranges at a time than allowed, every request counted; the DDL of drift run
# as it stands; cursors, CTEs and prepared statements.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', q{CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm
      OPTIONS (page_columns 'page_content')});

# ---- JIT: a request costs the planner 5,000, and nothing that could be compiled away
SKIP: {
    skip 'PostgreSQL was built without JIT', 4
      unless sql($node, 'SELECT pg_jit_available()') eq 't';
    $node->safe_psql('postgres', q{CREATE TABLE large AS
        SELECT i AS id, 'Guest ' || i AS name FROM generate_series(1, 20000) i; ANALYZE large});
    my $jit = 'SET jit = on; SET jit_above_cost = 200; EXPLAIN ANALYZE ';
    like(sql($node, "$jit SELECT sum(id) FROM large WHERE id % 3 = 1"), qr/^JIT:/m,
        'a costly plan is compiled');
    unlike(sql($node, "$jit SELECT sum(fee * 2) FROM crm.participants WHERE length(name) > 2"),
        qr/^JIT:/m, 'not for what Notion costs');
    unlike(sql($node, "$jit SELECT p.name, (SELECT count(*) FROM crm.tasks t WHERE t.hours > p.fee)
        FROM crm.participants p UNION ALL SELECT 'x', 1 ORDER BY 1"), qr/^JIT:/m,
        'nor in a subquery, an append or a sort');
    like(sql($node, "$jit SELECT count(*) FROM crm.participants p JOIN large l USING (name)
        WHERE id % 3 <> 7"), qr/^JIT:/m, 'but where the rest is costly');
}

# ---- ranges side by side
$emulator->control('POST', 'generate',
    { data_source => 'Participants', count => 8000, seed => 1, spread_minutes => 80 });
$emulator->control('POST', 'limits', { latency_ms => 5 });
my $wide = q{SET notion.max_parallel_requests = 4;
    EXPLAIN (ANALYZE, COSTS OFF) SELECT name FROM crm.participants};
sql($node, $wide);
my ($widest) = sort { $b <=> $a }
  map { sql($node, $wide) =~ /Read Side by Side: (\d+)/ } 1 .. 5;
$emulator->control('POST', 'limits', { latency_ms => 0 });
is($widest, 4, 'ranges by what was learned are as many as allowed, and no more');

# ---- EXPLAIN counts what is asked for beside the scan
my ($requests) = sql($node, q{EXPLAIN (ANALYZE, COSTS OFF) SELECT page_content FROM crm.tasks
    WHERE length(task) > 0}) =~ / Requests: (\d+)/;
is($requests, 1 + sql($node, 'SELECT count(*) FROM crm.tasks'), 'a request for each content');

# ---- conditions on texts, switched off
my $ada = q{SELECT name FROM crm.participants WHERE name = 'Maya Fischer' AND consented};
like(sql($node, "EXPLAIN (COSTS OFF) $ada"), qr/"title":\{"equals":"Maya Fischer"\}/,
    'texts are asked of Notion');
$node->safe_psql('postgres', q{ALTER SERVER acme OPTIONS (ADD text_pushdown 'false')});
my $plan = sql($node, "EXPLAIN (COSTS OFF) $ada");
unlike($plan, qr/"title":\{/, 'text_pushdown: they are not');
like($plan, qr/Notion Filter: .*checkbox/, 'the others are');
is(sql($node, $ada), 'Maya Fischer', 'and the rows are the same');
$node->safe_psql('postgres', q{ALTER SERVER acme OPTIONS (DROP text_pushdown)});

# ---- statements of every kind
is(sql($node, q{BEGIN; DECLARE c SCROLL CURSOR FOR SELECT task FROM crm.tasks ORDER BY task;
    FETCH 2 FROM c; FETCH BACKWARD 1 FROM c; FETCH LAST FROM c; FETCH FIRST FROM c; COMMIT}),
    join("\n", sql($node, q{SELECT string_agg(task, E'\n' ORDER BY at, n) FROM (
        SELECT task, row_number() OVER (ORDER BY task) n, count(*) OVER () c FROM crm.tasks) t,
        LATERAL (VALUES (1, n <= 2), (2, n = 1), (3, n = c), (4, n = 1)) v (at, shown)
        WHERE shown})), 'a cursor goes back and forth');
is(sql($node, q{SET plan_cache_mode = force_generic_plan;
    PREPARE q (text, interval) AS SELECT count(*) FROM crm.tasks
        WHERE state = $1 AND page_created_at BETWEEN now() - $2 AND now();
    EXECUTE q('Done', '90 years'); EXECUTE q('Done', '1 second')}),
    sql($node, q{SELECT count(*) FROM crm.tasks WHERE state || '' = 'Done'}) . "\n0",
    'parameters and stable expressions are known when it runs');
is(sql($node, q{WITH u AS (UPDATE crm.tasks SET hours = 7 RETURNING hours)
    SELECT count(*) = (SELECT count(*) FROM crm.tasks), sum(hours) = 7 * count(*) FROM u}), 't|t',
    'an UPDATE in a CTE');
like(error_of($node, q{MERGE INTO crm.tasks t USING crm.participants p ON t.task = p.name
    WHEN MATCHED THEN DELETE}), qr/cannot execute MERGE on relation "tasks"/, 'no MERGE');

# ---- the DDL of drift, run as it stands
my $source = sql($node, q{SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
    WHERE table_name = 'tasks'});
$emulator->person('ada', 'PATCH', "/v1/data_sources/$source", { properties => {
    Due => undef, Hours => { name => 'Working hours' }, Priority => { number => {} },
    Estimate => { number => {} }, 'Lösung' => { rich_text => {} } } });
is(sql($node, q{SELECT count(*) FROM notion.drift('crm')}), 5, 'five differences');
my @ddl = split /\n/, sql($node, q{SELECT ddl FROM notion.drift('crm')});
$node->safe_psql('postgres', join("\n", @ddl));
is(sql($node, q{SELECT * FROM notion.drift('crm')}), '', 'none after their DDL');
is(sql($node, q{INSERT INTO crm.tasks (task, hours, priority, estimate) VALUES ('New', 1, 2, 3)
    RETURNING hours, priority, estimate}), '1|2|3', 'and the table works');
done_testing();
