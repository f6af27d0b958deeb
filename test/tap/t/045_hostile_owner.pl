# A table's owner writes code that the worker, a superuser, runs when it reads or writes the table:
# none of it may ever run as anyone but the owner (protocol 1.11, docs/security.md).
use strict;
use warnings;

use NotionTest;
use Test::More;

# The name of the attack, and what mallory puts into his schema for the table "prey" to have; where
# it takes more: link => further arguments of notion.link, before => statements ahead of it,
# until => what shows that it was run or refused, change => what else happens.
my @attacks = (
    [ 'an initially deferred constraint trigger', q{
        CREATE CONSTRAINT TRIGGER t AFTER UPDATE OR INSERT ON prey DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION attack_trigger()} ],
    [ 'a trigger that defers again what another table then queues', q{
        CREATE TABLE second (id integer);
        CREATE CONSTRAINT TRIGGER t AFTER INSERT ON second DEFERRABLE INITIALLY IMMEDIATE
            FOR EACH ROW EXECUTE FUNCTION attack_trigger();
        CREATE FUNCTION defer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            SET CONSTRAINTS ALL DEFERRED; INSERT INTO mallory.second VALUES (1);
            RETURN NULL; END $$;
        CREATE TRIGGER t AFTER UPDATE ON prey FOR EACH ROW EXECUTE FUNCTION defer()} ],
    [ 'an ordinary trigger', q{
        CREATE TRIGGER t BEFORE UPDATE ON prey FOR EACH ROW EXECUTE FUNCTION attack_trigger()} ],
    [ 'a domain check', q{
        CREATE DOMAIN hostile AS text CHECK (attack(VALUE));
        ALTER TABLE prey ALTER name TYPE hostile} ],
    [ 'a check constraint', q{ALTER TABLE prey ADD CHECK (attack(name)) NOT VALID} ],
    [ 'a policy', q{
        CREATE POLICY p ON prey USING (attack(name));
        ALTER TABLE prey ENABLE ROW LEVEL SECURITY; ALTER TABLE prey FORCE ROW LEVEL SECURITY} ],
    [ 'a generated column', q{
        ALTER TABLE prey ADD extra boolean GENERATED ALWAYS AS (attack(name)) STORED} ],
    [ 'a default', q{ALTER TABLE prey ADD extra boolean; ALTER TABLE prey ALTER extra
        SET DEFAULT attack('x')} ],
    [ 'an index expression', q{CREATE INDEX ON prey ((attack(name)))} ],
    [ 'a rule', q{CREATE RULE r AS ON UPDATE TO prey DO ALSO SELECT attack(NEW.name)} ],
    [ 'an operator and functions on the search path', q{
        CREATE FUNCTION eq(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE sql
            AS $$ SELECT mallory.attack('') AND $1 OPERATOR(pg_catalog.=) $2 $$;
        CREATE OPERATOR = (LEFTARG = integer, RIGHTARG = integer, FUNCTION = eq);
        ALTER ROLE mallory SET search_path = mallory, pg_catalog} ],
    [ 'a statement trigger with a transition table', q{
        CREATE TRIGGER t AFTER UPDATE ON prey REFERENCING NEW TABLE AS news
            FOR EACH STATEMENT EXECUTE FUNCTION attack_trigger()} ],
    [ 'the filter of the link', q{SELECT 1}, link => q{filter => 'mallory.attack(name)'} ],
    [ 'the function of a rule', q{SELECT 1},
        before => q{CREATE OR REPLACE FUNCTION decide(text, text, text, jsonb) RETURNS text
            LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.strike(); RETURN $3; END $$},
        link => q{rule => 'mallory.decide'}, change => 'collide',
        until => q{SELECT 0 < count(*) FROM notion.conflicts WHERE rule = 'mallory.decide'} ],
    [ 'a trigger on DELETE, and one behind a foreign key', q{
        CREATE TABLE second (id integer REFERENCES prey ON DELETE CASCADE);
        INSERT INTO second SELECT id FROM prey;
        CREATE TRIGGER t AFTER DELETE ON second FOR EACH ROW EXECUTE FUNCTION attack_trigger();
        CREATE TRIGGER t AFTER DELETE ON prey FOR EACH ROW EXECUTE FUNCTION attack_trigger()},
        link => q{on_notion_trash => 'delete'}, change => 'trash',
        until => q{SELECT 0 = (SELECT count(*) FROM mallory.prey WHERE name = 'before')
            OR EXISTS (SELECT FROM notion.snapshots WHERE reason IS NOT NULL)} ],
);

my $node = start_node('owner', 'notion.poll_interval' => '1s', 'notion.index_lag' => '0',
    'notion.trash_grace' => '0');
my $notion = start_emulator(budget => 0);
$notion->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.example' }],
    databases => [ map +{ title => "Prey $_",
        properties => { Name => 'title', Key => 'rich_text' }, pages => [] }, 1 .. @attacks ],
});
connect_workspace($node, $notion, options => [q{budget_per_minute '-1'}]);
my $file = token_file('ntn_bot_acme');
$node->safe_psql('postgres', qq{
    CREATE ROLE mallory LOGIN; CREATE SCHEMA mallory AUTHORIZATION mallory;
    CREATE USER MAPPING FOR mallory SERVER acme OPTIONS (token_file '$file');
    GRANT USAGE ON FOREIGN SERVER acme TO mallory;
    CREATE SCHEMA crm AUTHORIZATION mallory;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE seen (who name, super boolean); GRANT INSERT ON seen TO PUBLIC;
});
$node->safe_psql('postgres', sprintf 'ALTER FOREIGN TABLE crm.prey_%d OWNER TO mallory', $_)
  for 1 .. @attacks;

