# A server that does not answer is left alone: the breaker opens, rows wait without a counted
# attempt, one read at a time asks whether it is back; then all of it goes out, once. A table whose
# code cannot be cancelled, or that fights with its page, is set aside and stops no other.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('breaker', settings => { 'notion.settle' => '300ms' });
my ($node, $emulator) = @$pair{qw(node emulator)};
my $health = "SELECT level || ': ' || split_part(state, ':', 1) FROM notion.health
    WHERE what = 'server'";
is(sql($node, $health), 'ok: answers', 'all is well');
is(sql($node, "SELECT string_agg(level, ' ') FROM notion.health"), 'ok ok ok ok',
    'workers, identity, server and link');

$emulator->fault({ kind => 'status', status => 500, path => '/v1' });
sql($node, "INSERT INTO tasks (name) SELECT 'row ' || i FROM generate_series(1, 60) i");
wait_until($node, 'SELECT state FROM notion.breakers()', 'open', 'after failures it opens');
my $sent = sub { scalar $emulator->journal(sub { $_->{method} ne 'GET' }) };
my $before = $sent->();
wait_until($node, 'SELECT failures >= 13 FROM notion.breakers()', 't', 'probes fail');
cmp_ok($sent->() - $before, '<=', 8, 'nothing was sent but what was under way');
cmp_ok(sql($node, 'SELECT count(*) FROM notion.work WHERE attempts = 0'), '>=', 40,
    'and no attempt was counted');
like(sql($node, $health), qr/^trouble: breaker (half-)?open$/, 'notion.health shows it');

$emulator->clear_faults;
wait_until($node, 'SELECT state FROM notion.breakers()', 'closed', 'the server is back: it closes');
at_rest($pair, 'everything went out');
is(count_pages($pair), 60, 'once');
is(sql($node, $health), 'ok: answers', 'all is well again');

# Owner's code that goes on when it is cancelled ends the worker; what it was at is set aside.
sql($node, q{ALTER SYSTEM SET notion.apply_timeout = '50ms'});
$node->reload;
sql($node, q{
    CREATE FUNCTION stubborn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        LOOP
            BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
        END LOOP;
    END $$;
    CREATE TRIGGER stubborn BEFORE UPDATE ON tasks FOR EACH ROW
        WHEN (NEW.name = 'poison') EXECUTE FUNCTION stubborn()});
my $pages = pages($pair);
my $edit = sub {
    my ($row, $name) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$pages->{$row}{id}",
        { properties => { Name => { title => [ { text => { content => $name } } ] } } });
};
$edit->('row 1', 'poison');
wait_until($node, "SELECT reason ~ 'goes on when it is cancelled' FROM notion.failures", 't',
    'an edit whose apply cannot be cancelled is set aside');
$edit->('row 2', 'medicine');
wait_until($node, "SELECT count(*) FROM tasks WHERE name = 'medicine'", '1',
    'and stops no other');
is(sql($node, "SELECT count(*) FROM tasks WHERE name = 'poison'"), '0', 'nothing of it is here');
sql($node, 'DROP TRIGGER stubborn ON tasks');
sql($node, "SELECT notion.retry('tasks')");
wait_until($node, "SELECT count(*) FROM tasks WHERE name = 'poison'", '1',
    'once the cause is mended, retry applies it');

# A trigger here and an automation there that undo each other: held after three rounds.
sql($node, q{CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.name := NEW.name || '!'; RETURN NEW; END $$;
    CREATE TRIGGER shout BEFORE UPDATE ON tasks FOR EACH ROW WHEN (NEW.name = 'calm')
        EXECUTE FUNCTION shout()});
my $fought = sub { sql($node, "SELECT count(*) FROM notion.conflicts WHERE kind = 'oscillates'") };
my $rounds = 0;
wait_for('two sides that undo each other are held', sub {
    my $name = $emulator->person('ada', 'GET', "/v1/pages/$pages->{'row 3'}{id}")
      ->{properties}{Name}{title}[0]{plain_text};
    if ($name ne 'calm' && !$fought->()) {
        $rounds++;
        $edit->('row 3', 'calm');
    }
    return $fought->() > 0;
}, sub { state_of($pair) });
cmp_ok($rounds, '>=', 3, 'not before the third round');
cmp_ok($rounds, '<=', 5, 'and soon after it');

$node->stop;
$emulator->stop;
done_testing();
