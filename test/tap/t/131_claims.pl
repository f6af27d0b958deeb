# A claim is on the disk before its request leaves: the server dies while Notion's answer is on its
# way and nothing but that commit has asked for the disk, and the page is made once.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

# The WAL writer, which would soon write what no commit waits for, sleeps as long as it can.
my $pair = start_pair('claims', direction => 'to_notion',
    settings => { wal_writer_delay => '10s', autovacuum => 'off' });
my ($node, $emulator) = @$pair{qw(node emulator)};

for my $round (1 .. 3) {
    # Commits of the queues, which wait for nothing, come before the one that must.
    sql($node, "INSERT INTO tasks (name) VALUES ('before $round')");
    at_rest($pair, "round $round: at rest");
    $emulator->fault(
        { kind => 'delay_after', ms => 60_000, route => 'POST /v1/pages', count => 1 });
    sql($node, "INSERT INTO tasks (name) VALUES ('claimed $round')");
    wait_for("round $round: Notion made the page", sub {
        return $emulator->control('GET', 'faults') =~ /"hits":\s*1\b/ });
    $node->stop('immediate');
    $emulator->clear_faults;
    $node->start;
    at_rest($pair, "round $round: at rest after the death");
}
is(count_pages($pair), 6, 'each row is one page');
is(sql($node, 'SELECT count(DISTINCT page) FROM notion.mappings'), 6, 'and knows it');

$node->stop;
$emulator->stop;
done_testing();
