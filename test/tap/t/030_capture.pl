# Capture: what each kind of statement leaves in notion.outbox, under which roles and settings.
use strict;
use warnings;

use NotionTest;
use PostgreSQL::Test::Utils;
use Test::More;

# Without the workers, so that batches stay in the outbox and can be read.
my $node = start_node('capture', 'notion.worker' => 'off',
    max_prepared_transactions => 5);
$node->safe_psql('postgres', q{
    CREATE EXTENSION pg_notion;
    CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw;
    CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file '/dev/null');
});

# A table with a foreign table of the same columns, linked.
sub linked_table {
    my ($name, $definition, $columns, $key_type) = @_;
    my $id = sprintf '00000000-0000-4000-8000-%012d', length $name;
    $node->safe_psql('postgres', qq{
        CREATE TABLE $name ($definition);
        CREATE FOREIGN TABLE ${name}_notion (
            page_id text, page_url text,
            id $key_type OPTIONS (property_id 'key', property 'Key', type 'rich_text'),
            $columns) SERVER acme OPTIONS (data_source '$id');
        SELECT notion.link('$name', '${name}_notion', direction => 'to_notion');
    });
    return;
}

# Runs statements in one transaction; returns what it captured as "c1 c2 d3".
sub captured {
    my ($statements, %args) = @_;
    $node->safe_psql('postgres', 'TRUNCATE notion.outbox');
    $node->safe_psql('postgres', $statements, %args);
    return outbox();
}

sub outbox {
    return $node->safe_psql('postgres', q{
        SELECT string_agg(substr(evidence, n::integer, 1) || key, ' ' ORDER BY xid, part, n)
          FROM notion.outbox, unnest(keys) WITH ORDINALITY k(key, n)});
}

linked_table('things', q{id integer PRIMARY KEY, name text, other text, total numeric,
        twice numeric GENERATED ALWAYS AS (total * 2) STORED},
    q{name text OPTIONS (property_id 'title', property 'Name', type 'title'),
      twice numeric OPTIONS (property_id 'tw', property 'Twice', type 'number')}, 'text');

is(captured("INSERT INTO things VALUES (1, 'a'), (2, 'b')"), 'c1 c2', 'insert');
is(captured("UPDATE things SET other = 'x'"), '', 'an unpaired column is nobody\'s business');
is(captured("UPDATE things SET name = name || '!' WHERE id = 1"), 'c1', 'update');
is(captured('UPDATE things SET total = 5 WHERE id = 2'), 'c2', 'a generated column changed');
is(captured('UPDATE things SET id = 9 WHERE id = 2'), 'r2 r9 d2 c9',
    'a key change is a rename, and both');
is(captured(q{BEGIN; SAVEPOINT s; UPDATE things SET id = 10 WHERE id = 9; ROLLBACK TO s; COMMIT}),
    'd9 c10', 'but one that was rolled back is no rename');
is(captured(q{BEGIN; SAVEPOINT s; UPDATE things SET id = 10 WHERE id = 9; RELEASE s;
    UPDATE things SET id = 9 WHERE id = 10; COMMIT}), 'r9 r10 R10 R9 d9 c10 d10 c9',
    'and those of different commands are told apart');
is(captured('DELETE FROM things WHERE id = 9'), 'd9', 'delete');
is(captured("BEGIN; INSERT INTO things VALUES (3); DELETE FROM things WHERE id = 3; COMMIT"),
    'c3 d3', 'order within a transaction is kept');
is(captured("BEGIN; INSERT INTO things VALUES (4); ROLLBACK"), '', 'a rollback captures nothing');
is(captured(q{BEGIN; INSERT INTO things VALUES (5); SAVEPOINT s; INSERT INTO things VALUES (6);
    ROLLBACK TO s; INSERT INTO things VALUES (7); COMMIT}),
    'c5 c6 c7', 'keys before, inside and after a savepoint: more than needed, never less');
is(captured(q{INSERT INTO things VALUES (5, 'z') ON CONFLICT (id) DO UPDATE SET name = 'z'}),
    'c5', 'on conflict do update');
is(captured(q{MERGE INTO things t USING (VALUES (5, 'm'), (50, 'n')) v(id, name) ON t.id = v.id
    WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name)}),
    'c5 c50', 'merge');
is(captured("COPY things (id, name) FROM STDIN;\n20\tx\n21\ty\n\\.\n"), 'c20 c21', 'copy');
is(captured('TRUNCATE things'), 't', 'truncate is one entry');
is(captured(q{BEGIN; INSERT INTO things VALUES (8); SET TRANSACTION READ ONLY; COMMIT}), 'c8',
    'a transaction that turned read-only still reports');
is(captured(q{SET notion.capture = off; INSERT INTO things VALUES (9)}), '', 'notion.capture off');

# What other triggers make of a row after ours was created is seen.
$node->safe_psql('postgres', q{
    CREATE FUNCTION renumber() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.id := NEW.id + 1000; RETURN NEW; END $$;
    CREATE TRIGGER zzz BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION renumber();
});
is(captured('INSERT INTO things VALUES (1)'), 'c1001', 'the key is the one that was stored');
$node->safe_psql('postgres', 'DROP TRIGGER zzz ON things');

