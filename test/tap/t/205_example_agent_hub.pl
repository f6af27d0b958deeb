# examples/agent-hub runs, prints what its reader should see, and makes sixteen databases by two
# requests each.
use strict;
use warnings;

use NotionTest::Example;
use Test::More;

my ($node, $notion) = run_example('agent-hub');
my @made = grep { $_->{path} eq '/v1/databases' } $notion->journal;
my ($first, $last) = map { $_->{n} } @made[0, -1];
is(scalar @made, 16, 'sixteen databases, made once');
my $defined = grep { $_->{path} =~ m{^/v1/data_sources/[^/]+$} && $_->{n} > $first
      && $_->{n} <= $last + 16 } $notion->journal;
cmp_ok($defined, '<=', 16, 'and defined by one request each');
done_testing();
