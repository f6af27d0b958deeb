# Locks that somebody holds for long, on a row or on a whole table, and code of a table that takes
# long: what waits for them is no failure, and nothing else waits for them.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('held_up', wait => 0, settings => { 'notion.apply_timeout' => '1s' });
my ($node, $notion) = @$pair{qw(node emulator)};
$notion->control('POST', 'load', { workspace => 'Acme', databases => [ { title => 'Others',
    properties => { Name => 'title', Mark => 'rich_text', Amount => 'number' } } ] });
sql($node, q{
    IMPORT FOREIGN SCHEMA workspace LIMIT TO (others) FROM SERVER acme INTO crm;
    CREATE TABLE others (id integer PRIMARY KEY, name text, amount float8);
    INSERT INTO others VALUES (1, 'other', 0);
    INSERT INTO tasks (name, points) SELECT 'task ' || i, 0 FROM generate_series(1, 150) i;
    SELECT notion.link('others', 'crm.others', direction => 'both',
        columns => '{"id": "mark", "name": "name", "amount": "amount"}');
    SELECT notion.sync('others'); SELECT notion.sync('tasks')});
wait_until($node, q{SELECT count(*) FROM notion.links WHERE state = 'active'}, '2', 'synced');
at_rest($pair, 'at rest');
my %page = map { split /\|/ } split /\n/, sql($node, q{SELECT key, page FROM notion.mappings
    WHERE link = (SELECT id FROM notion.links WHERE table_id = 'tasks'::regclass)});
my $other = sql($node, 'SELECT page_id FROM crm.others');
my $session = $node->background_psql('postgres');

sub edit {
    my ($page, $property, $value) = @_;
    return $notion->person('ada', 'PATCH', "/v1/pages/$page",
        { properties => { $property => { number => $value } } });
}
# What waits is due at once, not by and by.
sub hurry {
    return sql($node, 'UPDATE notion.snapshots SET due = now(); UPDATE notion.work SET due = now();
        SELECT notion.wake()');
}
# Whether the other link goes on, in both directions.
my $turn = 0;
sub other_goes_on {
    my ($name) = @_;
    $turn++;
    edit($other, 'Amount', $turn);
    wait_until($node, 'SELECT amount FROM others', $turn, "$name: inward");
    sql($node, "UPDATE others SET name = 'turn $turn'");
    return wait_until($node, 'SELECT name FROM crm.others', "turn $turn", "$name: outward");
}

# ---- a row ------------------------------------------------------------------------------------

$session->query_safe('BEGIN; UPDATE tasks SET done = true WHERE id = 1');
sql($node, 'ALTER SYSTEM SET notion.poll_interval = \'1h\'');
$node->reload;
sql($node, q{UPDATE notion.polls SET next_at = now() + interval '1 hour'});
edit($page{1}, 'Points', 5);
sql($node, q{SELECT notion.sync('tasks', key => '1')});
wait_until($node, q{SELECT reason LIKE '%lock timeout' FROM notion.snapshots}, 't',
    'an edit of a row that somebody has locked waits');
# As after a night: each attempt is counted before it is made.
sql($node, 'UPDATE notion.snapshots SET attempts = 29, due = now(); SELECT notion.wake()');
wait_until($node, 'SELECT attempts FROM notion.snapshots', 12, 'none of its attempts counts');
hurry();
wait_until($node, 'SELECT due > now() FROM notion.snapshots', 't', 'it is tried again');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'and is no failure');
$session->query_safe('ROLLBACK');
hurry();
wait_until($node, 'SELECT points FROM tasks WHERE id = 1', 5, 'it comes when the lock is gone');
sql($node, 'ALTER SYSTEM RESET notion.poll_interval');
$node->reload;
sql($node, 'UPDATE notion.polls SET next_at = now(); SELECT notion.wake()');
at_rest($pair, 'at rest');

# ---- a whole table ----------------------------------------------------------------------------