# A role without any right on schema notion, and one that changes before the commit.
$node->safe_psql('postgres', q{
    CREATE ROLE clerk; GRANT INSERT ON things TO clerk; REVOKE ALL ON SCHEMA notion FROM PUBLIC;
    CREATE ROLE nobody_at_all;
});
is(captured('SET ROLE clerk; INSERT INTO things VALUES (100)'), 'c100', 'no rights needed');
is(captured(q{BEGIN; INSERT INTO things VALUES (101); SET LOCAL ROLE nobody_at_all; COMMIT}),
    'c101', 'nor at commit');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA notion TO PUBLIC');

# A link made after the snapshot of a REPEATABLE READ transaction captures its writes.
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
linked_table('late', 'id bigint PRIMARY KEY, name text',
    q{name text OPTIONS (property_id 'title', property 'Name', type 'title')}, 'text');
$node->safe_psql('postgres', 'TRUNCATE notion.outbox');
$session->query_safe('INSERT INTO late VALUES (1); COMMIT');
$session->quit;
is(outbox(), 'c1', 'an old snapshot does not hide a new link');

# Two-phase commit: written at PREPARE, whoever commits.
SKIP: {
    skip 'max_prepared_transactions is 0', 1
      if $node->safe_psql('postgres', 'SHOW max_prepared_transactions') eq '0';
    is(captured(q{BEGIN; INSERT INTO things VALUES (200); PREPARE TRANSACTION 'p';
        COMMIT PREPARED 'p'}), 'c200', 'prepared');
}

# Partitions: the link is the root's, whichever leaf the row is in.
$node->safe_psql('postgres', q{
    CREATE TABLE parted (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE parted_2 (name text, id integer NOT NULL);
    ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (10) TO (20);
    CREATE FOREIGN TABLE parted_notion (page_id text, page_url text,
        id text OPTIONS (property_id 'key', property 'Key', type 'rich_text'),
        name text OPTIONS (property_id 'title', property 'Name', type 'title'))
        SERVER acme OPTIONS (data_source '00000000-0000-4000-8000-00000000aaaa');
    SELECT notion.link('parted', 'parted_notion', direction => 'to_notion');
});
is(captured("INSERT INTO parted VALUES (1, 'a'), (11, 'b')"), 'c1 c11', 'leaves');
is(captured('UPDATE parted SET id = 12 WHERE id = 1'), 'd1 c12', 'a move between leaves');
is(captured("UPDATE parted_2 SET name = 'x' WHERE id = 11"), 'c11', 'a leaf written directly');

# Keys of other types: the same text whatever the session's settings.
linked_table('by_time', 'id timestamptz PRIMARY KEY, name text',
    q{name text OPTIONS (property_id 'title', property 'Name', type 'title')}, 'text');
is(captured(q{SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Tokyo';
    INSERT INTO by_time VALUES ('2026-03-01 10:00+00')}), 'c2026-03-01 10:00:00+00', 'time keys');

# Bulk: everything once, in batches under the TOAST threshold, marked as bulk; also past the memory
# limit, where keys wait in a temporary file.
for my $rows (3000, 700_000) {
    captured("INSERT INTO late SELECT 1000000 + i FROM generate_series(1, $rows) i");
    is($node->safe_psql('postgres', q{
        SELECT count(*), count(DISTINCT key), bool_and(bulk), max(pg_column_size(keys)) < 2000
          FROM notion.outbox, unnest(keys) key}), "$rows|$rows|t|t", "$rows rows, each once");
    $node->safe_psql('postgres', 'BEGIN; SET LOCAL notion.capture = off; DELETE FROM late; COMMIT');
}

# Any table may carry the trigger function's name in vain: it has no link, and is left alone.
$node->safe_psql('postgres', q{
    CREATE TABLE stranger (id integer PRIMARY KEY);
    CREATE TRIGGER t AFTER INSERT ON stranger FOR EACH ROW EXECUTE FUNCTION notion.capture();
});
is(captured('INSERT INTO stranger VALUES (1)'), '', 'a table without a link');
my ($status, undef, $error) = $node->psql('postgres', q{
    SET ROLE clerk; CREATE TEMP TABLE mine (id integer PRIMARY KEY);
    CREATE TRIGGER t AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION notion.capture()});
isnt($status, 0, 'and nobody else may use it');
like($error, qr/permission denied for function/, 'since the function is not public');

# Dropping a linked table ends the link; dropping the extension leaves the tables usable.
$node->safe_psql('postgres', 'DROP TABLE late');
is($node->safe_psql('postgres', 'SELECT count(*) FROM notion.status WHERE link::text = $$late$$'),
    '0', 'a dropped table is no link');
$node->safe_psql('postgres', 'DROP EXTENSION pg_notion CASCADE');
is($node->safe_psql('postgres', 'INSERT INTO things VALUES (300) RETURNING id'), '300',
    'the table lives on');

done_testing();
