# Keys: of several columns, of each type whose equal values have equal texts, from a session with
# any settings; rows that are given other keys keep their pages, in swaps, shifts and chains too.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('keys',
    rows => q{INSERT INTO tasks (name) VALUES ('one'), ('two'), ('three')});
my $node = $pair->{node};
my $notion = $pair->{emulator};

sub flush { return sql($node, "CALL notion.flush('$_[0]', '50 s')"); }

# name -> page id and key, as Notion shows them.
sub ids { my $all = pages($pair); return join ' ', map { "$_=$all->{$_}{id}" } sort keys %$all; }
sub keys_there {
    my $all = pages($pair);
    return join ' ', map { "$_=" . ($all->{$_}{properties}{Key}{rich_text}[0]{plain_text} // '') }
      sort keys %$all;
}

# ---- rows that are given other keys -----------------------------------------------------------

my $before = ids();
sql($node, 'UPDATE tasks SET id = 10 WHERE id = 1');
flush('tasks');
is(ids(), $before, 'a row with another key keeps its page');
is(keys_there(), 'one=10 three=3 two=2', 'whose marker follows');

sql($node, 'BEGIN; UPDATE tasks SET id = 11 WHERE id = 10; UPDATE tasks SET id = 12, points = 5
    WHERE id = 11; COMMIT');
flush('tasks');
is(keys_there(), 'one=12 three=3 two=2', 'a chain of renames');
is(ids(), $before, 'is one page');

# A swap, by way of a third key in one transaction; and a shift of all keys by one command.
sql($node, 'BEGIN; UPDATE tasks SET id = -1 WHERE id = 2; UPDATE tasks SET id = 2 WHERE id = 3;
    UPDATE tasks SET id = 3 WHERE id = -1; COMMIT');
flush('tasks');
is(keys_there(), 'one=12 three=2 two=3', 'a swap of keys');
is(ids(), $before, 'swaps no pages');
sql($node, q{DO $$ DECLARE r record; BEGIN
    FOR r IN SELECT id FROM tasks ORDER BY id DESC LOOP
        UPDATE tasks SET id = id + 1 WHERE id = r.id; END LOOP; END $$});
flush('tasks');
is(keys_there(), 'one=13 three=3 two=4', 'a shift of keys');
is(ids(), $before, 'shifts no pages');

# One command that shifts all: the index is not in the way when rows are met from the top.
sql($node, q{BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off;
    WITH above AS MATERIALIZED (SELECT id FROM tasks ORDER BY id DESC)
    UPDATE tasks t SET id = t.id + 100 FROM above a WHERE a.id = t.id; COMMIT});
flush('tasks');
is(keys_there(), 'one=113 three=103 two=104', 'a shift by one command');
is(ids(), $before, 'likewise');

# A key that was deleted and is taken by another row.
sql($node, q{DELETE FROM tasks WHERE name = 'two'});
flush('tasks');
sql($node, q{UPDATE tasks SET id = 104 WHERE name = 'one'});
flush('tasks');
is(keys_there(), 'one=104 three=103', 'the key of a deleted row is taken by another');
like($before, qr/\Qone=@{[ pages($pair)->{one}{id} ]}/, 'with its page');
is(sql($node, 'SELECT count(*) FROM notion.work WHERE renamed_from IS NOT NULL'), 0,
    'nothing waits');

# A rename while the row is being written follows when the answer has come.
$notion->fault({ method => 'PATCH', kind => 'delay', delay_ms => 1500, count => 1 });
sql($node, q{UPDATE tasks SET points = 7 WHERE name = 'one'});
wait_until($node, q{SELECT count(*) FROM notion.mappings WHERE flight = 'sending'}, 1,
    'a write is under way');
sql($node, q{UPDATE tasks SET id = 900 WHERE name = 'one'});
flush('tasks');
is(keys_there(), 'one=900 three=103', 'a rename during a write');
like($before, qr/\Qone=@{[ pages($pair)->{one}{id} ]}/, 'keeps the page');
is(sql($node, q{SELECT string_agg(key || ':' || page_state, ' ' ORDER BY key) FROM notion.mappings
    WHERE page_state = 'live'}), '103:live 900:live', 'and no mapping is left behind');

# More transactions with renames than are taken up at once.
sql($node, q{INSERT INTO tasks (id, name)
    SELECT 2000 + i, 'row ' || i FROM generate_series(1, 60) i});
flush('tasks');
sql($node, 'ALTER SYSTEM SET notion.worker = off');
$node->reload;
wait_until($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion net'", '0',
    'the worker rests');
sql($node, join ';', map { 'UPDATE tasks SET id = id + 1000 WHERE id = ' . (2000 + $_) } 1 .. 60);
is(sql($node, 'SELECT count(DISTINCT xid) FROM notion.outbox'), 60, 'sixty renames wait');
sql($node, 'ALTER SYSTEM RESET notion.worker');
$node->reload;
wait_until($node, 'SELECT count(*) FROM notion.outbox', 0, 'none of them is left behind');
is(sql($node, q{SELECT count(*) FROM notion.mappings WHERE key::integer BETWEEN 3001 AND 3060}), 60,
    'all of them are followed, however many there are');
sql($node, q{SELECT notion.resume('tasks', allow_deletes => true)}); # before the brake stops it
wait_until($node, 'SELECT count(*) FROM notion.requests', 0, 'deletes are allowed beforehand');
sql($node, 'DELETE FROM tasks WHERE id > 3000');
flush('tasks');

# ---- keys of several columns and of other types -----------------------------------------------

$notion->control('POST', 'load', {
    workspace => 'Acme', databases => [map { {
        title => "T$_", properties => { Name => 'title', Mark => 'rich_text', Note => 'rich_text' },
    } } 1 .. 8 ] });
sql($node, 'DROP SCHEMA IF EXISTS more CASCADE; CREATE SCHEMA more;
    IMPORT FOREIGN SCHEMA workspace EXCEPT (tasks) FROM SERVER acme INTO more');
my %types = (1 => [ 'uuid', "'00000000-0000-4000-8000-00000000000a'" ],
    2 => [ 'date', "'2026-03-01'" ],
    3 => [ 'bytea', q{'\xDEAD00'} ], 4 => [ 'text', q{'a/b\c'} ], 5 => [ 'inet', "'10.0.0.1'" ],
    6 => [ 'timestamp', "'2026-03-01 10:00'" ], 8 => [ 'char(8)', q{'it''s "a"'} ]);
my %shown = (1 => '00000000-0000-4000-8000-00000000000a', 2 => '2026-03-01', 3 => '\xdead00',
    4 => 'a/b\c', 5 => '10.0.0.1', 6 => '2026-03-01 10:00:00', 8 => 'it\'s "a"');
for my $n (sort keys %types) {
    my ($type, $value) = @{ $types{$n} };
    sql($node, qq{CREATE TABLE t$n (id $type PRIMARY KEY, name text);
        INSERT INTO t$n VALUES ($value, 'first');
        SELECT notion.link('t$n', 'more.t$n', direction => 'both',
            columns => '{"id": "mark", "name": "name"}');
        SELECT notion.sync('t$n')});
}
sql($node, q{
    CREATE TABLE t7 (year integer, code text, name text, note text, PRIMARY KEY (year, code));
    INSERT INTO t7 VALUES (2026, 'a/1', 'x', 'n');
    SELECT notion.link('t7', 'more.t7', direction => 'both', marker => 'mark',
        columns => '{"name": "name", "note": "note"}');
    SELECT notion.sync('t7')});
flush("t$_") for 1 .. 8;
for my $n (sort keys %types) {
    sql($node, qq{SET DateStyle = 'SQL, DMY'; SET bytea_output = 'escape';
        SET TimeZone = 'Asia/Tokyo';
        UPDATE t$n SET name = 'second'});
    flush("t$n");
    is(sql($node, "SELECT mark, name FROM more.t$n"), "$shown{$n}|second",
        "a key of type $types{$n}[0]");
    is(sql($node, "SELECT count(*) > 0 FROM notion.history('t$n', $types{$n}[1], 'name')"), 't',
        'by which people find its history');
}
is(sql($node, 'SELECT mark, name, note FROM more.t7'), '2026/a\/1|x|n', 'a key of two columns');
is(sql($node, q{SELECT key FROM notion.rows WHERE link = 't7'::regclass}),
    '{"code": "a/1", "year": "2026"}', 'shown as an object');
my $page = sql($node, q{SELECT page FROM notion.rows WHERE link = 't7'::regclass});
$notion->person('ada', 'PATCH', "/v1/pages/$page",
    { properties => { Note => { rich_text => [{ text => { content => 'by Ada' } }] } } });
wait_until($node, 'SELECT note FROM t7', 'by Ada', 'an edit there finds its row');
sql($node, q{UPDATE t7 SET year = 2027, name = 'y'});
flush('t7');
is(sql($node, 'SELECT page_id, mark, name FROM more.t7'), "$page|2027/a\\/1|y",
    'a row with another key keeps its page');
sql($node, q{SELECT notion.sync('t7', key => '{"year": 2027, "code": "a/1"}')});
flush('t7');
is(sql($node, q{SELECT state, args FROM notion.progress WHERE link = 't7'::regclass
    ORDER BY job DESC LIMIT 1}), 'done|{}', 'sync of one row');
sql($node, 'DELETE FROM t7');
flush('t7');
is(sql($node, 'SELECT count(*) FROM more.t7'), 0, 'and goes with it');

# ---- what cannot be a key ---------------------------------------------------------------------

sub refusal {
    my ($definition, $more) = @_;
    my (undef, undef, $error) = $node->psql('postgres', qq{
        \\set VERBOSITY verbose
        BEGIN; CREATE TABLE bad ($definition);
        DELETE FROM notion.links WHERE table_id = 't1'::regclass;
        SELECT notion.link('bad', 'more.t1', direction => 'both' $more); ROLLBACK});
    return $error;
}
my $pairs = q{, columns => '{"id": "mark", "name": "name"}'};
like(refusal('id numeric PRIMARY KEY, name text', $pairs),
    qr/key column id: values of type numeric/,
    'numeric: 1.0 and 1.00 are equal');
like(refusal('id float8 PRIMARY KEY, name text', $pairs), qr/double precision/, 'float: -0 and 0');
like(refusal('id money PRIMARY KEY, name text', $pairs), qr/type money/,
    'money follows lc_monetary');
like(refusal('id integer PRIMARY KEY DEFERRABLE, name text', $pairs), qr/is deferrable/,
    'a deferrable key');
like(refusal('id integer UNIQUE, name text', $pairs), qr/has no primary key/, 'no primary key');
like(refusal('id integer UNIQUE, name text', "$pairs, key => '{id}'"), qr/may be NULL; ALTER TABLE/,
    'a key that may be NULL');
unlike(refusal('id integer NOT NULL UNIQUE, name text', "$pairs, key => '{id}'"), qr/ERROR/,
    'another unique key will do');
like(refusal('id integer, name text, PRIMARY KEY (id, name)', $pairs), qr/marker => 'row_key'/,
    'several columns need a marker');

# A key that is no key: its row is set aside and listed, and nothing else waits for it.
sql($node, q{INSERT INTO t4 VALUES ('', 'nameless'), ('named', 'after it')});
wait_until($node, q{SELECT reason FROM notion.failures WHERE link = 't4'::regclass},
    'column "id" cannot be sent to Notion: an empty key marks no page',
    'a row with an empty key is listed');
flush('t4');
is(sql($node, q{SELECT count(*) FROM more.t4 WHERE mark = 'named'}), 1, 'the next one is sent');
sql($node, q{UPDATE t4 SET id = 'mended' WHERE id = ''});
wait_until($node, q{SELECT count(*) FROM more.t4 WHERE mark = 'mended'}, 1,
    'and so is it, once mended');
is(sql($node, q{SELECT count(*) FROM notion.failures}), 0, 'then nothing is listed');

done_testing();
