# Queries of reports and joins, and how many requests they make: at most 1.1 times the least that is
# possible, one for each 100 rows that a query needs, counted in a copy. Prints the ratio. Not among
# them: `<>` on options, which Notion can only narrow to rows that have one (docs/types.md).
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use POSIX ();
use Test::More;

my $node = start_node('main', 'notion.worker' => 'off');
my $emulator = start_emulator(seed => 'demo.json', budget => 0, random_seed => 5);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 1000, seed => 3 });
$node->safe_psql('postgres', q{CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE copy AS SELECT * FROM crm.participants;
    CREATE TABLE invoices AS SELECT email, fee FROM copy WHERE email IS NOT NULL
      ORDER BY page_id LIMIT 50;
    ANALYZE invoices; ANALYZE crm.participants; ANALYZE copy});

# What is selected, the condition, and what follows; the rows needed are those of the condition, or
# as many as the LIMIT says.
my @queries = (
    [ 'name, fee', "fee > 100", '' ],
    [ 'count(*)', "fee BETWEEN 50 AND 90", '' ],
    [ 'sum(fee)', "fee IS NOT NULL AND consented", '' ],
    [ 'avg(fee)', "ticket = 'Student'", '' ],
    [ 'status, count(*)', "status IN ('Done', 'In progress')", 'GROUP BY status' ],
    [ 'name', "status = 'Done' AND consented", 'ORDER BY name' ],
    [ 'name', "NOT consented AND fee > 10", '' ],
    [ 'name', "consented IS TRUE", 'LIMIT 10' ],
    [ 'name', "fee > 10", 'LIMIT 100' ],
    [ 'name', "true", 'LIMIT 250' ],
    [ 'name', "true", 'ORDER BY page_edited_at DESC LIMIT 10' ],
    [ 'name', "true", 'ORDER BY page_created_at LIMIT 20' ],
    [ 'name', "consented", 'ORDER BY page_created_at DESC LIMIT 5' ],
    [ 'name, fee', "fee > 0", 'ORDER BY fee DESC LIMIT 10' ],
    [ 'name, fee', "fee IS NOT NULL", 'ORDER BY fee LIMIT 3' ],
    [ 'name', "fee > 50 OR consented", '' ],
    [ 'name', "(fee > 50 AND consented) OR (fee < 20 AND NOT consented)", '' ],
    [ 'name', "NOT (fee > 20 OR consented)", '' ],
    [ 'name', "fee IN (30, 60, 90)", '' ],
    [ 'name', "fee NOT IN (30, 60, 90)", '' ],
    [ 'name', "fee <> 90", '' ],
    [ 'name', "ticket IS NULL", '' ],
    [ 'name', "ticket IS NOT NULL AND fee > 60", '' ],
    [ 'name', "tags @> '{press}'", '' ],
    [ 'name', "tags && '{press,volunteer}'", '' ],
    [ 'name', "'vegetarian' = ANY (tags) AND consented", '' ],
    [ 'name', "email = (SELECT email FROM invoices LIMIT 1)", '' ],
    [ 'name', "name = 'Maya Fischer'", '' ],
    [ 'name', "name LIKE 'Maya%'", '' ],
    [ 'name', "email LIKE '%\@example.org'", '' ],
    [ 'name', "notes ILIKE '%keynote%'", '' ],
    [ 'name', "page_created_at >= (SELECT max(page_created_at) FROM copy)", '' ],
    [ 'count(*)', "page_edited_at > now() + interval '1 year'", '' ],
    [ 'count(*)', "fee > 'NaN'", '' ],
    [ 'name', "number IN ('LC-5', 'LC-6', 'LC-7')", '' ],
    [ 'name', "page_id = (SELECT min(page_id::text)::uuid FROM copy)", '' ],
    [ 'count(DISTINCT ticket)', "consented IS NOT FALSE", '' ],
    [ 'name', "arrival IS NULL AND consented", '' ],
    [ 'max(fee)', "status = 'Done' AND fee <> 90", '' ],
    [ 'count(*)', "true", '' ],
);

my ($made, $least) = (0, 0);
for (@queries) {
    my ($what, $where, $rest) = @$_;
    my $rows = sql($node, "SELECT count(*) FROM (SELECT 1 FROM copy WHERE $where "
          . ($rest =~ /(LIMIT \d+)/ ? $1 : '') . ') q');
    my $nothing = $where =~ /NaN/ ? 0 : 1;
    my $want = POSIX::ceil($rows / 100) || $nothing;
    my $before = $emulator->stats->{requests};
    sql($node, "SELECT $what FROM crm.participants WHERE $where $rest");
    my $took = $emulator->stats->{requests} - $before;
    $made += $took;
    $least += $want;
    note(sprintf '%3d of %3d  %s', $took, $want, "SELECT $what WHERE $where $rest");
    diag("$took requests, $want are enough: SELECT $what WHERE $where $rest") if $took > $want + 1;
}
cmp_ok(scalar @queries, '>=', 40, 'queries');
diag(sprintf '%d requests, %d are the least: ratio %.3f', $made, $least, $made / $least);
cmp_ok($made / $least, '<=', 1.1, 'at most 1.1 times the requests that are needed');
$node->stop;
done_testing();
