# Foreign tables where Notion, the network or a person does not do as hoped: each gives a clear
# error or the whole answer, the server stays up, and nothing is cut in silence.
use strict;
use warnings;
use lib 'test/tap/lib';
use IO::Socket::INET;
use NotionTest;
use Test::More;

my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 292, seed => 3,
    spread_minutes => 200 });
my $participants = sql($node, "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                                WHERE table_name = 'participants'");
my $query = 'POST /v1/data_sources/:data_source_id/query';
my $all = 'SELECT count(name) FROM crm.participants';

sub answer {
    my ($sql) = @_;
    my ($status, $stdout, $stderr) = $node->psql('postgres', $sql,
        extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return $status == 0 ? ($stdout, $stderr) : ("error: $stderr", $stderr);
}

# With a fault, the answer to a query.
sub with_fault {
    my ($fault, $sql) = @_;
    $emulator->fault({ route => $query, %$fault });
    my ($out) = answer($sql // $all);
    $emulator->clear_faults;
    return $out;
}

# What passes is asked again
is(with_fault({ kind => 'status', status => 500, skip => 1, count => 2 }), 300,
    'two 500s in mid-scan: asked again');
is(with_fault({ kind => 'status', status => 409, count => 1 }), 300, 'a 409: asked again');
is(with_fault({ kind => 'status', status => 529, count => 1, retry_after => 1 }), 300,
    'a 529: asked again');
is(with_fault({ kind => 'drop_before', skip => 2, count => 1 }), 300,
    'a connection that closes: asked again');
is(with_fault({ kind => 'truncated', skip => 1, count => 1 }), 300, 'half an answer: asked again');
is(with_fault({ kind => 'trickle', count => 1, bytes => 20_000, ms => 1 }), 300,
    'an answer in small pieces');

# What does not pass is an error, in words
like(with_fault({ kind => 'status', status => 500 }),
    qr/error: .*HV00M: /, 'a 500 that stays');
like(with_fault({ kind => 'garbage' }), qr/error: .*HV00A: .*not /, 'a 200 that is no JSON');
like(with_fault({ kind => 'garbage', body => '{"object":"list","results":[{"object":"page"' }),
    qr/error: .*HV00A: /, 'cut JSON');
like(with_fault({ kind => 'garbage', body => '{"object":"list","results":[{"object":"page"}],'
      . '"has_more":false,"next_cursor":null}' }),
    qr/error: .*HV00A: .*page without id/s, 'JSON of the wrong shape');
like(with_fault({ kind => 'garbage', body => '[' x 100_000 }), qr/error: .*HV00A: /,
    'JSON that nests without end');
like(with_fault({ kind => 'omit_properties', properties => ['title'] }),
    qr/error: .*HV005: column "name" of foreign table "participants": its property is not in/,
    'a property that is missing');
like(with_fault({ kind => 'truncated' }), qr/error: .*HV00N: the connection to Notion broke/,
    'a connection that always breaks');
$node->safe_psql('postgres', "ALTER SERVER acme OPTIONS (ADD request_timeout_ms '200')");
like(with_fault({ kind => 'hang' }), qr/error: .*HV00L: Notion did not answer in time/,
    'no answer within request_timeout_ms');
$node->safe_psql('postgres', 'ALTER SERVER acme OPTIONS (DROP request_timeout_ms)');

# A body over the limit
my $large = '{"object":"list","results":[],"x":"' . ('x' x (65 * 1024 * 1024)) . '"}';
my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
my $port = $listener->sockport;
my $server = fork // die;
if (!$server) {
    while (my $client = $listener->accept) {
        my ($head, $length) = ('', 0);
        while (defined(my $line = <$client>)) {
            $length = $1 if $line =~ /^content-length: (\d+)/i;
            last if $line eq "\r\n";
        }
        read $client, $head, $length if $length;
        local $SIG{PIPE} = 'IGNORE';
        print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
          . length($large) . "\r\n\r\n$large";
        close $client;
    }
    require POSIX;
    POSIX::_exit(0);
}
close $listener;
$node->safe_psql('postgres', "CREATE SERVER big FOREIGN DATA WRAPPER notion_fdw
      OPTIONS (api_url 'http://127.0.0.1:$port', budget_per_minute '-1');
    CREATE USER MAPPING FOR CURRENT_USER SERVER big OPTIONS (token 'ntn_bot_acme');
    CREATE FOREIGN TABLE big (name text OPTIONS (property_id 'title')) SERVER big
      OPTIONS (data_source '$participants')");
like((answer('SELECT * FROM big'))[0], qr/error: .*HV090: Notion's answer is larger than 64 MB/,
    'a body over the limit');
kill 'KILL', $server;
waitpid $server, 0;
like((answer('SELECT * FROM big'))[0], qr/error: .*HV00N: could not connect to/,
    'nobody listens');

# Whoever reads may be slow: what was asked for ahead is asked for again once its deadline passed.
my $slow = $node->background_psql('postgres');
$node->safe_psql('postgres', "ALTER SERVER acme OPTIONS (ADD request_timeout_ms '500')");
$slow->query_safe('SET cursor_tuple_fraction = 1; BEGIN;
    DECLARE c CURSOR FOR SELECT page_id FROM crm.participants');
$emulator->fault({ route => $query, kind => 'delay', ms => 300, skip => 1, count => 1 });
my $early = $slow->query_safe('FETCH 60 FROM c');
$slow->query_safe('SELECT pg_sleep(0.6)');
my $late = $slow->query_safe('FETCH ALL FROM c');
$slow->quit;
$emulator->clear_faults;
$node->safe_psql('postgres', 'ALTER SERVER acme OPTIONS (DROP request_timeout_ms)');
my %rows = map { $_ => 1 } split /\n/, "$early\n$late";
is(scalar keys %rows, 300, 'a slow reader has every row');

# Where a server may point
for my $url ('http://192.0.2.1', 'http://localhost.example:1') {
    $node->safe_psql('postgres', "ALTER SERVER big OPTIONS (SET api_url '$url')");
    like((answer('SELECT * FROM big'))[0], qr/error: .*(?:42501: request to "|HV00N: could not)/,
        "plain http to $url is refused");
}
$node->safe_psql('postgres', "ALTER SERVER big OPTIONS (SET api_url 'https://192.0.2.1')");
$node->append_conf('postgresql.conf', 'notion.local_only = on');
$node->reload;
wait_until($node, 'SHOW notion.local_only', 'on', 'local_only is on');
like((answer('SELECT * FROM big'))[0], qr/error: .*42501: request to "https:/,
    'with notion.local_only nothing leaves the machine');
is((answer($all))[0], 300, 'and the emulator is still reached');

# Who asks, and for what
$node->safe_psql('postgres', "CREATE ROLE wrong; GRANT USAGE ON SCHEMA crm TO wrong;
    GRANT SELECT ON ALL TABLES IN SCHEMA crm TO wrong; GRANT USAGE ON FOREIGN SERVER acme TO wrong;
    CREATE USER MAPPING FOR wrong SERVER acme OPTIONS (token 'ntn_mistyped')");
like((answer("SET ROLE wrong; $all"))[0],
    qr/error: .*28P01: Notion does not accept the token.*API token is invalid.*HINT/s,
    'a wrong token');
unlike((answer("SET ROLE wrong; $all"))[0], qr/ntn_/, 'which is not in the message');
my ($database) = map { $_->{id} } grep { $_->{title}[0]{plain_text} eq 'Tasks' }
  map { $emulator->person('ada', 'GET', "/v1/databases/$_->{parent}{database_id}") }
  @{ $emulator->person('ada', 'POST', '/v1/search',
        { filter => { property => 'object', value => 'data_source' } })->{results} };
$emulator->control('POST', "databases/$database/unshare", { as => 'ada' });
like((answer('SELECT * FROM crm.tasks'))[0],
    qr/error: .*HV00R: Notion does not know the object.*Could not find database.*HINT:  Share/s,
    'a data source that is not shared');
is((answer("SELECT foreign_table, change FROM notion.refresh('crm') WHERE column_name IS NULL"))[0],
    'crm.tasks|its data source is deleted, or no longer shared', 'refresh says so and goes on');
my $empty = start_emulator(budget => 0);
connect_workspace($node, $empty, name => 'empty', token => 'ntn_bot_nobody');
like((answer('CREATE SCHEMA none; IMPORT FOREIGN SCHEMA workspace FROM SERVER empty INTO none'))[0],
    qr/error: .*HV00P: the integration sees no data source.*HINT:  Share one with it in Notion/s,
    'a workspace that shows nothing');
$node->safe_psql('postgres', "CREATE FOREIGN TABLE nowhere (name text) SERVER acme;
    CREATE FOREIGN TABLE odd (name text) SERVER acme OPTIONS (data_source 'x');
    CREATE FOREIGN TABLE gone (name text OPTIONS (property_id 'title'),
                               other text OPTIONS (property_id 'zzzz', type 'select'))
      SERVER acme OPTIONS (data_source '$participants');
    CREATE FOREIGN TABLE turned (fee text OPTIONS (property 'Fee', type 'select')) SERVER acme
      OPTIONS (data_source '$participants')");
like((answer('SELECT * FROM nowhere'))[0],
    qr/HV00J: foreign table "nowhere" has no option data_source/,
    'a table without data source');
like((answer('SELECT * FROM odd'))[0], qr/error: .*22023: /, 'a data source that is no id');
like((answer('SELECT * FROM gone'))[0], qr/error: .*HV005: /, 'a column whose property is gone');
is((answer('SELECT count(name) FROM gone'))[0], 300, 'and the others can be read');
like((answer('SELECT * FROM turned'))[0],
    qr/error: .*HV004: column "fee" of foreign table "turned"/,
    'a property that has another type now');

# What Notion cuts is completed
like((answer('SET notion.max_requests = 2; ' . $all))[0],
    qr/error: .*54000: the statement needs more than 2 requests/, 'notion.max_requests is a limit');
$emulator->control('POST', 'limits', { query_results => 120 });
is((answer($all))[0], 300, 'a query cut at its cap is continued in windows');
is((answer('SELECT count(DISTINCT page_id) FROM crm.participants'))[0], 300, 'no page comes twice');
is((answer('SELECT count(*) FROM crm.participants WHERE fee > 0'))[0],
    (answer('SET notion.pushdown = off; SELECT count(*) FROM crm.participants WHERE fee > 0'))[0],
    'with a filter, too');
$emulator->control('POST', 'generate',
    { data_source => 'Participants', count => 150, seed => 4, same_minute => 150 });
$node->safe_psql('postgres', "CREATE FOREIGN TABLE plain (name text OPTIONS (property_id 'title'))
    SERVER acme OPTIONS (data_source '$participants')");
is((answer($all))[0], 450, 'more in one minute than the cap: told apart by their unique id');
like((answer('SELECT count(*) FROM plain'))[0],
    qr/error: .*HV021: Notion cut the result of foreign table "plain"/,
    'where nothing tells them apart: an error, not fewer rows');
$emulator->control('POST', 'limits', { query_results => 10_000 });
is((answer($all))[0], 450, 'without the cap all of them');
is((answer("BEGIN; DECLARE c CURSOR FOR SELECT name FROM crm.participants;
            FETCH 50 FROM c; COMMIT"))[0] =~ tr/\n//, 49, 'a cursor reads a part');

my $session = $node->background_psql('postgres');
my $all_pages = sql($node, 'SELECT md5(string_agg(page_id::text, \',\' ORDER BY page_id))
                              FROM crm.participants');
$session->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT page_id FROM crm.participants');
my $first = $session->query_safe('FETCH 250 FROM c');
$emulator->control('POST', 'cursors/expire');
my $second = $session->query_safe('FETCH ALL FROM c');
$session->query_safe('COMMIT');
$session->quit;
my @fetched = sort split /\n/, "$first\n$second";
is(scalar @fetched, 450, 'a place in the list that expired is found again');
is(sql($node, "SELECT md5('" . join(',', @fetched) . "')"), $all_pages, 'no page lost or doubled');
my ($window) = grep { m{"route":"POST /v1/data_sources/:data_source_id/query"} && /on_or_after/ }
  split /\n/, $emulator->control('GET', 'journal');
ok($window, 'by creation time');

is((answer($all))[0], 450, 'the server has stayed up');
ok(!$node->log_contains('PANIC|terminated by signal|server process .* exited'), 'without a crash');
$node->stop;
done_testing();
