# Rules that are functions, gone astray: refused where they cannot be one; and where they raise, are
# slow, give nothing or nonsense, write the table themselves or are dropped, their page waits and is
# listed, nothing else does, and the worker lives. Mended, each decides.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('astray', settings => { 'notion.apply_timeout' => '1s' }, rows => q{
    ALTER TABLE tasks ALTER name SET NOT NULL;
    INSERT INTO tasks (name, points, done)
    SELECT 'task ' || i, i, false FROM generate_series(1, 20) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');

# What cannot be a rule is refused when it is named.
sql($node, q{
    CREATE FUNCTION of_dates(date, date, date, jsonb) RETURNS date LANGUAGE sql AS 'SELECT $2';
    CREATE FUNCTION many(text, text, text, jsonb) RETURNS SETOF text LANGUAGE sql AS 'SELECT $2';
    CREATE FUNCTION nothing(float8, float8, float8, jsonb) RETURNS void LANGUAGE sql AS '';
    CREATE FUNCTION any_value(anyelement, anyelement, anyelement, jsonb) RETURNS anyelement
        LANGUAGE sql AS 'SELECT $3';
    CREATE FUNCTION of_texts(text, text, text, jsonb) RETURNS text LANGUAGE sql AS 'SELECT $2'});
sub with_rules {
    my ($name, $points, $done) = @_;
    return sprintf q{SELECT notion.alter_link('tasks', columns => '{"id": "key",
        "name": {"property": "name", "rule": "%s"},
        "points": {"property": "points", "rule": "%s"},
        "done": {"property": "done", "rule": "%s"}}')}, $name, $points, $done;
}
like(error_of($node, with_rules('public.of_dates', 'public.nothing', 'public.gone')),
    qr/22023:\ .*DETAIL:\ .*done:\ there\ is\ no\ function\ public.gone
       .*name:\ rule\ public.of_dates\ takes\ no\ text;.*\(text,\ text,\ text,\ jsonb\)
       .*points:\ rule\ public.nothing\ does\ not\ return\ one\ value.*HINT:\ /sx,
    'functions that are not there, of another type, without a value');
like(error_of($node, with_rules('public.many', 'newest', 'newest')),
    qr/name: rule public.many does not return one value/, 'of a set of values');
like(error_of($node, q{SELECT notion.alter_link('tasks', rule => 'public.of_texts')}),
    qr/column done: rule public.of_texts takes no boolean.*column points: /s,
    'a rule of the link must take the type of each of its columns');
is(error_of($node, q{SELECT notion.alter_link('tasks', rule => 'public.any_value')}), '',
    'one for any type does');

# What shows only when it is asked, by the key of the row.
sql($node, q{
    CREATE FUNCTION deep(n integer) RETURNS integer LANGUAGE plpgsql AS
        $$ BEGIN RETURN public.deep(n + 1); END $$;
    CREATE FUNCTION astray(base float8, postgres float8, notion float8, context jsonb)
        RETURNS text LANGUAGE plpgsql AS $$ BEGIN
        CASE context ->> 'key'
        WHEN '1' THEN RAISE EXCEPTION 'cannot decide' USING DETAIL = 'nobody told me';
        WHEN '2' THEN PERFORM pg_catalog.pg_sleep(60);
        WHEN '3' THEN PERFORM public.deep(1);
        WHEN '4' THEN RAISE EXCEPTION 'as if internal' USING ERRCODE = 'XX000';
        WHEN '5' THEN RETURN 1 / (base - 5);
        WHEN '6' THEN PERFORM notion.pause('public.tasks');
        WHEN '7' THEN RETURN NULL;
        WHEN '8' THEN UPDATE public.tasks SET name = 'by rule', points = 1 WHERE id = 8;
        WHEN '9' THEN DELETE FROM public.tasks WHERE id = 9;
        WHEN '12' THEN RETURN 'maybe';
        ELSE NULL; END CASE;
        RETURN 1000 + base; END $$;
    CREATE FUNCTION no_text(text, text, text, jsonb) RETURNS text LANGUAGE sql AS 'SELECT NULL';
    } . with_rules('public.no_text', 'public.astray', 'public.any_value'));
wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0, 'altered');
at_rest($pair, 'at rest');
my $workers = q{SELECT string_agg(process || pid, ' ' ORDER BY process, pid) FROM notion.workers()};
my $before = sql($node, $workers);
sub edit {
    my ($id, %values) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$page{$id}", { properties => \%values });
    return;
}
sub titled { return { title => [ { text => { content => $_[0] } } ] } }
sql($node, q{SELECT notion.pause('tasks'); UPDATE tasks SET points = points + 100
    WHERE id <= 10 OR id = 12; UPDATE tasks SET name = 'mine' WHERE id = 11});
