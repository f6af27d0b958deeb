# Wherever a scan waits (for an answer or several, in the middle of one, for the budget, between
# attempts), and while it does not, it can be cancelled at once, by a person, a timeout or the death
# of the postmaster, and leaves nothing behind. Medians of NOTION_ROUNDS times (3) are printed, and
# judged by test/bench/cancel.sh: here only a hang fails, since machines are loaded.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;
use Time::HiRes ();

my $rounds = $ENV{NOTION_ROUNDS} // 3;
my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
connect_workspace($node, $emulator, name => 'poor', token => 'ntn_bot_poor',
    options => ["budget_per_minute '2'"]);
$node->safe_psql('postgres', 'CREATE SCHEMA crm; CREATE SCHEMA poor;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
my $tasks = sql($node, "SELECT option_value FROM pg_options_to_table((SELECT ftoptions
    FROM pg_foreign_table WHERE ftrelid = 'crm.tasks'::regclass))
    WHERE option_name = 'data_source'");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE poor.tasks (name text
    OPTIONS (property_id 'title')) SERVER poor OPTIONS (data_source '$tasks')");
my $query = 'POST /v1/data_sources/:data_source_id/query';
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $backend = $session->query_safe('SELECT pg_backend_pid()');

# Milliseconds from the signal until the backend of $session is idle again.
my $measure = q{
    SET statement_timeout = '60s';
    DO $$
    DECLARE
        signalled timestamptz;
    BEGIN
        signalled := clock_timestamp();
        PERFORM pg_cancel_backend(BACKEND);
        LOOP
            PERFORM pg_stat_clear_snapshot();
            EXIT WHEN (SELECT state FROM pg_stat_activity WHERE pid = BACKEND) LIKE 'idle%';
            PERFORM pg_sleep(0.0005);
        END LOOP;
        RAISE NOTICE 'took % ms', extract(epoch FROM clock_timestamp() - signalled) * 1000;
    END $$};

