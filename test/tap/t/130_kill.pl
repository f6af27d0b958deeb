# Death at any moment: rounds of changes under faults, each ended by killing a worker, a backend or
# the postmaster, or by sending a worker home. In the end Notion holds exactly what the table holds,
# every row once. NOTION_SEED repeats a run; NOTION_ROUNDS says how many rounds (300; 5,000 with
# NOTION_LONG); NOTION_SETTLE=150s is the patience of real life. The waits of a random length are
# what is random here, not patience.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use POSIX 'WNOHANG';
use Test::More;
use Time::HiRes ();

my $seed = $ENV{NOTION_SEED} // ($ENV{NOTION_LONG} ? (time ^ ($$ << 8)) & 0x7fffffff : 20261125);
my $rounds = $ENV{NOTION_ROUNDS} // ($ENV{NOTION_LONG} ? 5_000 : 300);
srand $seed;
diag("seed $seed, $rounds rounds");

my $pair = start_pair('kill', emulator => { latency_ms => 3 },
    settings => { 'notion.settle' => $ENV{NOTION_SETTLE} // '1500ms', log_statement => 'none' });
my ($node, $emulator) = @$pair{qw(node emulator)};
# The brake is not what is tried here.
sql($node, "UPDATE notion.links SET deletes_allowed_until = 'infinity'");
sql($node, 'CREATE UNIQUE INDEX ON tasks (name)');
for my $route ('POST /v1/pages', 'PATCH /v1/pages/:id') {
    $emulator->fault({ kind => 'drop_after_commit', route => $route, probability => 0.08 },
        { kind => '503_after_commit', route => $route, probability => 0.05 },
        { kind => 'drop_before', route => $route, probability => 0.03 },
        { kind => 'status', status => 429, retry_after => 0, route => $route,
            probability => 0.03 });
}

# The processes of the server: what pg_stat_activity calls them => pids.
sub processes {
    my $file = $node->data_dir . '/postmaster.pid';
    open(my $in, '<', $file) or return {};
    my $postmaster = <$in> // return {};
    chomp $postmaster;
    my %found = (postmaster => [$postmaster]);
    open(my $list, '<', "/proc/$postmaster/task/$postmaster/children") or return {};
    for my $pid (split ' ', <$list> // '') {
        open(my $command, '<', "/proc/$pid/cmdline") or next;
        my $title = <$command> // next;
        my $kind = $title =~ /pg_notion net/ ? 'net' : $title =~ /pg_notion apply/ ? 'apply'
          : $title =~ /\[local\]/ ? 'backend' : $title =~ /pg_notion launcher/ ? 'launcher' : next;
        push @{ $found{$kind} }, $pid;
    }
    return \%found;
}

my $names = 0;
my $changes = sub {
    my @all = map { my $n = ++$names; "('r$n', $n % 97)" } 1 .. 1 + int rand 3;
    my $some = join ', ', @all;
    my $modulo = 2 + int rand 9;
    my $points = int rand 1000;
    my @kinds = (
        "INSERT INTO tasks (name, points) VALUES $some ON CONFLICT DO NOTHING",
        "INSERT INTO tasks (name, points) VALUES $some ON CONFLICT DO NOTHING",
        "UPDATE tasks SET points = $points, done = NOT coalesce(done, false)
            WHERE id IN (SELECT id FROM tasks ORDER BY id DESC LIMIT 4)",
        "UPDATE tasks SET points = $points + id WHERE id % 40 = $modulo",
        # Not those that people edit: who deletes and who edits at once is another test's matter.
        "DELETE FROM tasks WHERE id IN (SELECT id FROM tasks WHERE name LIKE 'r%3'
            ORDER BY id DESC LIMIT 1)",
        "BEGIN; INSERT INTO tasks (name) VALUES ('lost $names'); ROLLBACK",
        "BEGIN; INSERT INTO tasks (name, points) VALUES $some ON CONFLICT DO NOTHING; SAVEPOINT a;
            UPDATE tasks SET points = -1; ROLLBACK TO a; COMMIT");
    return $kinds[rand @kinds];
};

# A change by somebody whose session may die under it: whether it was committed does not matter.
# False where the server was not there, or went away.
sub change {
    my $status = eval { $node->psql('postgres', $_[0], on_error_stop => 0) } // 2;
    return $status != 2;
}

# A session in mid-transaction, to be killed.
sub linger {
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    exec 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
        "BEGIN; UPDATE tasks SET points = -2 WHERE id % 5 = 0; SELECT pg_sleep(60)";
}

my @deaths = ((['net', 'KILL']) x 8, (['net', 'TERM']) x 6, (['apply', 'KILL']) x 4,
    (['apply', 'TERM']) x 2, (['backend', 'KILL']) x 2, ['postmaster', 'KILL']);
my %died;
my $lost = 0;
for my $round (1 .. $rounds) {
    until (change($changes->())) {
        Time::HiRes::usleep(2_000);
        die "the server does not come back\n" if ++$lost > 1_000 * $rounds;
    }
    my ($kind, $signal) = @{ $deaths[rand @deaths] };
    my $client = $kind eq 'backend' ? linger() : 0;
    Time::HiRes::usleep(int rand 60_000);
    my $victim;
    my $end = Time::HiRes::time() + 90; # one that dies again and again is kept waiting
    until ($victim) { # between a death and its successor there is nobody
        my @all = @{ processes()->{$kind} // [] };
        $victim = $all[rand @all];
        if (Time::HiRes::time() > $end) {
            fail("round $round: no $kind to be killed");
            last;
        }
        # Its server may have been going down still for the death before.
        $client = linger() if !$victim && $client && waitpid($client, WNOHANG) == $client;
        Time::HiRes::usleep(1_000) unless $victim;
    }
    last unless $victim;
    kill $signal, $victim;
    $died{"$kind $signal"}++;
    if ($kind eq 'postmaster') {
        Time::HiRes::usleep(1_000) while kill(0, $victim) && Time::HiRes::time() < $end;
        # Its children have to be gone as well.
        my $up = 0;
        until ($up || Time::HiRes::time() > $end) {
            $node->{_pid} = undef;
            $up = $node->start(fail_ok => 1);
        }
    }
    if ($client) { kill 'TERM', $client; waitpid $client, 0; }
    if ($round % 10 == 0) { # and people edit
        my $all = eval { pages($pair) } // {};
        my @live = grep { /^r\d*[05]$/ } keys %$all;
        my $page = @live ? $all->{ $live[rand @live] } : undef;
        eval { $emulator->person('ada', 'PATCH', "/v1/pages/$page->{id}",
            { properties => { Done => { checkbox => json('true') } } }) } if $page;
    }
}
diag(join ', ', map { "$_: $died{$_}" } sort keys %died);

$emulator->clear_faults;
wait_until($node, 'SELECT 1', '1', 'the server is up');
# A poll that crossed with an answer leaves the page to the next one, which shows it again.
my $rest = sub {
    my ($when) = @_;
    for my $poll ('a poll', 'another') {
        my $now = sql($node, 'SELECT clock_timestamp()');
        wait_until($node, "SELECT asked_at > '$now' FROM notion.polls", 't', "$poll $when");
        at_rest($pair, "at rest after $poll $when");
    }
};
# Killed twice before its create left, a row is a person's to decide: who looks, and sends it again.
# So is a write of unknown outcome to a page that a person edited at that time, whatever it was: who
# knows that the edit touched something else says that the row is right.
my $asked = 0;
my ($doubts, @unfounded) = (0);
my $decide_doubts = sub {
    for (split /\n/, sql($node, "SELECT id, page FROM notion.conflicts WHERE state = 'open'
            AND note LIKE 'the outcome of our write is not known:%'")) {
        my ($id, $page) = split /\|/;
        my @edits = $emulator->journal(sub { $_->{path} =~ /\Q$page\E/ && $_->{method} eq 'PATCH'
            && $_->{token} eq 'ntn_person_ada' });
        push @unfounded, $page unless @edits;
        sql($node, "SELECT notion.resolve($id, 'postgres')");
        $doubts++;
    }
};
my $decide = sub {
    $decide_doubts->();
    my $open = sql($node, "SELECT count(*) FROM notion.conflicts
        WHERE state = 'open' AND kind = 'create unknown'");
    $asked += $open;
    sql($node, q{
        WITH again AS (UPDATE notion.conflicts SET state = 'closed', closed_at = now(),
                winner = 'postgres' WHERE state = 'open' AND kind = 'create unknown'
                RETURNING link, key),
            work AS (INSERT INTO notion.work (link, key) SELECT a.link, a.key FROM again a
                ON CONFLICT (link, key) DO UPDATE SET state = 'new', due = now())
        UPDATE notion.mappings m SET held = held - '*', attempts = 0, flight = 'none'
          FROM again a WHERE m.link = a.link AND m.key = a.key}) if $open;
};
$rest->('after all deaths');
$decide->();
$rest->('after the decisions') if $asked || $doubts;
diag("$asked creates and $doubts writes were a person's to decide");
is("@unfounded", '', 'no doubt about a write where no person edited');

my $pages = pages($pair);
my %rows = map { my ($id, @row) = split /\|/; ($id => \@row) } split /\n/,
    sql($node, "SELECT id, name, points, coalesce(done, false) FROM tasks");
my (%seen, @wrong);
for my $page (values %$pages) {
    my $p = $page->{properties};
    my $key = $p->{Key}{rich_text}[0]{plain_text} // 'none';
    my $row = $rows{$key};
    push @wrong, "key $key twice" if $seen{$key}++;
    push @wrong, "page of key $key, and no row" unless $row;
    my $there = join '|', $p->{Name}{title}[0]{plain_text} // '', $p->{Points}{number} // '',
        $p->{Done}{checkbox} ? 't' : 'f';
    my $here = join '|', @{ $row // [] };
    push @wrong, "key $key: $here here, $there there" if $row && $here ne $there;
}
push @wrong, map { "row $_ has no page" } grep { !$seen{$_} } keys %rows;
# What a failure leaves to be read: base and log of the first wrong row, and what was said of it.
my $explain = sub {
    my ($key) = ($wrong[0] // '') =~ /(?:key|row) (\d+)/ or return '';
    my $page = sql($node, "SELECT page FROM notion.mappings WHERE key = '$key'");
    my @said = $page ? $emulator->journal(sub {
        $_->{path} =~ /\Q$page\E/ && $_->{method} ne 'GET' }) : ();
    splice @said, 0, @said - 12 if @said > 12;
    return join "\n", sql($node, "SELECT * FROM notion.mappings WHERE key = '$key'"),
        sql($node, "SELECT at, side, action, changes, actor FROM notion.log WHERE key = '$key'
            ORDER BY id DESC LIMIT 8"),
        sql($node, "SELECT * FROM notion.conflicts WHERE key = '$key' ORDER BY id DESC LIMIT 4"),
        map { substr("$_->{at} $_->{token} $_->{method} $_->{path} $_->{status} "
            . json($_->{request} // {}), 0, 400) } @said;
};
is(scalar(keys %$pages), $pair->{count}, 'no two pages have one name');
is(join("\n", @wrong[0 .. ($#wrong > 9 ? 9 : $#wrong)]), '', "after $rounds deaths Notion holds "
    . keys(%rows) . ' rows, each once, with their values')
  || diag(state_of($pair), "\n", $explain->(), "\nseed $seed");
is(sql($node, "SELECT count(*) FROM notion.conflicts
    WHERE state = 'open' AND kind <> 'create unknown'"), '0', 'nobody had to decide anything else')
  || diag(sql($node, 'SELECT * FROM notion.conflicts WHERE state = \'open\' LIMIT 9'));

$node->stop;
$emulator->stop;
done_testing();
