# A sync that is broken off goes on where it was: after a kill -9 of its process, and after a fault.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('resume', wait => 0);
my ($node, $notion) = @$pair{qw(node emulator)};
for my $minute (1 .. 8) { # 800 pages, a hundred of each minute
    $notion->control('POST', 'generate', { data_source => 'Tasks', count => 100, seed => $minute });
    $notion->control('POST', 'clock', { advance_ms => 60_000 });
}
my $reads = sub { # answers of the scan: what its requests began with
    return map { $_->{request}{filter}{created_time}{on_or_after} // 'the beginning' }
      $notion->journal(sub { $_->{path} =~ m{/query$} && $_->{status} == 200
        && ref $_->{request} && (($_->{request}{sorts} // [{}])->[0]{timestamp} // '')
            eq 'created_time' });
};
$notion->fault({ path => "/v1/data_sources/$pair->{source}/query", kind => 'delay',
    delay_ms => 400 });
sql($node, q{SELECT notion.sync('tasks', prefer => 'notion')});
wait_until($node, 'SELECT pages_read >= 300 FROM notion.progress', 't', 'some of it was read');
kill 'KILL', sql($node, q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_notion net'});
wait_until($node, 'SELECT pages_read >= 500 FROM notion.progress', 't', 'it goes on');
isnt(($reads->())[-1], 'the beginning', 'where it was');
$notion->fault({ path => "/v1/data_sources/$pair->{source}/query", kind => 'status', status => 500,
    count => 1 });
wait_until($node, 'SELECT state FROM notion.links', 'active', 'to its end');
$notion->clear_faults;
at_rest($pair, 'at rest');
is(sql($node, q{SELECT (SELECT count(*) FROM tasks), count(DISTINCT page) FROM notion.mappings}),
    '800|800', 'every page is a row, once');
my @all = $reads->();
cmp_ok(scalar @all, '<=', 13, 'in few more requests than it needs')
  or diag(join "\n", @all);
is(sql($node, q{SELECT state, done >= 800 FROM notion.jobs WHERE kind = 'sync'}), 'done|t',
    'progress counts what was read');

done_testing();
