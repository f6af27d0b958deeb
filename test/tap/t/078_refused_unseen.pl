# What a table refuses sets aside that page and stops nothing else: half-filled new pages, deferred
# constraints. What no trigger and no event saw is found by a full scan. Both sides delete.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('refused', rows => q{
    ALTER TABLE tasks ALTER name SET NOT NULL;
    INSERT INTO tasks (name, points) SELECT 'task ' || i, i FROM generate_series(1, 8) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');
my $source = $pair->{source};

sub titled { return { title => [ { text => { content => $_[0] } } ] } }
sub edit {
    my ($page, %values) = @_;
    return $emulator->person('ada', 'PATCH', "/v1/pages/$page", { properties => \%values });
}
sub points { return edit($page{$_[0]}, Points => { number => $_[1] }) }
sub shown { return $emulator->person('ada', 'GET', "/v1/pages/$page{$_[0]}") }
sub scan {
    sql($node, "SELECT notion.sync('tasks')");
    return wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0,
        'a full scan');
}
sub reason { return "SELECT count(*) FROM notion.snapshots WHERE reason ~ '$_[0]' AND NOT failed" }
sub passes { # other pages come in meanwhile
    my ($value, $name) = @_;
    points(8, $value);
    return wait_until($node, 'SELECT points FROM tasks WHERE id = 8', $value, $name);
}

# A person makes a page, and fills it in bit by bit.
sql($node, 'ALTER TABLE tasks ADD CHECK (points > 0), ALTER points SET NOT NULL');
my $new = $emulator->person('ada', 'POST', '/v1/pages', { parent => { type => 'data_source_id',
    data_source_id => $source }, properties => { Name => titled('from Ada') } })->{id};
