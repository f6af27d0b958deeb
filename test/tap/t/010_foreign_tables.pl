# Foreign tables: what IMPORT makes, what a query costs in requests, what EXPLAIN says, who may
# point a server where. Requests are counted by the emulator, not by us.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main', timezone => 'Europe/Berlin');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);

# Runs a query; gives its result and the requests that it made.
sub asked {
    my ($query) = @_;
    my $before = $emulator->stats->{requests};
    my $result = sql($node, $query);
    return ($result, $emulator->stats->{requests} - $before);
}

# The newest query's journal line, without decoding the answers of all.
sub last_query {
    my ($line) = grep { m{"route":"POST /v1/data_sources/:data_source_id/query"} }
      reverse split /\n/, $emulator->control('GET', 'journal');
    return json($line);
}

sub error_of {
    my ($query) = @_;
    my ($status, undef, $stderr) = $node->psql('postgres', $query,
        extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return $status == 0 ? 'no error' : $stderr;
}

# IMPORT
$node->safe_psql('postgres', 'CREATE SCHEMA crm; CREATE SCHEMA part; CREATE SCHEMA exact_names');
$node->safe_psql('postgres', 'IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
is(sql($node, "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class
                WHERE relnamespace = 'crm'::regnamespace AND relkind = 'f'"),
    'participants,tasks', 'a foreign table for each shared data source');
is(sql($node, "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', '
                                 ORDER BY attname)
                 FROM pg_attribute WHERE attrelid = 'crm.participants'::regclass AND attnum > 4"),
    'arrival timestamp with time zone, consented boolean, contact uuid[], '
      . 'edited timestamp with time zone, email text, fee double precision, key text, name text, '
      . 'notes text, number text, phone text, registered timestamp with time zone, status text, '
      . 'tags text[], tasks uuid[], ticket text, website text', 'columns are typed');
is(sql($node, "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = 'crm.participants'::regclass AND attnum BETWEEN 1 AND 4"),
    'page_id,page_url,page_created_at,page_edited_at', 'the columns of every page come first');
is(sql($node, "SELECT option_value FROM pg_options_to_table(
                   (SELECT ftoptions FROM pg_foreign_table
                     WHERE ftrelid = 'crm.participants'::regclass))
                WHERE option_name = 'time_zone'"), 'Europe/Berlin',
    "the importing session's time zone is kept");

$node->safe_psql('postgres', "IMPORT FOREIGN SCHEMA workspace LIMIT TO (tasks) FROM SERVER acme
    INTO part OPTIONS (page_columns 'page_created_by, page_icon')");
is(sql($node, "SELECT count(*) FILTER (WHERE relname = 'tasks'), count(*) FROM pg_class
                WHERE relnamespace = 'part'::regnamespace"), '1|1', 'LIMIT TO takes our names');
is(sql($node, 'SELECT count(*), count(page_created_by) FROM part.tasks WHERE page_id IS NOT NULL'),
    sql($node, 'SELECT count(*), count(*) FROM crm.tasks'), 'page columns on request');
$node->safe_psql('postgres', "IMPORT FOREIGN SCHEMA workspace EXCEPT (\"Participants\")
    FROM SERVER acme INTO exact_names OPTIONS (names 'exact')");
is(sql($node, "SELECT count(*) FROM pg_attribute
                WHERE attrelid = 'exact_names.\"Tasks\"'::regclass AND attname = 'Edited by'"), 1,
    "names 'exact' keeps Notion's");
my ($search) = grep { $_->{properties} } map { @{ $_->{response}{results} } }
  $emulator->journal(sub { $_->{route} eq 'POST /v1/search' });
$node->safe_psql('postgres', "CREATE SCHEMA one; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme
    INTO one OPTIONS (data_source '$search->{url}')");
is(sql($node, "SELECT count(*) FROM pg_class WHERE relnamespace = 'one'::regnamespace"), 1,
    'one data source by its URL');
like(error_of("IMPORT FOREIGN SCHEMA blocks FROM SERVER acme INTO part"),
    qr/HV00Q: a workspace has no schema "blocks".*HINT/s, 'another schema is an error');
like(error_of("IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO part OPTIONS (foo 'bar')"),
    qr/HV00D: invalid option "foo".*HINT:  Valid options are: data_source/s, 'an unknown option');

# Comments and new columns
is(sql($node, "SELECT * FROM notion.refresh('crm')"), '', 'refresh finds nothing new');
is(sql($node, "SELECT col_description(attrelid, attnum) FROM pg_attribute
                WHERE attrelid = 'crm.tasks'::regclass AND attname = 'priority'"),
    'Priority (select: High, Medium, Low)', "a comment in Notion's words");
my ($tasks) = sql($node, "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                           WHERE table_name = 'tasks'");
$emulator->person('ada', 'PATCH', "/v1/data_sources/$tasks", { properties => {
    'Estimate (days)' => { number => {} }, Hours => { name => 'Working hours' } } });
is(sql($node, "SELECT column_name, change FROM notion.refresh('crm') ORDER BY 1"),
    "estimate_days|added\nhours|its property is now named \"Working hours\"",
    'refresh adds a column, and renames none');
is(sql($node, 'SELECT count(hours) > 0, count(estimate_days) FROM crm.tasks'), 't|0',
    'both can be read');

# Values
is(sql($node, "SELECT name, fee, status, ticket, tags, consented, number, arrival
                 FROM crm.participants WHERE email = 'priya\@example.org'"),
    'Priya Raman|0|Done|Speaker|{vegetarian,press}|t|LC-3|2026-06-10 00:00:00+02',
    'a row, its date in the zone of the table');
is(sql($node, "SET timezone = 'America/New_York';
               SELECT extract(epoch FROM arrival)::bigint FROM crm.participants
                WHERE name = 'Priya Raman'"), 1781042400,
    "and not in the session's: the instant is the same");
is(sql($node, "SELECT count(*) FROM crm.participants WHERE notes IS NULL"),
    sql($node, "SELECT count(*) - 2 FROM crm.participants"), 'empty text is NULL');
$node->safe_psql('postgres', "
    CREATE TYPE ticket AS ENUM ('Regular', 'Student', 'Speaker');
    CREATE DOMAIN money_amount AS numeric(8,2) CHECK (VALUE >= 0);
    CREATE FOREIGN TABLE typed (page_id text, \"Name\" varchar(40), \"Ticket\" ticket,
        fee money_amount OPTIONS (property 'Fee'), whole int OPTIONS (property 'Fee'),
        \"Arrival\" timestamptz(0), until timestamptz OPTIONS (property 'Arrival', part 'end'),
        days daterange OPTIONS (property 'Arrival'), raw jsonb OPTIONS (property 'Tags'))
    SERVER acme OPTIONS (data_source '$search->{url}', time_zone 'UTC');
    ALTER FOREIGN TABLE typed OPTIONS (SET data_source '"
      . sql($node, "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                     WHERE table_name = 'participants'") . "')");
is(sql($node, "SELECT \"Name\", \"Ticket\", fee, until, days, raw->0->>'name'
                 FROM typed WHERE \"Name\" = 'Priya Raman'"),
    'Priya Raman|Speaker|0.00|2026-06-13 02:00:00+02|[2026-06-10,2026-06-14)|vegetarian',
    'other types for the same properties');
like(error_of('SELECT whole FROM typed'),
    qr/22018: column "whole" of foreign table "typed", page [0-9a-f-]{36}: /,
    'a fraction in an integer column is an error that names table, column and page');
$node->safe_psql('postgres', "ALTER FOREIGN TABLE typed OPTIONS (ADD on_misfit 'null')");
my ($status, $out, $stderr) = $node->psql('postgres',
    'SELECT count(*), count(whole) FROM typed');
is($out, '8|6', "on_misfit 'null' reads it as NULL");
is(() = $stderr =~ /WARNING/g, 1, 'with one WARNING a statement');

$node->safe_psql('postgres', 'ALTER DOMAIN money_amount ADD CHECK (VALUE > 0)');
like(error_of('SELECT fee FROM typed'),
    qr/23514: value for domain .*CONTEXT:  column "fee" of foreign table "typed", page /s,
    "a domain's constraint says where");
$node->safe_psql('postgres',
    "CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
connect_workspace($node, $emulator, database => 'latin1');
$node->safe_psql('latin1', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
is(sql($node, "SELECT convert_to(name, 'UTF8') FROM crm.participants WHERE name LIKE 'Luc%'",
        database => 'latin1'), '\x4c7563c3ad61204f7274656761', 'a database in another encoding');
sql($node, 'CREATE TABLE people (id integer PRIMARY KEY, name text)', database => 'latin1');
like(NotionTest::error_of($node, "SELECT notion.$_", database => 'latin1'),
    qr/0A000: the worker needs a database in UTF8, and this one is in LATIN1/,
    'which the worker does not serve')
  for q{link('people', 'crm.participants', direction => 'from_notion',
        columns => '{"name": "name"}')},
  q{append('acme', '00000000-0000-4000-8000-00000000000a', 'words')},
  q{publish('{people}', 'acme', '00000000-0000-4000-8000-00000000000a', 'crm')};
my ($emoji) = $emulator->person('ada', 'PATCH', '/v1/pages/'
      . sql($node, "SELECT page_id FROM crm.participants WHERE name LIKE 'Luc%'"),
    { properties => { Notes => { rich_text => [ { text => { content => "\x{1F600}" } } ] } } });
my (undef, undef, $no_form) = $node->psql('latin1', 'SELECT notes FROM crm.participants');
like($no_form, qr/has no equivalent in encoding "LATIN1".*CONTEXT:  column "notes" of foreign/s,
    'and what it cannot hold is an error that says where');

# What Notion cuts at 25 references is completed
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 492, seed => 7 });
my @some = split /\n/, sql($node, 'SELECT page_id FROM crm.participants LIMIT 30');
my $big = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { type => 'data_source_id', data_source_id => $tasks },
    properties => { Task => { title => [ { text => { content => 'Big' } } ] },
        Participant => { relation => [ map { { id => $_ } } @some ] } } })->{id};
my ($count, $requests) = asked("SELECT cardinality(participant) FROM crm.tasks WHERE task = 'Big'");
is($count, 30, 'a relation of 30 pages is whole');
cmp_ok($requests, '>', 1, 'for more requests');
($count, $requests) = asked("SELECT count(*) FROM crm.tasks WHERE task = 'Big'");
is("$count in $requests", '1 in 1', 'and only where it is read');
is(sql($node, "SELECT cardinality(participant) FROM crm.tasks WHERE page_id = '$big'"), 30,
    'by id, too');

# What a query costs
($count, $requests) = asked('SELECT count(*) FROM crm.participants');
is("$count in $requests", '500 in 5', 'a full scan: a request for 100 pages');
is_deeply(last_query()->{query}, 'filter_properties=title',
    'count(*) reads no property beyond the title');
(undef, $requests) = asked('SELECT * FROM crm.participants LIMIT 10');
is($requests, 1, 'LIMIT 10 costs one request');
is(last_query()->{request}{page_size}, 10, 'of ten pages');
(undef, $requests) = asked('SELECT * FROM crm.participants LIMIT 150');
is($requests, 2, 'LIMIT 150 costs two');
is(last_query()->{request}{page_size}, 50, 'the second for the rest only');
($count, $requests) = asked('SELECT count(*) FROM (SELECT 1 FROM crm.participants
                              WHERE name IS NOT NULL LIMIT 10) s');
is("$count in $requests", '10 in 1', 'a condition checked here: no page is asked for ahead');
unlike(last_query()->{request}{page_size} // 100, qr/^10$/, 'and its page is a whole one');
asked('SELECT name, fee FROM crm.participants WHERE status = \'Done\' LIMIT 1');
is(join(',', sort split /&?filter_properties=/, last_query()->{query}),
    join(',', '', sort split /,/, sql($node, "SELECT string_agg(option_value, ',')
        FROM pg_attribute a, pg_options_to_table(a.attfdwoptions) o
       WHERE attrelid = 'crm.participants'::regclass AND attname IN ('name', 'fee', 'status')
         AND option_name = 'property_id'")), 'only the properties that the query reads');

my ($page) = sql($node, 'SELECT page_id FROM crm.participants ORDER BY fee DESC LIMIT 1');
my $name;
($name, $requests) = asked("SELECT count(*) FROM crm.participants WHERE page_id = '$page'");
is("$name in $requests", '1 in 1', 'a page by its id is one GET');
is(sql($node, "PREPARE p(uuid) AS SELECT page_id = \$1 FROM crm.participants WHERE page_id = \$1;
               SET plan_cache_mode = force_generic_plan; EXECUTE p('$page')"), 't',
    'by a parameter, too');
my $joined = "FROM crm.participants p JOIN chosen c ON c.page = p.page_id";
$node->safe_psql('postgres', 'CREATE TABLE chosen AS SELECT page_id AS page, name
    FROM crm.participants LIMIT 2; ANALYZE chosen');
($count, $requests) = asked("SELECT count(*) FROM (SELECT $joined WHERE p.name = c.name) s"
      =~ s/SELECT FROM/SELECT p.name FROM/r);
is("$count in $requests", '2 in 2', 'joined with two rows: two pages by their ids');
like(sql($node, "EXPLAIN SELECT p.name $joined"), qr{Notion Request: GET /v1/pages/:page_id},
    'EXPLAIN says so');
$node->safe_psql('postgres', 'INSERT INTO chosen SELECT page_id FROM crm.participants;
    ANALYZE chosen');
($count, $requests) = asked("SELECT count(*) $joined");
is("$count in $requests", '502 in 5', 'joined with many: one scan');
is(sql($node, "SELECT count(*) FROM crm.tasks WHERE page_id = '$page'"), 0,
    'a page of another data source is no row');
is(sql($node, "SELECT count(*) FROM crm.tasks WHERE page_id = gen_random_uuid()"), 0,
    'nor is a page that is not there');
$emulator->person('ada', 'PATCH', "/v1/pages/$page", { in_trash => \1 });
is(sql($node, "SELECT count(*) FROM crm.participants WHERE page_id = '$page'"), 0,
    'nor one in the trash, by id');
is(sql($node, 'SELECT count(*) FROM crm.participants'), 499, 'or by scan');

($count, $requests) = asked('SET enable_material = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SELECT count(*) FROM generate_series(1, 5) g LEFT JOIN crm.participants ON true');
is("$count in $requests", '2495 in 5', 'a rescan without new parameters asks nothing again');

# ANALYZE
(undef, $requests) = asked('ANALYZE crm.participants');
is($requests, 5, 'ANALYZE reads the pages');
like(sql($node, 'EXPLAIN SELECT * FROM crm.participants'), qr/ rows=499 .*Estimated Requests: 5\b/s,
    'and the planner knows their number');
(undef, $requests) = asked('SET notion.analyze_requests = 2; ANALYZE crm.participants');
is($requests, 2, 'no more requests than notion.analyze_requests');
like(sql($node, 'EXPLAIN SELECT * FROM crm.participants'), qr/ rows=499 /,
    'what was known of the rest is kept');

# EXPLAIN
my $plan;
($plan, $requests) = asked("EXPLAIN SELECT name FROM crm.participants
                             WHERE fee > 100 AND status = 'Done' AND notes <> 'x'");
is($requests, 0, 'EXPLAIN makes no request');
like($plan, qr{Notion Request: POST /v1/data_sources/[0-9a-f-]{36}/query}, 'it shows the endpoint');
like($plan, qr/Notion Filter: \{"and":\[\{"property":"[^"]+","number":\{"greater_than":100\}\}/,
    "the filter in Notion's words");
like($plan, qr/Decided by Notion: \(fee > '100'::double precision\)/, 'what Notion decides');
like($plan, qr/Narrowed by Notion: \(status = 'Done'::text\)/, 'what it narrows');
like($plan, qr/Filter: .*notes <> 'x'::text/, 'what is checked here');
like($plan, qr/Estimated Requests: \d+\s+Estimated Minutes: [\d.]+/, 'and what it will cost');
($plan, $requests) = asked('EXPLAIN (ANALYZE) SELECT name FROM crm.participants');
like($plan, qr/ Requests: $requests\b/, 'ANALYZE counts the requests');
like($plan, qr/Received: \d+ bytes\s+Waited for Budget: \d+ ms/, 'the bytes and the waiting');
unlike($plan, qr/ntn_/, 'no token in it');


# Options, and who may set them
like(error_of('CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (url \'x\')'),
    qr/HV00D: invalid option "url".*HINT:  Valid options in this context are: api_url, /s,
    'an unknown option names those that exist');
like(error_of("ALTER FOREIGN TABLE typed OPTIONS (SET time_zone 'Mars/Olympus')"),
    qr/HV024: invalid value for option "time_zone"/, 'a time zone that does not exist');
like(error_of("ALTER FOREIGN TABLE typed ADD COLUMN m money OPTIONS (property 'Fee');
               SELECT m FROM typed"),
    qr/HV004: column "m" of foreign table "typed" cannot be of type money/, 'an unusable type');
$node->safe_psql('postgres', 'CREATE ROLE plain;
    GRANT USAGE ON FOREIGN DATA WRAPPER notion_fdw TO plain;
    GRANT CREATE ON DATABASE postgres TO plain; GRANT USAGE ON FOREIGN SERVER acme TO plain');
like(error_of("SET ROLE plain; CREATE SERVER mine FOREIGN DATA WRAPPER notion_fdw
               OPTIONS (api_url 'https://evil.example.com')"),
    qr/42501: permission denied to set option "api_url"/, 'only a superuser points it elsewhere');
like(error_of("SET ROLE plain; CREATE USER MAPPING FOR plain SERVER acme
               OPTIONS (token_file '/etc/passwd')"),
    qr/42501: permission denied to set option "token_file"/, 'or names files of the server');
(undef, undef, $stderr) = $node->psql('postgres',
    "SET ROLE plain; CREATE USER MAPPING FOR plain SERVER acme OPTIONS (token 'ntn_bot_secret')");
like($stderr, qr/WARNING:  the token now stands in clear/,
    'a literal token is taken with a WARNING');
$node->safe_psql('postgres', "CREATE SERVER launder FOREIGN DATA WRAPPER notion_fdw
      OPTIONS (api_url '" . $emulator->url . "');
    CREATE USER MAPPING FOR CURRENT_USER SERVER launder OPTIONS (token 'ntn_bot_acme');
    CREATE FOREIGN TABLE laundered (name text) SERVER launder OPTIONS (data_source '$tasks');
    ALTER SERVER launder OWNER TO plain");
like(error_of('SELECT * FROM laundered'),
    qr/42501: server "launder" may not point at/, "a server's owner is looked at again at use");
$node->safe_psql('postgres', 'CREATE ROLE lonely; GRANT USAGE ON SCHEMA crm TO lonely;
    GRANT SELECT ON crm.tasks TO lonely');
like(error_of('SET ROLE lonely; SELECT * FROM crm.tasks'),
    qr/28000: no user mapping for role "lonely" and server "acme".*HINT/s, 'no user mapping');

# Without preload
my $late = start_node('late', preload => 0);
connect_workspace($late, $emulator);
$late->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
is(sql($late, 'SELECT count(*) > 0 FROM crm.tasks'), 't', 'all this works without preloading');
ok(!$late->log_contains('no room in shared memory'), 'with the shared budget');
$late->stop;

$node->stop;
done_testing();
