# The option read_only: what would send is refused, and what is linked already waits and says why,
# while everything from Notion goes on; without the option all is sent by itself.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('read_only', rows => q{INSERT INTO tasks (name, points) VALUES
    ('both', 1), ('ours', 1), ('theirs', 1)});
my ($node, $emulator, $source) = @$pair{qw(node emulator source)};

my %ids = map { $_ => pages($pair)->{$_}{id} } qw(both ours theirs);

# What the integration wrote to Notion, by the emulator's own book.
sub writes {
    return scalar grep {
        $_->{token} eq 'ntn_bot_acme' && $_->{method} ne 'GET' && $_->{path} !~ m{/query|/search}
    } $emulator->journal;
}
my $before = writes();

sub set_option {
    my ($object, $option) = @_;
    return sql($node, "ALTER $object OPTIONS ($option)");
}

# ---- on the server: what is linked sends nothing, and takes everything --------------------------

set_option('SERVER acme', "ADD read_only 'true'");
wait_until($node, q{SELECT state || ': ' || reason FROM notion.status},
    'active: sends nothing: server "acme" is read only', 'notion.status says why');
is(sql($node, q{SELECT level, state, hint FROM notion.health WHERE what = 'link'}),
    'warning|active: sends nothing: server "acme" is read only|'
      . q{ALTER SERVER acme OPTIONS (SET read_only 'false')}, 'and so does notion.health');
is(sql($node, q{CREATE ROLE watcher IN ROLE pg_monitor; SET ROLE watcher;
    SELECT level FROM notion.health WHERE what = 'link'}), 'warning', 'to pg_monitor too');

sql($node, q{UPDATE tasks SET points = 2 WHERE name IN ('both', 'ours');
    INSERT INTO tasks (name, points) VALUES ('new', 1); DELETE FROM tasks WHERE name = 'theirs'});
wait_until($node, q{SELECT count(*) FROM notion.work WHERE state = 'wish'}, '4',
    'what changed here is examined, and waits');
$emulator->person('ada', 'PATCH', "/v1/pages/$ids{both}",
    { properties => { Done => { checkbox => JSON::PP::true } } });
$emulator->person('ada', 'POST', '/v1/pages', { parent => { data_source_id => $source },
    properties => { Name => { title => [{ text => { content => 'born' } }] } } });
wait_until($node, q{SELECT done FROM tasks WHERE name = 'both'}, 't', 'an edit comes');
wait_until($node, q{SELECT count(*) FROM tasks WHERE name = 'born'}, '1', 'a new page comes');
like(error_of($node, q{CALL notion.flush('tasks')}),
    qr/55000: the link of public.tasks sends nothing: server "acme" is.*HINT:.*ALTER SERVER/s,
    'notion.flush does not wait for what cannot come');

# ---- what would send is refused -----------------------------------------------------------------

sql($node, q{CREATE TABLE other (id int PRIMARY KEY, name text);
    CREATE FOREIGN TABLE crm.other (name text OPTIONS (property_id 'title', type 'title'),
        key text OPTIONS (property_id 'k%3D', type 'rich_text'))
    SERVER acme OPTIONS (data_source '11111111-2222-3333-4444-555555555555')});
my $columns = q{columns => '{"id": "key", "name": "name"}'};
like(error_of($node, "SELECT notion.link('other', 'crm.other', 'both', $columns)"),
    qr/42501: the link of public.other sends nothing: server "acme" is.*HINT:.*ALTER SERVER/s,
    'notion.link outward');
my $one_out = q{columns => '{"id": "key", "name": {"property": "name", "direction": "both"}}'};
like(error_of($node, "SELECT notion.link('other', 'crm.other', 'from_notion', $one_out)"),
    qr/42501: .*read only/, 'of one column alone');
is(sql($node, "BEGIN; SELECT notion.link('other', 'crm.other', 'from_notion', $columns);
    ROLLBACK"), 'other', 'and inward it may be linked');
like(error_of($node, "BEGIN; SELECT notion.link('other', 'crm.other', 'from_notion', $columns);
    SELECT notion.alter_link('other', direction => 'both')"), qr/42501: .*read only/,
    'nor may one be turned outward');
is(sql($node, "SELECT notion.alter_link('tasks', log_values => false)"), '',
    'what has nothing to do with it may be altered');
my %refused = (
    'append to a page' => "SELECT notion.append('acme', '$ids{ours}', 'no')",
    'append to a row' => "SELECT notion.append('tasks'::regclass, '1', 'no')",
    'a request that writes' => "SELECT notion.api('acme', 'PATCH', '/v1/pages/$ids{ours}', '{}')",
    upload => "SELECT notion.upload('acme', 'a.txt', 'x'::bytea)",
    'foreign table' => "UPDATE crm.tasks SET points = 7",
    publish => "SELECT notion.publish('{other}', 'acme', '$ids{ours}', 'crm')",
);
like(error_of($node, $refused{$_}), qr/(42501|22023): .*read only.*(HINT|LINE|LOCATION)/s, $_)
  for sort keys %refused;
is(writes(), $before, 'nothing of all that was sent');

# ---- and by itself without it -------------------------------------------------------------------

set_option('SERVER acme', 'DROP read_only');
sql($node, q{CALL notion.flush('tasks')});
my $pages = pages($pair);
is(join(', ', map { "$_ " . ($pages->{$_}{properties}{Points}{number} // '-') } sort keys %$pages),
    'born -, both 2, new 1, ours 2', 'what waited is sent, what was deleted here is in the trash');
is(sql($node, q{SELECT coalesce(reason, 'none') FROM notion.status}), 'none',
    'and no reason is left');

# ---- on the foreign table ----------------------------------------------------------------------

set_option('FOREIGN TABLE crm.tasks', "ADD read_only 'true'");
$before = writes();
sql($node, q{UPDATE tasks SET points = 3 WHERE name = 'ours'});
wait_until($node, q{SELECT s.reason FROM notion.status s, notion.work w WHERE w.state = 'wish'},
    'sends nothing: foreign table crm.tasks is read only', 'the foreign table can have it too');
$emulator->person('ada', 'PATCH', "/v1/pages/$ids{both}",
    { properties => { Points => { number => 9 } } });
wait_until($node, q{SELECT points FROM tasks WHERE name = 'both'}, '9', 'edits come');
is(writes(), $before, 'and nothing goes');

# What was queued before waits as well.
set_option('FOREIGN TABLE crm.tasks', "SET read_only 'false'");
sql($node, q{CALL notion.flush('tasks')});
sql($node, qq{BEGIN; SELECT notion.append('acme', '$ids{ours}', 'later');
    ALTER SERVER acme OPTIONS (ADD read_only 'on'); COMMIT});
is(sql($node, q{SELECT level, state FROM notion.health WHERE what = 'server'
    AND state LIKE 'read only%'}), 'warning|read only: 1 appends and publications wait',
    'an append that was asked for before waits, and health says so');
set_option('SERVER acme', 'DROP read_only');
wait_until($node, q{SELECT state FROM notion.appends}, 'done', 'and is done afterwards');

done_testing();
