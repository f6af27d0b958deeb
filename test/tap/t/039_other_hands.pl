# A linked table moves to another schema or to another owner, and transactions that were prepared
# are committed after the server and its workers have started anew: the link goes on.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('other_hands', settings => { max_prepared_transactions => 10 },
    rows => q{INSERT INTO tasks (name, points) VALUES ('one', 1), ('two', 2)});
my ($node, $notion) = @$pair{qw(node emulator)};

sub points { return sql($node, "SELECT points FROM $_[0] WHERE name = '$_[1]'"); }
sub there {
    my ($name, $points) = @_;
    return wait_until($node, "SELECT points FROM far.tasks WHERE name = '$name'", $points,
        "$name is $points in Notion");
}
sub in_notion {
    my ($name, $points) = @_;
    my $page = pages($pair)->{$name}{id};
    return $notion->person('ada', 'PATCH', "/v1/pages/$page",
        { properties => { Points => { number => $points } } });
}

# ---- SET SCHEMA, of both tables ---------------------------------------------------------------

sql($node, q{CREATE SCHEMA near; CREATE SCHEMA far;
    UPDATE tasks SET points = 10 WHERE name = 'one'; -- on its way when the tables move
    ALTER TABLE tasks SET SCHEMA near; ALTER FOREIGN TABLE crm.tasks SET SCHEMA far;
    DROP SCHEMA crm; UPDATE near.tasks SET points = 20 WHERE name = 'two'});
there('one', 10);
there('two', 20);
in_notion('one', 11);
wait_until($node, q{SELECT points FROM near.tasks WHERE name = 'one'}, 11, 'and Notion to it');
is(sql($node, 'SELECT link, state FROM notion.status'), 'near.tasks|active',
    'the link is the same');
sql($node, 'CREATE TABLE tasks (id serial PRIMARY KEY, name text, points float8, done boolean);
    INSERT INTO tasks (name) VALUES (\'of no link\')');
sql($node, q{CALL notion.flush('near.tasks', '50 s')});
is(count_pages($pair), 2, 'a table that takes the old name is none of ours');
sql($node, 'DROP TABLE tasks');

# ---- OWNER TO ---------------------------------------------------------------------------------

sql($node, q{CREATE ROLE tenant LOGIN; CREATE ROLE former LOGIN; CREATE TABLE seen (who name);
    GRANT INSERT ON seen TO PUBLIC; GRANT USAGE, CREATE ON SCHEMA near TO tenant, former;
    CREATE FUNCTION near.who() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NEW; END $$;
    ALTER TABLE near.tasks OWNER TO former;
    ALTER TABLE near.tasks OWNER TO tenant});
sql($node, q{UPDATE near.tasks SET points = 21 WHERE name = 'two'});
wait_until($node, q{SELECT reason ~ 'tenant' FROM notion.status}, 't',
    'an owner without a user mapping: the link says who lacks it');
is(points('far.tasks', 'two'), 20, 'and nothing is sent with the token of the former owner');
for my $who ('tenant', 'former') {
    my $file = token_file("ntn_bot_$who");
    sql($node, qq{GRANT USAGE ON SCHEMA far TO $who;
        GRANT SELECT, INSERT, UPDATE, DELETE ON far.tasks TO $who;
        CREATE USER MAPPING FOR $who SERVER acme OPTIONS (token_file '$file')});
}
sql($node, q{CREATE TRIGGER who AFTER UPDATE ON near.tasks FOR EACH ROW EXECUTE FUNCTION near.who();
    ALTER TABLE near.tasks ENABLE ALWAYS TRIGGER who});
sql($node, q{SELECT notion.resume('near.tasks')});
there('two', 21);
in_notion('one', 12);
wait_until($node, q{SELECT points FROM near.tasks WHERE name = 'one'}, 12, 'both ways again');
is(sql($node, q{SELECT string_agg(DISTINCT who, ' ') FROM seen}), 'tenant',
    'its rows are written as the new owner');
like(error_of($node, "SELECT notion.pause('near.tasks')", role => 'former'),
    qr/42501: must be owner of table near\.tasks.*ask tenant/s, 'whose link it is now');
is(error_of($node, "SELECT notion.pause('near.tasks'); SELECT notion.resume('near.tasks')",
    role => 'tenant'), '', 'and who may do with it as he likes');

# From hand to hand, faster than a connection grows old: whose table it is when a change is made,
# with that role's token it goes. A page that was made and not answered for is known by its maker.
for my $turn (1 .. 3) {
    for my $who ('former', 'tenant') {
        my $name = "$who $turn";
        $notion->control('DELETE', 'journal');
        $notion->fault({ kind => 'drop_after_commit', route => 'POST /v1/pages', count => 1 });
        sql($node, "ALTER TABLE near.tasks OWNER TO $who");
        sql($node, "INSERT INTO near.tasks (name, points) VALUES ('$name', $turn)");
        wait_until($node, "SELECT count(*) FROM notion.rows r JOIN near.tasks t
            ON r.key = t.id::text WHERE t.name = '$name' AND r.page IS NOT NULL", 1,
            "$name: a page of no answer is found");
        sql($node, "UPDATE near.tasks SET points = 100 WHERE name = '$name'");
        there($name, 100);
        my %tokens = map { $_->{token} => 1 } grep {
            $_->{method} eq 'PATCH' || $_->{method} eq 'POST' && $_->{path} eq '/v1/pages'
        } $notion->journal;
        is(join(' ', sort keys %tokens), "ntn_bot_$who", "$name: written with the owner's token");
    }
}
$notion->clear_faults;
at_rest($pair, 'at rest with the last owner');
is(count_pages($pair), 8, 'and no row has two pages');
is(sql($node, 'SELECT count(*) FROM notion.conflicts'), 0, 'nobody was asked');

# ---- COMMIT PREPARED after a restart ----------------------------------------------------------

my $working = q{SELECT count(*) FROM pg_stat_activity
    WHERE backend_type IN ('pg_notion net', 'pg_notion apply')};
for my $how ('fast', 'immediate') {
    sql($node, qq{
        BEGIN; UPDATE near.tasks SET points = points + 100 WHERE name = 'one';
        INSERT INTO near.tasks (name, points) VALUES ('$how', 5); PREPARE TRANSACTION 'kept';
        BEGIN; INSERT INTO near.tasks (name) VALUES ('never'); PREPARE TRANSACTION 'dropped'});
    $node->stop($how);
    $node->start;
    wait_until($node, $working, 2, "$how: the workers are back");
    sql($node, q{INSERT INTO near.tasks (name) VALUES ('beside')});
    wait_until($node, q{SELECT count(*) FROM far.tasks WHERE name = 'beside'}, 1,
        "$how: what is prepared holds nothing up");
    is(sql($node, qq{SELECT count(*) FROM far.tasks WHERE name IN ('$how', 'never')}), 0,
        "$how: nor is it sent");
    my $before = points('far.tasks', 'one');
    sql($node, q{COMMIT PREPARED 'kept'});
    sql($node, q{ROLLBACK PREPARED 'dropped'; DELETE FROM near.tasks WHERE name = 'beside'});
    wait_until($node, qq{SELECT count(*) FROM far.tasks WHERE name = '$how' AND points = 5}, 1,
        "$how: then it is");
    there('one', $before + 100);
    at_rest($pair, "$how: at rest");
    is(sql($node, q{SELECT string_agg(name || ' ' || points, ', ' ORDER BY name) FROM far.tasks}),
        sql($node, q{SELECT string_agg(name || ' ' || points, ', ' ORDER BY name) FROM near.tasks}),
        "$how: both sides are equal");
}
done_testing();
