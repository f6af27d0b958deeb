# What changes many times while nothing may be sent is sent once: a thousand updates of one row, ten
# thousand over a hundred rows. Counted by the emulator.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('coalesced', settings => { 'notion.poll_interval' => '1h' },
    rows => 'INSERT INTO tasks (points) SELECT 0 FROM generate_series(1, 100)');
my ($node, $emulator) = @$pair{qw(node emulator)};

# Requests of a route that Notion carried out.
sub served {
    my ($route) = @_;
    my $routes = $emulator->stats->{routes};
    my $count = 0;
    $count += $routes->{$_}{by_status}{200} // 0 for grep { $_ =~ $route } keys %$routes;
    return $count;
}
# Commits these statements one by one while Notion refuses everything with 429; then lets go.
# Afterwards: writes and queries that it carried out.
sub throttled {
    my ($name, @statements) = @_;
    my ($writes, $queries) = (served(qr{^PATCH /v1/pages}), served(qr{/query$}));
    $emulator->fault({ path => '/v1/', kind => 'status', status => 429, retry_after => 1 });
    sql($node, 'UPDATE tasks SET points = -1 WHERE id = 1');
    wait_for("$name: throttled", sub {
        return $emulator->control('GET', 'faults') =~ /"hits":\s*[1-9]/ });
    $node->safe_psql('postgres', join "\n", @statements);
    $emulator->clear_faults;
    at_rest($pair, "$name: at rest");
    return (served(qr{^PATCH /v1/pages}) - $writes, served(qr{/query$}) - $queries);
}
# What the pages show, by key.
sub shown {
    my %points = map { $_->{properties}{Key}{rich_text}[0]{plain_text}
          => $_->{properties}{Points}{number} } values %{ pages($pair) };
    return \%points;
}

my ($writes, $queries) = throttled('one row',
    map { "UPDATE tasks SET points = $_ WHERE id = 1;" } 1 .. 1000);
cmp_ok($writes, '>=', 1, 'one row: written');
cmp_ok($writes, '<=', 2, "one row: $writes writes for a thousand updates");
cmp_ok($queries, '<=', 4, "one row: after $queries queries");
is(shown()->{1}, 1000, 'one row: the last value');

($writes, $queries) = throttled('a hundred rows',
    map { 'UPDATE tasks SET points = ' . $_ . ' WHERE id = ' . ($_ % 100 + 1) . ';' } 1 .. 10_000);
cmp_ok($writes, '>=', 100, 'a hundred rows: written');
cmp_ok($writes, '<=', 200, "a hundred rows: $writes writes for ten thousand updates");
cmp_ok($queries, '<=', 6, "a hundred rows: after $queries queries");
is_deeply(shown(), { 1 => 10_000, map { $_ => 9899 + $_ } 2 .. 100 },
    'a hundred rows: the last values');

$node->stop;
$emulator->stop;
done_testing();
