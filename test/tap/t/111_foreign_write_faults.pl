# Writes of foreign tables where Notion, the network or a person does not do as hoped: nothing is
# sent twice on a guess, and the error says what was written, what was not, and what nobody knows.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main', 'notion.poll_interval' => '1h', 'notion.settle' => '1s',
    'notion.index_lag' => '0');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', q{CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm});
my $post = 'POST /v1/pages';
my $patch = 'PATCH /v1/pages/:page_id';

sub answer {
    my ($sql) = @_;
    my ($status, $stdout, $stderr) = $node->psql('postgres', $sql,
        extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return $status == 0 ? $stdout : "error: $stderr";
}

sub with_fault {
    my ($fault, $sql) = @_;
    $emulator->fault({ route => $post, %$fault });
    my $out = answer($sql);
    $emulator->clear_faults;
    return $out;
}

sub titled {
    my ($title) = @_;
    return sql($node, "SELECT count(*) FROM crm.participants WHERE name = '$title'");
}

sub sent {
    my ($route) = @_;
    return scalar grep { "$_->{method} $_->{path}" =~ /$route/ } $emulator->journal;
}

sub insert { return "INSERT INTO crm.participants (name) VALUES ('$_[0]') RETURNING name"; }

# What certainly had no effect is sent again
is(with_fault({ kind => 'status', status => 429, count => 1, retry_after => 1 }, insert('r1')),
    'r1', 'a 429 is waited for, and sent again');
is(titled('r1'), 1, 'once');
is(with_fault({ kind => 'status', status => 529, count => 1, retry_after => 1 }, insert('r2')),
    'r2', 'so is a 529');

# What may have been done is an error, and is not sent again
my $before = sent('^POST /v1/pages$');
my @unknown = (
    [ 'drop_after_commit', { kind => 'drop_after_commit' }, 1 ],
    [ 'drop_before', { kind => 'drop_before' }, 0 ],
    [ 'truncated', { kind => 'truncated' }, 1 ],
    [ 'garbage', { kind => 'garbage' }, undef ],
    [ 'status 500', { kind => 'status', status => 500 }, 0 ],
    [ 'status 409', { kind => 'status', status => 409 }, 0 ],
    [ '503 after commit', { kind => '503_after_commit' }, 1 ],
    [ '503 that names nothing', { kind => '503_after_commit', committed_resource_id => \0 }, 1 ],
);
for (@unknown) {
    my ($name, $fault, $done) = @$_;
    like(with_fault($fault, insert("u $name")),
        qr/error: .*08007: .*row 1: nobody knows whether.*titled "u $name".*Look in Notion/s,
        "$name: 08007, naming the row");
    is(titled("u $name"), $done, "$name: and nothing was sent twice") if defined $done;
}
is(sent('^POST /v1/pages$') - $before, scalar @unknown, 'one request each');
$node->safe_psql('postgres', "ALTER SERVER acme OPTIONS (ADD request_timeout_ms '300')");
like(with_fault({ kind => 'delay', ms => 600, count => 1 }, insert('late')),
    qr/error: .*08007: .*did not answer in time.*"late"/s, 'a timeout is unknown, too');
wait_for('and the page came after all', sub { titled('late') == 1 });
$node->safe_psql('postgres', 'ALTER SERVER acme OPTIONS (DROP request_timeout_ms)');
like(with_fault({ kind => '503_after_commit' }, insert('named')),
    qr/DETAIL:  .*Notion says.*page [0-9a-f-]{36}/s, 'the page that a 503 names is told');

# PATCH: the same, with the page's id
$emulator->fault({ route => $patch, kind => 'drop_after_commit', count => 1 });
like(answer("UPDATE crm.participants SET fee = 7 WHERE name = 'r1'"),
    qr/error: .*08007: .*row 1: nobody knows.*page [0-9a-f-]{36}/s, 'an UPDATE without an answer');
$emulator->clear_faults;
is(sql($node, "SELECT fee FROM crm.participants WHERE name = 'r1'"), 7, 'which was done');
$emulator->fault({ route => $patch, kind => 'status', status => 409, count => 1 });
like(answer("UPDATE crm.participants SET fee = 8 WHERE name = 'r1'"), qr/error: .*55006: /,
    'a 409 of an UPDATE did nothing: no unknown outcome');
$emulator->clear_faults;

# A failure in row n says which rows were written
my $many = "INSERT INTO crm.participants (name) SELECT 'm' || i FROM generate_series(1, 20) i";
like(with_fault({ kind => 'status', status => 403, skip => 3, count => 1 }, $many),
    qr/error: .*42501: .*row \d+: .*Rows written before: \d+ \([0-9a-f-]{36}.*Rows not sent: \d/s,
    'a refusal in the middle of a statement is told row by row');
my ($told) = answer($many =~ s/'m'/'n'/r) // '';
is($told, '', 'without the fault all is well');
my $some = with_fault({ kind => 'status', status => 403, skip => 5, count => 1 },
    $many =~ s/'m'/'o'/r);
my ($written) = $some =~ /Rows written before: (\d+)/;
is(sql($node, "SELECT count(*) FROM crm.participants WHERE name LIKE 'o%'"), $written,
    'the number is right');
like($some, qr/WARNING: .*$written rows that were written to Notion stay there/s, 'and repeated');
like(answer("INSERT INTO crm.participants (name, fee) VALUES ('p1', 1), ('p2', 'nan')"),
    qr/error: .*22000: /, 'a value that cannot be sent');
is(titled('p1'), 0, 'stops its batch before anything is sent');

# A cancel while Notion has the request
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('\\set VERBOSITY verbose');
my $backend = $session->query_safe('SELECT pg_backend_pid()');
$emulator->fault({ route => $post, kind => 'hang', count => 1 });
my $asked = sent('^POST /v1/pages$');
$session->{stdin} .= insert('cut') . ";\n\\echo finished\n";
$session->{run}->pump_nb;
wait_until($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $backend
    AND state = 'active' AND wait_event IS NOT NULL AND wait_event <> 'ClientRead'", 1,
    'the POST is under way');
wait_for('Notion has it', sub {
    return $emulator->control('GET', 'faults') =~ /"hits":1/; });
sql($node, "SELECT pg_cancel_backend($backend)");
$session->{run}->pump until $session->{stdout} =~ /finished/;
$session->{run}->pump until $session->{stderr} =~ /HINT/;
like($session->{stderr},
    qr/08007: .*nobody knows.*canceling statement due to user request.*titled "cut"/s,
    'a cancel during a POST: 08007, naming the row');
$session->{stdout} = $session->{stderr} = '';
$emulator->clear_faults;
is($session->query_safe(insert('after')), 'after', 'and the session goes on');
$session->quit;

# A right that is missing, a page that went away
like(with_fault({ kind => 'status', status => 401 }, insert('x')), qr/error: .*28P01: /, 'a 401');
my $page = sql($node, "SELECT page_id FROM crm.participants WHERE name = 'r2'");
$emulator->fault({ route => $patch, kind => 'delay', ms => 1, count => 1 });
$emulator->control('POST', "pages/$page/unshare", { as => 'ada' });
is(answer("UPDATE crm.participants SET fee = 1 WHERE page_id = '$page' RETURNING fee"), '',
    'a page that is not shared is no row');
$emulator->clear_faults;

# A linked table hears of what is written through a foreign table
$node->safe_psql('postgres', q{CREATE TABLE people (id serial PRIMARY KEY, name text, fee float8);
    SELECT notion.link('people', 'crm.participants', direction => 'both',
        columns => '{"id": "key", "name": "name", "fee": "fee"}');
    SELECT notion.sync('people')});
wait_until($node, 'SELECT count(*) > 0 FROM people', 't', 'the link is in step');
$node->safe_psql('postgres', q{UPDATE crm.participants SET fee = 4711 WHERE name = 'r1'});
wait_until($node, q{SELECT fee FROM people WHERE name = 'r1'}, 4711,
    'an UPDATE of the foreign table reaches the linked one without a poll');

done_testing();
