# Rules that are SQL functions: longest, union and counter, as docs/sync.md shows them; asked as the
# table's owner; one that fails sets its page aside, and says why.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('rules', rows => q{INSERT INTO tasks (name, points)
    SELECT 'task ' || i, i FROM generate_series(1, 4) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, q{
    CREATE FUNCTION longest(base text, postgres text, notion text, context jsonb) RETURNS text
        IMMUTABLE RETURN CASE WHEN length(postgres) > length(notion) THEN postgres ELSE notion END;
    CREATE FUNCTION counter(base float8, postgres float8, notion float8, context jsonb)
        RETURNS float8
        IMMUTABLE RETURN coalesce(base, 0) + (postgres - coalesce(base, 0))
                         + (notion - coalesce(base, 0));
    CREATE TABLE asked (who name, context jsonb);
    CREATE FUNCTION noted(base boolean, postgres boolean, notion boolean, context jsonb)
        RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.asked VALUES (current_user, context);
        IF context ->> 'key' = '3' THEN RAISE EXCEPTION 'cannot decide'; END IF;
        RETURN true; END $$;
    CREATE ROLE owner; ALTER TABLE tasks OWNER TO owner; ALTER TABLE asked OWNER TO owner;
    GRANT CREATE, USAGE ON SCHEMA public TO owner});
my $map = sql($node, q{SELECT 'CREATE USER MAPPING FOR owner SERVER acme OPTIONS (' ||
    (SELECT string_agg(format('%I %L', option_name, option_value), ', ')
       FROM pg_options_to_table((SELECT umoptions FROM pg_user_mapping LIMIT 1))) || ')'});
sql($node, $map);
sql($node, q{UPDATE notion.link_columns SET rule = 'public.longest' WHERE column_name = 'name';
    UPDATE notion.link_columns SET rule = 'public.counter' WHERE column_name = 'points';
    UPDATE notion.link_columns SET rule = 'public.noted' WHERE column_name = 'done'});

sub collide {
    my ($id, $here, %there) = @_;
    my $page = sql($node, "SELECT page FROM notion.mappings WHERE key = '$id'");
    sql($node, "SELECT notion.pause('tasks'); UPDATE tasks SET $here WHERE id = $id");
    $emulator->person('ada', 'PATCH', "/v1/pages/$page", { properties => \%there });
    sql($node, "SELECT notion.resume('tasks')");
    return $page;
}
sub both {
    my ($id, $page) = @_;
    my $it = $emulator->person('ada', 'GET', "/v1/pages/$page")->{properties};
    return sql($node, "SELECT name || ' ' || points FROM tasks WHERE id = $id") . ', '
      . "$it->{Name}{title}[0]{plain_text} $it->{Points}{number}";
}

my $page = collide(1, "name = 'a much longer name', points = 11",
    Name => { title => [{ text => { content => 'short' } }] }, Points => { number => 5 });
wait_until($node, "SELECT points FROM tasks WHERE id = 1", 15, 'a counter adds what both added');
at_rest($pair, 'at rest');
is(both(1, $page), 'a much longer name 15, a much longer name 15', 'the longest text wins');
is(sql($node, q{SELECT string_agg(concat_ws(' ', column_name, rule, winner, postgres, notion,
    decided_value, state), ', ' ORDER BY column_name) FROM notion.conflicts WHERE key = '1'}),
    'name public.longest postgres a much longer name short a much longer name closed, '
    . 'points public.counter value 11 5 15 closed', 'what each side had is kept');

collide(2, 'done = NULL, points = 2', Done => { checkbox => JSON::PP::true() });
at_rest($pair, 'at rest');
sql($node, 'UPDATE tasks SET done = false');
at_rest($pair, 'at rest');
my $third = collide(3, 'done = true', Done => { checkbox => JSON::PP::true() });
at_rest($pair, 'what is alike is asked of nobody');
is(sql($node, 'SELECT count(*) FROM asked'), 0, 'indeed not');
collide(4, "name = 'mine, and long'", Name => { title => [{ text => { content => 'theirs' } }] });
wait_until($node, "SELECT count(*) FROM notion.conflicts WHERE key = '4' AND winner = 'postgres'
    AND rule = 'public.longest'", 1, 'decided by its function');
is(sql($node, q{SELECT notion.rule_fault('public.longest') IS NULL,
    notion.rule_fault('longest') IS NOT NULL, notion.rule_fault('public.nothing')}),
    't|t|there is no function public.nothing(base, postgres, notion, context jsonb)',
    'what can be a rule');

# One that fails.
sql($node, q{CREATE OR REPLACE FUNCTION longest(base text, postgres text, notion text,
    context jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.asked VALUES (current_user, context);
    RAISE EXCEPTION 'cannot decide %', context ->> 'key'; END $$});
collide(3, "name = 'x'", Name => { title => [{ text => { content => 'y' } }] });
wait_until($node, q{SELECT count(*) FROM notion.snapshots WHERE reason = 'cannot decide 3'}, 1,
    'what a function raises is the reason to wait');
sql($node, q{CREATE OR REPLACE FUNCTION longest(base text, postgres text, notion text,
    context jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.asked VALUES (current_user, context); RETURN notion || '!'; END $$});
wait_until($node, "SELECT name FROM tasks WHERE id = 3", 'y!', 'mended, it decides');
is(sql($node, q{SELECT DISTINCT who, context ->> 'column', context ->> 'table',
    context ? 'notion_by' FROM asked}), 'owner|name|public.tasks|t',
    'asked as the owner, with the context');
at_rest($pair, 'at rest');

$node->stop;
$emulator->stop;
done_testing();