sub cancelled_in {
    my ($name, $sql, $waits) = @_;
    my @took;
    for (1 .. $rounds) {
        $session->{stdin} .= "$sql\n;\\echo finished\n";
        $session->{run}->pump_nb;
        $waits->();
        (my $do = $measure) =~ s/BACKEND/$backend/g;
        my (undef, undef, $stderr) = $node->psql('postgres', $do);
        my ($ms) = $stderr =~ /took ([\d.]+) ms/;
        last unless defined $ms;
        push @took, $ms;
        wait_for("$name: the session is back", sub {
            $session->{run}->pump_nb;
            return $session->{stdout} =~ /finished/
              && $session->{stderr} =~ /canceling statement due to user request/;
        }) or last;
        $session->{stdout} = $session->{stderr} = '';
    }
    diag(sprintf '%s: cancelled in %.1f ms (median of %d)', $name,
        (sort { $a <=> $b } @took)[ $#took / 2 ], $rounds) if @took;
    is(scalar @took, $rounds, "$name: cancelled");
    return;
}

sub served {
    my $count = 0;
    $count += $_ for values %{ $emulator->stats->{by_status} };
    return $count;
}

sub in_flight {
    return sub {
        wait_until($node, "SELECT wait_event_type IN ('Extension', 'IPC') FROM pg_stat_activity
                            WHERE pid = $backend", 't', 'the scan waits');
    };
}

$emulator->fault({ route => $query, kind => 'hang' });
cancelled_in('a server that never answers', 'SELECT * FROM crm.tasks', in_flight());
$emulator->clear_faults;
$emulator->fault({ route => $query, kind => 'trickle', bytes => 1, ms => 20 });
cancelled_in('an answer that trickles', 'SELECT * FROM crm.tasks', in_flight());
$emulator->clear_faults;
$emulator->fault({ route => $query, kind => 'status', status => 503 });
cancelled_in('a pause between attempts', 'SELECT * FROM crm.tasks', in_flight());
$emulator->clear_faults;

# Many requests at a time: ranges, pages by id, keys of a join, data sources of an Append, and the
# rest of a list that was cut.
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 3000, seed => 1,
    spread_minutes => 2000 });
$node->safe_psql('postgres', 'CREATE TABLE ids AS SELECT page_id, email FROM crm.participants
    WHERE email IS NOT NULL LIMIT 40; ANALYZE ids; SELECT count(*) FROM crm.participants');
my $ids = sql($node, "SELECT string_agg(quote_literal(page_id), ',') FROM
    (SELECT page_id FROM ids LIMIT 20) i");
sub hangs { $emulator->clear_faults; $emulator->fault({ route => $_[0], kind => 'hang' }); return; }
hangs($query);
cancelled_in('ranges side by side', 'SELECT * FROM crm.participants', in_flight());
cancelled_in('an Append', 'SELECT name FROM crm.participants UNION ALL SELECT task FROM crm.tasks',
    in_flight());
cancelled_in('keys of a join', 'SELECT * FROM ids JOIN crm.participants p USING (email)',
    in_flight());
hangs('GET /v1/pages/:page_id');
cancelled_in('pages by id', "SELECT * FROM crm.participants WHERE page_id IN ($ids)", in_flight());
$emulator->clear_faults;
my $made = 0;
cancelled_in('rows at full speed',
    'DO $$ BEGIN LOOP PERFORM * FROM crm.participants; END LOOP; END $$',
    sub {
        my $before = $made;
        wait_for('the scan runs', sub { ($made = served()) > $before + 5 });
    });

# The budget: when it is spent a scan waits, says so, and can be cancelled.
my $hurry = "SET statement_timeout = '200ms'; SELECT count(*) FROM poor.tasks";
my $notice = '';
for (1 .. 5) {
    (undef, undef, $notice) = $node->psql('postgres', $hurry);
    last if $notice;
}
like($notice, qr/NOTICE:  waiting \d+ s for the budget of requests to Notion/,
    'the wait is announced, and the budget is that of all sessions');
is(() = $notice =~ /NOTICE/g, 1, 'once');
like($notice, qr/canceling statement due to statement timeout/, 'statement_timeout ends it');
cancelled_in('waiting for the budget', 'SELECT * FROM poor.tasks', in_flight());

# A 429 is obeyed, to the second, by every session.
$emulator->fault({ route => $query, kind => 'status', status => 429, retry_after => 1,
    count => 1 });
my $from = Time::HiRes::time();
is(sql($node, 'SELECT count(*) > 0 FROM crm.tasks'), 't', 'after a 429 the query is asked again');
my $waited = Time::HiRes::time() - $from;
ok($waited >= 1, sprintf 'not before Retry-After has passed (%.2f s)', $waited);
$emulator->clear_faults;

# Nothing is left behind in a session that was cut off again and again.
$emulator->fault({ route => $query, kind => 'hang' });
$session->query("SET statement_timeout = '20ms'");
sub descriptors { my @open = glob "/proc/$backend/fd/*"; return scalar @open; }
$session->query('SELECT * FROM crm.tasks') for 1 .. 3;
my $before = descriptors();
$session->query('SELECT * FROM crm.tasks') for 1 .. 30;
$session->query('BEGIN; SAVEPOINT s; SELECT * FROM crm.tasks; ROLLBACK TO s; COMMIT') for 1 .. 5;
ok(descriptors() <= $before + 2, "no descriptor is leaked ($before, then " . descriptors() . ')');
$emulator->clear_faults;
$session->query("RESET statement_timeout");
is($session->query('SELECT count(*) > 0 FROM crm.tasks'), 't', 'and the session works');

# Terminated, and orphaned.
$emulator->fault({ route => $query, kind => 'hang' });
$session->{stdin} .= "SELECT * FROM crm.tasks;\n";
$session->{run}->pump_nb;
in_flight()->();
$from = Time::HiRes::time();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($backend, 30000)");
wait_for('terminated', sub { !readlink "/proc/$backend/exe" });
diag(sprintf 'terminated in %.0f ms', (Time::HiRes::time() - $from) * 1000);
eval { $session->{run}->finish };

$session = $node->background_psql('postgres', on_error_stop => 0);
$backend = $session->query_safe('SELECT pg_backend_pid()');
$session->{stdin} .= "SELECT * FROM crm.tasks;\n";
$session->{run}->pump_nb;
in_flight()->();
$from = Time::HiRes::time();
$node->kill9;
wait_for('a killed postmaster takes its backend along',
    sub { !readlink "/proc/$backend/exe" });
diag(sprintf 'gone in %.0f ms', (Time::HiRes::time() - $from) * 1000);
eval { $session->{run}->finish };

done_testing();