wait_until($node, reason('points'), 1, 'a new page lacks what its row needs');
passes(81, 'and stops nothing else');
is(sql($node, "SELECT state, direction, page FROM notion.failures
    WHERE reason ~ 'null value in column .points.'"), "waiting|from_notion|$new",
    'it is listed at once, and no failure yet');
like(error_of($node, "CALL notion.flush('tasks', timeout => '0')"),
    qr/55000: .*DETAIL:  page $new waits: null value in column "points"/s, 'flush names it');
edit($new, Points => { number => -1 });
wait_until($node, reason('check'), 1, 'more is filled in, and not right');
my $listed = "FROM notion.failures WHERE page = '$new'";
like(sql($node, "SELECT reason, detail $listed"),
    qr/violates check constraint "tasks_points_check"\|Failing row contains .*from Ada/,
    'the constraint is named, with what it refuses');
is(sql($node, "SELECT level, state FROM notion.health WHERE what = 'failures'"),
    'warning|1 pages refused by the table, 0 of them for ten minutes and more',
    'health says so, without values');
edit($new, Points => { number => 5 });
wait_until($node, "SELECT points FROM tasks WHERE name = 'from Ada'", 5,
    'once it is right it is a row');
at_rest($pair, 'filled in: at rest');
edit($new, Points => { number => -5 });
wait_until($node, reason('check'), 1, 'an edit that the table refuses waits');
is(sql($node, "SELECT state, reason ~ 'check' FROM notion.rows WHERE page = '$new'"), 'waiting|t',
    'and its row does not call itself in step');
my $since = sql($node, q{UPDATE notion.snapshots SET refused_at = now() - interval '9 min',
    attempts = 0, due = 'infinity' RETURNING refused_at});
scan();
wait_until($node, 'SELECT attempts > 0 FROM notion.snapshots WHERE job IS NULL', 't',
    'a scan shows it again, and it is refused again');
is(sql($node, "SELECT since $listed"), $since, 'which sets no clock back');
sql($node, 'UPDATE notion.snapshots SET attempts = 11, due = now()');
wait_until($node, q{SELECT attempts = 12 AND due = refused_at + interval '10 min'
    FROM notion.snapshots}, 't', 'after ten minutes it is tried, however rarely it was');
sql($node, "UPDATE notion.snapshots SET refused_at = refused_at - interval '2 min', due = now()");
wait_until($node, "SELECT state $listed", 'failed', 'after ten minutes it is a failure');
edit($new, Points => { number => 6 });
wait_until($node, "SELECT points FROM tasks WHERE name = 'from Ada'", 6,
    'that the next edit ends');
is(sql($node, 'SELECT count(*) FROM notion.failures'), 0, 'and none is left');

# What would be checked at the end of a transaction is checked at once, and ends nothing.
sql($node, q{CREATE TABLE marks (value float8 PRIMARY KEY);
    INSERT INTO marks SELECT generate_series(1, 100);
    ALTER TABLE tasks ADD CONSTRAINT known FOREIGN KEY (points) REFERENCES marks
        DEFERRABLE INITIALLY DEFERRED;
    CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
        IF new.name = 'odd' THEN RAISE EXCEPTION 'no odd names'; END IF; RETURN NULL; END$$;
    CREATE CONSTRAINT TRIGGER odd AFTER INSERT OR UPDATE ON tasks DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION odd()});
my $apply = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_notion apply'};
my $pid = sql($node, $apply);
points(1, 1000);
edit($page{2}, Name => titled('odd'));
wait_until($node, reason('known'), 1, 'a deferred foreign key refuses');
wait_until($node, reason('no odd names'), 1, 'a constraint trigger likewise');
passes(82, 'and others go on');
is(sql($node, $apply), $pid, 'in the same process');
sql($node, 'INSERT INTO marks VALUES (1000)');
wait_until($node, 'SELECT points FROM tasks WHERE id = 1', 1000,
    'taken once what it refers to is there');
edit($page{2}, Name => titled('even'));
wait_until($node, 'SELECT name FROM tasks WHERE id = 2', 'even', 'and what fits');
at_rest($pair, 'constraints: at rest');

# Rows that no trigger saw.
sql($node, q{ALTER TABLE tasks DISABLE TRIGGER USER;
    UPDATE tasks SET points = 30 WHERE id = 3; ALTER TABLE tasks ENABLE TRIGGER USER;
    SET notion.capture = off; UPDATE tasks SET points = 40 WHERE id = 4;
    DELETE FROM tasks WHERE id = 5; INSERT INTO tasks (name, points) VALUES ('unseen', 50)});
scan();
wait_for('an update with its trigger disabled goes out',
    sub { shown(3)->{properties}{Points}{number} == 30 });
wait_for('one with capture off', sub { shown(4)->{properties}{Points}{number} == 40 });
wait_for('a row that nobody saw come', sub { pages($pair)->{unseen} });
at_rest($pair, 'unseen: at rest');
ok(!shown(5)->{in_trash}, 'a row that is merely not there trashes no page');
# An edit that no event told, in a minute that polls have passed.
$emulator->control('POST', 'clock', { advance_ms => 300_000 });
wait_until($node, "SELECT p.watermark > m.edited FROM notion.polls p, notion.mappings m
    WHERE m.key = '6'", 't', 'polls are past the last edit of a page');
$emulator->control('POST', "pages/$page{6}/properties",
    { as => 'ada', silent => \1, properties => { Points => { number => 60 } } });
passes(83, 'an edit that moved no time is not seen by polls');
is(sql($node, 'SELECT points FROM tasks WHERE id = 6'), 6, 'not yet');
scan();
wait_until($node, 'SELECT points FROM tasks WHERE id = 6', 60, 'a full scan finds it');

# In the trash there: by default nothing happens here; and both sides delete the same.
$emulator->control('POST', "pages/$page{6}/trash", { as => 'ada' });
scan();
wait_until($node, "SELECT page_state FROM notion.mappings WHERE key = '6'", 'trashed',
    'a page is in the trash');
is(sql($node, 'SELECT count(*) FROM tasks WHERE id = 6'), 1, 'its row is left');
sql($node, "SELECT notion.pause('tasks')");
$emulator->control('POST', "pages/$page{7}/trash", { as => 'ada' });
sql($node, "DELETE FROM tasks WHERE id = 7; SELECT notion.resume('tasks')");
scan();
at_rest($pair, 'both deleted: at rest');
is(sql($node, "SELECT count(*) FROM notion.conflicts WHERE key = '7'"), 0,
    'both sides deleted: nobody has to decide');
ok(shown(7)->{in_trash}, 'the page is in the trash');
is(sql($node, 'SELECT count(*) FROM tasks WHERE id = 7'), 0, 'and the row is gone');

$node->stop;
$emulator->stop;
done_testing();
