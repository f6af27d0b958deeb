# Tables, foreign tables and data sources drift apart: notion.drift lists how, and notion.health
# says so unasked, by time and by event.
use strict;
use warnings;

use NotionTest;
use Test::More;

my $node = start_node('drift', 'notion.schema_interval' => '1s');
my $notion = start_emulator(budget => 0);
connect_workspace($node, $notion, options => ["budget_per_minute '-1'"]);
my $home = $notion->bot('acme', 'POST', '/v1/pages',
    { parent => { type => 'workspace', workspace => \1 }, properties =>
        { title => { title => [ { text => { content => 'Home' } } ] } } })->{id};
sql($node, q{CREATE SCHEMA app; CREATE SCHEMA crm;
    CREATE TYPE app.mood AS ENUM ('good', 'bad');
    CREATE TABLE app.days (id integer PRIMARY KEY, name text, mood app.mood, moods app.mood[],
        sky text CHECK (sky IN ('grey', 'blue')), rain integer, secret text)});
sql($node, "SELECT notion.publish('{app.days}', 'acme', '$home', 'crm',
    except_columns => '{secret}')");
wait_until($node, 'SELECT state FROM notion.published', 'done', 'published');
sql($node, q{SELECT notion.sync('app.days')});
sql($node, q{CALL notion.flush('app.days', '50 s')});
my $source = sql($node, 'SELECT data_source FROM notion.published');
my $drift = q{SELECT concat_ws(' | ', foreign_table, column_name, difference, ddl)
    FROM notion.drift('%s') ORDER BY column_name, difference};
my $health = q{SELECT count(*) FROM notion.health WHERE what = 'drift'};
wait_until($node, q{SELECT count(*) FROM notion.schemas WHERE properties IS NOT NULL}, 1,
    'the worker reads the schema');
is(sql($node, sprintf $drift, 'crm'), '', 'nothing differs');
is(sql($node, $health), 0, 'and health has nothing to say');

# Somebody works on the database in Notion.
$notion->person('ada', 'PATCH', "/v1/data_sources/$source", { properties => {
    Rain => { rich_text => {} }, Name => { name => 'Day' },
    Mood => { select => { options => [ map { { name => $_ } } 'good', 'bad', 'so-so' ] } },
    Sky => { select => { options => [ { name => 'grey' } ] } }, Wind => { number => {} } } });
wait_until($node, $health, 1, 'health notices');
is(sql($node, q{SELECT name, level, hint FROM notion.health WHERE what = 'drift'}),
    q{app.days|warning|SELECT * FROM notion.drift('app') lists them}, 'and says what to ask');
my $all = 'SELECT what, name, level, hint FROM notion.health ORDER BY what, name';
sql($node, 'CREATE ROLE watcher LOGIN IN ROLE pg_monitor');
is($node->safe_psql('postgres', $all, extra_params => [ '-U', 'watcher' ]), sql($node, $all),
    'to pg_monitor as to a superuser');
my $expected = join "\n",
    q{crm.days | mood | option "so-so" of its property is no value of the column}
    . q{ | ALTER TYPE app.mood ADD VALUE 'so-so';},
    q{crm.days | name | its property is now named "Day" | }
    . q{ALTER FOREIGN TABLE crm.days ALTER COLUMN name OPTIONS (SET property 'Day');},
    q{crm.days | rain | its property is now of type rich_text, and the column is integer | }
    . q{ALTER FOREIGN TABLE crm.days ALTER COLUMN rain TYPE text, ALTER COLUMN rain OPTIONS }
    . q{(SET type 'rich_text');},
    q{crm.days | sky | value "blue" of the column is no option of its property yet};
like(sql($node, sprintf $drift, 'crm'), qr/^\Q$expected\E\ncrm\.days \| wind \| added/,
    'drift lists it all');
is(sql($node, sprintf $drift, 'app'), sql($node, sprintf $drift, 'crm'),
    'by the schema of the table as well');

# Somebody works on the table here.
sql($node, q{ALTER TABLE app.days ADD note text; ALTER TYPE app.mood ADD VALUE 'so-so'});
like(sql($node, sprintf $drift, 'app'),
    qr/crm\.days \| note \| app\.days has this column since it was published/, 'a later column');
unlike(sql($node, sprintf $drift, 'app'), qr/secret|"so-so" of its/,
    'what was left out is none, and what was mended neither');

# By event, long before the next look.
$node->append_conf('postgresql.conf', "notion.schema_interval = '1d'");
$node->reload;
$notion->person('ada', 'PATCH', "/v1/data_sources/$source", { properties => { Sky => undef } });
wait_until($node, q{SELECT bool_and(next_at > now() + interval '2 min') FROM notion.schemas}, 't',
    'the next look is far away');
$notion->person('ada', 'PATCH', "/v1/data_sources/$source", { properties => { Moods => undef } });
my $gone = q{SELECT count(*) FROM notion.links l JOIN notion.schemas s ON s.link = l.id,
    notion.schema_drift(l.id, s.properties) d WHERE d.column_name = 'moods'
    AND d.difference = 'its property is gone'};
is(sql($node, $gone), 0, 'not seen yet');
sql($node, qq{INSERT INTO notion.inbox (server, event_id, type, entity, event) VALUES
    ('acme', 'e1', 'data_source.schema_updated', '$source', '{"call": "read_schema"}')});
wait_until($node, $gone, 1, 'seen once the event came');
done_testing();
