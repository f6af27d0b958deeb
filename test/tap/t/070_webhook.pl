# Webhooks: a handshake only while it is expected, a signature over the raw bytes before anything is
# written, each event once, and the edit that it speaks of arrives.
use strict;
use warnings;
use lib 'test/tap/lib';
use Digest::SHA qw(hmac_sha256_hex);
use HTTP::Tiny;
use NotionTest;
use NotionTest::Link;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = free_port();

# Polls are too far apart to bring anything in.
my $pair = start_pair('hook',
    settings => { 'notion.listen' => "127.0.0.1:$port", 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};
my $http = HTTP::Tiny->new(timeout => 30);

sub deliver {
    my ($body, %args) = @_;
    my $path = $args{path} // '/webhook/acme';
    my %headers = ('Content-Type' => 'application/json');
    my $signature = $args{signature}
      // ($args{token} ? 'sha256=' . hmac_sha256_hex($body, $args{token}) : undef);
    $headers{'X-Notion-Signature'} = $signature if defined $signature;
    my $reply = $http->request($args{method} // 'POST', "http://127.0.0.1:$port$path",
        { headers => \%headers, ($args{method} // '') eq 'GET' ? () : (content => $body) });
    return $reply->{status};
}
sub events { return sql($node, 'SELECT count(*) FROM notion.inbox'); }
sub transactions { return sql($node, "SELECT pg_snapshot_xmax(pg_current_snapshot())"); } # written

wait_for('the listener answers', sub { deliver('{}', path => '/other') == 404 });
my $token = 'secret_of_the_subscription_itself_1234567890';
my $handshake = json({ verification_token => $token });
is(deliver($handshake, token => $token), 403, 'a handshake that nobody expects is refused');
is(sql($node, 'SELECT count(*) FROM notion.webhooks'), '0', 'and leaves nothing');
sql($node, "SELECT notion.expect_webhook('acme')");
is(deliver($handshake, token => 'another'), 401, 'a handshake signed otherwise is refused');
is(deliver($handshake), 401, 'an unsigned one too');
is(deliver($handshake, token => $token), 200, 'an expected one is taken');
is(sql($node, "BEGIN; SELECT notion.webhook_token('acme'); ROLLBACK"), $token,
    'and its owner reads the token');
is(sql($node, "SELECT notion.webhook_token('acme')"), $token, 'and again after a ROLLBACK');
my ($shown, undef, $refusal) = $node->psql('postgres', "\\set VERBOSITY verbose\n"
    . "SELECT notion.webhook_token('acme')");
like($refusal, qr/55000: .* was shown before.*HINT: .*expect_webhook\('acme'\)/s,
    'and not once more: it is shown once');
is(deliver(json({ verification_token => 'evil' }), token => 'evil'), 403,
    'a second one is not: the first disarmed it');
my ($status, undef, $err) = $node->psql('postgres', 'CREATE ROLE guest; SET ROLE guest;
    SELECT sealed FROM notion.tokens');
like($err, qr/permission denied/, 'nobody else reads it');
is(sql($node, "SELECT count(*) FROM notion.tokens WHERE kind LIKE 'webhook %' AND
    position('$token'::bytea IN sealed) = 0"), 1, 'it is kept sealed');

my $event = { id => '11111111-2222-4333-8444-555555555555', type => 'page.properties_updated',
    timestamp => '2026-11-01T12:00:00.000Z', entity => { id => $pair->{source}, type => 'page' },
    authors => [], attempt_number => 1,
    data => { parent => { id => 'x', type => 'database', data_source_id => $pair->{source} },
        updated_properties => [] } };
my $body = json($event);
is(deliver($body, token => 'wrong'), 401, 'forged: refused');
is(deliver($body), 401, 'unsigned: refused');
my $before = transactions();
deliver($body, token => 'wrong') for 1 .. 100;
cmp_ok(transactions() - $before, '<', 50, 'a hundred forged ones are not written down');
is(deliver($body, signature => 'sha256=' . uc hmac_sha256_hex($body, $token)), 401,
    'a signature in another spelling: refused');
is(deliver("$body ", signature => 'sha256=' . hmac_sha256_hex($body, $token)), 401,
    'one byte more: refused');
is(events(), 0, 'nothing of it is kept');
is(deliver($body, path => '/webhook/nobody', token => $token), 404, 'an unknown server');
is(deliver($body, path => '/webhook/postgres/acme/x', token => $token), 404, 'a longer path');
is(deliver($body, path => '/webhook/other/acme', token => $token), 404, 'another database');
is(deliver('', method => 'GET'), 405, 'GET');
is(deliver('x' x 300_000, token => $token), 413, 'oversized');
is(deliver('{"a"', token => $token), 400, 'signed, and no JSON');
is(events(), 0, 'still nothing');
is(deliver($body, token => $token), 200, 'signed: taken');
is(deliver($body, token => $token, path => '/webhook/postgres/acme'), 200,
    'replayed, by the longer path: acknowledged');
is(events(), 1, 'and kept once');
is(deliver(json({ %$event, id => 'aaa', type => 'page.levitated' }), token => $token), 200,
    'an event of a type that nobody knows is taken');
wait_until($node, "SELECT state FROM notion.inbox WHERE type = 'page.levitated'", 'kept',
    'and kept for people');
deliver(json({ %$event, id => $_, type => 'page.levitated' }), token => $token) for qw(aab aac);
wait_until($node, 'SELECT server, type, events, first_at <= last_at FROM notion.unknown_events',
    'acme|page.levitated|3|t', 'who count them, see them by type');
is(sql($node, "SELECT string_agg(outcome, ',') FROM notion.log WHERE action = 'unknown event'"),
    'page.levitated of server acme: kept in notion.inbox', 'the log tells of the first');
is(() = slurp_file($node->logfile) =~ /of a type that is not known/g, 1,
    "and the server's log as well");
is(sql($node, "SELECT level, state FROM notion.health WHERE what = 'webhook'"),
    'warning|3 events of unknown types: page.levitated', 'and notion.health');
is(sql($node, 'SET ROLE guest; SELECT count(*) FROM notion.unknown_events'), 0,
    'whoever has no part in the server sees none');

# The same by SQL.
my $hex = unpack 'H*', json({ %$event, id => 'bbb' });
my $signature = 'sha256=' . hmac_sha256_hex(json({ %$event, id => 'bbb' }), $token);
is(sql($node, "SELECT notion.receive_webhook('acme', '\\x$hex', 'sha256=00')"), 401,
    'receive_webhook: forged');
is(sql($node, "SELECT notion.receive_webhook('acme', '\\x$hex', '$signature')"), 200,
    'receive_webhook: signed');

# A real subscription: the emulator signs and delivers, twice and out of order.
sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks', { url => "http://127.0.0.1:$port/webhook/acme",
    window_ms => 10, duplicate => 1, reorder => json('true') });
wait_until($node, "SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL", '2',
    'the emulator made its handshake');
my $page = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { data_source_id => $pair->{source} },
    properties => { Name => { title => [{ text => { content => 'by event' } }] } } });
wait_until($node, "SELECT count(*) FROM tasks WHERE name = 'by event'", '1',
    'a new page comes in by its event');
at_rest($pair, 'at rest');
$emulator->person('ada', 'PATCH', "/v1/pages/$page->{id}",
    { properties => { Points => { number => 4 } } });
wait_until($node, "SELECT points FROM tasks WHERE name = 'by event'", '4', 'an edit likewise');
$emulator->control('POST', 'webhooks/drain');
is(sql($node, 'SELECT count(*) - count(DISTINCT event_id) FROM notion.inbox'), '0',
    'each event is there once');
my $mapped = 'entity IN (SELECT page::text FROM notion.mappings)';
is(sql($node, 'SET ROLE guest; SELECT count(*) FROM notion.inbox'), '0',
    'whoever has no part in table and server sees none of them');
is(sql($node, "BEGIN; CREATE ROLE keeper; ALTER TABLE tasks OWNER TO keeper; SET LOCAL ROLE keeper;
    SELECT count(*) > 0, bool_and($mapped) FROM notion.inbox; ROLLBACK"), 't|t',
    'the owner of a table those of its pages');
is(sql($node, "SELECT count(*) > 0 FROM notion.inbox WHERE NOT $mapped"), 't',
    'there are others as well');

# The listener closes and opens with its setting.
sql($node, "ALTER SYSTEM SET notion.listen = ''");
$node->reload;
wait_for('no listener', sub { deliver($body, token => $token) == 599 });

$node->stop;
$emulator->stop;
done_testing();
