# Pages that pass values on which only one row may hold: swaps, chains and rings come in, under
# every kind of constraint; where two pages want the same, one row waits and nothing else does.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('exchange', rows => q{
    ALTER TABLE tasks ADD writes int NOT NULL DEFAULT 0;
    INSERT INTO tasks (name, points) SELECT 'task ' || i, i FROM generate_series(1, 6) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');

sub edit {
    my ($id, $points) = @_;
    return $emulator->person('ada', 'PATCH', "/v1/pages/$page{$id}", { properties => {
        Points => { number => $points },
        Name => { title => [ { text => { content => "task $points" } } ] } } });
}
sub held { return sql($node, q{SELECT string_agg(id || '=' || points, ' ' ORDER BY id) FROM tasks
    WHERE 'task ' || points = name}); }
sub all_in { # what the rows hold in the end, by id
    my ($name, @points) = @_;
    my $id = 0;
    my $wanted = join ' ', map { ++$id . '=' . $_ } @points;
    return wait_for($name, sub { held() eq $wanted },
        sub { held() . "\n" . sql($node, 'SELECT page, reason, attempts FROM notion.snapshots') })
      && at_rest($pair, "$name: at rest");
}
# At once: all are there when the first is merged.
sub exchange {
    my ($name, %to) = @_;
    sql($node, "SELECT notion.pause('tasks'); UPDATE notion.polls SET next_at = now()");
    wait_until($node, 'SELECT state FROM notion.links', 'paused', "$name: nothing comes in");
    edit($_, $to{$_}) for sort keys %to;
    sql($node, "SELECT notion.resume('tasks')");
    return;
}

for my $case (
    [ 'unique', 'ADD CONSTRAINT once UNIQUE (points)' ],
    [ 'not null', 'ALTER points SET NOT NULL, ADD CONSTRAINT once UNIQUE (points)' ],
    [ 'deferrable', 'ADD CONSTRAINT once UNIQUE (points) DEFERRABLE INITIALLY DEFERRED' ],
    [ 'text not null', 'ALTER name SET NOT NULL, ADD CONSTRAINT once UNIQUE (name)' ],
    [ 'two constraints', 'ADD CONSTRAINT once UNIQUE (name), ADD CONSTRAINT two UNIQUE (points)' ],
    [ 'exclusion', 'ADD CONSTRAINT once EXCLUDE (name WITH =)' ],
    [ 'an expression', 'ADD CHECK (true)', 'CREATE UNIQUE INDEX once ON tasks (lower(name))
        WHERE points IS NOT NULL' ],
) {
    my ($name, $alter, @more) = @$case;
    sql($node, join ';', 'BEGIN', "ALTER TABLE tasks $alter", @more, 'COMMIT');
    exchange("$name, swap", 1 => 2, 2 => 1);
    exchange("$name, ring", 3 => 4, 4 => 5, 5 => 3);
    all_in($name, 2, 1, 4, 5, 3, 6);
    exchange("$name, back", 1 => 1, 2 => 2, 3 => 3, 4 => 4, 5 => 5);
    all_in("$name, back", 1 .. 6);
    sql($node, 'ALTER TABLE tasks DROP CONSTRAINT IF EXISTS once, DROP CONSTRAINT IF EXISTS two,
        ALTER name DROP NOT NULL, ALTER points DROP NOT NULL; DROP INDEX IF EXISTS once');
}
is(sql($node, 'SELECT count(*) FROM notion.conflicts'), 0, 'nobody had to decide');

# One after the other, the first long refused and given up: the second takes it along.
sql($node, 'ALTER TABLE tasks ALTER points SET NOT NULL, ADD CONSTRAINT once UNIQUE (points)');
edit(1, 2);
wait_until($node, "SELECT count(*) FROM notion.snapshots WHERE reason LIKE '%once%'", 1,
    'alone it is refused');
$emulator->control('POST', 'clock', { advance_ms => 300_000 });
wait_until($node, 'SELECT p.watermark > s.edited FROM notion.polls p, notion.snapshots s', 't',
    'polls do not show it any more');
sql($node, 'UPDATE notion.snapshots SET failed = true');
edit(3, 33);
wait_until($node, 'SELECT points FROM tasks WHERE id = 3', 33, 'and stops nothing else');
edit(2, 1);
all_in('the second comes, and the first with it', 2, 1, 33, 4, 5, 6);

# A chain that ends in a value that nobody has.
exchange('chain', 4 => 5, 5 => 6, 6 => 7);
all_in('a chain', 2, 1, 33, 5, 6, 7);

# Two want the same: one waits, until the other lets go.
edit(1, 33);
wait_until($node, "SELECT count(*) FROM notion.snapshots WHERE reason LIKE '%once%'", 1,
    'what another row has is refused');
edit(3, 3);
all_in('until it is free', 33, 1, 3, 5, 6, 7);

# Triggers see whose change each is, and one that refuses undoes the others.
sql($node, q{CREATE TABLE seen (id int, actor uuid);
    CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
        IF new.id = 2 AND new.points = 33 THEN RAISE EXCEPTION 'not for row 2'; END IF;
        INSERT INTO public.seen VALUES (new.id, notion.actor()); RETURN new; END$$;
    CREATE TRIGGER watch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION watch()});
exchange('refused', 1 => 1, 2 => 33);
wait_until($node, "SELECT count(*) FROM notion.snapshots WHERE reason LIKE 'not for row 2'", 1,
    'a trigger refuses one of two');
is(sql($node, 'SELECT points FROM tasks WHERE id IN (1, 2) ORDER BY id'), "33\n1",
    'and the other keeps what it had');
is(sql($node, 'SELECT count(*) FROM seen'), 0, 'nothing of it is left');
sql($node, "DROP TRIGGER watch ON tasks; SELECT notion.retry('tasks')");
all_in('once it does not, both', 1, 33, 3, 5, 6, 7);

$node->stop;
$emulator->stop;
done_testing();
