# Where a token may travel: not after a redirect, not to a name that resolves to this machine in
# place of its address, and nowhere but to Notion by the word of who is no superuser. Real sockets.
use strict;
use warnings;
use lib 'test/tap/lib';
use IO::Socket::INET;
use NotionTest;
use Test::More;

my $node = start_node('addresses', 'notion.worker' => 'off');
my $emulator = start_emulator(seed => 'demo.json');
connect_workspace($node, $emulator);
my ($port) = $emulator->url =~ /:(\d+)/;
my $scan = 'SELECT count(*) FROM tasks';
sql($node, q{CREATE FOREIGN TABLE tasks (name text OPTIONS (property 'Name', type 'title'))
    SERVER acme OPTIONS (data_source '11111111-2222-3333-4444-555555555555')});
# What the emulator was asked so far.
sub asked { return scalar(my @exchanges = $emulator->journal) }
my $asked = asked();

# ---- a redirect --------------------------------------------------------------------------------

my $door = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') or die $!;
my $door_url = 'http://127.0.0.1:' . $door->sockport;

# Answers the next request with a redirect, and ends. What it was asked comes on the pipe.
sub redirect {
    my ($status, $to) = @_;
    pipe(my $out, my $in) or die $!;
    my $pid = fork // die $!;
    if ($pid == 0) {
        my $caller = $door->accept;
        my $head = '';
        $head .= $_ while defined($_ = <$caller>) && $_ ne "\r\n";
        print $caller "HTTP/1.1 $status Moved\r\nLocation: $to\r\nContent-Length: 0\r\n\r\n";
        close $caller;
        print $in $head;
        close $in;
        require POSIX;
        POSIX::_exit(0);
    }
    close $in;
    return sub { local $/; my $head = <$out>; waitpid $pid, 0; return $head };
}

sql($node, "ALTER SERVER acme OPTIONS (SET api_url '$door_url', ADD request_timeout_ms '5000')");
for my $status (301, 302, 307, 308) {
    my $head = redirect($status, $emulator->url . '/v1/users/me');
    my $error = error_of($node, "SELECT notion.api('acme', 'GET', '/v1/users/me')");
    like($head->(), qr{^GET /v1/users/me.*ntn_bot_acme}s, "$status: who was asked has the token");
    like($error, qr/ERROR:.*HINT:/s, 'its redirect is an error with a hint');
    unlike($error, qr/ntn_bot_acme/, 'without the token');
}
my $head = redirect(307, $emulator->url . '/v1/users/me');
like(error_of($node, "COPY notion.token_in (server, token) FROM STDIN;\nacme\tntn_bot_b\n\\.\n"),
    qr/ERROR:/, 'a token that is given is not verified by a redirect either');
$head->();
is(asked(), $asked, 'and who stands behind the redirect was never asked');

# ---- names that resolve to this machine ----------------------------------------------------------

# libcurl takes every name below localhost for 127.0.0.1, whatever a resolver says; the host's own
# name is in /etc/hosts or nowhere.
chomp(my $host = `hostname`);
for my $name ("rebound.localhost", 'localhost.', $host, '0.0.0.0', '[::ffff:127.0.0.1]') {
    sql($node, "ALTER SERVER acme OPTIONS (SET api_url 'http://$name:$port')");
    like(error_of($node, $scan), qr/42501: request to "http:.*loopback.*HINT:.*api_url/s,
        "plain http to $name");
}
sql($node, "ALTER SYSTEM SET notion.local_only = on; SELECT pg_reload_conf()");
wait_until($node, 'SHOW notion.local_only', 'on', 'local_only is on');
for my $name ('rebound.localhost', $host, 'api.notion.com') {
    sql($node, "ALTER SERVER acme OPTIONS (SET api_url 'https://$name:$port')");
    like(error_of($node, $scan), qr/42501: request to "https:.*loopback.*HINT:.*notion.local_only/s,
        "with notion.local_only: https to $name");
}
like(error_of($node, "SELECT notion.set_token('acme', 'ntn_bot_acme')"),
    qr/42501: no answer from "https:.*loopback.*HINT:.*notion\.local_only/s,
    'and a token is not verified there');
is(asked(), $asked, 'none of these came to the emulator, which listens there');
sql($node, "ALTER SERVER acme OPTIONS (SET api_url 'http://localhost:$port')");
unlike(error_of($node, $scan), qr/42501/, 'by its address, or as localhost, it is reached');
isnt(asked(), $asked, 'and was asked');

# ---- who is no superuser -------------------------------------------------------------------------

sql($node, q{CREATE ROLE mallory LOGIN; GRANT USAGE ON FOREIGN DATA WRAPPER notion_fdw TO mallory});
like(error_of($node, "CREATE SERVER trap FOREIGN DATA WRAPPER notion_fdw OPTIONS (api_url '$_')",
        role => 'mallory'), qr/(42501|HV024|22023).*HINT:/s, "api_url $_")
  for "http://127.0.0.1:$port", 'https://api.notion.com.example', 'http://api.notion.com',
  'https://api.notion.com@example.com', 'https://api.notion.com:8443', 'https://127.0.0.1';
is(error_of($node, "CREATE SERVER fine FOREIGN DATA WRAPPER notion_fdw
    OPTIONS (api_url 'https://api.notion.com')", role => 'mallory'), '', 'but Notion itself');

done_testing();
