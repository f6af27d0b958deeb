# From notion.connect_url to the first query, as a person goes: Debian's chromium, without a window,
# driven by chromedriver (W3C WebDriver), on the emulator's consent page and back to the listener.
use strict;
use warnings;
use lib 'test/tap/lib';
use HTTP::Tiny;
use IPC::Run ();
use NotionTest;
use NotionTest::OAuth;
use PostgreSQL::Test::Utils ();
use Test::More;

my $port = free_port();
my $node = start_node('browser', 'notion.listen' => "127.0.0.1:$port");
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
my $url = $emulator->url;
my $redirect = "http://127.0.0.1:$port/oauth/callback";
make_client($emulator, redirect_uris => [$redirect]);
$node->safe_psql('postgres', qq{CREATE EXTENSION pg_notion; CREATE SCHEMA crm;
    CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
        OPTIONS (api_url '$url', budget_per_minute '-1')});
is(client_in($node, 'acme', redirect => $redirect), '', 'the client is configured');

my $driver_port = free_port();
my $dir = PostgreSQL::Test::Utils::tempdir();
mkdir "$dir/home";
my $driver = do {
    local $ENV{HOME} = "$dir/home"; # chromium keeps things there, whatever it is told
    IPC::Run::start([ 'chromedriver', "--port=$driver_port" ], '>', \my $said, '2>&1');
};
my $http = HTTP::Tiny->new(timeout => 120);

sub driver { # gives the value of the answer
    my ($method, $path, $body) = @_;
    my $reply = $http->request($method, "http://127.0.0.1:$driver_port$path",
        { headers => { 'Content-Type' => 'application/json' },
            $method eq 'POST' ? (content => json($body // {})) : () });
    my $answer = eval { json($reply->{content}) };
    return $answer->{value} if $reply->{success};
    return undef if $path eq '/status'; # not yet
    die "$method $path: $reply->{status} $reply->{content}";
}
sub page { return driver('GET', "$_[0]/source") =~ s/<[^>]*>//gr; }

wait_for('chromedriver answers', sub { my $it = driver('GET', '/status'); $it && $it->{ready} });
my $session = driver('POST', '/session', { capabilities => { alwaysMatch => {
    'goog:chromeOptions' => { args => [ '--headless=new', '--no-sandbox', '--disable-gpu',
        '--disable-dev-shm-usage', "--user-data-dir=$dir/profile" ] } } } });
my $browser = "/session/$session->{sessionId}";

sub press {
    my ($button) = @_;
    my $found = driver('POST', "$browser/element", { using => 'css selector',
        value => "#$button" });
    my ($element) = values %$found;
    driver('POST', "$browser/element/$element/click");
    return;
}

driver('POST', "$browser/url", { url => sql($node, q{SELECT notion.connect_url('acme')}) });
like(page($browser), qr/Bridge would like to access Lakeside Conference/, 'the consent page');
press('cancel');
wait_for('a person who cancels comes back', sub { page($browser) =~ /No access was given/ });
is(sql($node, 'SELECT state FROM notion.connections'), 'refused', 'without a connection');

driver('POST', "$browser/url", { url => sql($node, q{SELECT notion.connect_url('acme')}) });
press('allow');
wait_for('who allows comes back', sub { page($browser) =~ /Notion gave access/ });
wait_until($node, 'SELECT state, workspace_name, reason FROM notion.connections',
    'connected|Lakeside Conference|', 'connected');
sql($node, 'IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
cmp_ok(sql($node, 'SELECT count(*) FROM crm.participants'), '>', 0, 'the first query');
driver('POST', "$browser/refresh");
wait_for('the page loaded again connects nothing',
    sub { page($browser) =~ /This link was used already/ });
driver('DELETE', $browser);
$driver->signal('TERM');
$driver->finish;
done_testing();
