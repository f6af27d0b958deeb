# No secret is anywhere: the SQL suite runs at debug5 with every statement logged and counted,
# secrets are given by each documented way, used and refused; then everything that the cluster wrote
# is searched for them.
use strict;
use warnings;
use lib 'test/tap/lib';
use Digest::SHA qw(hmac_sha256_hex);
use File::Find ();
use HTTP::Tiny;
use NotionTest;
use NotionTest::OAuth;
use PostgreSQL::Test::Utils ();
use Test::More;

my $port = free_port();
my $key = join '', map { sprintf '%02x', ($_ * 37 + 11) % 256 } 1 .. 32;
my $node = start_node('redaction', preload => 0,
    shared_preload_libraries => 'pg_notion,pg_stat_statements',
    'pg_stat_statements.track' => 'all', 'pg_stat_statements.track_utility' => 'on',
    'notion.key_file' => key_file('redaction.key', $key), 'notion.listen' => "127.0.0.1:$port",
    'notion.poll_interval' => '1s', log_min_messages => 'debug5', log_statement => 'all',
    log_parameter_max_length => '-1', log_parameter_max_length_on_error => '-1',
    log_error_verbosity => 'verbose', log_min_duration_statement => '0',
    max_prepared_transactions => 10);
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
my $url = $emulator->url;
my $redirect = "http://127.0.0.1:$port/oauth/callback";
make_client($emulator, redirect_uris => [$redirect]);

my %secrets = (key => $key, 'key as bytes' => pack('H*', $key),
    'client secret' => 'whisper-of-the-client');
sub token { my ($name) = @_; return $secrets{"token $name"} = "ntn_bot_flamingo_$name"; }
sub copy_in {
    my ($view, @fields) = @_;
    my $line = join "\t", @fields;
    my (undef, undef, $err) = $node->psql('postgres',
        "\\set VERBOSITY verbose\nCOPY notion.$view FROM STDIN;\n$line\n\\.\n");
    return $err;
}

# ---- the SQL suite, with a token in a file -------------------------------------------------------

