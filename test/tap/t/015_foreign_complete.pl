# Every page once, however many there are and however they share minutes; ranges of creation time
# read side by side; lists that Notion cuts completed, where they are read. Against a low cap.
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
my $source = sql($node, "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                          WHERE table_name = 'participants'");
my $query = 'POST /v1/data_sources/:data_source_id/query';

sub generate {
    my (%how) = @_;
    return $emulator->control('POST', 'generate', { data_source => 'Participants', %how });
}

# All pages of a query, and each once: "count in requests".
sub whole {
    my ($condition, $settings) = @_;
    my $before = $emulator->stats->{requests};
    my $pages = sql($node, ($settings // '') . " SELECT count(*), count(DISTINCT page_id)
        FROM crm.participants WHERE " . ($condition // 'true'));
    return ($pages, $emulator->stats->{requests} - $before);
}

# 2,008 pages in 400 minutes: read alone, then side by side, then by what was learned.
generate(count => 2000, seed => 1, spread_minutes => 400);
my ($pages, $requests) = whole('true', 'SET notion.max_parallel_requests = 1;');
is($pages, '2008|2008', 'one page after another');
is($requests, 21, 'in the fewest requests');
($pages, $requests) = whole();
is($pages, '2008|2008', 'side by side, by what the last scan learned');
cmp_ok($requests, '<=', 25, "for few requests more ($requests)");
my $plan = sql($node, 'EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF)
                       SELECT name FROM crm.participants');
like($plan, qr/Read Side by Side: [2-8]\b/, 'EXPLAIN says how many');
like($plan, qr/Connections Reused: [1-9]/, 'and how often a connection was used again');
$node->restart;
($pages, $requests) = whole();
is($pages, '2008|2008', 'what was learned is forgotten: found out on the way');
cmp_ok($requests, '<=', 25, "for few requests more ($requests)");

# A cap below what a range holds, with a filter too, and where the cursors are lost under way.
$emulator->control('POST', 'limits', { query_results => 150 });
my $paid = "fee > 0 AND status = 'Done'";
my ($expected) = whole($paid, 'SET notion.pushdown = off;');
is((whole($paid))[0], $expected, 'cut again and again, with a filter');
is((whole())[0], '2008|2008', 'and without');
my $session = $node->background_psql('postgres');
$session->query_safe('SET cursor_tuple_fraction = 1; BEGIN;
    DECLARE c CURSOR FOR SELECT page_id FROM crm.participants');
my $fetched = '';
for my $part (1 .. 4) {
    $fetched .= $session->query_safe('FETCH 300 FROM c') . "\n";
    $emulator->control('POST', 'cursors/expire');
}
$fetched .= $session->query_safe('FETCH ALL FROM c; COMMIT');
$session->quit;
my %once = map { $_ => 1 } split /\n/, $fetched;
is(scalar(split(/\n/, $fetched)), 2008, 'cursors that expire in all ranges: no page twice');
is(scalar keys %once, 2008, 'and none lost');

# More pages than the cap in one minute, created and edited: told apart by their unique id.
generate(count => 700, seed => 2, same_minute => 700);
is((whole())[0], '2708|2708', 'many times the cap in one minute');
is((whole('true', 'SET notion.max_parallel_requests = 1;'))[0], '2708|2708', 'alone, too');
is((whole($paid))[0], (whole($paid, 'SET notion.pushdown = off;'))[0], 'with a filter');
$emulator->control('POST', 'limits', { query_results => 10_000 });
my $minute = sql($node, 'SELECT page_created_at FROM crm.participants
    GROUP BY 1 ORDER BY count(*) DESC LIMIT 1');
$node->safe_psql('postgres', "CREATE FOREIGN TABLE plain (page_id uuid, page_created_at timestamptz,
        name text OPTIONS (property_id 'title'))
    SERVER acme OPTIONS (data_source '$source')");
is(sql($node, 'SELECT count(*) FROM plain'), 2708, 'a table without a column for the unique id');
$emulator->control('POST', 'limits', { query_results => 150 });
my (undef, undef, $stderr) = $node->psql('postgres', 'SELECT count(*) FROM plain');
like($stderr, qr/ERROR:  Notion cut the result of foreign table "plain".*HINT:  Add a unique ID/s,
    'cannot tell them apart: an error that says what would help');

# Half of the minute's pages are edited by a person: they are told apart by that first.
$emulator->control('POST', 'limits', { query_results => 10_000 });
my @some = split /\n/, sql($node, "SELECT page_id FROM crm.participants
                                    WHERE page_created_at = '$minute' LIMIT 130");
$emulator->control('POST', "pages/$_/touch", {}) for @some;
$emulator->control('POST', 'limits', { query_results => 600 });
is(sql($node, 'SELECT count(DISTINCT page_id) FROM plain'), 2708,
    'without a unique id, by the minute of the last edit');

# A page in many minutes, most in a few: the ranges are uneven, the rows are the same.
my $skewed = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $skewed, name => 'skewed', token => 'ntn_bot_skewed',
    options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', 'CREATE SCHEMA skewed;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER skewed INTO skewed');
$skewed->control('POST', 'clock', { now => '2020-01-01T00:00:00Z' });
$skewed->control('POST', 'generate', { data_source => 'Participants', count => 60, seed => 3,
    spread_minutes => 60 });
$skewed->control('POST', 'clock', { now => '2026-01-01T00:00:00Z' });
$skewed->control('POST', 'generate', { data_source => 'Participants', count => 1900, seed => 4,
    spread_minutes => 300 });
my $before = $skewed->stats->{requests};
is(sql($node, 'SELECT count(DISTINCT page_id), count(*) FROM skewed.participants'), '1968|1968',
    'six years with hardly a page');
$requests = $skewed->stats->{requests} - $before;
cmp_ok($requests, '<=', 32, "cost few requests more ($requests for 20)");
$before = $skewed->stats->{requests};
is(sql($node, 'SELECT count(DISTINCT page_id), count(*) FROM skewed.participants'), '1968|1968',
    'the second time they are known');
$requests = $skewed->stats->{requests} - $before;
cmp_ok($requests, '<=', 25, "and cost next to nothing ($requests for 20)");

$node->stop;
done_testing();