edit($_, Points => { number => $_ + 200 }) for 1 .. 10, 12;
edit(11, Name => titled('theirs'));
edit(13, Name => titled('edited there'));
sql($node, q{UPDATE tasks SET name = 'edited here' WHERE id = 14;
    SELECT notion.resume('tasks')});

my %reason = (1 => 'cannot decide', 2 => 'canceling statement due to statement timeout',
    3 => 'stack depth limit exceeded', 4 => 'as if internal', 5 => 'division by zero',
    6 => 'pg_notion cannot be used within a security-restricted operation',
    11 => 'null value in column "name" of relation "tasks" violates not-null constraint',
    12 => 'invalid input syntax for type double precision: "maybe"');
for my $id (sort { $a <=> $b } keys %reason) {
    wait_until($node, "SELECT state, reason FROM notion.failures WHERE key = '$id'",
        "waiting|$reason{$id}", "row $id waits, and is listed: $reason{$id}");
}
is(sql($node, q{SELECT detail FROM notion.failures WHERE key = '1'}), 'nobody told me',
    'with the words of the function');
is(sql($node, q{SELECT reason FROM notion.rows WHERE key = '2'}), $reason{2},
    'notion.rows says so, too');
is(sql($node, q{SELECT level FROM notion.health WHERE what = 'failures'}), 'warning',
    'and notion.health');
wait_until($node, 'SELECT points FROM tasks WHERE id = 10', 1010, 'a row that is well is decided');
wait_until($node, 'SELECT name FROM tasks WHERE id = 13', 'edited there', 'others come in');
wait_for('and go out', sub { pages($pair)->{'edited here'} });
wait_until($node, 'SELECT points IS NULL FROM tasks WHERE id = 7', 't', 'NULL is a value');
wait_until($node, q{SELECT points, name FROM tasks WHERE id = 8}, '1008|by rule',
    'a rule that writes its row: what it returns goes over that, and the rest stays');
wait_for('and goes out', sub { pages($pair)->{'by rule'} });
wait_until($node, q{SELECT count(*) FROM notion.mappings WHERE key = '9'
    AND row_state = 'deleted' AND page_state = 'trashed'}, 1,
    'one that deletes its row has done so');
is(sql($node, q{SELECT count(*) FROM tasks WHERE id <= 6 AND points <> id + 100}), 0,
    'those that wait are as they were');

# Dropped, and made again: decided, with what each side had.
sql($node, 'DROP FUNCTION astray');
wait_until($node, q{SELECT state, reason ~ 'column points: there is no function public.astray'
    FROM notion.links}, 'paused|t', 'a link whose function was dropped pauses, and says why');
sql($node, q{
    CREATE FUNCTION astray(base float8, postgres float8, notion float8, context jsonb)
        RETURNS text LANGUAGE sql AS 'SELECT ($2 + $3)::text';
    CREATE OR REPLACE FUNCTION no_text(text, text, text, jsonb) RETURNS text
        LANGUAGE sql AS $$ SELECT $2 || ' and ' || $3 $$;
    SELECT notion.resume('tasks'); SELECT notion.retry('tasks')});
wait_until($node, q{SELECT string_agg(points::text, ',' ORDER BY id) FROM tasks
    WHERE id <= 6 OR id = 12}, join(',', map { 2 * $_ + 300 } 1 .. 6, 12),
    'made again, it decides');
wait_until($node, 'SELECT name FROM tasks WHERE id = 11', 'mine and theirs', 'so does the other');
at_rest($pair, 'at rest');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'nothing is left');
is(sql($node, q{SELECT count(*) FROM notion.conflicts WHERE state = 'open'}), 0, 'nor open');
is(sql($node, q{SELECT count(*) FROM tasks t JOIN crm.tasks f ON f.key = t.id::text
    WHERE (f.points, f.name, f.done) IS DISTINCT FROM
          (t.points, nullif(t.name, ''), coalesce(t.done, false))}), 0, 'both sides agree');

# What somebody has locked waits as well, and is no failure.
my $locking = $node->background_psql('postgres');
$locking->query_safe('BEGIN; SELECT FROM tasks WHERE id = 15 FOR UPDATE');
edit(15, Name => titled('once it is free'));
wait_until($node, q{SELECT state, reason FROM notion.rows WHERE key = '15'},
    'waiting|canceling statement due to lock timeout', 'a row that is locked is not in step');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'nor a failure');
$locking->query_safe('COMMIT');
$locking->quit;
wait_until($node, 'SELECT name FROM tasks WHERE id = 15', 'once it is free', 'and comes in then');
is(sql($node, $workers), $before, 'in the same processes all the time');

$node->stop;
$emulator->stop;
done_testing();
