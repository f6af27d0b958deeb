# Runs an example of examples/ as its README says, with the emulator in Notion's place, and compares
# what psql prints with expected.out. Assumes NotionTest. Refuses nothing. scope: one test file.
package NotionTest::Example;

use strict;
use warnings;

use Exporter qw(import);
use File::Path qw(make_path);
use NotionTest;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(run_example);

# Arguments: settings (lines of postgresql.conf), prepare (called with server and emulator before
# setup.sql).
sub run_example {
    my ($name, %args) = @_;
    (my $database = $name) =~ tr/-/_/;
    my $folder = "$ENV{SCRATCH}/examples/$name";
    my $node = start_node($database, 'notion.settle' => '1s', 'notion.index_lag' => '0',
        %{ $args{settings} // {} });
    my $notion = start_emulator();
    $notion->control('POST', 'load', { workspace => 'Acme',
        users => [ { name => 'Ada', email => 'ada@acme.example', type => 'person' } ] });
    my $parent = $notion->bot('acme', 'POST', '/v1/pages',
        { parent => { type => 'workspace', workspace => \1 }, properties =>
            { title => { title => [ { text => { content => 'Home' } } ] } } })->{id};
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $args{prepare}->($node, $notion) if $args{prepare};
    my @psql = ('psql', '-X', '-q', '-d', $node->connstr($database), '-v',
        'api_url=' . $notion->url, '-v', 'token_file=' . token_file('ntn_bot_acme'), '-v',
        "parent=$parent", '-v', 'ada_token_file=' . token_file('ntn_person_ada'));
    local $ENV{PGTZ} = 'UTC';
    for my $script ('schema', 'setup') {
        my ($out, $err) = ('', '');
        my $went = IPC::Run::run([ @psql, '-v', 'ON_ERROR_STOP=1', '-f', "$folder/$script.sql" ],
            '>', \$out, '2>', \$err);
        ok($went, "$script.sql") or do { diag($out, $err); return; };
    }
    my $shown = '';
    IPC::Run::run([ @psql, '-a' ], '<', "$folder/day.sql", '>', \$shown, '2>&1');
    compare($name, $shown, slurp_file("$folder/expected.out"));
    return ($node, $notion);
}

sub compare {
    my ($name, $shown, $expected) = @_;
    my $results = "$ENV{SCRATCH}/tmp/examples";
    make_path($results);
    append_to_file("$results/$name.out", $shown);
    return pass('day.sql prints what it should') if $shown eq $expected;
    fail('day.sql prints what it should');
    my $diff = '';
    IPC::Run::run([ 'diff', '-u', "$ENV{SCRATCH}/examples/$name/expected.out",
        "$results/$name.out" ], '>', \$diff);
    diag($diff);
    return;
}

1;
