# Thousands of application users behind one login role: a server for each connection, one
# integration for all, and rows of notion.connections under row security by the application's own
# setting.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::OAuth;
use Test::More;

my $node = start_node('many');
my @workspaces = map { start_emulator(budget => 0) } 1 .. 2; # of two companies
my $redirect = 'https://app.example.com/oauth';
for my $i (0 .. 1) {
    make_client($workspaces[$i], redirect_uris => [$redirect]);
    $workspaces[$i]->control('POST', 'load', { workspace => "Company $i", databases => [{
        title => 'Notes', properties => { Name => 'title' },
        pages => [{ title => "note of $i" }] }] });
}
my @urls = map { $_->url } @workspaces;
# One login role, which owns no server: its superuser makes them, since they point at an emulator.
sql($node, qq{CREATE EXTENSION pg_notion; CREATE ROLE app LOGIN; CREATE SCHEMA app;
    GRANT USAGE, CREATE ON SCHEMA app TO app;
    DO \$\$ BEGIN FOR i IN 1..1000 LOOP
        EXECUTE format('CREATE SERVER user_%s FOREIGN DATA WRAPPER notion_fdw OPTIONS (api_url %L)',
            i, (ARRAY['$urls[0]', '$urls[1]'])[i % 2 + 1]);
        EXECUTE format('GRANT USAGE ON FOREIGN SERVER user_%s TO app', i);
    END LOOP; END \$\$});
is(client_in($node, 'user_1', redirect => $redirect), '', 'one client is given');
sql($node, q{SELECT notion.oauth_configure('user_' || i, same_as => 'user_1')
    FROM generate_series(2, 1000) i});
is(sql($node, 'SELECT count(DISTINCT server) FROM notion.oauth_clients'), 1000,
    'and shared by a thousand servers');

sub as_app {
    my ($query) = @_;
    return $node->safe_psql('postgres', $query, extra_params => [ '-U', 'app' ]);
}
my @users = (1, 2, 3, 500, 999, 1000);
for my $user (@users) {
    my $back = consent(as_app("SELECT notion.connect_url('user_$user')"));
    my ($state) = $back =~ /[?&]state=([^&]*)/;
    my ($code) = $back =~ /[?&]code=([^&]*)/;
    is(as_app("SELECT notion.oauth_finish('$state', '$code')"), "user_$user",
        "user $user connects");
}
wait_until($node, "SELECT count(*) FROM notion.connections WHERE state = 'connected'",
    scalar @users, 'all of them');
as_app("IMPORT FOREIGN SCHEMA workspace LIMIT TO (notes) FROM SERVER user_$_ INTO app;
    ALTER FOREIGN TABLE app.notes RENAME TO notes_$_") for @users;
is(as_app("SELECT name FROM app.notes_$_"), 'note of ' . $_ % 2, "user $_ sees his own workspace")
  for @users;
is(sql($node, 'SELECT count(DISTINCT workspace_name), count(DISTINCT (server, role)) > 5
    FROM notion.connections'), '2|t', 'two workspaces, told apart');

# The application says who its user is; a restrictive policy narrows what the login role sees.
is(as_app('SELECT count(*) FROM notion.connections'), scalar @users,
    'the login role sees all of its connections');
sql($node, q{CREATE POLICY one_user ON notion.accounts AS RESTRICTIVE FOR SELECT TO app
    USING (notion.server_name(server) = 'user_' || current_setting('app.who', true))});
is(as_app(q{SET app.who = '500'; SELECT server FROM notion.connections}), 'user_500',
    'under row security one');
is(as_app('SELECT count(*) FROM notion.connections'), 0, 'and none without a user');
is(as_app(q{SET app.who = '500'; SELECT notion.disconnect('user_500')}), 't',
    'a user disconnects');
wait_until($node, q{SELECT state FROM notion.connections WHERE server = 'user_500'},
    'disconnected', 'and is revoked');
like(error_of($node, 'SELECT * FROM app.notes_500', role => 'app'), qr/28000: .*has no token/,
    'he alone');
is(as_app('SELECT name FROM app.notes_1000'), 'note of 0', 'the others go on');
done_testing();
