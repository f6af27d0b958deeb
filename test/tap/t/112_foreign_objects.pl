# Notion beyond rows: any request, the search, a page's content; and what becomes of foreign tables
# when their data source changes.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', q{CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE ROLE reader; GRANT USAGE ON FOREIGN SERVER acme TO reader; CREATE ROLE other;
    CREATE USER MAPPING FOR reader SERVER acme OPTIONS (token 'ntn_bot_acme')});

sub answer {
    my ($sql) = @_;
    my ($status, $stdout, $stderr) = $node->psql('postgres', $sql,
        extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return $status == 0 ? $stdout : "error: $stderr";
}

# ---- notion.api
is(answer(q{SELECT notion.api('acme', 'GET', '/v1/users/me') ->> 'object'}), 'user', 'GET');
my $page = sql($node, q{SELECT page_id FROM crm.tasks WHERE task = 'Press kit'});
is(answer(qq{SELECT notion.api('acme', 'patch', '/v1/pages/$page', '{"icon":
    {"type": "emoji", "emoji": "📰"}}') #>> '{icon,emoji}'}), '📰', 'PATCH');
is(answer(q{SELECT action, actor LIKE '% %', changes ->> 'what', request_id IS NOT NULL
    FROM notion.log ORDER BY id DESC LIMIT 1}), "api|t|PATCH /v1/pages/$page|t",
    'stands in the log');
like(answer(q{SET ROLE reader; SELECT notion.api('acme', 'GET', '/v1/users/me')}),
    qr/error: .*42501: must be owner of server "acme"/, 'only the server\'s owner may');
like(answer("SELECT notion.api('acme', '$_->[0]', '$_->[1]')"), qr/error: .*22023: not a /,
    "$_->[0] $_->[1] is refused")
  for [ 'PUT', '/v1/pages' ], [ 'GET', '/' ], [ 'GET', '/v1/../x' ], [ 'GET', '@evil.test/v1/' ],
    [ 'GET', '/v1/users HTTP/1.1' ];
like(answer(q{SELECT notion.api('acme', 'GET', '/v1/pages/' || gen_random_uuid())}),
    qr/error: .*HV00R: .*Could not find page/s, 'a 404 in Notion\'s words');
$emulator->fault({ route => 'POST /v1/pages', kind => 'drop_after_commit', count => 1 });
like(answer(qq{SELECT notion.api('acme', 'POST', '/v1/pages', '{"parent": {"type": "page_id",
    "page_id": "$page"}, "properties": {}}')}),
    qr/error: .*08007: nobody knows whether Notion did POST \/v1\/pages/s, 'no answer to a POST');
$emulator->clear_faults;
like(answer(qq{BEGIN; SELECT notion.api('acme', 'PATCH', '/v1/pages/$page', '{}'); ROLLBACK;
    BEGIN READ ONLY; SELECT notion.api('acme', 'PATCH', '/v1/pages/$page', '{}')}),
    qr/WARNING: .*stays there.*25006/s, 'ROLLBACK warns, READ ONLY refuses');

# ---- notion.search
is(answer(q{SELECT string_agg(object || ':' || title, ',' ORDER BY object, title)
    FROM notion.search('acme', 'Press')}), 'page:Press kit', 'search finds a page by its title');
is(answer(q{SELECT count(*) > 10, count(*) FILTER (WHERE object = 'data_source')
    FROM notion.search('acme')}), 't|2', 'and everything without words');
is(answer(q{SELECT count(*) FROM notion.search('acme', max_results => 3)}), 3, 'or some');
is(answer(q{SET ROLE reader; SELECT count(*) FROM notion.search('acme', 'Press')}), 1,
    'whoever may use the server may search');
like(answer(q{SET ROLE other; SELECT * FROM notion.search('acme', 'x')}), qr/error: .*42501/,
    'others may not');

# ---- content
my $steps = sql($node, q{SELECT page_id FROM crm.tasks WHERE task = 'Check student cards'});
like(answer("SELECT notion.content('$steps')"), qr/^## Steps\n- ask for a scan/,
    'a page\'s content');
is(answer(qq{SELECT length(notion.content(page_id)) > 0 FROM crm.tasks
    WHERE task = 'Check student cards'}), 't', 'for the rows of a query');
like(answer("SELECT notion.set_content('$steps', E'# New\nBody')"), qr/^# New\nBody/,
    'it is replaced');
like(answer("SELECT notion.content('$steps', server => 'acme')"), qr/^# New\nBody\s*$/,
    'as a whole');

# ---- drift
is(answer(q{SELECT * FROM notion.drift('crm')}), '', 'no drift at first');
my ($tasks) = sql($node, q{SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
    WHERE table_name = 'tasks'});
$node->safe_psql('postgres', q{INSERT INTO crm.tasks (task, hours) VALUES ('Before', 1)});
$emulator->person('ada', 'PATCH', "/v1/data_sources/$tasks", { properties => {
    Hours => { name => 'Working hours' }, Priority => { number => {} }, Due => undef,
    Estimate => { number => {} } } });
is(answer(q{SELECT sum(hours) FROM crm.tasks}), '7.5',
    'a renamed property changes nothing for reading');
is(answer(q{INSERT INTO crm.tasks (task, hours) VALUES ('After', 2) RETURNING hours}), 2,
    'or for writing');
like(answer(q{SELECT due FROM crm.tasks}), qr/error: .*HV005: column "due" of foreign table/,
    'a deleted one is an error that says so');
like(answer(q{INSERT INTO crm.tasks (task, due) VALUES ('x', now())}),
    qr/error: .*HV005: .*column "due" of foreign table "tasks": its property is not in the data/s,
    'for writing, too');
like(answer(q{SELECT priority FROM crm.tasks}), qr/error: .*HV004: column "priority"/,
    'one of another type is an error');
like(answer(q{INSERT INTO crm.tasks (task, priority) VALUES ('x', 'High')}),
    qr/error:\ .*HV004:\ .*now\ of\ type\ number.*HINT:.*ALTER\ FOREIGN\ TABLE\ tasks
      \ ALTER\ COLUMN\ priority\ TYPE\ double\ precision,
      \ ALTER\ COLUMN\ priority\ OPTIONS\ \(SET\ type\ 'number'\);/xs,
    'that gives the ALTER');
my $estimate = sql($node,
    q{SELECT property_id FROM notion.data_sources('acme') WHERE property = 'Estimate'});
my $alter = 'ALTER FOREIGN TABLE crm.tasks';
is(answer(q{SELECT column_name, difference, ddl FROM notion.drift('crm') ORDER BY 1}), join("\n",
        "due|its property is gone|$alter DROP COLUMN due;",
        "estimate|added|$alter ADD COLUMN estimate double precision OPTIONS "
          . "(property_id '$estimate', property 'Estimate', type 'number');",
        'hours|its property is now named "Working hours"|'
          . "$alter ALTER COLUMN hours OPTIONS (SET property 'Working hours');",
        'priority|its property is now of type number, and the column is text|'
          . "$alter ALTER COLUMN priority TYPE double precision, "
          . "ALTER COLUMN priority OPTIONS (SET type 'number');"),
    'drift lists what differs, with the DDL');
$node->safe_psql('postgres', 'CREATE VIEW depends AS SELECT priority FROM crm.tasks');
like(answer(q{SELECT change FROM notion.refresh('crm') WHERE column_name = 'priority'}),
    qr/now of type number.*; not applied: cannot alter type of a column used by a view/,
    'refresh leaves what a view depends on');
$node->safe_psql('postgres', 'DROP VIEW depends');
is(answer(q{SELECT column_name, change FROM notion.refresh('crm') ORDER BY 1}),
    "due|its property is gone\npriority|its property is now of type number, and the column is text",
    'and does it when nothing does');
is(answer(q{SELECT count(priority), count(hours) > 0, count(estimate) FROM crm.tasks}), '0|t|0',
    'then all can be read');
is(answer(q{SELECT column_name, difference FROM notion.drift('crm')}), 'due|its property is gone',
    'what is gone stays until somebody drops it');

done_testing();