# As mallory, by login: from a SET ROLE of a superuser's session his code could RESET ROLE.
sub as_mallory {
    my ($statements) = @_;
    return $node->safe_psql('postgres', "SET search_path = mallory; $statements",
        extra_params => [ '-U', 'mallory' ]);
}

# Takes what it can get, and tells as whom it ran.
as_mallory(q{
    CREATE FUNCTION strike() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        BEGIN
            INSERT INTO public.seen SELECT current_user, rolsuper FROM pg_catalog.pg_roles
             WHERE rolname = current_user;
        EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'ALTER ROLE mallory SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN
            EXECUTE 'INSERT INTO public.seen SELECT ''tokens'', true FROM notion.tokens';
        EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN
            EXECUTE 'INSERT INTO public.seen SELECT ''files'', true
                     FROM pg_catalog.pg_read_file(''postgresql.conf'')';
        EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'RESET ROLE'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'SET SESSION AUTHORIZATION postgres'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'ALTER ROLE mallory SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
    END $$;
    -- Said to be immutable, which nobody checks, so that it may stand in checks and indexes.
    CREATE FUNCTION attack(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
        PERFORM mallory.strike(); RETURN true; END $$;
    CREATE FUNCTION attack_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM mallory.strike(); RETURN NEW; END $$;
});

# What PostgreSQL or the pinned settings keep from running at all.
my %refused = map { $_ => 1 } 'a trigger that defers again what another table then queues',
  'a policy', 'an operator and functions on the search path';
my $number = 0;
for (@attacks) {
    my ($name, $weapon, %more) = @$_;
    my $link = $more{link} ? ", $more{link}" : '';
    $number++;
    as_mallory($more{before}) if $more{before};
    as_mallory(qq{
        CREATE TABLE prey (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, name text);
        INSERT INTO prey (name) VALUES ('before');
        SELECT notion.link('prey', 'crm.prey_$number', direction => 'both',
            columns => '{"id": "key", "name": "name"}'$link);
        SELECT notion.sync('prey');
    });
    as_mallory(q{CALL notion.flush('prey', '50 s')});
    as_mallory($weapon);
    $node->safe_psql('postgres', 'TRUNCATE seen');
    my $page = sql($node, q{SELECT page FROM notion.rows WHERE link = 'mallory.prey'::regclass});
    my $title = sub {
        +{ properties => { Name => { title => [{ text => { content => $_[0] } }] } } };
    };
    my $change = $more{change} // 'edit';
    as_mallory(q{SELECT notion.pause('prey'); UPDATE prey SET name = 'mine'})
      if $change eq 'collide';
    $notion->person('ada', 'PATCH', "/v1/pages/$page",
        $change eq 'trash' ? { in_trash => JSON::PP::true() } : $title->('after'));
    as_mallory(q{SELECT notion.resume('prey')}) if $change eq 'collide';
    as_mallory(q{SELECT notion.sync('prey')}) if $change eq 'trash'; # polls do not show the trash
    my $source = sql($node, 'SELECT data_source FROM notion.links');
    $notion->person('ada', 'POST', '/v1/pages', { %{ $title->('new') },
        parent => { type => 'data_source_id', data_source_id => $source } });
    # The edit and the new page: each in the table, or refused with a reason.
    wait_until($node, $more{until} // q{SELECT 2 <= (SELECT count(*) FROM mallory.prey
        WHERE name <> 'before') + (SELECT count(*) FROM notion.snapshots WHERE reason IS NOT NULL)},
        't', "$name: was run or refused");
    is(sql($node, q{SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'}), 'f',
        "$name: gained nothing");
    is(sql($node, 'SELECT count(*) FROM seen WHERE super'), 0, "$name: never ran as a superuser");
    my $ran = sql($node, q{SELECT count(*) FROM seen WHERE who = 'mallory'}) > 0;
    is(!$ran, !!$refused{$name}, $refused{$name} ? "$name: was refused" : "$name: ran as mallory");
    as_mallory(q{SELECT notion.unlink('mallory.prey');
        DROP TABLE mallory.prey CASCADE; DROP TABLE IF EXISTS mallory.second;
        DROP DOMAIN IF EXISTS mallory.hostile});
}

# A key is read from a text by functions that run with our rights: a cast to its type, or a CHECK of
# a domain below a domain, must not.
as_mallory(q{
    CREATE TYPE mood AS ENUM ('a', 'b');
    CREATE FUNCTION as_mood(text) RETURNS mood LANGUAGE plpgsql AS $$ BEGIN
        PERFORM mallory.strike(); RETURN enum_first(NULL::mallory.mood); END $$;
    CREATE CAST (text AS mood) WITH FUNCTION as_mood(text) AS IMPLICIT;
    CREATE DOMAIN lower_one AS text CHECK (attack(VALUE));
    CREATE DOMAIN upper_one AS lower_one;
    CREATE TABLE prey (id mood PRIMARY KEY, name text);
    INSERT INTO prey VALUES ('a', 'one');
    SELECT notion.link('prey', 'crm.prey_1', direction => 'to_notion',
        columns => '{"id": "key", "name": "name"}');
    SELECT notion.sync('prey')});
as_mallory(q{CALL notion.flush('prey', '50 s')});
for my $type ('mood', 'upper_one') {
    as_mallory("ALTER TABLE prey ALTER id TYPE $type USING 'a'::$type") if $type ne 'mood';
    $node->safe_psql('postgres', 'TRUNCATE seen');
    as_mallory(q{SELECT * FROM notion.history('prey', 'a'); SELECT notion.retry('prey', 'a')});
    error_of($node, "SET search_path = mallory; SELECT $_", role => 'mallory')
      for q{notion.sync('prey', key => 'a')}, q{notion.discard('prey', 'a')},
      q{notion.append('prey', 'a', 'x')}, q{notion.forget('prey', 'a')};
    is(sql($node, q{SELECT count(*) FROM seen WHERE super}), 0,
        "a key of type $type: not as a superuser");
    is(sql($node, q{SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'}), 'f',
        "a key of type $type: gained nothing");
}
is(sql($node, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_notion apply'}), 1,
    'and the worker is alive');
done_testing();