sql($node, q{SELECT notion.pause('tasks'); UPDATE tasks SET points = points + 1 WHERE id > 100});
wait_until($node, 'SELECT count(*) FROM notion.work', 50, 'changes are queued');
$session->query_safe('BEGIN; LOCK TABLE tasks');
sql($node, q{SELECT notion.resume('tasks')});
edit($page{$_}, 'Points', 10 + $_) for 1 .. 100;
wait_until($node, q{SELECT count(*) FROM notion.snapshots
    WHERE reason LIKE 'somebody holds a lock on the whole table%'}, 100, 'and edits');
other_goes_on('beside a table that is locked');
is(sql($node, q{SELECT count(*) FROM notion.work WHERE reason LIKE 'somebody holds%'}), 50,
    'whose changes wait');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'and are no failures');
$session->query_safe('ROLLBACK');
hurry();
wait_until($node, 'SELECT count(*) FROM tasks WHERE id <= 100 AND points = 10 + id', 100,
    'they go on when the lock is gone: inward');
at_rest($pair, 'at rest');
is(sql($node, 'SELECT count(*) FROM crm.tasks WHERE points = 1'), 50, 'outward');

# ---- code that takes long ---------------------------------------------------------------------

sql($node, q{
    CREATE FUNCTION slow(id integer) RETURNS boolean LANGUAGE plpgsql STABLE
        AS 'BEGIN PERFORM pg_sleep(60); RETURN true; END';
    UPDATE notion.links SET filter = 'public.slow(id)' WHERE table_id = 'tasks'::regclass;
    UPDATE tasks SET points = 0 WHERE id <= 60});
wait_until($node, q{SELECT count(*) > 0 FROM notion.work WHERE reason LIKE '%statement timeout'},
    't', 'a filter that takes too long');
sql($node, 'UPDATE tasks SET points = points + 1 WHERE id <= 60');
other_goes_on('beside a table whose filter takes long');
sql($node, q{UPDATE notion.links SET filter = NULL WHERE table_id = 'tasks'::regclass});
hurry();
wait_until($node, 'SELECT count(*) FROM crm.tasks WHERE points = 1', 110,
    'what waited goes on once it is mended');
at_rest($pair, 'at rest');

# ---- code that takes long while a page is merged ----------------------------------------------

sql($node, q{
    CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 1 .. 500 LOOP
            EXIT WHEN NEW.points <> 77 OR pg_try_advisory_xact_lock_shared(7);
            PERFORM pg_sleep(0.1);
        END LOOP;
        RETURN NEW;
    END $$;
    CREATE TRIGGER waits BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION waits();
    ALTER SYSTEM SET notion.apply_timeout = '60s'});
$node->reload;
my $waiting = q{SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'pg_notion apply'};
$session->query_safe('SELECT pg_advisory_lock(7)');
edit($page{1}, 'Points', 77);
wait_until($node, $waiting, 'PgSleep', 'a trigger waits');
edit($page{1}, 'Points', 78);
wait_until($node, "SELECT why FROM notion.due_pages WHERE page = '$page{1}'",
    'crossed by another look', 'its page is edited again, and is read later');
sql($node, q{SELECT notion.pause('others')});
wait_until($node, q{SELECT state FROM notion.links WHERE table_id = 'others'::regclass}, 'paused',
    'net goes on');
is(sql($node, $waiting), 'PgSleep', 'meanwhile');
$session->query_safe('SELECT pg_advisory_unlock(7)');
wait_until($node, 'SELECT points FROM tasks WHERE id = 1', 78, 'and both edits arrive');

# The page goes to the trash, with the values that are being merged.
$session->query_safe('SELECT pg_advisory_lock(7)');
edit($page{2}, 'Points', 77);
wait_until($node, $waiting, 'PgSleep', 'a trigger waits');
$notion->control('POST', "pages/$page{2}/trash", { as => 'ada' });
sql($node, q{SELECT notion.sync('tasks', key => '2')});
wait_until($node, "SELECT why FROM notion.due_pages WHERE page = '$page{2}'",
    'crossed by another look', 'its page goes to the trash, and is read later');
$session->query_safe('SELECT pg_advisory_unlock(7)');
wait_until($node, "SELECT page_state FROM notion.mappings WHERE page = '$page{2}'", 'trashed',
    'and is in the trash');
$session->quit;

done_testing();
