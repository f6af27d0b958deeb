# notion.publish: databases from tables, two requests each; taken up after deaths and lost answers
# without doubling; what would not do is refused before the network, all of it at once.
use strict;
use warnings;

use NotionTest;
use Test::More;

my $node = start_node('publish', 'notion.settle' => '300ms', 'notion.poll_interval' => '1s',
    restart_after_crash => 'on');
my $notion = start_emulator(budget => 0);
connect_workspace($node, $notion, options => ["budget_per_minute '-1'"]);
my $home = $notion->bot('acme', 'POST', '/v1/pages',
    { parent => { type => 'workspace', workspace => \1 },
      properties => { title => { title => [ { text => { content => 'Home' } } ] } } })->{id};

sub refused { my (undef, undef, $error) = $node->psql('postgres', $_[0]); return $error; }
# What was asked since forget_requests, but for the links' polls.
my $seen = 0;
sub requests {
    return join ' ', map { "$_->{method} $_->{path}" =~ s/[0-9a-f-]{36}/ID/gr }
      grep { $_->{n} > $seen && $_->{path} !~ m{/query$} } $notion->journal;
}
sub forget_requests { return $seen = ($notion->journal)[-1]{n}; }
sub done {
    return wait_until($node, q{SELECT coalesce(string_agg(DISTINCT state, ' '), '')
        FROM notion.published}, 'done', $_[0]);
}
# Data sources below the parent page, by title.
sub databases {
    my (%found, $cursor);
    do {
        my $list = $notion->bot('acme', 'GET', "/v1/blocks/$home/children"
            . ($cursor ? "?start_cursor=$cursor" : ''));
        for my $block (@{ $list->{results} }) {
            push @{ $found{ $block->{child_database}{title} } }, $block->{id}
              if $block->{type} eq 'child_database';
        }
        $cursor = $list->{next_cursor};
    } while ($cursor);
    return \%found;
}
sub schema {
    my ($table) = @_;
    return $notion->bot('acme', 'GET', '/v1/data_sources/' . sql($node,
        "SELECT data_source FROM notion.published WHERE \"table\" = '$table'::regclass"))
      ->{properties};
}

sql($node, q{
    CREATE SCHEMA app; CREATE SCHEMA crm;
    CREATE TYPE app.grade AS ENUM ('low', 'high, they say');
    CREATE TYPE app.level AS ENUM ('low', 'high');
    CREATE TABLE app.people (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL,
        email text, born date, level app.level, tags text[] CHECK (tags <@ ARRAY['a', 'b''c']),
        secret text, boss_id uuid REFERENCES app.people);
    COMMENT ON TABLE app.people IS 'Everyone we know';
    COMMENT ON COLUMN app.people.born IS 'as in the passport';
    CREATE TABLE app.invoices (no text PRIMARY KEY, person_id uuid NOT NULL REFERENCES app.people,
        total numeric(10, 2), state text CHECK (state IN ('open', 'paid')), paid boolean,
        seen timestamptz)});

# ---- refused before the network ---------------------------------------------------------------

sql($node, q{CREATE TABLE app.bad (id integer PRIMARY KEY, "Due date" date, due_date date,
    grade app.grade, raw jsonb, at timestamp, title text)});
my $error = refused(q{\set VERBOSITY verbose
    SELECT notion.publish('{app.bad}', 'acme', 'nowhere', 'crm', direction => 'up',
        columns => '{"titel": {"type": "title"}, "bad.title": {"format": "euro", "colour": 1}}',
        except_columns => '{secret}')});
like($error, qr/$_/) for '22023', 'parent "nowhere" is no page', 'direction must be',
    'except_columns: no table has a column "secret"', 'columns: no table has a column "titel"',
    '"colour" is none of', 'column Due date: its property "Due date" has the name of another',
    'column raw: type jsonb has no counterpart', 'column at: type timestamp without time zone has',
    'option "high, they say": Notion takes no comma', 'a format is for numbers';
