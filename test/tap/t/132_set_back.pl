# A person sets a value back to what it was: after a write of ours whose answer was lost, so that
# the page looks as if nothing had been written; and while an edit waits for a locked row, so that
# it is merged after it was undone. Neither may bring back what the person undid.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('set_back',
    settings => { 'notion.settle' => '500ms', 'notion.scan_interval' => 0 },
    rows => q{INSERT INTO tasks (name, points)
        SELECT 'task ' || i, i FROM generate_series(1, 4) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
sql($node, q{CREATE TABLE audit (seq bigserial, id int, points float8);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.audit (id, points) VALUES (NEW.id, NEW.points); RETURN NULL; END $$;
    CREATE TRIGGER audit AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION audit()});

sub page_of { return sql($node, "SELECT page FROM notion.mappings WHERE key = '$_[0]'"); }
sub set_there {
    my ($page, %values) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$page", { properties => \%values });
    return;
}
sub points_there {
    my ($page) = @_;
    return $emulator->person('ada', 'GET', "/v1/pages/$page")->{properties}{Points}{number};
}

# ---- after a write of unknown outcome -----------------------------------------------------------

# The answer is lost, and no look at the page succeeds before the person has been there.
sub write_unknown {
    my ($key, $kind, $points) = @_;
    $emulator->fault({ route => 'PATCH /v1/pages/:id', kind => $kind, count => 1,
        token => 'ntn_bot_' });
    $emulator->fault({ method => 'GET', path => '/v1/pages', kind => 'status', status => 500,
        token => 'ntn_bot_' });
    sql($node, "UPDATE tasks SET points = $points WHERE id = $key");
    wait_until($node, "SELECT flight FROM notion.mappings WHERE key = '$key'", 'unknown',
        "$kind: the outcome is not known");
    return;
}
sub conflict_of {
    my ($key) = @_;
    $emulator->clear_faults;
    at_rest($pair, "row $key: settled");
    return sql($node, "SELECT kind, postgres, coalesce(notion, 'null'), state FROM notion.conflicts
        WHERE key = '$key' AND column_name = 'points'");
}

my $page = page_of(1);
write_unknown(1, 'drop_after_commit', 100);
is(points_there($page), 100, 'it was written');
set_there($page, Points => { number => 1 });
is(conflict_of(1), 'both changed|100|1|open', 'what was written and set back is for a person');
is(points_there($page), 1, 'and not written again');
is(sql($node, 'SELECT points FROM tasks WHERE id = 1'), 100, 'nor the row');
like(sql($node, 'SELECT note FROM notion.conflicts'), qr/or somebody set it back/, 'it says why');
sql($node, "SELECT notion.resolve(id, 'notion') FROM notion.conflicts");
wait_until($node, 'SELECT state FROM notion.conflicts', 'closed', 'a person decides');
at_rest($pair, 'at rest after it');
is(sql($node, 'SELECT points FROM tasks WHERE id = 1'), 1, 'for Notion');

$page = page_of(2);
write_unknown(2, 'drop_before', 200);
set_there($page, Done => { checkbox => json('true') });
is(conflict_of(2), 'both changed|200|2|open', 'one that was not made, of a page that was edited');
sql($node, "SELECT notion.resolve(id, 'postgres') FROM notion.conflicts WHERE key = '2'");
at_rest($pair, 'at rest after it');
is(points_there($page), 200, 'is written once a person says so');

write_unknown(3, 'drop_before', 300);
is(conflict_of(3), '', 'one of a page that nobody has edited');
is(points_there(page_of(3)), 300, 'is written again');

# ---- while an edit waits to be merged -----------------------------------------------------------

my $locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN; SELECT FROM tasks WHERE id = 4 FOR UPDATE');
$page = page_of(4);
set_there($page, Points => { number => 40 });
my $waits = "SELECT count(*) FROM notion.snapshots WHERE page = '$page'
    AND jsonb_path_exists(properties, '\$.**.number ? (@ == 40)')";
wait_until($node, $waits, 1, 'an edit waits');
set_there($page, Points => { number => 4 });
# Past the minutes that polls ask for again and again: nothing brings the page up once more.
wait_until($node, $waits, 0, 'it gives way to what undid it');
$locker->query_safe('COMMIT');
$locker->quit;
at_rest($pair, 'at rest');
is(sql($node, 'SELECT count(*) FROM audit WHERE id = 4'), 0, 'and never reaches the row');
is(sql($node, "SELECT count(*) FROM notion.conflicts WHERE state = 'open'"), 0, 'nothing is open');

$node->stop;
$emulator->stop;
done_testing();
