# 200 queued creates, answers dropped after Notion committed them, and a worker that dies in the
# middle, both ways: 200 pages, no more, no fewer.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('once', emulator => { latency_ms => 10 });
my ($node, $emulator) = @$pair{qw(node emulator)};

sub net_pid {
    return sql($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_notion net'");
}

sub storm {
    my ($name, $signal) = @_;
    my $before = count_pages($pair);
    $emulator->fault({ kind => 'drop_after_commit', route => 'POST /v1/pages', probability => 0.3 },
        { kind => '503_after_commit', route => 'POST /v1/pages', probability => 0.1 });
    my $pid = net_pid();
    sql($node, "INSERT INTO tasks (name, points)
        SELECT '$name ' || i, i FROM generate_series(1, 200) i");
    wait_for("$name: some are under way", sub { count_pages($pair) > $before + 20 });
    kill $signal, $pid;
    wait_until($node, "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'pg_notion net' AND pid <> $pid", '1', "$name: another worker comes");
    wait_for("$name: all pages are there", sub { count_pages($pair) >= $before + 200 });
    $emulator->clear_faults;
    cmp_ok(scalar($emulator->journal(sub { $_->{fault} && $_->{method} eq 'POST' })), '>', 20,
        "$name: answers were dropped after Notion had committed");
    $emulator->control('DELETE', 'journal');
    at_rest($pair, "$name: everything settled");
    is(count_pages($pair), $before + 200, "$name: 200 pages, no more, no fewer");
    is(sql($node, "SELECT count(DISTINCT page) FROM notion.mappings m
        JOIN tasks t ON t.id::text = m.key WHERE name LIKE '$name %'"), '200',
        "$name: each row has its own page");
    is(sql($node, 'SELECT count(*) FROM notion.conflicts'), '0', "$name: nobody was asked");
    return;
}

storm('term', 'TERM');
storm('kill', 'KILL');
is(sql($node, 'SELECT count(*) FROM tasks'), '400', 'and no row was made from a page of ours');

$node->stop;
$emulator->stop;
done_testing();
