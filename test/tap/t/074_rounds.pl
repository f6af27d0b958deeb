# What comes in while a round of deliveries is kept is the next round: one transaction, in which
# each has its own answer and an event counts once.
use strict;
use warnings;
use lib 'test/tap/lib';
use Digest::SHA qw(hmac_sha256_hex);
use IO::Socket::INET;
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $pair = start_pair('rounds',
    settings => { 'notion.listen' => "127.0.0.1:$port", 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};
my $token = 'secret_of_the_subscription';

# Sends a request; its answer is read later.
sub send_to {
    my ($path, $body, %args) = @_;
    my $signature = 'sha256=' . hmac_sha256_hex($body, $args{token} // $token);
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
      or die "cannot connect: $!";
    print $socket ($args{method} // 'POST') . " $path HTTP/1.1\r\nHost: localhost\r\n"
      . "X-Notion-Signature: $signature\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    $socket->flush;
    return $socket;
}
sub answer_of {
    my ($socket) = @_;
    my $line = <$socket> // '';
    return $line =~ m{^HTTP/1\.1 (\d+)} ? $1 : "no answer: $line";
}
# An event of a page that nobody has linked.
sub event {
    my ($number) = @_;
    my $id = sprintf '00000000-0000-4000-8000-%012d', $number;
    return json({ id => $id, type => 'page.properties_updated', timestamp => '2026-03-01T10:00:00Z',
        authors => [{ id => $id, type => 'person' }], entity => { id => $id, type => 'page' },
        data => { updated_properties => ['abcd'] } });
}

sql($node, "SELECT notion.expect_webhook('acme')");
is(answer_of(send_to('/webhook/acme', json({ verification_token => $token }))), 200,
    'the handshake');

# A lock keeps the round of the first event; the others come in meanwhile.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE notion.webhooks IN ACCESS EXCLUSIVE MODE');
my $first = send_to('/webhook/acme', event(1));
wait_until($node, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion net'
    AND wait_event_type = 'Lock'}, 1, 'a round waits');
my @events = map { send_to('/webhook/acme', event($_)) } 2 .. 20;
my $again = send_to('/webhook/acme', event(2));
my $forged = send_to('/webhook/acme', event(21), token => 'guessed');
my $broken = send_to('/webhook/acme', '{"id":');
my $nameless = send_to('/webhook/acme', '{"type":"page.created"}');
my $elsewhere = send_to('/webhook/nobody', event(22));
my $lost = send_to('/', event(23));
my $asked = send_to('/webhook/acme', '', method => 'GET');
$holder->query_safe('COMMIT');
$holder->quit;

is(answer_of($first), 200, 'the first event');
is(join(' ', map { answer_of($_) } @events), join(' ', (200) x 19), 'those that came meanwhile');
is(answer_of($again), 200, 'one of them again');
is(answer_of($forged), 401, 'a forged one beside them');
is(answer_of($broken), 400, 'a broken one, signed');
is(answer_of($nameless), 400, 'one without an id');
is(answer_of($elsewhere), 404, 'one for a server that is not there');
is(answer_of($lost), 404, 'one that is for nobody');
is(answer_of($asked), 405, 'a GET');
is(sql($node, 'SELECT count(*), max(event_id) FROM notion.inbox'),
    '20|00000000-0000-4000-8000-000000000020', 'each event is kept once, and no other');
is(sql($node, 'SELECT events FROM notion.webhooks'), 20, 'and counted once');
cmp_ok(sql($node, 'SELECT count(DISTINCT received_at) FROM notion.inbox'), '<=', 5,
    'by fewer transactions than events');

$node->stop;
$emulator->stop;
done_testing();
