# Events of a link that reads nothing for now: paused, or in the middle of its first sync. What they
# tell of is read as soon as it may; no poll shows what went to the trash meanwhile.
use strict;
use warnings;
use lib 'test/tap/lib';
use IO::Socket::INET;
use NotionTest;
use NotionTest::Link;
use Test::More;

my $probe = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no port: $!";
my $port = $probe->sockport;
close $probe;
# It writes nothing: a page that got a marker meanwhile would be taken out of the trash.
my $pair = start_pair('unheard', wait => 0, direction => 'from_notion',
    settings => { 'notion.listen' => "127.0.0.1:$port", 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};
$emulator->control('POST', 'generate', { data_source => 'Tasks', count => 150, seed => 1 });
my @page = map { $_->{id} } sort { $a->{created_time} cmp $b->{created_time}
    || $a->{id} cmp $b->{id} } values %{ pages($pair) };
sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks',
    { url => "http://127.0.0.1:$port/webhook/acme", window_ms => 10 });
wait_until($node, 'SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL', 1,
    'a handshake');

# Until the server has taken up whatever was told of that page.
sub heard {
    my ($page) = @_;
    $emulator->control('POST', 'webhooks/drain');
    return wait_until($node, "SELECT count(*) FILTER (WHERE state = 'new') = 0 AND count(*) > 0
        FROM notion.inbox WHERE entity = '$page'", 't', 'its event was heard');
}
sub trash { return $emulator->control('POST', "pages/$_[0]/trash", { as => 'ada' }); }
sub becomes {
    my ($page, $state, $name) = @_;
    return wait_until($node, "SELECT page_state FROM notion.mappings WHERE page = '$page'", $state,
        $name) || diag(state_of($pair));
}

trash($page[140]);
heard($page[140]);
is(sql($node, 'SELECT count(*) FROM notion.due_pages'), 0,
    'what happens before the first sync is asked for, that will see');

# The scan has shown the page, and is not at its end.
$emulator->fault({ path => "/v1/data_sources/$pair->{source}/query", kind => 'hang', skip => 1,
    count => 1 });
sql($node, q{SELECT notion.sync('tasks', prefer => 'notion')});
wait_until($node, 'SELECT pages_read FROM notion.progress', 100, 'a hundred pages were read');
my $seen = sql($node, 'SELECT min(page::text) FROM notion.snapshots');
trash($seen);
heard($seen);
$emulator->clear_faults;
wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync ends');
at_rest($pair, 'at rest');
is(sql($node, "SELECT count(*) FROM notion.mappings
    WHERE page = '$seen' AND page_state <> 'trashed'"), 0,
    'a page that went to the trash while it was under way is no row, or known to be there');

my ($gone, $edited, $both) = split /\n/, sql($node, q{SELECT page FROM notion.mappings
    WHERE page_state = 'live' ORDER BY page LIMIT 3});
sub edit { return $emulator->person('ada', 'PATCH', "/v1/pages/$_[0]",
    { properties => { Points => { number => $_[1] } } }); }
sql($node, q{SELECT notion.pause('tasks')});
wait_until($node, 'SELECT state FROM notion.links', 'paused', 'paused');
$emulator->control('DELETE', 'journal');
edit($_, 77) for $edited, $both;
trash($_) for $gone, $both;
heard($_) for $gone, $edited, $both;
is(sql($node, q{SELECT count(*) FROM notion.due_pages}), 3, 'what is to be read waits');
is(scalar $emulator->journal(sub { $_->{token} =~ /bot/ }), 0, 'and nothing is asked for');
sql($node, q{SELECT notion.resume('tasks')});
becomes($_, 'trashed', 'what went to the trash during a pause, is after it') for $gone, $both;
wait_until($node, qq{SELECT t.points FROM tasks t JOIN notion.mappings m ON m.key = t.id::text
    WHERE m.page = '$edited'}, 77, 'an edit comes');
at_rest($pair, 'nothing is left to be read');
is(sql($node, 'SELECT count(*) FROM notion.jobs'), 1, 'without another scan');
is(sql($node, q{SELECT (SELECT count(*) FROM tasks) = (SELECT count(*) FROM notion.mappings)}), 't',
    'no row was deleted');

$node->stop;
$emulator->stop;
done_testing();
