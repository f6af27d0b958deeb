# INSERT, UPDATE and DELETE on foreign tables: what is sent is what changed and no more, what comes
# back is what Notion made of it, and what Notion could not hold is refused before it is asked.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main', max_prepared_transactions => 5);
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', q{CREATE SCHEMA crm; SET timezone = 'Europe/Berlin';
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm
      OPTIONS (page_columns 'page_icon, page_cover')});

# The answer of a statement, or "error: …"; notices and warnings are the second value.
sub answer {
    my ($sql) = @_;
    my ($status, $stdout, $stderr) = $node->psql('postgres', $sql, on_error_stop => 1,
        extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return $status == 0 ? ($stdout, $stderr) : ("error: $stderr", $stderr);
}

my $since = 0;
sub fresh {
    my @all = map { json($_) } split /\n/, $emulator->control('GET', "journal?since=$since");
    $since = $all[-1]{n} if @all;
    return @all;
}

# What was written since the last look: method, path without ids, and body.
sub writes {
    my @all = grep { $_->{method} ne 'GET' && $_->{path} !~ /query$|search$/ } fresh();
    return map { my $path = $_->{path}; $path =~ s/[0-9a-f-]{32,36}/ID/; "$_->{method} $path "
        . json($_->{request}{properties} // $_->{request}) } @all;
}

# ---- INSERT
fresh();
my $made = sql($node, q{INSERT INTO crm.participants (name, email, fee, ticket, tags, arrival,
        consented, website, notes)
    VALUES ('Nora Lind', 'nora@example.com', 12.5, 'Student', '{press,first visit}',
            '2026-06-11 00:00+02', true, NULL, 'Comes by train.')
    RETURNING name, fee, status, tags::text, consented, website IS NULL, number, arrival,
              page_id IS NOT NULL, page_url IS NOT NULL, registered = page_created_at});
like($made, qr/^Nora Lind\|12\.5\|Not started\|\{press,"first visit"\}\|t\|t\|LC-\d+\|.*\|t\|t\|t$/,
    'INSERT … RETURNING shows what Notion made of it: id, url, status, unique id');
my ($create) = writes();
unlike($create, qr/(?<!"end":)null|website/i, 'it sends no NULL and no column that was left out');
like($create, qr/^POST \/v1\/pages /, 'it is one POST');
is(sql($node, q{SELECT name, fee, notes FROM crm.participants WHERE email = 'nora@example.com'}),
    'Nora Lind|12.5|Comes by train.', 'and the row is there');

fresh();
is(sql($node, q{INSERT INTO crm.participants (name, fee, status)
    SELECT 'Guest ' || i, i, CASE WHEN i = 2 THEN 'Done' END FROM generate_series(1, 25) i;
    SELECT count(*), sum(fee), min(status) FROM crm.participants WHERE name LIKE 'Guest %'}),
    '25|325|Done', 'a batch of rows');
is(scalar grep({ /^POST \/v1\/pages / } writes()), 25, 'is one POST a row');
is(sql($node, q{EXPLAIN (COSTS off) INSERT INTO crm.participants (name) VALUES ('x')})
    =~ /Notion Write: POST \/v1\/pages/, 1, 'EXPLAIN of an INSERT makes no request');
$node->safe_psql('postgres', "COPY crm.participants (name, fee) FROM STDIN;\nCopied A\t1\n"
      . "Copied B\t\\N\n\\.\n");
is(sql($node, q{SELECT string_agg(name || coalesce(fee::text, '-'), ',' ORDER BY name)
    FROM crm.participants WHERE name LIKE 'Copied%'}), 'Copied A1,Copied B-', 'COPY into');
$node->safe_psql('postgres', q{CREATE TABLE parted (kind text, name text, page_id uuid)
      PARTITION BY LIST (kind);
    CREATE TABLE kept PARTITION OF parted FOR VALUES IN ('here');
    DO $$ BEGIN EXECUTE format('CREATE FOREIGN TABLE sent PARTITION OF parted FOR VALUES IN (%L)
      SERVER acme OPTIONS (data_source %L)', 'there', (SELECT option_value FROM
        pg_options_to_table((SELECT ftoptions FROM pg_foreign_table
          WHERE ftrelid = 'crm.participants'::regclass)) WHERE option_name = 'data_source'));
    END $$;
    ALTER FOREIGN TABLE sent ALTER name OPTIONS (property_id 'title', type 'title');
    ALTER FOREIGN TABLE sent ALTER kind OPTIONS (property 'Notes')});
is((answer(q{INSERT INTO parted (kind, name) VALUES ('here', 'one'), ('there', 'Routed')
    RETURNING name, page_id IS NOT NULL}))[0], "one|f\nRouted|t",
    'a row is routed to a foreign partition');
is(sql($node, q{SELECT name, notes FROM crm.participants WHERE name = 'Routed'}), 'Routed|there',
    'by the property\'s name, too');

# ---- UPDATE
fresh();
is(sql($node, q{UPDATE crm.participants SET fee = 99, name = name, consented = false
    WHERE name = 'Nora Lind' RETURNING fee, consented, name}), '99|f|Nora Lind', 'UPDATE');
my @sent = writes();
is(scalar @sent, 1, 'is one PATCH');
like($sent[0], qr/^PATCH \/v1\/pages\/ID .*"number":99/, 'with the changed number');
unlike($sent[0], qr/title|rich_text|select/, 'and without what did not change');
is((answer(q{UPDATE crm.participants SET fee = 99, email = email WHERE name = 'Nora Lind'
    RETURNING fee}))[0], '99', 'an UPDATE that changes nothing gives its row');
is(scalar(writes()), 0, 'and writes nothing');
is(sql($node, q{UPDATE crm.participants SET arrival = NULL, tags = '{}', phone = '+49 1'
    WHERE name = 'Nora Lind' RETURNING arrival IS NULL, tags::text, phone}), 't|{}|+49 1',
    'values are taken away');
$node->safe_psql('postgres', q{CREATE TABLE raise_by (email text, by numeric);
    INSERT INTO raise_by VALUES ('nora@example.com', 1), ('emma@example.fi', 2);
    UPDATE crm.participants p SET fee = p.fee + r.by FROM raise_by r WHERE r.email = p.email});
is(sql($node, q{SELECT string_agg(fee::text, ',' ORDER BY fee) FROM crm.participants
    WHERE email IN ('nora@example.com', 'emma@example.fi')}), '100,242', 'UPDATE with a join');

# the formatting of a text, the other part of a date, and the uploads of a file stay
my $page = sql($node, q{SELECT page_id FROM crm.participants WHERE name = 'Nora Lind'});
$emulator->person('ada', 'PATCH', "/v1/pages/$page", { properties => {
    Notes => { rich_text => [ { text => { content => 'Comes by ' } },
        { text => { content => 'night' }, annotations => { bold => \1 } },
        { text => { content => ' train' } } ] },
    Arrival => { date => { start => '2026-06-10', end => '2026-06-13' } } } });
$node->safe_psql('postgres', q{UPDATE crm.participants SET notes = notes || ' (late)',
    arrival = arrival + interval '1 day' WHERE name = 'Nora Lind'});
my $after = $emulator->person('ada', 'GET', "/v1/pages/$page")->{properties};
is(join('|', map { $_->{plain_text} . ($_->{annotations}{bold} ? '*' : '') }
        @{ $after->{Notes}{rich_text} }), 'Comes by |night*| train (late)',
    'a text changed in one place keeps its formatting in others');
is_deeply([ @{ $after->{Arrival}{date} }{qw(start end)} ], [ '2026-06-11', '2026-06-13' ],
    'a date moved by its start keeps its end, and that it is a day');

# options
is(sql($node, q{UPDATE crm.participants SET ticket = 'Sponsor', tags = '{new tag,press}'
    WHERE name = 'Nora Lind' RETURNING ticket, tags::text}), 'Sponsor|{"new tag",press}',
    'an option that is new is added');
like((answer(q{UPDATE crm.participants SET status = 'Cancelled' WHERE name = 'Nora Lind'}))[0],
    qr/22000: .*column "status" cannot be sent.*no such status.*"Cancelled".*"Not started", /s,
    'a status that is unknown is an error that lists the known ones');
$node->safe_psql('postgres', q{ALTER SERVER acme OPTIONS (ADD new_options 'false')});
fresh();
like((answer(q{UPDATE crm.participants SET ticket = 'Mayor' WHERE name = 'Nora Lind'}))[0],
    qr/22000: .*ticket.*HINT:.*new_options/s, 'new_options false: an unknown option is refused');
is(scalar(writes()), 0, 'before anything is written');
is((answer(q{UPDATE crm.participants SET ticket = 'Regular' WHERE name = 'Nora Lind'
    RETURNING ticket}))[0], 'Regular', 'and a known one is sent');
$node->safe_psql('postgres', q{ALTER SERVER acme OPTIONS (DROP new_options)});

# icons, people by address
is(sql($node, q{INSERT INTO crm.participants (name, page_icon)
    VALUES ('With icon', '{"type": "emoji", "emoji": "🎪"}') RETURNING page_icon ->> 'emoji'}), '🎪',
    'an icon');
$node->safe_psql('postgres', q{ALTER FOREIGN TABLE crm.participants ALTER contact TYPE text[]});
is(sql($node, q{UPDATE crm.participants SET contact = '{ada@lakeside.example}'
    WHERE name = 'With icon' RETURNING contact::text}), '{ada@lakeside.example}',
    'people by their address');
like((answer(q{INSERT INTO crm.participants (name, contact) VALUES ('x', '{nobody@nowhere}')}))[0],
    qr/22000: .*contact.*nobody\@nowhere/s, 'an address that nobody has is refused');

# a view with a check option is a fence, for those who may write through it only
$node->safe_psql('postgres', q{CREATE VIEW students AS SELECT page_id, name, fee, ticket
      FROM crm.participants WHERE ticket = 'Student' WITH CHECK OPTION;
    CREATE ROLE clerk; GRANT SELECT, INSERT, UPDATE ON students TO clerk;
    INSERT INTO students (name, fee, ticket) VALUES ('Fenced', 10, 'Student')});
fresh();
for my $past (q{UPDATE students SET ticket = 'Regular' WHERE name = 'Fenced'},
    q{INSERT INTO students (name, fee, ticket) VALUES ('Past it', 10, 'Regular')},
    q{INSERT INTO students (name) VALUES ('Past it')}) {
    my ($error) = answer("SET ROLE clerk; $past");
    like($error, qr/44000: .*"students"/, "a view's check option refuses: $past");
    unlike($error, qr/stays there/, 'and nothing stays in Notion');
}
is(scalar(writes()), 0, 'since it looks before anything is written');
is((answer(q{SET ROLE clerk; UPDATE students SET fee = 11 WHERE name = 'Fenced' RETURNING fee}))[0],
    11, 'what it allows is written');
sql($node, q{ALTER TABLE parted ENABLE ROW LEVEL SECURITY;
    CREATE POLICY named ON parted USING (true) WITH CHECK (name LIKE 'Routed%');
    GRANT SELECT, INSERT, UPDATE ON parted TO clerk;
    DO $$ BEGIN EXECUTE format('CREATE USER MAPPING FOR clerk SERVER acme OPTIONS (token_file %L)',
      (SELECT option_value FROM pg_user_mappings, pg_options_to_table(umoptions)
        WHERE srvname = 'acme' AND usename = current_user)); END $$});
fresh();
for my $past (q{INSERT INTO parted (kind, name) VALUES ('there', 'Strayed')},
    q{UPDATE parted SET name = 'Strayed' WHERE kind = 'there' AND name = 'Routed'}) {
    like((answer("SET ROLE clerk; $past"))[0], qr/42501: .*row-level security/,
        "the row security of a partitioned table refuses: $past");
}
is(scalar(writes()), 0, 'before anything is written, too');
is((answer(q{SET ROLE clerk; INSERT INTO parted (kind, name) VALUES ('there', 'Routed 2')
    RETURNING name}))[0], 'Routed 2', 'and lets pass what it allows');
sql($node, q{DELETE FROM crm.participants WHERE name IN ('Fenced', 'Routed 2');
    DROP USER MAPPING FOR clerk SERVER acme; DROP OWNED BY clerk; DROP VIEW students;
    DROP POLICY named ON parted;
    ALTER TABLE parted DISABLE ROW LEVEL SECURITY; DROP ROLE clerk});

# a column that was dropped, as notion.drift proposes
sql($node, q{ALTER FOREIGN TABLE crm.participants ADD gone integer;
    ALTER FOREIGN TABLE crm.participants DROP gone; CREATE TABLE noted (whole text);
    CREATE FUNCTION note_whole() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO noted VALUES ((coalesce(NEW, OLD)).name); RETURN coalesce(NEW, OLD); END $$;
    INSERT INTO crm.participants (name, fee) VALUES ('Whole', 1);
    CREATE TRIGGER note_whole BEFORE INSERT OR UPDATE OR DELETE ON crm.participants
        FOR EACH ROW EXECUTE FUNCTION note_whole()});
is(sql($node, q{SELECT (p).name || (p).fee FROM (SELECT p FROM crm.participants p
    WHERE name = 'Whole' OFFSET 0) s}), 'Whole1', 'whole rows can be read');
is((answer(q{UPDATE crm.participants p SET fee = 2 WHERE name = 'Whole' RETURNING p.*::text LIKE
    '%Whole%'}))[0], 't', 'and written, by a row trigger that looks at them');
is((answer(q{UPDATE crm.participants p SET fee = p.fee + 1 FROM (VALUES ('Whole')) v(name)
    WHERE v.name = p.name RETURNING (p).fee}))[0], 3, 'with a join, too');
sql($node, q{DELETE FROM crm.participants p WHERE name = 'Whole';
    DROP TRIGGER note_whole ON crm.participants});
is(sql($node, 'SELECT string_agg(whole, \' \') FROM noted'), 'Whole Whole Whole', 'each of them');
is((answer(q{INSERT INTO crm.participants (name, fee) VALUES ('Whole', 4);
    UPDATE crm.participants p SET fee = 5 WHERE name = 'Whole' RETURNING p IS NULL}))[0], 'f',
    'by an UPDATE that is Notion\'s alone');
is((answer(q{DELETE FROM crm.participants p WHERE name = 'Whole' RETURNING (p).fee}))[0], 5,
    'and by such a DELETE');

# ---- limits
is(sql($node, q{INSERT INTO crm.participants (name, notes) VALUES ('Long', repeat('ä', 4500))
    RETURNING length(notes)}), 4500, 'a text of more than 2,000 characters is sent in pieces');
fresh();
like((answer(q{INSERT INTO crm.participants (name, notes) VALUES ('x', repeat('y', 200001))}))[0],
    qr/22000: .*row 1: column "notes" cannot be sent.*200001 characters/s, 'the 200,001st is not');
like((answer(q{INSERT INTO crm.participants (name, tags)
    SELECT 'x', array_agg('t' || i) FROM generate_series(1, 101) i}))[0],
    qr/22000: .*"tags".*101 members/s, '101 options are refused');
like((answer(q{INSERT INTO crm.participants (name, fee) VALUES ('x', 'infinity')}))[0],
    qr/22000: .*"fee".*infinite/s, 'infinity is refused');
like((answer(q{INSERT INTO crm.participants (name, number) VALUES ('x', 'LC-1')}))[0],
    qr/428C9: column "number".*Notion computes/s, 'what Notion computes is refused');
like((answer(q{INSERT INTO crm.participants (page_id) VALUES (gen_random_uuid())}))[0],
    qr/428C9: column "page_id".*Notion chooses/s, 'so is an id');
is(scalar(writes()), 0, 'all of that before anything is sent');
$node->safe_psql('postgres', q{ALTER FOREIGN TABLE crm.participants
      ADD big1 text OPTIONS (property 'Big one'), ADD big2 text OPTIONS (property 'Big two'),
      ADD big3 text OPTIONS (property 'Big three')});
my $source = sql($node, q{SELECT option_value FROM pg_options_to_table((SELECT ftoptions
    FROM pg_foreign_table WHERE ftrelid = 'crm.participants'::regclass))
    WHERE option_name = 'data_source'});
$emulator->person('ada', 'PATCH', "/v1/data_sources/$source", { properties => {
    map { +"Big $_" => { rich_text => {} } } qw(one two three) } });
fresh();
is(sql($node, q{INSERT INTO crm.participants (name, big1, big2, big3)
    VALUES ('Huge', repeat('é', 100000), repeat('é', 100000), repeat('é', 100000))
    RETURNING length(big1), length(big2), length(big3)}), '100000|100000|100000',
    'a row of more than 500 KB is sent in several requests');
my @lines = split /\n/, $emulator->control('GET', "journal?since=$since");
is(join(' ', map { /"method":"(\w+)"/ } @lines), 'GET POST PATCH',
    'the schema, a POST and a PATCH');
($since) = $lines[-1] =~ /"n":(\d+)/;
sql($node, q{DELETE FROM crm.participants WHERE name = 'Huge'});

# ---- DELETE
fresh();
is(sql($node, q{DELETE FROM crm.participants WHERE name = 'With icon'
    RETURNING name, fee IS NULL}),
    'With icon|t', 'DELETE … RETURNING');
like((writes())[0], qr/^PATCH \/v1\/pages\/ID \{"in_trash":true\}/, 'moves the page to the trash');
is(sql($node, q{WITH gone AS (DELETE FROM crm.participants WHERE name LIKE 'Guest %' RETURNING fee)
    SELECT count(*), sum(fee) FROM gone}), '25|325', 'many rows');
is(sql($node, q{SELECT count(*) FROM crm.participants WHERE name LIKE 'Guest %'}), 0, 'are gone');

# ---- triggers, views, rules of the options
$node->safe_psql('postgres', q{CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.notes := 'by trigger'; RETURN NEW; END $$;
    CREATE TABLE seen (id uuid, number text);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO seen VALUES (NEW.page_id, NEW.number); RETURN NULL; END $$;
    CREATE TRIGGER a BEFORE INSERT OR UPDATE ON crm.participants
      FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER b AFTER INSERT ON crm.participants
      FOR EACH ROW EXECUTE FUNCTION see();
    INSERT INTO crm.participants (name) VALUES ('Triggered')});
is(sql($node, q{SELECT p.notes, p.number = s.number FROM seen s JOIN crm.participants p
    ON p.page_id = s.id}), 'by trigger|t',
    'a BEFORE trigger changes the row, an AFTER trigger sees what became of it');
fresh();
$node->safe_psql('postgres', q{UPDATE crm.participants SET fee = 3 WHERE name = 'Nora Lind'});
like((writes())[0], qr/"by trigger"/, 'what a BEFORE trigger changed is sent');
$node->safe_psql('postgres', 'DROP TRIGGER a ON crm.participants;
    DROP TRIGGER b ON crm.participants');
like((answer(q{INSERT INTO crm.participants (name) VALUES ('x') ON CONFLICT DO NOTHING}))[0],
    qr/0A000: ON CONFLICT is not supported for foreign table "participants".*HINT/s,
    'ON CONFLICT is refused');
like((answer('TRUNCATE crm.participants'))[0], qr/0A000: cannot truncate.*DELETE FROM/s,
    'so is TRUNCATE');
$node->safe_psql('postgres', q{ALTER FOREIGN TABLE crm.tasks OPTIONS (ADD read_only 'true')});
like((answer(qq{$_->[1]}))[0], qr/42501: foreign table "tasks" is read only/, "read_only: $_->[0]")
  for [ INSERT => q{INSERT INTO crm.tasks (task) VALUES ('x')} ],
    [ UPDATE => q{UPDATE crm.tasks SET task = 'x'} ], [ DELETE => 'DELETE FROM crm.tasks' ];
is(sql($node, q{SELECT string_agg(table_name || ' ' || is_insertable_into, ',' ORDER BY table_name)
    FROM information_schema.tables WHERE table_schema = 'crm'}), 'participants YES,tasks NO',
    'information_schema says what can be written');
$node->safe_psql('postgres', q{ALTER FOREIGN TABLE crm.tasks OPTIONS (DROP read_only);
    ALTER FOREIGN TABLE crm.tasks DROP COLUMN page_id});
like((answer(q{UPDATE crm.tasks SET task = 'x'}))[0],
    qr/55000: cannot update or delete.*no column page_id.*HINT/s, 'UPDATE needs page_id');

# ---- transactions
my ($out, $err) = answer(q{BEGIN;
    INSERT INTO crm.participants (name) VALUES ('Stays 1'), ('Stays 2'); ROLLBACK});
like($err, qr/WARNING.*2 rows that were written to Notion stay there/s, 'ROLLBACK warns');
is(sql($node, q{SELECT count(*) FROM crm.participants WHERE name LIKE 'Stays%'}), 2,
    'and is right');
($out, $err) = answer(q{BEGIN; SAVEPOINT a; INSERT INTO crm.participants (name) VALUES ('Stays 3');
    ROLLBACK TO a; COMMIT});
like($err, qr/WARNING.*one row that was written to Notion stays there/s, 'so does ROLLBACK TO');
like((answer(q{BEGIN; INSERT INTO crm.participants (name) VALUES ('Stays 4');
    PREPARE TRANSACTION 'x'}))[0],
    qr/0A000: cannot PREPARE a transaction that has written to Notion/, 'PREPARE is refused');
($out, $err) = answer(q{BEGIN; INSERT INTO crm.participants (name) VALUES ('Stays 5'); COMMIT});
unlike($err, qr/WARNING/, 'a COMMIT says nothing');

done_testing();
