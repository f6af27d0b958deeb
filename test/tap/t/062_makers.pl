# The answer of a create, or of an append, is lost, and the token becomes another integration's
# before it is found: it is known by the bot that sent it, and not made twice.
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

# The page shows blocks of the third bot alone, and is read by the fourth. Now absence counts, and
# what is taken for absent is sent again.
sql($node, "ALTER SYSTEM SET notion.settle = '1s'");
$node->reload;
wait_until($node, 'SHOW notion.settle', '1s', 'the patience is short');
my $page = pages($pair)->{one}{id};
$notion->control('DELETE', 'journal');
$notion->fault({ kind => 'drop_after_commit', route => 'PATCH /v1/pages/:id/markdown', count => 1,
        skip => 1 },
    { kind => 'status', status => 500, token => 'ntn_bot_third', path => '/v1/blocks' });
sql($node, "SELECT notion.append('acme', '$page', w) FROM unnest('{First,Second}'::text[]) w");
wait_until($node, 'SELECT string_agg(state, $$ $$ ORDER BY id) FROM notion.appends', 'done unknown',
    'the second append has no answer');
token_is('ntn_bot_fourth');
wait_until($node, 'SELECT string_agg(state, $$ $$ ORDER BY id) FROM notion.appends', 'done done',
    'what the bot before has appended is found');
sql($node, "SELECT notion.append('acme', '$page', 'Third')");
wait_until($node, 'SELECT count(*) FROM notion.appends WHERE state = $$done$$', '3',
    'the next goes');
is($notion->person('ada', 'GET', "/v1/pages/$page/markdown")->{markdown}, "First\nSecond\nThird",
    'each is there once');
is(writers(), 'ntn_bot_third ntn_bot_third ntn_bot_fourth', 'and was sent once');

done_testing();
