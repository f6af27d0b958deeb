# The door has a rate, for what is signed and for what is not; what is forged does not
# shut it to what is signed. notion.health says whether it is open at all.
use strict;
use warnings;
use lib 'test/tap/lib';
use Digest::SHA qw(hmac_sha256_hex);
use HTTP::Tiny;
use IO::Socket::INET;
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $holder = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "port: $!";
my $other = $holder->sockport;

my $pair = start_pair('limits',
    settings => { 'notion.listen' => "127.0.0.1:$port", 'notion.poll_interval' => '1h' });
my ($node, $emulator) = @$pair{qw(node emulator)};
my $http = HTTP::Tiny->new(timeout => 30);
my $token = 'secret_of_the_subscription';

sub deliver {
    my ($body, $signature, $method, $path) = @_;
    return $http->request($method // 'POST', "http://127.0.0.1:$port" . ($path // '/webhook/acme'),
        { headers => defined $signature ? { 'X-Notion-Signature' => $signature } : {},
            content => $body });
}
my $events = 0;
sub event {
    my $body = json({ id => 'event-' . ++$events, type => 'comment.created',
        timestamp => '2026-11-01T12:00:00.000Z', entity => { id => 'c', type => 'comment' },
        authors => [], attempt_number => 1, data => {} });
    return deliver($body, 'sha256=' . hmac_sha256_hex($body, $token));
}
sub health { return "SELECT level, state FROM notion.health WHERE what = 'listener'"; }
sub set {
    my ($name, $value) = @_;
    sql($node, "ALTER SYSTEM SET $name = '$value'");
    $node->reload;
    return;
}

wait_until($node, health(), "ok|open on port $port", 'notion.health: the door is open');
sql($node, "SELECT notion.expect_webhook('acme')");
my $handshake = json({ verification_token => $token });
is(deliver($handshake, 'sha256=' . hmac_sha256_hex($handshake, $token))->{status}, 200,
    'the handshake');

cmp_ok(sql($node, 'SHOW notion.listen_rate'), '>=', 5000,
    'by default five thousand events may come at once');

# What is refused has a hundredth of the rate, and a bucket of its own.
set('notion.listen_rate', 6);
my $reply;
wait_for('unsigned requests, one after the other, are too many',
    sub { ($reply = deliver('{}'))->{status} == 429 }, sub { $reply->{status} });
is($reply->{headers}{'retry-after'}, 60, 'which says when to come again');
is(deliver('{}', 'sha256=' . '0' x 64)->{status}, 429, 'forged ones are as well');
is(deliver('', undef, 'GET', '/oauth/callback?state=guess&code=x')->{status}, 429,
    'and guesses at the callback');
is(event()->{status}, 200, 'the door is not shut to Notion');
wait_until($node, "SELECT level FROM notion.health WHERE what = 'listener'", 'warning',
    'notion.health tells of it');

# Signed ones.
wait_for('signed events, one after the other, are too many',
    sub { ($reply = event())->{status} == 429 }, sub { $reply->{status} });
is($reply->{headers}{'retry-after'}, 60, 'which says when to come again');
is(sql($node, "SELECT count(*) FROM notion.inbox WHERE event_id = 'event-$events'"), 0,
    'that one was not kept');
set('notion.listen_rate', 0);
wait_for('a rate of nothing lets none in', sub { event()->{status} == 429 });
set('notion.listen_rate', -1);
wait_for('without a rate all is taken', sub { event()->{status} == 200 });

# An address that cannot be had.
set('notion.listen', "127.0.0.1:$other");
wait_until($node, "SELECT level, state ~ 'Address already in use', hint ~ 'every ten seconds'
    FROM notion.health WHERE what = 'listener'", 'trouble|t|t',
    'a port that another holds is trouble, and not only in the server log');
set('notion.listen', '127.0.0.1:0');
wait_until($node, "SELECT state ~ '^open' FROM notion.health WHERE what = 'listener'
    AND name = '127.0.0.1:0'", 't', 'another address is opened at once');
set('notion.listen', '');
wait_until($node, "SELECT count(*) FROM notion.listener", 0, 'none is wanted');
is(sql($node, health()), '', 'and none is missed');
sql($node, "ALTER DATABASE postgres SET notion.listen = '127.0.0.1:$other'");
is(sql($node, "SELECT level, hint ~ 'next start of the worker' FROM notion.health
    WHERE what = 'listener'"), 'trouble|t', 'a setting that the worker does not know yet');

$node->stop;
$emulator->stop;
done_testing();