sql($node, q{DO $$ BEGIN EXECUTE (SELECT 'CREATE TABLE app.wide (id integer PRIMARY KEY, '
    || string_agg('c' || n || ' text', ', ') || ')' FROM generate_series(1, 600) n); END $$});
like(refused("SELECT notion.publish('{app.wide}', 'acme', '$home', 'crm')"),
    qr/601 properties; a Notion database has room for 500/, '600 columns');
sql($node, q{DO $$ BEGIN EXECUTE (SELECT 'CREATE TABLE app.long (id integer PRIMARY KEY, '
    || string_agg(format('c%s text CHECK (c%1$s IN (%s))', n, (SELECT string_agg(
        quote_literal(v || repeat('x', 90)), ', ') FROM generate_series(1, 100) v)), ', ') || ')'
    FROM generate_series(1, 60) n); END $$});
like(refused("SELECT notion.publish('{app.long}', 'acme', '$home', 'crm')"),
    qr/its properties and options are 6\d{5} bytes/, 'more than Notion takes at once');
like(refused("BEGIN; ALTER SERVER acme OPTIONS (ADD read_only 'true');
    SELECT notion.publish('{app.people}', 'acme', '$home', 'crm')"),
    qr/server "acme" is read only/, 'a server that is read only');
sql($node, q{CREATE ROLE other; GRANT USAGE ON FOREIGN SERVER acme TO other;
    GRANT USAGE ON SCHEMA app TO other});
like(refused("SET ROLE other; SELECT notion.publish('{app.people}', 'acme', '$home', 'crm')"),
    qr/must be owner of table/, 'whose table it is not');
sql($node, 'DROP TABLE app.bad, app.wide, app.long');
is(requests(), 'POST /v1/pages', 'none of that made a request');
sql($node, "BEGIN; SELECT notion.publish('{app.people}', 'acme', '$home', 'crm'); ROLLBACK");
is(sql($node, 'SELECT count(*) FROM notion.published'), 0, 'it obeys ROLLBACK');

# ---- the plan, the notice, two requests a table -----------------------------------------------

my $call = "('{app.people,app.invoices}', 'acme', '$home', 'crm', two_way => true,
    except_columns => '{people.secret}', columns => '{\"invoices.total\": {\"format\": \"euro\"},
    \"email\": {\"type\": \"email\", \"property\": \"E-mail\"}}')";
is(sql($node, qq{SELECT string_agg(concat_ws(' ', property, type, nullif('(' || details || ')',
    '()')), ', ') FROM notion.publish_plan$call WHERE "table" = 'app.people'::regclass}),
    'Name title, Id rich_text (holds the key), E-mail email, Born date (as in the passport), '
    . q{Level select (low, high), Tags multi_select (a, b'c), }
    . 'Boss relation (to app.people, both ways)', 'the plan');
forget_requests();
sub workers { return sql($node, q{SELECT level FROM notion.health WHERE what = 'workers'}); }
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, q{SELECT state LIKE '0 of 2 %' FROM notion.health WHERE what = 'workers'}, 't',
    'no worker runs');
is(workers(), 'ok', 'where nothing waits for one');
my (undef, undef, $notice) = $node->psql('postgres',
    "\\set VERBOSITY verbose\nSELECT notion.publish$call");
is(workers(), 'trouble', 'where a publication does');
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
like($notice, qr/$_/) for '2 databases will be made',
    'app.people as "People": Name \(title\), Id \(rich_text\), E-mail \(email\)',
    'left out: secret';
done('both are made');
is(requests(), 'POST /v1/databases POST /v1/databases PATCH /v1/data_sources/ID '
    . 'PATCH /v1/data_sources/ID', 'two requests a table');
my $people = schema('app.people');
is(join(' ', sort keys %$people), 'Born Boss E-mail Id Invoices Level Name People Tags',
    'the properties, without the secret');
is($people->{Born}{description}, 'as in the passport', 'comments are descriptions');
is_deeply([ map { $_->{name} } @{ $people->{Level}{select}{options} } ], [qw(low high)], 'enums');
my $invoices = schema('app.invoices');
is($invoices->{Total}{number}{format}, 'euro', 'a format');
is_deeply([ map { $_->{name} } @{ $invoices->{State}{select}{options} } ], [qw(open paid)],
    'check lists');
is($invoices->{Person}{relation}{dual_property}{synced_property_name}, 'Invoices', 'a relation');
is(sql($node, q{SELECT count(*) FROM notion.drift('crm')}), 0, 'the foreign tables fit');

forget_requests();
sql($node, "SELECT notion.publish$call");
done('run again');
is(requests(), '', 'no request');

# ---- rows are sent by the first sync ----------------------------------------------------------

sql($node, q{INSERT INTO app.people (id, name, email, born, level, tags, secret)
    VALUES ('00000000-0000-0000-0000-00000000000a', 'Ada', 'ada@example.org', '1815-12-10', 'high',
            '{a}', 'hush');
    INSERT INTO app.invoices VALUES ('R1', '00000000-0000-0000-0000-00000000000a', 12.5, 'open',
            false, '2026-01-02 03:04Z')});
is(sql($node, 'SELECT count(*) FROM crm.people'), 0, 'publishing sends no row');
sql($node, "SELECT notion.sync('app.people'), notion.sync('app.invoices')");
sql($node, "CALL notion.flush('app.people', '50 s')");
sql($node, "CALL notion.flush('app.invoices', '50 s')");
is(sql($node, 'SELECT name, id, email, born, level, tags FROM crm.people'),
    'Ada|00000000-0000-0000-0000-00000000000a|ada@example.org|1815-12-10|high|{a}', 'a row');
is(sql($node, 'SELECT no, total, state, paid, seen FROM crm.invoices'),
    'R1|12.5|open|f|2026-01-02 03:04:00+00', 'a row of the other');
unlike($notion->control('GET', 'dump'), qr/hush/, 'what was left out never left');

is(sql($node, q{SELECT p.name FROM crm.invoices i JOIN crm.people p ON p.page_id = i.person_id[1]}),
    'Ada', 'a foreign key is a relation to the page of its row');
is(sql($node, q{SELECT cardinality(invoices) FROM crm.people}), 1, 'which shows it, too');
sql($node, q{UPDATE app.people SET boss_id = id});
sql($node, "CALL notion.flush('app.people', '50 s')");
is(sql($node, 'SELECT boss_id[1] = page_id FROM crm.people'), 't', 'a reference to itself');

# Tables in a circle, and a foreign key of several columns.
sql($node, q{CREATE TABLE app.hens (id integer PRIMARY KEY, egg integer);
    CREATE TABLE app.eggs (id integer, tray integer, hen integer REFERENCES app.hens,
        PRIMARY KEY (id, tray));
    CREATE TABLE app.chicks (id integer PRIMARY KEY, name text, egg integer, tray integer,
        FOREIGN KEY (egg, tray) REFERENCES app.eggs);
    ALTER TABLE app.hens ADD favourite integer REFERENCES app.chicks});
sql($node, "SELECT notion.publish('{app.chicks,app.eggs,app.hens}', 'acme', '$home', 'crm')");
done('a circle of tables');
is(sql($node, q{SELECT string_agg(concat_ws(' ', link, column_name), ', '
        ORDER BY link::text, column_name)
    FROM notion.columns WHERE property_type = 'relation' AND link <> 'app.people'::regclass}),
    'app.chicks (egg, tray), app.eggs hen, app.hens favourite, app.invoices person_id',
    'all their references are paired');
sql($node, q{INSERT INTO app.hens VALUES (1, 2); INSERT INTO app.eggs VALUES (7, 1, 1);
    INSERT INTO app.chicks VALUES (3, 'Pip', 7, 1); UPDATE app.hens SET favourite = 3;
    SELECT notion.sync(t) FROM unnest('{app.hens,app.eggs,app.chicks}'::regclass[]) t});
wait_until($node, q{SELECT c.name FROM crm.chicks c JOIN crm.eggs e ON e.page_id = c.eggs[1]
    JOIN crm.hens h ON h.page_id = e.hen[1] AND h.favourite[1] = c.page_id}, 'Pip',
    'rows that refer to each other in a circle');

# ---- taken up again ---------------------------------------------------------------------------

sub kill_net {
    return kill 'KILL', sql($node, q{SELECT pid FROM notion.workers() WHERE process = 'net'});
}
# Publishes tables of those names, does something once Notion has a request, and counts databases.
sub publish_under {
    my ($what, $fault, $meanwhile) = @_;
    my ($one, $two) = map { $_ . sql($node, 'SELECT count(*) FROM notion.published') } qw(one two);
    sql($node, "CREATE TABLE app.$one (id integer PRIMARY KEY, name text);
        CREATE TABLE app.$two (id integer PRIMARY KEY, $one integer REFERENCES app.$one,
            parent integer REFERENCES app.$two)");
    $notion->fault($_) for ref $fault eq 'ARRAY' ? @$fault : $fault;
    sql($node, "SELECT notion.publish('{app.$two,app.$one}', 'acme', '$home', 'crm',
        two_way => true)");
    $meanwhile->($one) if $meanwhile;
    done("$what: it comes to an end");
    my $found = databases();
    is(scalar @{ $found->{ ucfirst $_ } // [] }, 1, "$what: one database $_") for $one, $two;
    is(join(' ', sort keys %{ schema("app.$two") }), join(' ', sort map { ucfirst } 'id', $one,
        'parent', $two), "$what: relations are not doubled");
    $notion->clear_faults;
    return ($one, $two);
}
sub until_held {
    my ($route) = @_;
    my $step = $route =~ /POST/ ? 'create' : 'define';
    return wait_until($node, qq{SELECT count(*) FROM notion.publications WHERE state = 'sending'
        AND step = '$step'}, 1, "$route is held");
}
publish_under('nobody answers', { kind => 'drop_after_commit', route => 'POST /v1/databases',
    count => 1 });
publish_under('nobody hears', { kind => 'drop_before', route => 'POST /v1/databases', count => 1 });
publish_under('503 after commit', { kind => '503_after_commit', route => 'POST /v1/databases',
    count => 2 });
publish_under('503 that names nothing', { kind => '503_after_commit', count => 1,
    route => 'POST /v1/databases', committed_resource_id => JSON::PP::false });
publish_under('half an answer', { kind => 'truncated', route => 'POST /v1/databases', bytes => 40,
    count => 1 });
publish_under('no JSON', { kind => 'garbage', route => 'POST /v1/databases', count => 1,
    body => '<html>' });
publish_under('relations unanswered', { kind => 'drop_after_commit', count => 1,
    route => 'PATCH /v1/data_sources/:id' });
publish_under('relations unheard', { kind => 'drop_before', count => 1,
    route => 'PATCH /v1/data_sources/:id' });
publish_under('refused for a while', { kind => 'status', status => 429, retry_after => 1,
    route => 'POST /v1/databases', count => 2 });
for my $route ('POST /v1/databases', 'PATCH /v1/data_sources/:id') {
    publish_under("death of net at $route", { kind => 'delay_after', route => $route, ms => 2000,
        count => 1 }, sub { until_held($route); kill_net(); });
    publish_under("death of the server at $route", { kind => 'delay_after', route => $route,
        ms => 2000, count => 1 }, sub { until_held($route); $node->stop('immediate');
        $node->start; });
}
$notion->bot('acme', 'PATCH', "/v1/blocks/$home/children", { children => [ map { { paragraph =>
    { rich_text => [ { text => { content => "$_" } } ] } } } 1 .. 100 ] }) for 1 .. 2;
publish_under('many below the page', { kind => 'drop_after_commit', count => 1,
    route => 'POST /v1/databases' });
ok((grep { ($_->{query} // '') =~ /start_cursor/ } $notion->journal), 'all of them are looked at');

# ---- what a person must decide ----------------------------------------------------------------

sql($node, q{CREATE TABLE app.twice (id integer PRIMARY KEY)});
$notion->fault({ kind => 'drop_after_commit', route => 'POST /v1/databases', count => 1 });
my $call2 = "SELECT notion.publish('{app.twice}', 'acme', '$home', 'crm')";
sql($node, $call2);
wait_until($node, q{SELECT count(*) FROM notion.published WHERE state = 'outcome unknown'}, 1,
    'the outcome is unknown');
my $copy = $notion->person('ada', 'POST', '/v1/databases', { parent => { type => 'page_id',
    page_id => $home }, title => [ { text => { content => 'Twice' } } ],
    initial_data_source => { properties => { Id => { title => {} } } } })->{id};
wait_until($node, q{SELECT reason FROM notion.published WHERE state = 'failed'},
    'Notion holds 2 databases "Twice" made since, and nobody knows which is ours: leave one, trash '
    . 'the others, and call notion.publish again', 'two of one name: a person decides');
$notion->person('ada', 'PATCH', "/v1/databases/$copy", { in_trash => \1 });
sql($node, $call2);
done('which is then taken up');
is(scalar @{ databases()->{Twice} }, 1, 'with the one that is left');

sql($node, q{CREATE TABLE app.lost (a integer, b date, twice integer REFERENCES app.twice,
    PRIMARY KEY (a, b))});
my $nowhere = '00000000-0000-4000-8000-000000000000';
sql($node, "SELECT notion.publish('{app.lost}', 'acme', '$nowhere', 'crm')");
wait_until($node, q{SELECT count(*) FROM notion.published WHERE state = 'failed'
    AND reason LIKE '%Could not find page with ID: 00000000%'}, 1, 'a parent that is not shared');
# What Notion never had is asked for anew, with other words.
sql($node, "SELECT notion.publish('{app.lost}', 'acme', '$home', 'crm',
    columns => '{\"b\": {\"property\": \"Day\"}}')");
done('elsewhere it goes');
sql($node, q{INSERT INTO app.lost VALUES (1, '2026-02-03', NULL); SELECT notion.sync('app.lost')});
sql($node, "CALL notion.flush('app.lost', '50 s')");
is(sql($node, 'SELECT row_key, a, b FROM crm.lost'), '1/2026-02-03|1|2026-02-03',
    'a key of several columns has a property');
is(schema('app.lost')->{Twice}{type}, 'relation', 'a relation to what was published before');

ok(schema('app.lost')->{Day}, 'by the newest call');

# Names as they are; a table that goes.
my ($url, $token) = ($notion->url, token_file('ntn_bot_acme'));
sql($node, qq{CREATE SERVER plain FOREIGN DATA WRAPPER notion_fdw
        OPTIONS (names 'exact', api_url '$url', budget_per_minute '-1');
    CREATE USER MAPPING FOR CURRENT_USER SERVER plain OPTIONS (token_file '$token');
    CREATE TABLE app.odd_names ("Id" integer PRIMARY KEY, page_id text, due_on date,
        "two, ""words""" text)});
sql($node, "SELECT notion.publish('{app.odd_names}', 'plain', '$home', 'crm')");
done('exact names');
is(join('|', sort keys %{ schema('app.odd_names') }), 'Id|due_on|page_id|two, "words"',
    'are kept');
sql($node, q{INSERT INTO app.odd_names VALUES (1, 'p', '2026-01-01', 'x');
    SELECT notion.sync('app.odd_names')});
sql($node, "CALL notion.flush('app.odd_names', '50 s')");
is(sql($node, 'SELECT "Id", page_id_2, due_on, "two, ""words""" FROM crm.odd_names'),
    '1|p|2026-01-01|x', 'and what they cannot be in a foreign table is another name there');
$notion->fault({ kind => 'hang', route => 'POST /v1/databases' });
sql($node, 'CREATE TABLE app.gone (id integer PRIMARY KEY)');
sql($node, "SELECT notion.publish('{app.gone}', 'plain', '$home', 'crm')");
sql($node, 'DROP TABLE app.gone');
is(sql($node, q{SELECT state, reason FROM notion.published WHERE state <> 'done'}),
    'failed|the table is gone', 'a table that was dropped');
$notion->clear_faults;
sql($node, $call2);
is(sql($node, q{SELECT count(*) FROM notion.published WHERE state <> 'done'}), 0,
    'is forgotten by the next call');

# ---- a link that was ended is made again, without a request -------------------------------------

sql($node, q{SELECT notion.unlink('app.twice'); DROP FOREIGN TABLE crm.twice});
forget_requests();
sql($node, $call2);
done('published again');
is(sql($node, q{SELECT count(*) FROM notion.links WHERE table_id = 'app.twice'::regclass}), 1,
    'the foreign table and the link are back');
is(requests(), '', 'without a request');

# ---- columns that a table got later -------------------------------------------------------------

my $call3 = qq{SELECT notion.publish('{app.later}', 'acme', '$home', 'crm')};
sql($node, qq{CREATE TABLE app.later (id integer PRIMARY KEY, name text, old text);
    INSERT INTO app.later VALUES (1, 'one', 'x'); $call3});
done('a table');
sql($node, q{SELECT notion.sync('app.later')});
wait_until($node, q{SELECT count(*) FROM notion.rows WHERE link = 'app.later'::regclass
    AND state = 'in step'}, '1', 'its row is there');
sql($node, q{ALTER TABLE app.later ADD due date, ADD level app.level DEFAULT 'high',
    ADD boss_id integer REFERENCES app.later; ALTER TABLE app.later RENAME old TO renamed});
is(sql($node, qq{SELECT string_agg(property, ' ') FROM notion.publish_plan('{app.later}', 'acme',
    '$home', 'crm') WHERE details LIKE '%to be added%'}), 'Due Level Boss',
    'the plan says what will be added, and nothing of a renamed column');
is(schema('app.later')->{Due}, undef, 'and does not do it');
forget_requests();
$notion->fault({ kind => 'drop_after_commit', route => 'PATCH /v1/data_sources/:id', count => 1 });
my (undef, undef, $notice) = $node->psql('postgres', $call3);
like($notice, qr/properties will be added in Notion/, 'a notice says so, too');
like($notice, qr/Due \(date\), Level \(select\), Boss \(relation\)/, 'which');
done('they are added, though no answer came');
$notion->clear_faults;
is(requests() =~ s{ PATCH /v1/pages/ID}{}gr, # values follow by themselves
    'GET /v1/data_sources/ID PATCH /v1/data_sources/ID GET /v1/data_sources/ID', 'by one write');
my $later = schema('app.later');
is(join(' ', map { $later->{$_}{type} } qw(Due Level Boss Old)), 'date select relation rich_text',
    'with their types; the property of a renamed column stays');
is(sql($node, q{SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM notion.columns
    WHERE link = 'app.later'::regclass}), 'boss_id due id level name renamed', 'and are paired');
sql($node, q{UPDATE app.later SET due = '2026-01-02'});
wait_until($node, q{SELECT due FROM crm.later WHERE level = 'high'}, '2026-01-02', 'values go out');
forget_requests();
sql($node, $call3);
done('again');
is(requests(), '', 'without a request');

# A property that somebody made is not ours; and a column that went leaves its property alone.
my $source = sql($node, q{SELECT data_source FROM notion.published
    WHERE "table" = 'app.later'::regclass});
$notion->bot('acme', 'PATCH', "/v1/data_sources/$source", { properties => {
    Mine => { number => {} }, Taken => { rich_text => {} } } });
sql($node, q{ALTER TABLE app.later ADD mine text});
forget_requests();
sql($node, $call3);
wait_until($node, q{SELECT reason FROM notion.published WHERE state = 'failed'}, 'the data source '
    . 'has "Mine" already, which was not made for this table: rename it there; or notion.publish '
    . 'once more, and it is taken', 'a name that is taken');
sql($node, $call3);
wait_until($node, q{SELECT reason FROM notion.published WHERE state = 'failed'}, 'the data source '
    . 'that Notion shows lacks "Mine", or has it with another type', 'of another type: never');
is(scalar(grep { /PATCH/ } requests()), 0, 'nothing was sent');
is(schema('app.later')->{Mine}{type}, 'number', 'it is as it was');

done_testing();
