# With a live webhook polls are rare; one that goes silent is noticed by what a poll finds untold,
# and one that speaks again is believed.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $pair = start_pair('rare_polls', settings => { 'notion.listen' => "127.0.0.1:$port" },
    rows => q{INSERT INTO tasks (name, points) VALUES ('task', 0)});
my ($node, $emulator) = @$pair{qw(node emulator)};
my $page = sql($node, 'SELECT page FROM notion.mappings');

sub queries {
    my ($count, $routes) = (0, $emulator->stats->{routes});
    $count += $routes->{$_}{requests} for grep { m{^POST /v1/data_sources/.*/query} } keys %$routes;
    return $count;
}
sub edit {
    my ($points, $name) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$page",
        { properties => { Points => { number => $points } } });
    return wait_until($node, 'SELECT points FROM tasks', $points, $name);
}
sub subscribe {
    sql($node, "SELECT notion.expect_webhook('acme')");
    $emulator->control('POST', 'webhooks',
        { url => "http://127.0.0.1:$port/webhook/acme", window_ms => 10 });
    return;
}
# An event may cross with a poll that shows the same, and is not believed then; the next one is.
sub believed {
    my ($points, $name) = @_;
    return wait_for($name, sub {
        return 1 if sql($node,
            "SELECT next_at > now() + interval '10 min' FROM notion.polls") eq 't';
        $emulator->person('ada', 'PATCH', "/v1/pages/$page",
            { properties => { Points => { number => $points += 0.01 } } });
        return 0; });
}

my $before = queries();
wait_for('without a webhook it is polled every second', sub { queries() >= $before + 3 });
# A subscription that never speaks.
my $silent = q{SELECT level, state ~ 'silent for tasks' FROM notion.health WHERE what = 'webhook'};
subscribe();
wait_until($node, 'SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL', 1,
    'a handshake');
$emulator->control('DELETE', 'webhooks');
edit(0.5, 'an edit that no event tells is found by a poll');
wait_until($node, 'SELECT missed_at IS NOT NULL FROM notion.polls', 't', 'which is noted');
is(sql($node, $silent), '', 'it may be told late');
sql($node, q{UPDATE notion.polls SET missed_at = missed_at - interval '6 min';
    UPDATE notion.webhooks SET verified_at = verified_at - interval '6 min'});
is(sql($node, $silent), 'warning|t', 'and after five minutes notion.health calls it silent');
subscribe();
edit(1, 'an edit comes by its event');
believed(1, 'from then on polls are rare');
$before = queries();
edit($_, "edit $_ by its event") for 2 .. 6;
is(queries(), $before, 'and those edits cost no query');

# Silent: nothing but a poll could tell.
$emulator->control('DELETE', 'webhooks');
$emulator->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Points => { number => 7 } } });
sql($node, 'UPDATE notion.polls SET next_at = now(); SELECT notion.wake()');
wait_until($node, 'SELECT points FROM tasks', 7, 'the next poll finds what nobody told');
wait_until($node, 'SELECT missed_at > told_at FROM notion.polls', 't',
    'and draws its conclusion');
is(sql($node, $silent), '', 'it may be told late');
sql($node, q{UPDATE notion.polls
    SET missed_at = missed_at - interval '6 min', told_at = told_at - interval '6 min'});
is(sql($node, $silent), 'warning|t', 'after five minutes notion.health says that it is silent');
edit(8, 'the next edit is found by polling again');
$before = queries();
wait_for('every second', sub { queries() >= $before + 2 });

subscribe();
edit(9, 'it speaks again');
believed(9, 'and is believed');
is(sql($node, $silent), '', 'by notion.health, too');

$node->stop;
$emulator->stop;
done_testing();
