# Writes that were kept back (read_only, no worker, Notion out of reach) go only after Notion was
# asked anew: what a person wrote there meanwhile is merged, though the write was guarded before.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

# Polls are made for the sake of writes only: nothing else shows an edit.
my $pair = start_pair('kept_back', rows => q{INSERT INTO tasks (name, points)
    SELECT 'row ' || i, 1 FROM generate_series(0, 39) i},
    settings => { 'notion.poll_interval' => '1h', 'notion.max_parallel_requests' => '2',
        'notion.settle' => '300ms' });
my ($node, $emulator) = @$pair{qw(node emulator)};
my %ids = map { $_->[0] => $_->[1]{id} } map { [ $_, pages($pair)->{$_} ] } keys %{ pages($pair) };

sub set_option { return sql($node, "ALTER SERVER acme OPTIONS ($_[0])"); }

sub edit { # ROW POINTS
    my ($row, $points) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$ids{$row}",
        { properties => { Points => { number => $points }, Done => { checkbox => \1 } } });
    return;
}

# Rows that wait, examined and guarded.
sub wait_until_guarded {
    my ($rows, $name) = @_;
    return wait_until($node, q{SELECT count(*) FROM notion.work w JOIN notion.polls p USING (link)
        WHERE w.state = 'wish' AND p.asked_at > w.wished_at}, $rows, $name);
}

# What became of rows that a person edited while their change was kept back, and of one that only
# we changed. `since`: when they were let go.
sub judge {
    my ($edited, $ours, $points, $since, $how) = @_;
    sql($node, q{CALL notion.flush('tasks')});
    my $pages = pages($pair);
    my $count = @$edited;
    is(scalar(grep { $pages->{$_}{properties}{Points}{number} == $points } @$edited), $count,
        "$how: the edit stands in Notion");
    is(sql($node, "SELECT count(*) FROM tasks WHERE points = $points AND done"), $count,
        '... and is here');
    is(sql($node, "SELECT count(*) FROM notion.conflicts WHERE winner = 'notion' AND postgres = '2'
        AND notion = '$points'"), $count, '... and the log has what it won against');
    is($pages->{$ours}{properties}{Points}{number}, 2, '... what nobody else touched went out');
    is(sql($node, "SELECT guarded_at > '$since' FROM notion.mappings WHERE page = '$ids{$ours}'"),
        't', '... after a look at Notion that is younger');
    return;
}

# ---- read_only ---------------------------------------------------------------------------------

set_option(q{ADD read_only 'true'});
sql($node, q{UPDATE tasks SET points = 2 WHERE name IN ('row 0', 'row 1')});
wait_until_guarded(2, 'with read_only the changes are examined, guarded, and wait');
edit('row 0', 9);
my $now = sql($node, 'SELECT clock_timestamp()');
set_option('DROP read_only');
judge(['row 0'], 'row 1', 9, $now, 'after read_only');

# ---- no worker ---------------------------------------------------------------------------------

set_option(q{ADD read_only 'true'});
sql($node, q{UPDATE tasks SET points = 2 WHERE name IN ('row 2', 'row 3')});
wait_until_guarded(2, 'two more wait');
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'pg_notion net'},
    '0', 'the worker ends');
set_option('DROP read_only');
edit('row 2', 8);
$now = sql($node, 'SELECT clock_timestamp()');
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
judge(['row 2'], 'row 3', 8, $now, 'after a time without worker');

# ---- Notion out of reach -----------------------------------------------------------------------

# Writes fail until the breaker opens; the rest was guarded by the same poll, and waits for Notion.
set_option(q{ADD read_only 'true'});
sql($node, q{UPDATE tasks SET points = 2 WHERE name NOT IN ('row 0', 'row 1', 'row 2', 'row 3')});
wait_until_guarded(36, 'many more wait');
$emulator->fault(map { { kind => 'status', status => 500, token => 'ntn_bot_acme', path => '/v1',
    method => $_ } } 'PATCH', 'GET');
set_option('DROP read_only');
wait_until($node, 'SELECT state FROM notion.breakers()', 'open', 'Notion fails: the breaker opens');
my ($ours, @edited) = split /\n/, sql($node, q{SELECT t.name FROM notion.work w
    JOIN tasks t ON t.id::text = w.key JOIN notion.polls p USING (link)
    WHERE w.state = 'wish' AND w.attempts = 0 AND p.asked_at > w.wished_at});
cmp_ok(scalar @edited, '>=', 10, 'others wait, guarded');
edit($_, 7) for @edited; # whichever would be first
$now = sql($node, 'SELECT clock_timestamp()');
$emulator->clear_faults;
judge(\@edited, $ours, 7, $now, 'after Notion was away');

$node->stop;
$emulator->stop;
done_testing();
