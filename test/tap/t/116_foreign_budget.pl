# One budget for all sessions (law 7): eight of them read at once, with several requests at a time
# each, until it is spent, and Notion, which counts too, has to refuse none. How it goes on over
# minutes is measured by test/bench/budget.sh.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $sessions = 8;
my $per_minute = 100;
my $node = start_node('main', 'notion.worker' => 'off');
my $emulator = start_emulator(seed => 'demo.json', budget => "$per_minute/60", random_seed => 5);
connect_workspace($node, $emulator, options => ["budget_per_minute '$per_minute'"]);
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 2000, seed => 3,
    spread_minutes => 1000 });
$node->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');

sub made {
    my $count = 0;
    $count += $_ for values %{ $emulator->stats->{by_status} };
    return $count;
}

# All at once: they wait for a lock that is given up when all of them wait for it.
$node->safe_psql('postgres', 'CREATE TABLE gate ()');
my $gate = $node->background_psql('postgres');
$gate->query_safe('BEGIN; LOCK gate');
my @readers = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. $sessions;
for my $reader (@readers) {
    $reader->{stdin} .= "SET client_min_messages = error;
        DO \$\$ BEGIN PERFORM FROM gate;
            LOOP PERFORM count(*) FROM crm.participants; END LOOP; END \$\$;
        \\echo finished\n";
    $reader->{run}->pump_nb;
}
wait_until($node, "SELECT count(*) = $sessions FROM pg_locks WHERE NOT granted
    AND relation = 'gate'::regclass", 't', 'all are there');
$gate->query_safe('COMMIT');
# After a start half of the window counts as spent, since nobody knows.
wait_for('they read', sub { made() >= $per_minute * 0.4 }, sub { made() . ' requests' });
wait_until($node, "SELECT count(*) = $sessions FROM pg_stat_activity
    WHERE wait_event_type = 'Extension' AND query LIKE '%gate%'", 't', 'and all wait');
my $spent = made();
cmp_ok($spent, '<=', $per_minute, "$sessions sessions made no more than $per_minute requests");
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE query LIKE '%FROM gate%' AND pid <> pg_backend_pid()");
for my $reader (@readers) {
    $reader->{run}->pump until $reader->{stdout} =~ /finished/;
}
my %status = %{ $emulator->stats->{by_status} };
is_deeply([ sort keys %status ], [200], 'and none was refused') or diag(json(\%status));
is(scalar(grep { $_->{stderr} =~ /canceling statement due to user request/ } @readers), $sessions,
    'every one could be cancelled while it waited');
$_->quit for @readers, $gate;
$node->stop;
done_testing();
