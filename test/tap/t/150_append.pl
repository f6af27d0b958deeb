# notion.append: from a statement and from triggers, in order, once, whatever becomes of answers and
# of the worker; what Notion refuses is a failure, and holds up its own page only.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('append', emulator => { latency_ms => 5 },
    settings => { 'notion.settle' => '1s' });
my ($node, $emulator) = @$pair{qw(node emulator)};

sub markdown {
    my ($page) = @_;
    return $emulator->person('ada', 'GET', "/v1/pages/$page/markdown")->{markdown};
}

sub all_done {
    my ($name) = @_;
    return wait_until($node, "SELECT count(*) FROM notion.appends
        WHERE state IN ('queued', 'sending', 'unknown')", '0', $name)
      || diag(sql($node, "SELECT * FROM notion.appends WHERE state <> 'done'"));
}

my $source = $pair->{source};
my $page = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { data_source_id => $source },
    properties => { Name => { title => [{ text => { content => 'Diary' } }] } },
})->{id};

# ---- to a page --------------------------------------------------------------------------------

sql($node, qq{BEGIN; SELECT notion.append('acme', '$page', 'lost'); ROLLBACK});
(my $url = "https://www.notion.so/Diary-$page") =~ s/(?<!Diary)-//g;
sql($node, qq{SELECT notion.append('acme', '$url', E'## Monday\\n- one\\n- two')});
sql($node, qq{SELECT notion.append('acme', '$page', 'after ' || i) FROM generate_series(1, 3) i});
all_done('appended');
is(markdown($page), "## Monday\n- one\n- two\nafter 1\nafter 2\nafter 3",
    'in order, and without what was rolled back');
is(sql($node, qq{SELECT notion.append('acme', '$page', NULL) IS NULL
    AND notion.append('acme', '$page', E' \\n') IS NULL}), 't', 'nothing to append is nothing');
is(sql($node, qq{SELECT count(*) FROM notion.log WHERE action = 'append' AND page = '$page'
    AND request_id IS NOT NULL}), '4', 'and each stands in the log');

# ---- from a trigger, to a row that has no page yet ----------------------------------------------

sql($node, q{
    CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM notion.append(TG_RELID::regclass, new.id::text,
            format('%s: %s points', lower(TG_OP), new.points));
        RETURN NULL;
    END $$;
    CREATE TRIGGER history AFTER INSERT OR UPDATE OF points ON tasks
        FOR EACH ROW EXECUTE FUNCTION keep_history()});
sql($node, q{INSERT INTO tasks (name, points) VALUES ('grows', 1)});
sql($node, q{UPDATE tasks SET points = points + 1 WHERE name = 'grows'}) for 1 .. 3;
all_done('the history is there');
my $grows = pages($pair)->{grows}{id};
is(markdown($grows), join("\n", 'insert: 1 points', map { "update: $_ points" } 2 .. 4),
    'history of a row, in order');

# A person's edit is history too: apply fires the trigger as the table's owner. Both sides are in
# step first: what is still under way to the same property would win.
sql($node, q{CALL notion.flush('tasks', '60 s')});
$emulator->person('ada', 'PATCH', "/v1/pages/$grows",
    { properties => { Points => { number => 9 } } });
wait_until($node, q{SELECT points FROM tasks WHERE name = 'grows'}, '9', 'a person edits');
all_done('which is appended');
like(markdown($grows), qr/update: 9 points\z/, 'and history has it');

sql($node, 'DROP TRIGGER history ON tasks');

# ---- who may ------------------------------------------------------------------------------------

sql($node, 'CREATE ROLE clerk LOGIN; GRANT SELECT ON tasks TO clerk');
like(error_of($node, "SELECT notion.append('acme', '$page', 'no')", role => 'clerk'),
    qr/42501: must be owner of server "acme"/, 'a page is the server owner\'s');
like(error_of($node, "SELECT notion.append('tasks'::regclass, '1', 'no')", role => 'clerk'),
    qr/42501: permission denied for table public.tasks/, 'a row who may write it');
sql($node, 'GRANT UPDATE (done) ON tasks TO clerk');
is($node->psql('postgres', "SELECT notion.append('tasks'::regclass, '1', 'by the clerk')",
    extra_params => ['-U', 'clerk']), 0, 'who may update a column may append');
all_done('which is done');
like(markdown($grows), qr/by the clerk\z/, 'by the owner\'s connection');
sql($node, 'ALTER TABLE tasks ENABLE ROW LEVEL SECURITY');
like(error_of($node, "SELECT notion.append('tasks'::regclass, '1', 'no')", role => 'clerk'),
    qr/42501: .*has row security/s, 'row security is not gone around');
sql($node, 'ALTER TABLE tasks DISABLE ROW LEVEL SECURITY');
is(sql($node, 'SELECT count(*) > 0 FROM notion.appends'), 't', 'owners see it');
is($node->safe_psql('postgres', 'SELECT count(*) FROM notion.appends',
    extra_params => ['-U', 'clerk']), '0', 'others do not');
like(error_of($node, "SELECT notion.append('nowhere', '$page', 'x')"), qr/42704: .*regclass/s,
    'no such server');
