# A standby that lags behind takes over before it has replayed what the old primary claimed and sent
# (recovery_min_apply_delay): creates, updates, trashes and restores that it finds queued were done
# already. Nothing is doubled, nothing is lost, nobody is asked; late doubles are found.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('before', settings => { allows_streaming => 1 },
    rows => "INSERT INTO tasks (name, points) SELECT 'old ' || i, i FROM generate_series(1, 12) i");
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, "DELETE FROM tasks WHERE name IN ('old 11', 'old 12')");
at_rest($pair, 'ten rows, and two pages in the trash');
is(count_pages($pair), 10, 'ten pages');

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('after');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

# Queued on both, sent by one.
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion net'", '0',
    'the workers of the primary rest');
sql($node, "INSERT INTO tasks (name, points) SELECT 'new ' || i, i FROM generate_series(1, 20) i");
sql($node, "UPDATE tasks SET points = points + 100 WHERE name IN ('old 1', 'old 2', 'old 3')");
sql($node, "DELETE FROM tasks WHERE name IN ('old 4', 'old 5')");
sql($node, "INSERT INTO tasks (id, name, points) VALUES (11, 'old 11', 111)"); # comes back
$node->wait_for_catchup($standby);
sql($standby, q{ALTER SYSTEM SET recovery_min_apply_delay = '1h'});
$standby->reload;
wait_until($standby, 'SHOW recovery_min_apply_delay', '1h', 'from now on the standby lags');
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
wait_for('the primary sends', sub { count_pages($pair) == 29 }, sub { count_pages($pair) });
at_rest($pair, 'the primary is at rest');
is(sql($standby, "SELECT count(*) FROM notion.mappings WHERE page IS NOT NULL"), '12',
    'the standby knows nothing of it');
my $posts = sub { scalar $emulator->journal(sub {
    $_->{method} eq 'POST' && $_->{path} eq '/v1/pages' && $_->{token} !~ /person/ }) };
is($posts->(), 32, 'as many creates as rows there ever were');
# A person edits meanwhile, and duplicates a page.
my $before = pages($pair);
$emulator->person('ada', 'PATCH', "/v1/pages/$before->{'old 6'}{id}",
    { properties => { Points => { number => 66 } } });

$node->stop('immediate');
# It waits at the first commit that it may not replay yet.
my $replayed = sql($standby, 'SELECT pg_last_wal_replay_lsn()');
$standby->stop;
$standby->append_conf('postgresql.conf', qq{
primary_conninfo = ''
recovery_target_lsn = '$replayed'
recovery_target_inclusive = off
recovery_target_action = 'promote'});
$standby->start;
$pair->{node} = $standby;
wait_until($standby, 'SELECT pg_is_in_recovery()', 'f', 'it takes over where it had come to');
wait_until($standby, "SELECT count(*) FROM notion.mappings m JOIN tasks t ON t.id::text = m.key
    WHERE page IS NOT NULL AND page_state = 'live'", '29', 'every row found its page');
at_rest($pair, 'at rest after taking over');
wait_until($standby, "SELECT count(*) FROM notion.jobs WHERE state IN ('queued', 'scanning',
    'pairing')", '0', 'the scan after taking over ended');
at_rest($pair, 'at rest after the scan');
is($posts->(), 32, 'no page was made twice');
my $pages = pages($pair);
is($pair->{count}, 29, '29 pages');
is(sql($standby, 'SELECT count(*) FROM tasks'), '29', '29 rows');
is($pages->{'old 1'}{properties}{Points}{number}, 101, 'what was updated is updated');
is($pages->{'old 11'}{properties}{Points}{number}, 111, 'what came back is back');
ok(!exists $pages->{'old 4'}, 'what was deleted is in the trash');
is(sql($standby, "SELECT points FROM tasks WHERE name = 'old 6'"), '66',
    'what a person edited meanwhile came in');
is(sql($standby, "SELECT count(*) FROM notion.conflicts WHERE state = 'open'"), '0',
    'nobody has to decide') || diag(sql($standby, 'SELECT * FROM notion.conflicts'));
like(sql($standby, "SELECT state FROM notion.health WHERE what = 'identity'"),
    qr/belong to this database/, 'the links are at home');

# Late doubles: a create that Notion carried out after everybody had given it up.
my $late = sub {
    my ($name, $key) = @_;
    return $emulator->bot('acme', 'POST', '/v1/pages', {
        parent => { type => 'data_source_id', data_source_id => $pair->{source} },
        properties => { Name => { title => [ { text => { content => $name } } ] },
            Key => { rich_text => [ { text => { content => $key } } ] } } })->{id};
};
my $key = sql($standby, "SELECT id FROM tasks WHERE name = 'new 1'");
my $double = $late->('late', $key);
wait_for('a late double that nobody touched goes to the trash', sub {
    $emulator->person('ada', 'GET', "/v1/pages/$double")->{in_trash} }, sub { state_of($pair) });
is(sql($standby, "SELECT count(*) FROM notion.log WHERE action = 'trash double'"), '1',
    'and stands in the log');
$emulator->fault({ kind => 'drop_after_commit', route => 'PATCH /v1/pages/:id', count => 1,
    token => 'ntn_bot_' });
my $second = $late->('late', $key);
wait_until($standby, "SELECT count(*) FROM notion.log WHERE action = 'trash double'", '2',
    'where nobody answers, the page says that it is in the trash');
at_rest($pair, 'and is asked no more');
sql($standby, 'ALTER SYSTEM SET notion.worker = off');
$standby->reload;
wait_until($standby, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion net'",
    '0', 'the workers rest');
my $edited = $late->('later', $key);
$emulator->person('ada', 'PATCH', "/v1/pages/$edited",
    { properties => { Points => { number => 5 } } });
sql($standby, 'ALTER SYSTEM RESET notion.worker');
$standby->reload;
wait_until($standby, "SELECT page FROM notion.conflicts WHERE kind = 'duplicate page'
    AND state = 'open'", $edited, 'one that a person has edited is a person\'s to decide');
at_rest($pair, 'at rest in the end');
is(sql($standby, 'SELECT count(*) FROM tasks'), '29', 'no double became a row');

$standby->stop;
$emulator->stop;
done_testing();
