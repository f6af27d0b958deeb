# Links as people live with them: what notion.link refuses, filters, alter_link, pair, mirror; what
# DDL does to a link; and that no open transaction holds up the worker.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('links', direction => 'to_notion');
my ($node, $notion) = @$pair{qw(node emulator)};

sub flush { return sql($node, "CALL notion.flush('$_[0]', '50 s')"); }
sub refused { my (undef, undef, $error) = $node->psql('postgres', $_[0]); return $error; }
sub names { return join ' ', sort keys %{ pages($pair) }; }
sub status { return sql($node, "SELECT state, coalesce(reason, '') FROM notion.status
    WHERE link = '$_[0]'::regclass"); }
# Data sources "T1" to "T9", each with a table of the same name in schema more.
$notion->control('POST', 'load', { workspace => 'Acme', databases => [ map { {
    title => "T$_", properties => { Name => 'title', Mark => 'rich_text', Note => 'rich_text',
        Wide => 'rich_text', Paid => 'checkbox', Made => 'created_time' },
} } 1 .. 9 ] });
sql($node, 'CREATE SCHEMA more; IMPORT FOREIGN SCHEMA workspace EXCEPT (tasks) FROM SERVER acme
    INTO more');

# ---- notion.link says everything at once ------------------------------------------------------

sql($node, q{
    CREATE TABLE poor (id numeric, name text, paid integer, note text, wide text, made text);
    CREATE ROLE owner; ALTER TABLE poor OWNER TO owner; GRANT USAGE ON SCHEMA more TO owner});
my $faults = refused(q{\set VERBOSITY verbose
    SELECT notion.link('poor', 'more.t1', direction => 'both', key => '{id}', filter => 'paid',
        columns => '{"id": "mark", "name": "name", "paid": "paid", "note": "wide", "wide": "wide",
                     "gone": "name", "made": "made"}')});
like($faults, qr/$_/) for '22023', 'has no user mapping',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON more\.t1 TO owner', 'no valid, immediate unique index',
    'column paid: type integer does not go with',
    'column note: another column is paired with the property of wide',
    'column gone: the table has no such column', 'filter: argument of filter must be type boolean';
$faults = refused(q{SELECT notion.link('poor', 'more.t1', on_notion_trash => 'a',
    on_postgres_delete => 'b', capture => 'c', rule => NULL, columns => '{"note":
        {"property": "note", "directon": "to_notion"}, "id": {"property": "mark", "key": true}}')});
like($faults, qr/$_/) for 'on_notion_trash "a" is none of',
    'on_postgres_delete "b" is none of trash, ignore',
    'capture "c" is none of origin, always', 'rule "" is none of newest',
    'column note: "directon" is none of property, direction, rule', 'column id: "key" is none of';
unlike($faults, qr/column id: "property"/, 'words that mean something are no faults');
like(refused(q{SELECT notion.link('poor', 'more.t1', direction => 'both', columns => '["id"]')}),
    qr/columns must be an object/, 'columns must be an object');
sql($node, 'DROP TABLE poor');

# ---- filters ----------------------------------------------------------------------------------

sql($node, q{CREATE TABLE guests (id integer PRIMARY KEY, name text, ok boolean, age integer);
    INSERT INTO guests VALUES (1, 'Bo', true, 30), (2, 'Cy', false, 40), (3, 'Di', NULL, 50);
    SELECT notion.link('guests', 'more.t1', direction => 'both', filter => 'ok AND age < 60',
        columns => '{"id": "mark", "name": "name"}')});
is(sql($node, q{SELECT string_agg(key, ' ' ORDER BY key) FROM notion.plan('guests')
    WHERE action = 'create'}), '1', 'plan knows the filter');
sql($node, q{SELECT notion.sync('guests')});
flush('guests');
like(refused(q{SELECT notion.alter_link('guests', capture => 'c', on_postgres_delete => 'b')}),
    qr/on_postgres_delete "b" is none of .*\n.*capture "c" is none of/, 'so does alter_link');
like(refused(q{SELECT notion.plan('guests', match => 'id')}), qr/neither the key nor a reference/,
    'a key is nothing to match by');
my $there = "SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM more.t1";
is(sql($node, $there), 'Bo', 'only rows that fulfil the filter have pages');
sql($node, 'UPDATE guests SET ok = true WHERE id = 2');
flush('guests');
is(sql($node, $there), 'Bo Cy', 'a row that enters gets one, by a column that is not paired');
my $page = sql($node, q{SELECT page FROM notion.rows
    WHERE link = 'guests'::regclass AND key = '1'});
sql($node, 'UPDATE guests SET age = 60 WHERE id = 1');
flush('guests');
is(sql($node, $there), 'Cy', 'one that leaves is like one deleted');
is($notion->bot('acme', 'GET', "/v1/pages/$page")->{in_trash}, 1, 'its page is in the trash');
sql($node, q{UPDATE guests SET age = 59, name = 'Bob' WHERE id = 1});
flush('guests');
is(sql($node, $there), 'Bob Cy', 'and comes back with it');
is(sql($node, q{SELECT page FROM notion.rows WHERE link = 'guests'::regclass AND key = '1'}), $page,
    'the same page');
like(refused("SELECT notion.alter_link('guests', filter => 'age > random()')"),
    qr/volatile/, 'a volatile filter');
like(refused("SELECT notion.alter_link('guests', filter => 'true; DROP TABLE guests')"),
    qr/syntax error/, 'a filter is an expression');
like(refused("SELECT notion.alter_link('guests', filter => 'true) OR (SELECT true')"),
    qr/syntax error|subquer/, 'and nothing but one');
like(refused("SELECT notion.alter_link('guests', filter => '(SELECT true)')"), qr/subquery/,
    'without subqueries');

# ---- alter_link -------------------------------------------------------------------------------

sql($node, q{SELECT notion.alter_link('guests', filter => '')});
flush('guests');
is(sql($node, $there), 'Bob Cy Di', 'without a filter all rows have pages: a sync follows');
sql($node, q{ALTER TABLE guests ADD note text DEFAULT 'n';
    SELECT notion.alter_link('guests',
        columns => '{"id": "mark", "name": "name", "note": "note"}')});
flush('guests');
is(sql($node, q{SELECT string_agg(DISTINCT note, ' ') FROM more.t1}), 'n', 'a column is added');
sql($node, q{SELECT notion.alter_link('guests', direction => 'to_notion')});
is(sql($node, q{SELECT string_agg(column_name || ' ' || direction, ', ' ORDER BY column_name)
    FROM notion.columns WHERE link = 'guests'::regclass}),
    'id to_notion, name to_notion, note to_notion', 'directions are changed');
like(refused(q{SELECT notion.alter_link('guests', columns => '{"name": "name"}')}),
    qr/key column id is not paired/, 'what would not do is refused');

# ---- DDL --------------------------------------------------------------------------------------

sql($node, q{ALTER TABLE guests RENAME COLUMN note TO remark; ALTER TABLE guests RENAME id TO no;
    ALTER TABLE guests RENAME TO visitors; ALTER FOREIGN TABLE more.t1 RENAME note TO words});
sql($node, q{UPDATE visitors SET remark = 'renamed', no = 22 WHERE no = 2});
flush('visitors');
is(sql($node, q{SELECT mark, words FROM more.t1 WHERE name = 'Cy'}), '22|renamed',
    'columns and tables may be renamed');
sql($node, q{ALTER TABLE visitors DROP COLUMN remark});
wait_until($node, q{SELECT state FROM notion.links WHERE table_id = 'visitors'::regclass},
    'paused',    'a paired column is dropped: the link is paused');
like(status('visitors'), qr/column remark: the table has no such column/, 'and says why');
like(refused(q{SELECT notion.resume('visitors')}), qr/does not fit its tables/,
    'until it is mended');
sql($node, q{SELECT notion.alter_link('visitors', columns => '{"no": "mark", "name": "name"}');
    SELECT notion.resume('visitors'); UPDATE visitors SET name = 'Dia' WHERE no = 3});
flush('visitors');
is(sql($node, $there), 'Bob Cy Dia', 'then it goes on');

# What no row trigger sees is found by the sync that follows.
sql($node, q{ALTER TABLE visitors ALTER name TYPE varchar(20) USING upper(name)});
flush('visitors');
is(sql($node, $there), 'BOB CY DIA', 'a rewritten table');
sql($node, q{ALTER TABLE visitors DISABLE TRIGGER ALL;
    UPDATE visitors SET name = 'unseen' WHERE no = 1;
    ALTER TABLE visitors ENABLE TRIGGER ALL});
wait_until($node, $there, 'CY DIA unseen', 'triggers that were disabled');
wait_until($node, 'SELECT count(*) FROM notion.links WHERE needs_sync IS NOT NULL', '0',
    'and nothing needs a sync any more');
sql($node, q{ALTER TABLE visitors DROP CONSTRAINT guests_pkey});
wait_until($node, q{SELECT state FROM notion.links WHERE table_id = 'visitors'::regclass},
    'paused',    'a link without its key is paused');
sql($node, q{ALTER TABLE visitors ADD PRIMARY KEY (no); SELECT notion.resume('visitors')});
sql($node, 'DROP TABLE visitors');

# Partitions and children, those that come later too.
sql($node, q{CREATE TABLE parts (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE TABLE loose (id integer PRIMARY KEY, name text);
    INSERT INTO loose VALUES (11, 'attached');
    SELECT notion.link('parts', 'more.t2', direction => 'to_notion',
        columns => '{"id": "mark", "name": "name"}');
    SELECT notion.sync('parts')});
flush('parts');
my $parts = "SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM more.t2";
sql($node, q{CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (20) TO (30);
    ALTER TABLE parts ATTACH PARTITION loose FOR VALUES FROM (10) TO (20);
    INSERT INTO parts VALUES (1, 'one'), (21, 'later')});
wait_until($node, $parts, 'attached later one', 'a partition that is attached, and a new one');
flush('parts');
sql($node, 'TRUNCATE parts_3');
flush('parts');
is(sql($node, $parts), 'attached one', 'TRUNCATE of a leaf, of which the root hears nothing');
is(refused('ALTER TABLE parts DETACH PARTITION loose; DELETE FROM loose'), '',
    'a partition is detached without a NOTICE');
flush('parts');
is(sql($node, $parts), 'attached one', 'a detached partition deletes nothing');
is(sql($node, q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'loose'::regclass}), 0,
    'and keeps no trigger');
sql($node, q{CREATE TABLE base (id integer PRIMARY KEY, name text);
    CREATE TABLE child (more text, PRIMARY KEY (id)) INHERITS (base);
    SELECT notion.link('base', 'more.t3', direction => 'to_notion',
        columns => '{"id": "mark", "name": "name"}'); SELECT notion.sync('base')});
flush('base');
sql($node, q{CREATE TABLE younger (PRIMARY KEY (id)) INHERITS (base);
    INSERT INTO base VALUES (1, 'parent'); INSERT INTO child VALUES (2, 'child');
    INSERT INTO younger VALUES (3, 'younger')});
flush('base');
is(sql($node, q{SELECT string_agg(name, ' ' ORDER BY name) FROM more.t3}), 'child parent younger',
    'inheritance children');

# Cascades and deferred constraints.
sql($node, q{ALTER TABLE base ADD UNIQUE (name);
    CREATE TABLE kin (id integer PRIMARY KEY, name text, of text REFERENCES base (name)
        ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
    SELECT notion.link('kin', 'more.t4', direction => 'to_notion',
        columns => '{"id": "mark", "name": "name", "of": "note"}'); SELECT notion.sync('kin');
    INSERT INTO base VALUES (4, 'four');
    INSERT INTO kin VALUES (1, 'k1', 'four'), (2, 'k2', 'four')});
flush('kin');
sql($node, q{UPDATE base SET name = 'for' WHERE id = 4});
flush('kin');
is(sql($node, q{SELECT string_agg(note, ' ') FROM more.t4}), 'for for', 'a cascaded update');
sql($node, q{DELETE FROM base WHERE id = 4});
flush('kin');
is(sql($node, q{SELECT count(*) FROM more.t4}), '0', 'a cascaded delete');

# ---- pair, mirror, match ----------------------------------------------------------------------

sql($node, q{
    CREATE TABLE people (id integer GENERATED BY DEFAULT AS IDENTITY (START 50) PRIMARY KEY,
        first text, last text, note text);
    INSERT INTO people VALUES (1, 'Ada', 'Lovelace', NULL), (2, 'Ada', 'Yonath', NULL);
    SELECT notion.link('people', 'more.t5', direction => 'both',
        columns => '{"id": "mark", "first": "name", "last": "wide", "note": "note"}')});
my $source = sql($node, q{SELECT data_source FROM notion.links
    WHERE table_id = 'people'::regclass});
my $made = sub { return $notion->person('ada', 'POST', '/v1/pages', {
    parent => { type => 'data_source_id', data_source_id => $source }, properties => {
        Name => { title => [{ text => { content => $_[0] } }] },
        Wide => { rich_text => [{ text => { content => $_[1] } }] },
        Note => { rich_text => [{ text => { content => 'of ' . $_[1] } }] } } })->{id} };
$made->('Ada', 'Yonath');
my $by_hand = $made->('A.', 'Lovelace');
sql($node, q{SELECT notion.alter_link('people', direction => 'to_notion')});
is(sql($node, q{SELECT count(*) FROM notion.plan('people', match => '{first,last}')
    WHERE action = 'pair'}), 1, 'a natural key of two columns');
sql($node, q{SELECT notion.alter_link('people', direction => 'both');
    SELECT notion.sync('people', match => '{first,last}', prefer => 'notion')});
wait_until($node, q{SELECT note FROM people WHERE id = 2}, 'of Yonath', 'finds its page');
flush('people');
is(sql($node, 'SELECT count(*) FROM people'), 3, 'the other page became a row');
sql($node, q{INSERT INTO people VALUES (9, 'Grace', 'Hopper', 'here')}); # has a page soon
flush('people');
like(refused("SELECT notion.pair('people', '9', 'https://www.notion.so/x-"
    . ($by_hand =~ s/-//gr) . "')"), qr/cannot be paired/, 'a page that has a row is not paired');
sql($node, qq{SELECT notion.pause('people');
    BEGIN; SET LOCAL notion.capture = off;
    INSERT INTO people VALUES (10, 'Emmy', NULL, NULL); COMMIT});
my $emmy = $made->('Emmy N.', 'Noether');
like(error_of($node, "SELECT notion.pair('people', '4711', '$emmy')"),
    qr/P0002: table public\.people has no row with key 4711.*HINT: /s,
    'nor with a row that is not there');
like(error_of($node, "BEGIN; SELECT notion.alter_link('people', filter => 'id < 10');
    SELECT notion.pair('people', '10', '$emmy')"),
    qr/P0002: table public\.people has no row with key 10/,
    'nor with one that the filter leaves out: its page would go to the trash');
sql($node, qq{SELECT notion.pair('people', '10', 'https://www.notion.so/Emmy-}
    . ($emmy =~ s/-//gr) . q{?pvs=4'); SELECT notion.resume('people')});
wait_until($node, q{SELECT last FROM people WHERE id = 10}, 'Noether', 'a pair by hand is merged');
flush('people');
is(sql($node, qq{SELECT mark, count(*) OVER () FROM more.t5 WHERE page_id = '$emmy'}), '10|1',
    'and the page bears its key');

sql($node, q{SELECT notion.mirror('public.mirrored', 'more.t6')});
my $six = sql($node, q{SELECT data_source FROM notion.links WHERE table_id = 'mirrored'::regclass});
$source = $six;
$made->('Mira', 'Ror');
flush('mirrored');
wait_until($node, q{SELECT name, wide FROM mirrored}, 'Mira|Ror',
    'mirror makes a table and fills it');
is(sql($node, q{SELECT direction FROM notion.status WHERE link = 'mirrored'::regclass}),
    'from_notion', 'which only reads');

# ---- open transactions, pausing, rights -------------------------------------------------------

my $session = $node->background_psql('postgres');
$session->query_safe(q{BEGIN; SELECT notion.pause(); SELECT notion.resume('tasks');
    SELECT notion.retry('tasks'); SELECT notion.sync('tasks'); SELECT notion.pause('base')});
sql($node, q{INSERT INTO tasks (name) VALUES ('beside an open pause')});
flush('tasks');
like(names(), qr/beside an open pause/, 'an open transaction of notion.pause holds nothing up');
$session->query_safe('ROLLBACK');
is(status('base'), 'active|', 'and a rollback pauses nothing');
$session->query_safe(q{BEGIN; DROP TABLE kin; SELECT notion.unlink('people')});
sql($node, q{INSERT INTO tasks (name) VALUES ('beside an open unlink')});
flush('tasks');
like(names(), qr/beside an open unlink/, 'nor does one of unlink or DROP TABLE');
$session->query_safe('COMMIT');
$session->quit;
wait_until($node, q{SELECT count(*) FROM notion.mappings m
    WHERE NOT EXISTS (SELECT FROM notion.links l
           WHERE l.id = m.link)}, '0', 'what is unlinked is forgotten');
sql($node, 'SELECT notion.pause()');
is(sql($node, q{SELECT string_agg(DISTINCT state, ' ') FROM notion.status}), 'paused',
    'pause without an argument: everything');
sql($node, 'CREATE ROLE watcher IN ROLE pg_monitor');
my $seen = q{SET LOCAL ROLE watcher; SELECT state, reason FROM notion.status
    WHERE link = 'public.tasks'::regclass};
is(sql($node, "BEGIN; SELECT notion.resume(); $seen"), "\nactive|",
    'that all go on is shown to pg_monitor as soon as it is asked');
is(sql($node, 'SELECT notion.resume()'), '', 'go on');
wait_until($node, q{SELECT string_agg(DISTINCT state, ' ') FROM notion.links}, 'active',
    'and they do');
like(sql($node, "BEGIN; SELECT notion.pause('tasks'); $seen"), qr/paused\|paused by /,
    'a pause too, though the worker has not heard of it');
sql($node, q{INSERT INTO tasks (name) VALUES ('resumed')});
flush('tasks');

my ($out, $err) = ('', '');
$node->psql('postgres', q{INSERT INTO tasks (name) SELECT 'bulk' FROM generate_series(1, 1500)},
    stderr => \$err);
like($err, qr/1500 changes of table "tasks" are queued for Notion/,
    'a bulk change says what it means');
sql($node, q{SELECT notion.pause('tasks'); CREATE ROLE clerk; GRANT ALL ON tasks TO clerk});
like(refused('SET ROLE clerk; SET notion.capture = off'), qr/permission denied/,
    'who may not turn capture off');
sql($node, 'GRANT SET ON PARAMETER notion.capture TO clerk');
is(refused(q{SET ROLE clerk; BEGIN; SET LOCAL notion.capture = off;
    UPDATE tasks SET points = 1 WHERE name = 'resumed'; COMMIT}), '', 'who may');

# ---- texts that know no case ------------------------------------------------------------------

sql($node, q{CREATE EXTENSION citext; CREATE DOMAIN address AS citext CHECK (value ~ '@');
    CREATE TABLE mails (id integer PRIMARY KEY, name citext, mail address UNIQUE, at interval);
    INSERT INTO mails VALUES (1, 'Ann', 'Ann@Acme.test'), (2, 'Ben', 'ben@acme.test');
    ALTER FOREIGN TABLE more.t9 ALTER note TYPE citext});
like(refused(q{SELECT notion.link('mails', 'more.t9', direction => 'both',
    columns => '{"id": "mark", "name": "name", "at": "wide"}')}),
    qr/column at: type interval cannot be linked; a text column kept beside it can/,
    'a type that cannot be linked, and what can');
like(refused(q{CREATE TABLE folded (id citext PRIMARY KEY); SELECT notion.link('folded', 'more.t9',
    direction => 'both', columns => '{"id": "mark"}')}), qr/key column|key .*citext/,
    'is no key: equal ones have different texts');
sql($node, q{SELECT notion.link('mails', 'more.t9', direction => 'both',
    columns => '{"id": "mark", "name": "name", "mail": "note"}');
    INSERT INTO more.t9 (name, note) VALUES ('Benjamin', 'ben@acme.test');
    SELECT notion.sync('mails', match => 'mail')});
my $health = q{SELECT level, state, hint FROM notion.health WHERE what = 'link' AND name = 'mails'};
wait_until($node, $health, 'warning|new: the last sync failed|notion.progress says why; then '
      . 'notion.sync', 'a first sync of pairs that differ fails, and notion.health says so');
like(sql($node, q{SELECT reason FROM notion.progress WHERE link = 'mails'::regclass}),
    qr/^1 matched pair differs: .*prefer/, 'notion.progress says why');
sql($node, q{SELECT notion.sync('mails', match => 'mail', prefer => 'postgres')});
flush('mails');
is(sql($node, $health), 'ok|active|', 'with prefer all is well');
is(sql($node, 'SELECT count(*) FROM more.t9'), 2, 'and no page is doubled');
is(sql($node, q{SELECT string_agg(note::text, ' ' ORDER BY note) FROM more.t9}),
    'Ann@Acme.test ben@acme.test', 'citext and a domain over it go out as they are');
sql($node, q{UPDATE mails SET mail = 'ANN@acme.test' WHERE id = 1;
    UPDATE more.t9 SET note = 'BEN@acme.test' WHERE note = 'Ben@Acme.Test'});
flush('mails');
is(sql($node, q{SELECT note FROM more.t9 WHERE note = 'ann@acme.test'}), 'ANN@acme.test',
    'a change of case is one; a foreign column that knows none finds it');
wait_until($node, q{SELECT mail FROM mails WHERE id = 2}, 'BEN@acme.test', 'both ways');
is(sql($node, q{SELECT count(*) FROM more.t9 WHERE note::text = 'BEN@acme.test'}), 1,
    'as text it is compared as one');

done_testing();
