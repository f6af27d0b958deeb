# What is not there is not deleted, though the link deletes rows whose pages are in the trash, and
# waits for no grace: archived pages, unshared pages and data sources, a data source in the trash
# (whichever way Notion's pages speak of that), a withdrawn token; each with a change of ours that
# waits, and arrives when all is back.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('absence', settings => { 'notion.trash_grace' => '0' }, rows => q{
    INSERT INTO tasks (name, points) SELECT 'task ' || i, i FROM generate_series(1, 6) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, q{SELECT notion.alter_link('tasks', on_notion_trash => 'delete')});
at_rest($pair, 'at rest');
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');
my $source = $emulator->person('ada', 'GET', "/v1/data_sources/$pair->{source}");
my $database = $source->{parent}{database_id};

sub act {
    my ($id, $what) = @_;
    return $emulator->control('POST', "pages/$page{$id}/$what", { as => 'ada' });
}
sub whole { return $emulator->control('POST', "databases/$database/$_[0]", { as => 'ada' }); }
sub edit {
    my ($id, $name) = @_;
    return $emulator->person('ada', 'PATCH', "/v1/pages/$page{$id}",
        { properties => { Name => { title => [ { text => { content => $name } } ] } } });
}
sub points_there {
    return $emulator->person('ada', 'GET', "/v1/pages/$page{$_[0]}")->{properties}{Points}{number};
}
sub set_points { return sql($node, "UPDATE tasks SET points = $_[1] WHERE id = $_[0]"); }
sub scan {
    sql($node, "SELECT notion.sync('tasks')");
    return wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0,
        'a full scan');
}
sub link_is {
    my ($state, $reason, $name) = @_;
    return wait_until($node, "SELECT state, coalesce(reason, '') ~ '$reason' FROM notion.links",
        "$state|t", $name);
}
# A resting link is asked about each half minute; nobody waits for that here.
sub ask_now {
    sql($node, q{UPDATE notion.polls SET next_at = now(); UPDATE notion.schemas SET next_at = now();
        SELECT notion.wake()});
    return;
}
my $rows = 'SELECT count(*) FROM tasks';

# Pages: one archived, one unshared.
act(1, 'archive');
act(2, 'unshare');
set_points(1, 101);
set_points(2, 102);
scan();
wait_until($node, q{SELECT page_state FROM notion.mappings WHERE key = '2'}, 'unreachable',
    'a page that is not shared is unreachable');
wait_for('an archived one takes what is written', sub { points_there(1) == 101 });
is(sql($node, $rows), 6, 'both rows stay');
edit(1, 'edited in the archive');
act(1, 'unarchive');
act(2, 'share');
scan();
wait_until($node, 'SELECT name FROM tasks WHERE id = 1', 'edited in the archive',
    'out of the archive its edit comes');
wait_for('shared again the other gets what waited', sub { points_there(2) == 102 });
at_rest($pair, 'at rest');

# The data source in the trash: its pages say nothing of it, or that they are in it, too.
for my $told (0, 1) {
    my $case = $told ? 'pages say so' : 'pages say nothing';
    $emulator->control('POST', 'semantics', { trash_takes_pages => $told ? \1 : \0 });
    edit(4, "seen in case $told");
    wait_until($node, 'SELECT name FROM tasks WHERE id = 4', "seen in case $told", $case);
    at_rest($pair, 'at rest');
    # Told slowly, so that the write is refused for good, or the pages looked at, before that.
    $emulator->fault({ kind => 'delay', ms => 3000, token => 'ntn_bot',
        path => "/v1/data_sources/$pair->{source}", method => 'GET' });
    whole('trash');
    if ($told) {
        scan(); # finds no page at all
        wait_until($node, q{SELECT count(*) FROM notion.mappings WHERE page_state = 'trashed'}, 6,
            "$case: all of them");
    } else {
        set_points(3, 300);
        wait_until($node, q{SELECT count(*) FROM notion.failures WHERE key = '3'}, 1,
            "$case: a write is refused");
    }
    link_is('resting', 'is in the trash in Notion', "$case: the link rests, and says why");
    is(sql($node, q{SELECT level FROM notion.health WHERE what = 'link'}), 'trouble',
        "$case: so does notion.health");
    set_points(5, 500 + $told);
    my $asked = sql($node, 'SELECT read_at FROM notion.schemas');
    ask_now();
    wait_until($node, "SELECT read_at > '$asked' FROM notion.schemas", 't', "$case: asked again");
    link_is('resting', 'is in the trash in Notion', "$case: it rests on");
    is(sql($node, $rows), 6, "$case: every row stays");
    $emulator->clear_faults;
    whole('restore');
    ask_now();
    link_is('active', '', "$case: restored, it wakes");
    wait_for("$case: what was refused arrives", sub { points_there(3) == 300 },
        sub { state_of($pair) });
    wait_for("$case: what waited as well", sub { points_there(5) == 500 + $told },
        sub { state_of($pair) });
    wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0,
        "$case: a scan");
    at_rest($pair, "$case: at rest");
    is(sql($node, $rows), 6, "$case: and every row is there");
    is(sql($node, q{SELECT count(*) FROM notion.mappings
        WHERE row_state <> 'present' OR page_state <> 'live'}), 0, "$case: with its page");
    is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, "$case: nothing failed");
}

# Not shared any more; the token withdrawn.
my %gone = (unshared => [ sub { whole('unshare') }, sub { whole('share') }, 'share' ],
    withdrawn => [ sub { $emulator->fault({ kind => 'status', status => 401, path => '/v1',
        token => 'ntn_bot', body => json({ object => 'error', status => 401,
        code => 'unauthorized', message => 'API token is invalid.' }) }) },
        sub { $emulator->clear_faults }, 'API token is invalid' ]);
for my $case (sort keys %gone) {
    my ($leave, $return, $words) = @{ $gone{$case} };
    $leave->();
    set_points(6, length $case);
    link_is('resting', $words, "$case: the link rests");
    is(sql($node, q{SELECT notion.sync('tasks') > 0}), 't', "$case: a scan is asked for");
    edit(4, "while $case");
    $return->();
    ask_now();
    link_is('active', '', "$case: it wakes");
    wait_for("$case: what waited arrives", sub { points_there(6) == length $case });
    wait_until($node, 'SELECT name FROM tasks WHERE id = 4', "while $case",
        "$case: what was edited there comes");
    wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0,
        "$case: the scan is made");
    is(sql($node, $rows), 6, "$case: no row is gone");
}
at_rest($pair, 'at rest');
is(sql($node, q{SELECT count(*) FROM notion.log WHERE action = 'delete'}), 0, 'none ever was');

# And what is deleted there is deleted here: the page is in the trash, its data source is not.
act(6, 'trash');
scan();
wait_until($node, $rows, 5, 'a page in the trash takes its row along');
is(sql($node, 'SELECT count(*) FROM tasks WHERE id = 6'), 0, 'and no other');

$node->stop;
$emulator->stop;
done_testing();
