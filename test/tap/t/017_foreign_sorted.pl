# Sorting is left to Notion within one answer only. Where a condition turns out to be checked here,
# all rows are read in the order of creation and sorted here; where Notion gives less than was asked
# for, the statement says so: a page that is edited meanwhile is neither lost nor doubled.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main', 'notion.worker' => 'off');
my $emulator = start_emulator(seed => 'demo.json', budget => 0, random_seed => 5);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 500, seed => 3,
    spread_minutes => 400 });
$node->safe_psql('postgres', q{CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE copy AS SELECT * FROM crm.participants});
my $query = 'POST /v1/data_sources/:data_source_id/query';

# More numbers than a filter of Notion's takes: the condition is narrowed, and checked here.
my $fees = sql($node, 'SELECT string_agg(fee::text, \',\' ORDER BY fee) FROM
    (SELECT DISTINCT fee FROM copy WHERE fee IS NOT NULL ORDER BY fee LIMIT 200) f');
my $many = "SELECT page_id, fee FROM TABLE WHERE fee IN ($fees) ORDER BY fee";
sub answer {
    my ($sql, $table) = @_;
    $sql =~ s/TABLE/$table/;
    return sql($node, "SELECT string_agg(fee::text, ' ') FROM ($sql) q");
}
unlike(sql($node, 'EXPLAIN ' . $many =~ s/TABLE/crm.participants/r . ' LIMIT 12'), qr/Sort Key/,
    'the scan gives the order');
for my $way ('', ' DESC') {
    for my $limit (1, 12, 100) {
        is(answer("$many$way LIMIT $limit", 'crm.participants'),
            answer("$many$way LIMIT $limit", 'copy'), "sorted here$way, $limit of them");
    }
}
is(sql($node, 'SELECT string_agg(n::text, \' \') FROM (VALUES (1), (2)) v(i), LATERAL
    (SELECT count(*) n FROM (' . $many =~ s/TABLE/crm.participants/r . ' LIMIT 7) q
      WHERE fee > v.i) l'),
    sql($node, 'SELECT string_agg(n::text, \' \') FROM (VALUES (1), (2)) v(i), LATERAL
    (SELECT count(*) n FROM (' . $many =~ s/TABLE/copy/r . ' LIMIT 7) q WHERE fee > v.i) l'),
    'and again in a rescan');

# While the second answer is on its way a person moves a page from the end of the order to its
# beginning, and one from the beginning to the end.
my ($first, $last) = split /\n/, sql($node, "SELECT page_id FROM copy WHERE fee IN ($fees)
    AND page_created_at = (SELECT max(page_created_at) FROM copy c WHERE c.fee IN ($fees))
    ORDER BY 1 LIMIT 1") . "\n" . sql($node, "SELECT page_id FROM copy WHERE fee IN ($fees)
    AND page_created_at = (SELECT min(page_created_at) FROM copy c WHERE c.fee IN ($fees))
    ORDER BY 1 LIMIT 1");
my ($least, $most) = split /\|/, sql($node, "SELECT min(fee), max(fee) FROM copy
    WHERE fee IN ($fees)");
my $fee = sql($node, "SELECT option_value FROM pg_attribute, pg_options_to_table(attfdwoptions)
    WHERE attrelid = 'crm.participants'::regclass AND attname = 'fee'
      AND option_name = 'property_id'");
$emulator->control('POST', 'semantics', { live_cursors => JSON::PP::true });
$emulator->fault({ route => $query, kind => 'delay_after', ms => 0, count => 1 },
    { route => $query, kind => 'hang' });
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->{stdin} .= 'SELECT count(*), count(DISTINCT page_id) FROM ('
  . $many =~ s/TABLE/crm.participants/r . " LIMIT 100) q;\n\\echo finished\n";
$session->{run}->pump_nb;
wait_until($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Extension'
    AND query LIKE 'SELECT count(%'", 't', 'one answer came, the next is awaited');
$emulator->person('ada', 'PATCH', "/v1/pages/$first",
    { properties => { $fee => { number => $least + 0 } } });
$emulator->person('ada', 'PATCH', "/v1/pages/$last",
    { properties => { $fee => { number => $most + 0 } } });
$emulator->clear_faults;
$session->{run}->pump until $session->{stdout} =~ /finished/;
like($session->{stdout}, qr/^100\|100$/m, 'no row twice');
$session->quit;
$emulator->control('POST', 'semantics', { live_cursors => JSON::PP::false });

# Notion need not give as many as it was asked for.
$node->safe_psql('postgres',
    'DROP TABLE copy; CREATE TABLE copy AS SELECT * FROM crm.participants');
$emulator->control('POST', 'semantics', { longest_answer => 4 });
my $top = 'SELECT page_created_at, fee FROM TABLE ORDER BY page_created_at';
is(answer("$top LIMIT 4", 'crm.participants'), answer("$top LIMIT 4", 'copy'), 'one answer');
like(error_of($node, $top =~ s/TABLE/crm.participants/r . ' LIMIT 5'),
    qr/HV021:\ Notion\ did\ not\ give\ the\ sorted\ rows\ of\ foreign\ table.*
       HINT:\s+Set\ notion.pushdown\ to\ off/sx, 'more than one is an error that says what to do');
is(sql($node, 'SET notion.pushdown = off; SELECT count(*) FROM (' .
    $top =~ s/TABLE/crm.participants/r . ' LIMIT 5) q'), 5, 'and so it is');
is(sql($node, 'SELECT count(*) FROM crm.participants'), sql($node, 'SELECT count(*) FROM copy'),
    'short answers lose nothing elsewhere');
$emulator->control('POST', 'semantics', { longest_answer => 100 });

# WITH TIES reads on where LIMIT would not.
my $ties = 'SELECT fee FROM TABLE WHERE consented ORDER BY page_created_at
    FETCH FIRST 1 ROW WITH TIES';
is(answer($ties, 'crm.participants'), answer($ties, 'copy'), 'with ties');
like(sql($node, 'EXPLAIN ' . $ties =~ s/TABLE/crm.participants/r), qr/Sort Key/, 'sorted here');

$node->stop;
done_testing();
