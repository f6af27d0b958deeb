# Notion behind TLS and behind a proxy: whom notion.ca_file believes, what a proxy sees, and what is
# said when either is wrong. Debian's nginx with certificates of its own stands before the emulator.
use strict;
use warnings;
use lib 'test/tap/lib';
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use NotionTest;
use NotionTest::Link;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

my ($nginx) = grep { -x } '/usr/sbin/nginx', '/usr/bin/nginx';
die 'no nginx: tools/install-deps check' unless $nginx;
my ($token, $login) = ('ntn_bot_acme', 'clerk:opensesame');

my $pair = start_pair('tls', settings => { 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};
my $api = 'SELECT notion.api(\'acme\', \'GET\', \'/v1/users/me\') ->> \'object\'';
sub asked { return scalar(my @exchanges = $emulator->journal) }

my $dir = PostgreSQL::Test::Utils::tempdir();
sub certificate {
    my ($name) = @_;
    system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
        '-subj', "/CN=$name", '-addext', "subjectAltName=DNS:$name,DNS:localhost",
        '-keyout', "$dir/$name.key", '-out', "$dir/$name.pem");
    return;
}
certificate('api.notion.test');

my $port = free_port();
my ($behind) = $emulator->url =~ m{//(.*)};
PostgreSQL::Test::Utils::append_to_file("$dir/nginx.conf", qq{
    daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/error.log;
    events { worker_connections 256; }
    http {
        log_format spoken '\$server_protocol \$host \$http_authorization';
        access_log $dir/access.log spoken;
        client_body_temp_path $dir/body; proxy_temp_path $dir/proxy;
        fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
        server {
            listen 127.0.0.1:$port ssl http2;
            ssl_certificate     $dir/api.notion.test.pem;
            ssl_certificate_key $dir/api.notion.test.key;
            location / { proxy_pass http://$behind; }
        }
    }
});
my @ours; # processes
END { kill 'TERM', $_ for @ours; }
push @ours, fork // die "fork: $!";
if ($ours[-1] == 0) {
    exec $nginx, '-e', "$dir/error.log", '-p', $dir, '-c', "$dir/nginx.conf" or die "exec: $!";
}
wait_for('nginx stands before the emulator',
    sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) });

sub set {
    my ($name, $value) = @_;
    sql($node, "ALTER SYSTEM SET $name = '$value'");
    sql($node, 'SELECT pg_reload_conf()');
    return wait_until($node, "SHOW $name", $value, "$name is set");
}
sub point_at { sql($node, "ALTER SERVER acme OPTIONS (SET api_url '$_[0]')"); return; }

# ---- whom ca_file believes ---------------------------------------------------------------------

my $before = asked();
my $stranger =
  qr/HV00N: .*"https:.*" could not show that it is Notion.*certificate.*HINT:.*ca_file/s;
point_at("https://localhost:$port");
like(error_of($node, 'SELECT count(*) FROM crm.tasks'), $stranger,
    'an authority that nobody knows: a scan');
like(error_of($node, $api), $stranger, 'and notion.api');
like(error_of($node, "INSERT INTO crm.tasks (name) VALUES ('x')"), $stranger, 'and a write');
set('notion.ca_file', "$dir/nowhere.pem");
like(error_of($node, $api), $stranger, 'a file that is not there');
certificate('other.test');
set('notion.ca_file', "$dir/other.test.pem");
like(error_of($node, $api), $stranger, 'another authority');
is(asked(), $before, 'none of them was sent a request');

set('notion.ca_file', "$dir/api.notion.test.pem");
is(sql($node, 'SELECT count(*) FROM crm.tasks'), 0, 'with ca_file the scan works');
is(sql($node, $api), 'user', 'and notion.api');
point_at("https://127.0.0.1:$port");
$before = asked();
like(error_of($node, 'SELECT count(*) FROM crm.tasks'), $stranger,
    'the same certificate under a name that it does not have');
is(asked(), $before, 'and nothing was sent');

# ---- the worker --------------------------------------------------------------------------------

point_at("https://localhost:$port");
sql($node, "INSERT INTO tasks (name, points) VALUES ('one', 1)");
at_rest($pair, 'the worker speaks TLS, too');
is(pages($pair)->{one}{properties}{Points}{number}, 1, 'and made the page');

# ---- a proxy -----------------------------------------------------------------------------------

