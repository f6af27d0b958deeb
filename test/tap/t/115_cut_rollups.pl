# Rollups over more than 25 pages come in whole: lists by their items, results as Notion computes
# them to the end. Only where the query reads the column.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main', 'notion.worker' => 'off');
my $emulator = start_emulator(budget => 0);
sub rollup {
    my ($property, $function) = @_;
    return { rollup => { relation => 'Items', property => $property, function => $function } };
}
my %groups = (none => 0, few => 3, edge => 25, over => 26, many => 100);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    databases => [
        { title => 'Items', properties => { Name => 'title', Points => 'number' },
            pages => [ map { { properties => { Name => "item $_", Points => $_ } } } 1 .. 100 ] },
        { title => 'Groups', properties => { Name => 'title', Items => { relation => 'Items' },
                Points => rollup('Points', 'show_original'), Total => rollup('Points', 'sum') },
            pages => [ map { { properties => { Name => $_,
                Items => [ map { "item $_" } 1 .. $groups{$_} ] } } } sort keys %groups ] } ] });
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');

my $whole = join "\n", map { my $n = $groups{$_};
    "$_|" . join('|', $n, $n * ($n + 1) / 2, $n * ($n + 1) / 2) } sort keys %groups;
is(sql($node, q{SELECT name, jsonb_array_length(points->'array'),
        (SELECT coalesce(sum((p->>'number')::int), 0) FROM jsonb_array_elements(points->'array') p),
        coalesce(total, 0)
    FROM crm.groups ORDER BY name}), $whole, 'every list is whole, every sum of all');
is(sql($node, q{SELECT string_agg(n->>'number', ',')
    FROM crm.groups, jsonb_array_elements(points->'array') n WHERE name = 'over'}),
    join(',', 1 .. 26), 'with what each entry says, in its order');

my $items = sub { scalar grep { $_->{path} =~ m{/properties/} } $emulator->journal };
my $before = $items->();
is(sql($node, 'SELECT count(*) FROM crm.groups'), 5, 'a query that does not read them');
is($items->(), $before, 'asks for no items');
is(sql($node, "SELECT jsonb_array_length(points->'array') FROM crm.groups
    WHERE page_id = (SELECT page_id FROM crm.groups WHERE name = 'many')"), 100, 'one page by id');

# In mid-list Notion fails in passing, and for good.
$emulator->fault({ route => 'GET /v1/pages/:page_id/properties/:property_id', kind => 'status',
    status => 503, count => 1 });
is(sql($node,
    "SELECT jsonb_array_length(points->'array') FROM crm.groups WHERE name = 'many'"), 100,
    'a failure in passing is asked again');
$emulator->clear_faults;
$emulator->fault({ route => 'GET /v1/pages/:page_id/properties/:property_id', kind => 'status',
    status => 404 });
like(error_of($node, "SELECT points FROM crm.groups WHERE name = 'many'"), qr/ERROR/,
    'a list that cannot be completed is an error, not a part of it');
$emulator->clear_faults;

$node->stop;
done_testing();
