# The door for webhooks behind TLS: Debian's nginx with the lines of the README and a certificate of
# its own; and a table that is locked for the whole run, which holds nobody up at the door.
use strict;
use warnings;
use lib 'test/tap/lib';
use Digest::SHA qw(hmac_sha256_hex);
use NotionTest;
use NotionTest::Link;
use PostgreSQL::Test::Utils;
use Test::More;

my ($nginx) = grep { -x } '/usr/sbin/nginx', '/usr/bin/nginx';
die 'no nginx: tools/install-deps check' unless $nginx;

my ($port, $tls_port) = (free_port(), free_port());

my $pair = start_pair('doors', rows => "INSERT INTO tasks (name) VALUES ('one')",
    settings => { 'notion.listen' => "127.0.0.1:$port", 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};

# The README's lines, with this run's ports and files.
my $dir = PostgreSQL::Test::Utils::tempdir();
system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
    '-subj', '/CN=hooks.example.com', '-addext', 'subjectAltName=DNS:hooks.example.com',
    '-keyout', "$dir/hooks.key", '-out', "$dir/hooks.pem");
PostgreSQL::Test::Utils::append_to_file("$dir/nginx.conf", qq{
    daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/error.log;
    events { worker_connections 256; }
    http {
        access_log off; client_body_temp_path $dir/body; proxy_temp_path $dir/proxy;
        fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
        server {
            listen 127.0.0.1:$tls_port ssl;
            server_name hooks.example.com;
            ssl_certificate     $dir/hooks.pem;
            ssl_certificate_key $dir/hooks.key;
            location /webhook/ { proxy_pass http://127.0.0.1:$port; client_max_body_size 1m; }
        }
    }
});
my $proxy = fork // die "fork: $!";
if ($proxy == 0) {
    exec $nginx, '-e', "$dir/error.log", '-p', $dir, '-c', "$dir/nginx.conf" or die "exec: $!";
}
END { kill 'TERM', $proxy if $proxy; }

# As Notion delivers: by name, with the certificate checked.
sub deliver {
    my ($body, $signature) = @_;
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'curl', '-sS', '-m', '60', '-o', '/dev/null', '-w', '%{http_code}',
        '--noproxy', '*', '--cacert', "$dir/hooks.pem",
        '--resolve', "hooks.example.com:$tls_port:127.0.0.1",
        '-H', "X-Notion-Signature: $signature",
        '-H', 'Content-Type: application/json', '--data-binary', $body,
        "https://hooks.example.com:$tls_port/webhook/acme" ], '>', \$out, '2>', \$err);
    return $out;
}
my $token = 'secret_of_the_subscription';
sub signed { my ($body) = @_; return deliver($body, 'sha256=' . hmac_sha256_hex($body, $token)); }

sql($node, "SELECT notion.expect_webhook('acme')");
wait_for('nginx stands before the listener', sub { deliver('{}', 'none') eq '401' });
is(signed(json({ verification_token => $token })), 200, 'the handshake by https');
is(sql($node, q{SELECT server, verified_at IS NOT NULL, last_event_at IS NULL, events
    FROM notion.webhooks}), 'acme|t|t|0', 'notion.webhooks shows the subscription');

# Somebody locks the table, and goes to lunch.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE');
my $page = sql($node, 'SELECT page FROM notion.mappings');
$emulator->person("ada", "PATCH", "/v1/pages/$page",
    { properties => { Points => { number => 3 } } });
sub event {
    my ($id) = @_;
    return json({ id => "event-$id", type => 'page.properties_updated',
        timestamp => '2026-11-01T12:00:00.000Z', entity => { id => $page, type => 'page' },
        authors => [{ id => 'a', type => 'person' }], attempt_number => 1,
        data => { parent => { id => 'x', type => 'database', data_source_id => $pair->{source} },
            updated_properties => [] } });
}
is(signed(event(1)), 200, 'an event by https');
wait_until($node, q{SELECT count(*) FROM notion.snapshots
    WHERE reason LIKE 'somebody holds a lock on the whole table%'}, 1, 'its page waits');
is(join(',', map { signed(event($_)) } 2 .. 21), join(',', (200) x 20), 'the door is not');
is(deliver(event(22), 'sha256=' . '0' x 64), 401, 'and does its duty');
wait_until($node, q{SELECT count(*) FROM notion.inbox WHERE state = 'done'}, 21,
    'net settles what came');
is(sql($node, q{SELECT events, last_event_at IS NOT NULL FROM notion.webhooks}), '21|t',
    'notion.webhooks counts them');
$holder->query_safe('COMMIT');
$holder->quit;
wait_until($node, 'SELECT points FROM tasks', 3, 'and once the lock is gone the row follows');
sql($node, 'CREATE ROLE guest');
is(sql($node, 'SET ROLE guest; SELECT count(server) FROM notion.webhooks'), 0,
    'others see no subscription that is not theirs');

kill 'TERM', $proxy;
waitpid $proxy, 0;
$proxy = 0;
$node->stop;
$emulator->stop;
done_testing();