my $file = token_file(token('file'));
my @suite = sort glob(($ENV{SCRATCH} // '.') . '/sql/*.sql');
cmp_ok(scalar @suite, '>=', 3, 'the SQL suite is here');
for my $script (@suite) {
    my ($name) = $script =~ m{([^/]+)\.sql$};
    $node->safe_psql('postgres', qq{CREATE DATABASE "$name"});
    local $ENV{NOTION_URL} = $url;
    local $ENV{NOTION_TOKEN_FILE} = $file;
    my ($out, $err) = ('', '');
    my $status = $node->psql($name, PostgreSQL::Test::Utils::slurp_file($script),
        stdout => \$out, stderr => \$err, on_error_stop => 0);
    isnt($status, 2, "$name ran") or diag($err);
    is(index("$out$err", $secrets{'token file'}), -1, 'and showed no token');
}

# ---- every way of giving a secret ----------------------------------------------------------------

$node->safe_psql('postgres', qq{CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_notion;
    CREATE SCHEMA crm; CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
        OPTIONS (api_url '$url', budget_per_minute '-1');
    CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file '$file');
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm});
my $read = 'SELECT count(*) > 0 FROM crm.participants';
is(sql($node, $read), 't', 'a token file');
is(index(sql($node, "EXPLAIN (ANALYZE, VERBOSE) $read"), 'ntn_'), -1, 'EXPLAIN is silent');
sql($node, 'ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP token_file)');
is(copy_in('token_in', 'acme', token('copy'), '\N'), '', 'COPY');
is(sql($node, $read), 't', 'is used');
my $other = PostgreSQL::Test::Utils::tempdir() . '/other';
PostgreSQL::Test::Utils::append_to_file($other, token('read') . "\n");
chmod 0600, $other;
sql($node, "SELECT notion.set_token('acme', file => '$other')");
is(sql($node, $read), 't', 'a file, read once');
sql($node, 'SELECT notion.rotate_key()');
$node->psql('postgres', "SELECT notion.set_token('acme', 'ntn_bot_loud')"); # warned of
like(copy_in('token_in', 'acme', token('refused') =~ s/_bot_/_nobody_/r, '\N'), qr/28P01/,
    'one that Notion refuses');
$secrets{'token nobody'} = 'ntn_nobody_flamingo_refused';
like(copy_in('token_in', 'acme', token('two') . ' words', '\N'), qr/22023/, 'one that is none');
$node->psql('postgres', "COPY notion.token_in FROM STDIN;\nacme " . token('unsplit') . "\n\\.\n");
copy_in('client_in', 'acme', 'client-1', $secrets{'client secret'}, $redirect);
$node->psql('postgres',
    "COPY notion.client_in FROM STDIN;\nacme client-1 $secrets{'client secret'}\n\\.\n");
sql($node, 'SELECT notion.come_alive()');
wait_for('the listener answers', sub { (visit("http://127.0.0.1:$port/"))[0] == 405 });
for my $way ('listener', 'copy', 'late') {
    my $address = sql($node, q{SELECT notion.connect_url('acme')});
    my $back = consent($address);
    ($secrets{"state $way"}) = $back =~ /[?&]state=([^&]*)/;
    ($secrets{"code $way"}) = $back =~ /[?&]code=([^&]*)/;
    if ($way eq 'listener') { visit($back) }
    else { copy_in('code_in', $secrets{"state $way"}, $secrets{"code $way"}) }
    copy_in('code_in', $secrets{"state $way"}, $secrets{"code $way"}) if $way eq 'late';
    wait_until($node, 'SELECT count(*) FROM notion.oauth_tasks', 0, "OAuth by the $way");
}
$emulator->control('POST', 'oauth/expire');
is(sql($node, $read), 't', 'a token that is renewed');
sql($node, q{SELECT notion.introspect('acme')});
wait_until($node, 'SELECT scope IS NOT NULL FROM notion.connections', 't', 'introspected');

sql($node, q{SELECT notion.expect_webhook('acme')});
$secrets{'webhook token'} = 'secret_of_flamingos_and_their_webhooks';
my $body = json({ verification_token => $secrets{'webhook token'} });
$secrets{signature} = hmac_sha256_hex($body, $secrets{'webhook token'});
my $http = HTTP::Tiny->new;
my $deliver = sub {
    my ($content, $signature) = @_;
    return $http->post("http://127.0.0.1:$port/webhook/acme", { content => $content,
        headers => { 'X-Notion-Signature' => "sha256=$signature" } })->{status};
};
is($deliver->($body, $secrets{signature}), 200, 'a webhook subscription');
is($deliver->('{"id": "x"}', $secrets{'signature forged'} = 'ab' x 32), 401, 'a forged event');
sql($node, q{SELECT notion.disconnect('acme')});
wait_until($node, 'SELECT state FROM notion.connections', 'disconnected', 'a token is revoked');

# ---- nothing of it is anywhere -------------------------------------------------------------------

for my $grant (@{ json($emulator->control('GET', 'oauth')) }) {
    $secrets{"$_ $grant->{$_}"} = $grant->{$_} for 'access', 'refresh';
}
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dumpall', '-h', $node->host, '-p', $node->port, '-f', $dump ],
    'pg_dumpall');
my %places = (dump => PostgreSQL::Test::Utils::slurp_file($dump),
    statements => sql($node, 'SELECT string_agg(query, $$ $$) FROM pg_stat_statements'),
    activity => sql($node, 'SELECT string_agg(query, $$ $$) FROM pg_stat_activity'),
    views => join ' ', map { sql($node, "SELECT * FROM notion.$_") }
      qw(connections health log failures conflicts status));
cmp_ok(length $places{statements}, '>', 10_000, 'pg_stat_statements saw the statements');
$node->stop;
File::Find::find({ no_chdir => 1, wanted => sub {
    return unless -f;
    open(my $in, '<:raw', $_) or die "$_: $!";
    local $/;
    $places{$_} = <$in> // '';
} }, $node->data_dir);
$places{log} = PostgreSQL::Test::Utils::slurp_file($node->logfile);
like($places{log}, qr/DEBUG:  00000: .*CommitTransaction|StartTransaction/, 'the log is at debug5');
cmp_ok(scalar keys %places, '>', 1000, 'all files of the cluster are searched');
isnt(index($places{log}, 'ntn_bot_loud'), -1, 'the search finds the one that stood in a statement');
for my $name (sort keys %secrets) {
    my @found = grep { index($places{$_}, $secrets{$name}) >= 0 } sort keys %places;
    (my $shown = $name) =~ s/(access|refresh) .*/$1 token/;
    is("@found", '', "no $shown") or diag("found in @found");
}
done_testing();
