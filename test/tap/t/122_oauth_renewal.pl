# Tokens of OAuth expire under sessions and links that work: they are renewed once, by the worker,
# and no request is lost; renewals that fail, are cut short or killed; and what a person takes back.
use strict;
use warnings;
use lib 'test/tap/lib';
use JSON::PP ();
use NotionTest;
use NotionTest::Link;
use NotionTest::OAuth;
use Test::More;
use Time::HiRes ();

my $pair = start_pair('renewal', rows => "INSERT INTO tasks (name) VALUES ('first')");
my ($node, $emulator) = @$pair{qw(node emulator)};
my $redirect = 'https://app.example.com/oauth';
make_client($emulator, redirect_uris => [$redirect]);
client_in($node, 'acme', redirect => $redirect);
my $super = sql($node, 'SELECT current_user');

sub connect_again {
    my $back = consent(sql($node, q{SELECT notion.connect_url('acme')}));
    my ($state) = $back =~ /[?&]state=([^&]*)/;
    my ($code) = $back =~ /[?&]code=([^&]*)/;
    sql($node, "SELECT notion.oauth_finish('$state', '$code')");
    return wait_until($node, 'SELECT state FROM notion.connections', 'connected', 'connected');
}
sub renewals {
    return scalar grep { ref $_->{request} eq 'HASH'
          && ($_->{request}{grant_type} // '') eq 'refresh_token' } $emulator->journal;
}
sub expire { $emulator->control('POST', 'oauth/expire'); return; }
sub kinder { # a spent refresh token is taken again, or not
    my ($is) = @_;
    $emulator->control('POST', 'semantics',
        { spent_refresh_accepted => $is ? JSON::PP::true : JSON::PP::false });
    return;
}
sub net { return sql($node, q{SELECT pid FROM notion.workers() WHERE process = 'net'
    AND database = (SELECT oid FROM pg_database WHERE datname = 'postgres')}); }
sub settled {
    my ($name) = @_;
    return wait_until($node, 'SELECT count(*) FROM notion.oauth_tasks', 0, $name);
}

connect_again();
sql($node, "ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP token_file)");
my $read = 'SELECT count(*) FROM crm.tasks';
is(sql($node, $read), 1, 'the connection is by OAuth now');

# ---- sessions ------------------------------------------------------------------------------------

my $before = renewals();
expire();
is(sql($node, "BEGIN READ ONLY; $read; COMMIT"), 1,
    'an expired token is renewed under a read-only transaction');
is(renewals() - $before, 1, 'once');
expire();
$before = renewals();
my @sessions = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 6;
$_->query_until(qr/begun/, "\\echo begun\n$read;\n") for @sessions;
is((map { my $out = $_->query('SELECT 1'); $_->quit; $_->{stderr} =~ /ERROR/ ? 1 : () }
    @sessions) + 0, 0, 'six sessions at once: none fails');
is(renewals() - $before, 1, 'one renewal for them all');
expire();
is(sql($node, "INSERT INTO crm.tasks (name, key) VALUES ('written', 'w') RETURNING name"),
    'written', 'a write goes on');
is(sql($node, "SELECT count(*) FROM crm.tasks WHERE name = 'written'"), 1, 'and is made once');
expire();
is(sql($node, q{SELECT notion.api('acme', 'GET', '/v1/users/me') ->> 'object'}), 'user',
    'so does notion.api');
$emulator->fault({ kind => 'status', status => 401, route => 'POST /v1/data_sources/:id/query',
    count => 1 });
is(sql($node, $read), 2, 'a 401 out of nothing is no end');
$emulator->clear_faults;
at_rest($pair, 'the page is a row, too');

# ---- links under load ----------------------------------------------------------------------------

$before = renewals();
my $renewed = sql($node, 'SELECT renewed_at FROM notion.connections');
for my $round (1 .. 4) {
    sql($node, "INSERT INTO tasks (name, points)
        SELECT format('r%s.%s', $round, i), i FROM generate_series(1, 40) i");
    wait_until($node, "SELECT count(*) > 0 FROM notion.mappings m WHERE m.page IS NOT NULL
        AND m.key IN (SELECT id::text FROM tasks WHERE name LIKE 'r$round.%')", 't',
        "round $round is being sent");
    expire();
}
at_rest($pair, 'all is sent');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'no row failed');
my $rows = sql($node, 'SELECT count(*) FROM tasks');
is(count_pages($pair), $rows, 'every row has its page, once');
cmp_ok(renewals() - $before, '<=', 5, 'a renewal for each expiry, and no more');
is(sql($node, 'SELECT state FROM notion.links'), 'active', 'the link goes on');

# ---- answers that are none -----------------------------------------------------------------------

kinder(1);
for my $fault ({ kind => 'status', status => 500 }, { kind => 'status', status => 503 },
    { kind => 'status', status => 429, retry_after => 1 }, { kind => 'drop_before' },
    { kind => 'drop_after_commit' }, { kind => 'garbage', body => 'no json' },
    { kind => 'truncated' }) {
    expire();
    $emulator->fault({ route => 'POST /v1/oauth/token', count => 1, %$fault });
    is(sql($node, $read), $rows, "renewal answered by $fault->{kind} "
          . ($fault->{status} // '') . ': tried again');
    $emulator->clear_faults;
}

for my $fault ({ kind => 'status', status => 500 }, { kind => 'drop_before' }) {
    expire();
    $emulator->fault({ route => 'POST /v1/oauth/token', %$fault });
    my $session = $node->background_psql('postgres', on_error_stop => 0);
    $session->query_until(qr/begun/, "\\echo begun\n$read;\n");
    wait_until($node, 'SELECT count(*) FROM notion.oauth_tasks WHERE attempts > 1', 1,
        "$fault->{kind} for as long as it is asked");
    like(sql($node, 'SELECT state, reason FROM notion.connections'),
        qr/^connected\|tried again after /, 'the connection is not given up, and says why');
    $emulator->clear_faults;
    $session->quit;
    is($session->{stderr} =~ /(ERROR.*)/ ? $1 : '', '', 'and who waited goes on');
}

# ---- death ---------------------------------------------------------------------------------------

# delay: before Notion does it; delay_after: when it has done it, and before we know.
for my $kind ('delay', 'delay_after') {
    expire();
    $emulator->fault({ kind => $kind, ms => 60_000, route => 'POST /v1/oauth/token', count => 1 });
    $before = renewals();
    my $session = $node->background_psql('postgres', on_error_stop => 0);
    $session->query_until(qr/begun/, "\\echo begun\n$read;\n");
    wait_until($node, 'SELECT count(*) FROM notion.oauth_tasks WHERE begun_at IS NOT NULL', 1,
        "$kind: the renewal is under way");
    kill 'KILL', net();
    $emulator->clear_faults;
    eval { $session->quit };
    wait_until($node, $read, $rows, "$kind: killed in the middle, it is made good");
    $emulator->clear_faults;
}
settled('nothing is left of it');

# ---- waiting is cancelled, nobody to renew -------------------------------------------------------

expire();
$emulator->fault({ kind => 'hang', route => 'POST /v1/oauth/token' });
my $start = Time::HiRes::time();
like(error_of($node, "SET statement_timeout = '300ms'; $read"), qr/57014/,
    'who waits for a renewal is cancelled');
cmp_ok(Time::HiRes::time() - $start, '<', 5, 'at once');
$emulator->clear_faults;
wait_until($node, $read, $rows, 'which does not harm it');
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, "SELECT count(*) FROM notion.workers() WHERE process = 'net'
    AND pid IS NOT NULL", 0, 'no worker');
expire();
like(error_of($node, $read), qr/28P01: .*has expired.*No worker.*HINT/s,
    'without a worker: an error that says so');
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
wait_until($node, $read, $rows, 'with one it goes on');

# ---- taken back ----------------------------------------------------------------------------------

kinder(0);
expire();
$emulator->fault({ kind => 'drop_after_commit', route => 'POST /v1/oauth/token', count => 1 });
like(error_of($node, $read), qr/28P01: .*a person has to connect again.*connect_url/s,
    'an answer that was lost, where Notion takes no spent token: said');
$emulator->clear_faults;
like(sql($node, 'SELECT state, reason FROM notion.connections'),
    qr/^expired\|.*Invalid refresh_token.*an earlier attempt got no answer/, 'with the reason');
sql($node, "INSERT INTO tasks (name) VALUES ('meanwhile')");
wait_until($node, 'SELECT state FROM notion.links', 'resting', 'its link rests');
like(sql($node, "SELECT string_agg(what || ' ' || level, ', ' ORDER BY what) FROM notion.health
    WHERE what IN ('link', 'connection')"), qr/^connection trouble, link trouble$/,
    'health says so of both');
connect_again();
wait_until($node, 'SELECT state FROM notion.links', 'active', 'connected again, it goes on');
at_rest($pair, 'by itself');
is(count_pages($pair), $rows + 1, 'and nothing was lost');
expire();
$emulator->fault({ kind => 'status', status => 400, route => 'POST /v1/oauth/token', count => 1,
    body => '{"object": "error", "status": 400, "code": "invalid_grant", '
        . '"message": "gone with the wind"}' });
like(error_of($node, $read), qr/28P01: .*HINT: +SELECT notion\.connect_url\('acme'\)/s,
    'a renewal answered by 400: an error that says what to do');
$emulator->clear_faults;
like(sql($node, 'SELECT state, reason FROM notion.connections'),
    qr/^expired\|.*gone with the wind/, q{with the reason, in Notion's words});
sql($node, "INSERT INTO tasks (name) VALUES ('then')");
connect_again();
wait_until($node, 'SELECT state FROM notion.links', 'active', 'connected again, it goes on');
at_rest($pair, 'and sends what came meanwhile');
is(count_pages($pair), $rows + 2, 'once');
$emulator->control('POST', 'oauth/disconnect');
wait_until($node, 'SELECT state FROM notion.connections', 'expired',
    'a person takes the connection back: the worker finds out');
wait_until($node, 'SELECT state FROM notion.links', 'resting', 'and the link rests');
connect_again();
wait_until($node, 'SELECT state FROM notion.links', 'active', 'until it is given again');

done_testing();
