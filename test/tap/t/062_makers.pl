# A create's answer is lost, and the token becomes that of another integration before the page is
# found: it is known by the bot that sent it, and not made twice.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

# Long enough that no absence counts: a page is found here, or the test fails.
my $pair = start_pair('makers', settings => { 'notion.settle' => '5min' });
my ($node, $notion) = @$pair{qw(node emulator)};
sub token_is { # instead of the file of the user mapping, which would go first
    my $file = token_file($_[0]);
    return sql($node, "SELECT notion.set_token('acme', file => '$file')");
}
token_is('ntn_bot_first');
sql($node, 'ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP token_file)');

my $makers = 'SELECT array_length(makers, 1) FROM notion.mappings m JOIN tasks t
    ON t.id::text = m.key WHERE t.name';

sub writers { # tokens
    return join ' ', map { $_->{token} } grep {
        $_->{method} eq 'PATCH' || $_->{method} eq 'POST' && $_->{path} eq '/v1/pages'
    } $notion->journal;
}

sub changed_after {
    my ($name, $former, $token) = @_;
    $notion->control('DELETE', 'journal');
    # The page is there, and no query shows it yet.
    $notion->fault({ kind => 'index_lag', ms => 3_600_000 },
        { kind => 'drop_after_commit', route => 'POST /v1/pages', count => 1 });
    sql($node, "INSERT INTO tasks (name) VALUES ('$name')");
    wait_until($node, "$makers = '$name' AND flight = 'unknown'", 1,
        "$name: no answer, and who sent it is known");
    like(token_is($token), qr/^bot "/, "$name: then another integration");
    sql($node, "UPDATE tasks SET points = 2 WHERE name = '$name'");
    $notion->clear_faults;
    wait_until($node, "SELECT count(*) FROM crm.tasks WHERE name = '$name' AND points = 2", 1,
        "$name: the page is found, and written with the new token");
    at_rest($pair, "$name: at rest");
    is(writers(), "$former $token", "$name: it was sent once");
    return;
}

changed_after('one', 'ntn_bot_first', 'ntn_bot_second'); # by one of whom nobody had asked who it is
changed_after('two', 'ntn_bot_second', 'ntn_bot_third');  # by one that was known when it sent
is(count_pages($pair), 2, 'two rows, two pages');
is(sql($node, 'SELECT count(*) FROM notion.conflicts'), 0, 'nobody was asked');

done_testing();