like(error_of($node, "SELECT notion.append('acme', 'nothing', 'x')"), qr/22023: .*no page/,
    'no page');
like(error_of($node, "SELECT notion.append('acme', '$page', repeat('x', 500000))"),
    qr/54000: .*longer than Notion takes/, 'too long');

# ---- what Notion refuses ------------------------------------------------------------------------

my $gone = '11111111-2222-4333-8444-555555555555';
sql($node, "SELECT notion.append('acme', '$gone', 'first'),
    notion.append('acme', '$gone', 'second'),
    notion.append('acme', '$page', 'goes on')");
wait_until($node, 'SELECT count(*) FROM notion.failures', '1', 'a refusal is a failure');
like(sql($node, 'SELECT reason FROM notion.failures'), qr/append \d+: .*Could not find page/,
    'in Notion\'s words');
wait_until($node, "SELECT string_agg(state, ' ' ORDER BY id) FROM notion.appends
    WHERE page = '$gone'", 'held queued', 'its page waits in order');
wait_until($node, "SELECT state FROM notion.appends WHERE markdown = 'goes on'", 'done',
    'and no other');
my $held = sql($node, "SELECT id FROM notion.appends WHERE state = 'held'");
like(error_of($node, "SELECT notion.discard_append($held)", role => 'clerk'), qr/42704/,
    'a person decides, not anybody');
sql($node, "SELECT notion.retry_append($held)");
wait_until($node, "SELECT state FROM notion.appends WHERE id = $held", 'held', 'refused again');
sql($node, "SELECT notion.discard_append($held)");
wait_until($node, "SELECT count(*) FROM notion.appends
    WHERE page = '$gone' AND state = 'held'", '1', 'given up: the next one has its turn');
sql($node, "SELECT notion.discard_append(id) FROM notion.appends WHERE state = 'held'");

# ---- answers that never come --------------------------------------------------------------------

my $twice = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { data_source_id => $source },
    properties => { Name => { title => [{ text => { content => 'Twice' } }] } },
})->{id};
my $route = 'PATCH /v1/pages/:id/markdown';
for my $kind (qw(drop_after_commit drop_before 503_after_commit)) {
    $emulator->fault({ kind => $kind, route => $route, count => 1, skip => 1 });
    sql($node, "SELECT notion.append('acme', '$twice', 'same words') FROM generate_series(1, 3)");
    all_done("$kind: settled");
    $emulator->clear_faults;
}
is(markdown($twice), join("\n", ('same words') x 9), 'nine alike, nine times');
is(sql($node, "SELECT count(*) FROM notion.appends WHERE attempts > 1"), '1',
    'only what was not done was sent again');

# A person who edits in between leaves no evidence: a person decides.
$emulator->fault({ kind => 'drop_after_commit', route => $route, count => 1 });
$emulator->fault({ kind => 'hang', route => 'GET /v1/blocks/:id/children', count => 1 });
sql($node, "SELECT notion.append('acme', '$twice', 'contested')");
wait_until($node, "SELECT state FROM notion.appends WHERE markdown = 'contested'", 'unknown',
    'no answer');
my $blocks = $emulator->person('ada', 'GET', "/v1/blocks/$twice/children");
my $last = $blocks->{results}[-1]{id};
$emulator->person('ada', 'PATCH', "/v1/blocks/$last", {
    paragraph => { rich_text => [{ text => { content => 'reworded' } }] } });
$emulator->clear_faults;
wait_until($node, "SELECT state FROM notion.appends WHERE markdown = 'contested'", 'held',
    'the page does not say: held');
like(sql($node, 'SELECT reason FROM notion.failures'), qr/does not say whether it was done/,
    'and why');
sql($node, "SELECT notion.discard_append(id) FROM notion.appends WHERE state = 'held'");

# ---- deaths -------------------------------------------------------------------------------------

my $storm = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { data_source_id => $source },
    properties => { Name => { title => [{ text => { content => 'Storm' } }] } },
})->{id};
$emulator->fault({ kind => 'drop_after_commit', route => $route, probability => 0.1 });
sql($node, "SELECT notion.append('acme', '$storm', 'line ' || i) FROM generate_series(1, 60) i");
for my $round (1 .. 4) {
    my $wanted = $round * 12;
    wait_until($node, "SELECT count(*) >= $wanted FROM notion.appends
        WHERE page = '$storm' AND state = 'done'", 't', "round $round: some are done");
    my $pid = sql($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_notion net'");
    kill $round % 2 ? 'TERM' : 'KILL', $pid if $pid;
    wait_until($node, "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'pg_notion net' AND pid <> " . ($pid || 0), '1', 'another comes');
}
$emulator->clear_faults;
all_done('the storm is over');
is(sql($node, "SELECT count(*) FROM notion.appends WHERE state = 'held'"), '0', 'nobody was asked');
is(markdown($storm), join("\n", map { "line $_" } 1 .. 60), 'sixty lines, once each, in order');

at_rest($pair, 'at rest');
$node->stop;
$emulator->stop;
done_testing();
