# OAuth: a person connects a workspace, by the listener's callback or by an application; states are
# good once; what Notion refuses is said; who may do what.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::OAuth;
use PostgreSQL::Test::Utils ();
use Test::More;

my $port = free_port();
my $node = start_node('oauth', 'notion.listen' => "127.0.0.1:$port",
    log_min_messages => 'debug2', log_statement => 'all');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
my $url = $emulator->url;
my $redirect = "http://127.0.0.1:$port/oauth/callback";
my $super = sql($node, 'SELECT current_user');
make_client($emulator, redirect_uris => [$redirect]);
$node->safe_psql('postgres', qq{CREATE EXTENSION pg_notion; CREATE SCHEMA crm;
    CREATE ROLE app LOGIN; CREATE ROLE alice LOGIN; CREATE ROLE mallory LOGIN;
    CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
        OPTIONS (api_url '$url', budget_per_minute '-1');
    GRANT USAGE ON FOREIGN SERVER acme TO alice; GRANT USAGE ON SCHEMA crm TO alice});

sub connection {
    my ($what, $role) = @_;
    return sql($node, "SELECT $what FROM notion.connections
        WHERE server = 'acme' AND role = '@{[ $role // $super ]}'");
}
sub connect_url {
    my ($args, %more) = @_;
    return $node->safe_psql('postgres', "SELECT notion.connect_url($args)",
        extra_params => [ $more{role} ? ('-U', $more{role}) : () ]);
}
sub parts { # state and code of a callback's address
    my ($callback) = @_;
    return map { my ($value) = $callback =~ /[?&]$_=([^&]*)/; $value } 'state', 'code';
}
sub codes { # that were exchanged
    return grep { defined } map { $_->{request}{code} }
      grep { ref $_->{request} eq 'HASH' && $_->{path} eq '/v1/oauth/token' } $emulator->journal;
}
my $again = qr/.*HINT: +SELECT notion\.connect_url/s; # what to do is said, too
sub finish { # by COPY, which leaves no trace; gives what psql said
    my ($state, $code, %args) = @_;
    my (undef, undef, $err) = $node->psql('postgres',
        "\\set VERBOSITY verbose\nCOPY notion.code_in FROM STDIN;\n$state\t$code\n\\.\n",
        extra_params => [ $args{role} ? ('-U', $args{role}) : () ]);
    return $err;
}

# ---- from connect_url to a query -----------------------------------------------------------------

like(error_of($node, "SELECT notion.connect_url('acme')"), qr/55000: .*no OAuth client.*HINT/s,
    'not without a client');
like(client_in($node, 'acme', role => 'alice'), qr/42501: must be owner/,
    'which only the owner configures');
is(client_in($node, 'acme', redirect => $redirect), '', 'COPY takes the client');
my $address = connect_url(q{'acme'});
like($address,
    qr{^\Q$url\E/v1/oauth/authorize\?client_id=client-1&response_type=code&owner=user
        &state=[\w-]{43}&}x,
    'connect_url');
wait_for('the listener answers', sub { (visit("http://127.0.0.1:$port/other"))[0] == 405 });
my $callback = consent($address);
like((visit($callback))[1], qr/Notion gave access/, 'the browser comes back to the listener');
wait_until($node, 'SELECT state FROM notion.connections', 'connected', 'connected');
is(connection("given, workspace_name, workspace_id IS NOT NULL, bot_id IS NOT NULL,
    owner #>> '{type}', reason"), 'oauth|Lakeside Conference|t|t|user|', 'what is known of it');
is(sql($node, 'SELECT string_agg(kind, $$,$$ ORDER BY kind) FROM notion.tokens'),
    'client,refresh,token', 'all of it sealed, the code gone');
sql($node, 'IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    GRANT SELECT ON ALL TABLES IN SCHEMA crm TO alice, mallory');
my $read = 'SELECT count(*) > 0 FROM crm.participants';
is(sql($node, $read), 't', 'the first query');

# ---- states --------------------------------------------------------------------------------------

my $before = sql($node, 'SELECT count(*) FROM notion.oauth_tasks');
is((visit($callback))[0], 409, 'a callback replayed');
is((visit("$redirect?state=forged&code=x"))[0], 403, 'a forged state');
is((visit("$redirect?code=x"))[0], 400, 'none');
is((visit("$redirect?state=x"))[0], 400, 'no code');
my ($status, $text) = visit("$redirect?state=%3Cscript%3E&code=%3Cscript%3E");
unlike($text, qr/script/, 'nothing of the request is in the answer');
like(finish(parts($callback)), qr/28000: the state was used already$again/s, 'replayed by SQL');
like(finish('forged', 'x'), qr/28000: the state is not known$again/s, 'forged by SQL');
my @late = parts(consent(connect_url(q{'acme', valid_for => '1 ms'})));
wait_until($node, 'SELECT bool_and(expires_at < clock_timestamp()) FROM notion.oauth_states
    WHERE used_at IS NULL', 't', 'a state expires');
like(finish(@late), qr/28000: the state has expired$again/s, 'and is refused');
is((visit("$redirect?state=$late[0]&code=$late[1]"))[0], 410, 'by the listener too');
my @mine = parts(consent(connect_url(q{'acme'})));
like(finish(@mine, role => 'alice'), qr/28000: the state belongs to another role$again/s,
    'of another role');
is(sql($node, 'SELECT count(*) FROM notion.oauth_tasks'), $before, 'none of them is exchanged');
is(sql($node, $read), 't', 'nor harms what is there');
like(error_of($node, q{SELECT notion.connect_url('acme', valid_for => '2 h')}), qr/22023/,
    'a state for hours is not to be had');
is(sql($node, "SELECT count(*) FROM notion.oauth_states WHERE digest = '$mine[0]'"), 0,
    'the table does not hold the states themselves');

# ---- two at once ---------------------------------------------------------------------------------

my $first = $node->background_psql('postgres', on_error_stop => 0);
$first->query_safe('BEGIN');
$first->query_safe("SELECT notion.oauth_finish('$mine[0]', '$mine[1]')");
my $second = $node->background_psql('postgres', on_error_stop => 0);
$second->query_until(qr/waiting/, "\\echo waiting\nSELECT notion.oauth_finish('$mine[0]',
    '$mine[1]');\n");
wait_until($node, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
    AND query LIKE '%oauth_finish%'", 1, 'two bring a state at once: one waits');
$first->query_safe('COMMIT');
$first->quit;
$second->quit;
like($second->{stderr}, qr/the state was used already$again/, 'and is refused');
wait_until($node, 'SELECT count(*) FROM notion.oauth_tasks', 0, 'one exchange');
is(scalar(grep { $_ eq $mine[1] } codes()), 1, 'was made');

my ($fresh) = parts(consent(connect_url(q{'acme'})));
finish($fresh, $mine[1]);
wait_until($node, "SELECT reason LIKE '%Invalid code%' FROM notion.accounts
    WHERE role = current_user", 't', 'a code used twice, with a state of its own: said');
is(scalar(grep { $_ eq $mine[1] } codes()), 2, 'when Notion had refused it');
is(connection('state'), 'connected', 'the connection that is there stays');
is(sql($node, $read), 't', 'and its token');
like(sql($node, "SELECT state, hint FROM notion.health WHERE what = 'connection'"),
    qr/Invalid code.*\|.*goes on; .*: SELECT notion\.connect_url\('acme'\)/,
    'health says what to do');

# ---- what goes wrong -----------------------------------------------------------------------------

like((visit(consent(connect_url(q{'acme'}, role => 'alice'), 'cancel')))[1], qr/No access/,
    'a person refuses');
is(connection('state, reason', 'alice'), 'refused|the person gave no access', 'which is said');
is(connection('state'), 'connected', 'of that role alone');
my @spent = parts(consent(connect_url(q{'acme'}, role => 'alice')));
client_in($node, 'acme', secret => 'wrong', redirect => $redirect);
finish(@spent, role => 'alice');
wait_until($node, "SELECT state FROM notion.accounts WHERE role = 'alice'", 'refused',
    'a wrong client secret');
like(connection('reason', 'alice'), qr/Client authentication failed/, q{in Notion's words});
client_in($node, 'acme', redirect => $redirect);
my @twice = parts(consent(connect_url(q{'acme'}, role => 'alice')));
finish($twice[0], 'code-other', role => 'alice');
wait_until($node, "SELECT reason LIKE '%Invalid code%' FROM notion.accounts
    WHERE role = 'alice'", 't', 'a code that is none');
like(sql($node, "SELECT level, hint FROM notion.health WHERE what = 'connection'"),
    qr/^trouble\|SELECT notion.connect_url\('acme'\)/, 'health says what to do');

for my $fault ({ kind => 'status', status => 500 }, { kind => 'status', status => 429,
        retry_after => 1 }, { kind => 'garbage', body => 'no json' }, { kind => 'drop_before' },
    { kind => 'status', status => 502, body => '<html>bad gateway</html>' }) {
    my @parts = parts(consent(connect_url(q{'acme'}, role => 'alice')));
    $emulator->fault({ route => 'POST /v1/oauth/token', count => 1, %$fault });
    finish(@parts, role => 'alice');
    wait_until($node, "SELECT count(*) FROM notion.oauth_tasks", 0, "$fault->{kind}: settled");
    $emulator->clear_faults;
    my $expected = $fault->{kind} eq 'garbage' ? 'refused' : 'connected'; # garbage spent the code
    is(connection('state', 'alice'), $expected, "$fault->{kind} at the exchange: $expected")
      or diag(connection('reason', 'alice'));
    sql($node, "DELETE FROM notion.accounts WHERE role = 'alice';
        DELETE FROM notion.tokens WHERE role = 'alice'");
}

# ---- introspection, disconnection ----------------------------------------------------------------

finish(parts(consent(connect_url(q{'acme'}, role => 'alice'))), role => 'alice');
wait_until($node, "SELECT state FROM notion.accounts WHERE role = 'alice'", 'connected',
    'another role connects');
is($node->safe_psql('postgres', $read, extra_params => [ '-U', 'alice' ]), 't',
    'with a token of its own');
$node->safe_psql('postgres', q{SELECT notion.introspect('acme')},
    extra_params => [ '-U', 'alice' ]);
wait_until($node, "SELECT scope FROM notion.accounts WHERE role = 'alice'",
    'read_content update_content insert_content', 'introspection');
like(error_of($node, q{SELECT notion.introspect('acme')}, role => 'mallory'), qr/42501/,
    'not for those without USAGE');
for my $call (q{notion.disconnect('acme', 'alice')}, q{notion.connect_url('acme', 'alice')},
    q{notion.disconnect('acme', 'public')}, q{notion.introspect('acme', 'alice')},
    q{notion.connect_url('acme')}, q{notion.oauth_configure('acme', 'x', 'y')}) {
    like(error_of($node, "SELECT $call", role => 'mallory'), qr/42501/, "not for mallory: $call");
}
for my $table (qw(oauth_clients oauth_states oauth_tasks tokens)) {
    like(error_of($node, "SELECT * FROM notion.$table", role => 'alice'), qr/42501/,
        "notion.$table is not read by others");
}
my $session = $node->background_psql('postgres', on_error_stop => 0,
    extra_params => [ '-U', 'alice' ]);
$session->query_safe($read);
is($node->safe_psql('postgres', q{SELECT notion.disconnect('acme')},
    extra_params => [ '-U', 'alice' ]), 't', 'disconnect');
$session->query($read);
like($session->{stderr}, qr/has no token/, 'no session goes on with it');
$session->quit;
wait_until($node, "SELECT state FROM notion.accounts WHERE role = 'alice'", 'disconnected',
    'revoked in Notion');
is(scalar(grep { $_->{revoked} } @{ json($emulator->control('GET', 'oauth')) }), 1, 'indeed');
is(sql($node, "SELECT count(*) FROM notion.tokens WHERE role = 'alice'"), 0, 'nothing is left');
is(sql($node, q{SELECT notion.disconnect('acme', 'mallory')}), 'f', 'where there was none');
is(sql($node, $read), 't', 'the other role goes on');

# ---- another workspace, another server -----------------------------------------------------------

sql($node, q{CREATE TABLE participants (id text PRIMARY KEY, name text);
    INSERT INTO notion.links (table_id, foreign_table_id, data_source, direction, key_columns,
        state)
    VALUES ('participants', 'crm.participants', gen_random_uuid(), 'both', '{id}', 'paused');
    UPDATE notion.accounts SET workspace_id = gen_random_uuid(), workspace_name = 'Other'});
finish(parts(consent(connect_url(q{'acme'}))));
wait_until($node, "SELECT reason LIKE '%of another workspace%' FROM notion.accounts
    WHERE role = current_user", 't', 'a connection to another workspace is not kept');
wait_until($node, 'SELECT count(*) FROM notion.oauth_tasks', 0, 'but given back');
is(scalar(grep { $_->{revoked} } @{ json($emulator->control('GET', 'oauth')) }), 2,
    'to Notion, revoked');
is(connection('state, reason LIKE $$%of another workspace%$$'), 'connected|t',
    'and the connection before it stays');
sql($node, 'DELETE FROM notion.links');
sql($node, "CREATE SERVER beta FOREIGN DATA WRAPPER notion_fdw OPTIONS (api_url '$url');
    SELECT notion.oauth_configure('beta', same_as => 'acme')");
like(sql($node, q{SELECT notion.connect_url('beta')}), qr/client_id=client-1/,
    'one client for many servers');

# ---- nothing is told -----------------------------------------------------------------------------

my @codes = codes();
$node->stop;
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
for my $secret ('whisper-of-the-client', map { ($_->{access}, $_->{refresh}) }
    @{ json($emulator->control('GET', 'oauth')) }) {
    is(index($log, $secret), -1, 'at debug2 the log has no token and no client secret');
    is(`grep -rlaF '$secret' '@{[ $node->data_dir ]}' | wc -l` + 0, 0, 'nor any file');
}
my @told = grep { $_ ne $mine[1] && index($log, $_) >= 0 } @codes; # that one stood in a statement
is_deeply(\@told, [], 'and no code that came by COPY or by the listener');
done_testing();