# Connects whoever logs in to nginx, whatever name he asks for; 407 for others. It writes down all
# that clients say.
sub serve {
    my ($listener, $record) = @_;
    my $select = IO::Select->new($listener);
    my (%other, %client);
    my $note = sub { syswrite $record, $_[0]; return; };
    while (my @ready = $select->can_read) {
        for my $from (@ready) {
            if ($from == $listener) {
                my $caller = $listener->accept // next;
                my $head = '';
                while ($head !~ /\r\n\r\n/) { sysread($caller, $head, 1, length $head) || last }
                $note->($head);
                my $wanted = encode_base64($login, '');
                if ($head !~ /^Proxy-Authorization: Basic \Q$wanted\E\r$/m) {
                    syswrite $caller, "HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n"
                      . "Proxy-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n\r\n";
                    close $caller;
                    next;
                }
                my $to = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or next;
                syswrite $caller, "HTTP/1.1 200 Connected\r\n\r\n";
                ($other{$caller}, $other{$to}, $client{$caller}) = ($to, $caller, 1);
                $select->add($caller, $to);
            } elsif (my $to = $other{$from}) {
                if (sysread $from, my $bytes, 65536) {
                    $note->($bytes) if $client{$from};
                    syswrite $to, $bytes;
                } else {
                    $select->remove($from, $to);
                    delete @other{ $from, $to };
                    close $_ for $from, $to;
                }
            }
        }
    }
    return;
}
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16) or die "port: $!";
my $proxy = '127.0.0.1:' . $listener->sockport;
open(my $record, '>', "$dir/overheard") or die $!;
my $server = fork // die "fork: $!";
if ($server == 0) {
    $SIG{PIPE} = 'IGNORE';
    serve($listener, $record);
    POSIX::_exit(1);
}
push @ours, $server;
close $listener;
sub overheard { return PostgreSQL::Test::Utils::slurp_file("$dir/overheard") }

# A name that only the proxy can find. A token is verified with one request, scans ask again.
set('notion.proxy', "http://$login\@$proxy");
is(sql($node, $api), 'user', 'loopback is spoken to without the proxy');
is(overheard(), '', 'which heard nothing');
point_at('https://api.notion.test');
is(sql($node, $api), 'user', 'notion.api through the proxy');
is(sql($node, 'SELECT count(*) FROM crm.tasks'), 1, 'a scan');
sql($node, 'UPDATE tasks SET points = 10');
at_rest($pair, 'and the worker');
is(pages($pair)->{one}{properties}{Points}{number}, 10, 'whose write arrived');
my $heard = overheard();
like($heard, qr/^CONNECT api\.notion\.test:443 HTTP/, 'the proxy was asked for a tunnel');
unlike($heard, qr/ntn_|Bearer|Authorization: (?!Basic)|\/v1\/|Notion-Version/i,
    'and sees neither token nor path');
like(PostgreSQL::Test::Utils::slurp_file("$dir/access.log"),
    qr{^HTTP/2\.0 api\.notion\.test Bearer \Q$token\E$}m, 'which went through it, by HTTP/2');

point_at('https://wrong.notion.test');
like(error_of($node, 'SELECT count(*) FROM crm.tasks'), $stranger, 'another name there');
is(scalar(my @tries = overheard() =~ /CONNECT wrong/g), 1, 'is tried once: it is no accident');
point_at('https://api.notion.test');

# ---- and when it is wrong ----------------------------------------------------------------------

my $verify = "SELECT notion.set_token('acme', '$token')";
my $no_way = qr/HV00N: no answer from "https:.*HINT:.*notion\.proxy/s;
set('notion.proxy', "http://clerk:wrongword\@$proxy");
my $error = error_of($node, $verify);
like($error, $no_way, 'a login that the proxy refuses');
like($error, qr/DETAIL:.*407/, 'with what it said');
unlike($error, qr/wrongword|\Q$token\E/, 'but neither password nor token');
my $refused = qr/HV00N: .*HINT:.*notion\.proxy to http:.*a login/s;
like($error, $refused, 'and the setting with its form');
my @asking = ([ 'a scan', 'SELECT count(*) FROM crm.tasks' ], [ 'notion.api', $api ],
    [ 'a write', "INSERT INTO crm.tasks (name) VALUES ('x')" ]);
for my $ask (@asking) {
    my ($what, $query) = @$ask;
    my $heard_before = length overheard();
    $error = error_of($node, $query);
    like($error, $refused, "$what says so, too");
    unlike($error, qr/wrongword|\Q$token\E/, '... without password and token');
    is(scalar(my @calls = substr(overheard(), $heard_before) =~ /^CONNECT/mg), 1,
        '... and at once: the login will be as wrong the next time');
}
set('notion.proxy', 'gopher://clerk:wrongword@127.0.0.1:1');
$error = error_of($node, $api);
like($error, qr/42501: .*malformed proxy.*HINT:.*notion\.proxy/s, 'what is no proxy');
unlike($error, qr/wrongword/, 'without its password');
kill 'TERM', $server;
waitpid $server, 0;
set('notion.proxy', "http://$login\@$proxy");
$error = error_of($node, $verify);
like($error, $no_way, 'a proxy that is down');
unlike($error, qr/opensesame|\Q$token\E/, 'without password and token');

kill 'TERM', $_ for @ours;
waitpid $_, 0 for @ours;
@ours = ();
$node->stop;
$emulator->stop;
done_testing();
