# A content column both ways: an UPDATE replaces the page's content, once, after a look; what people
# write comes in; where both did, a person decides; nothing is lost to deaths and missing answers.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $node = start_node('content_both', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s', 'notion.listen' => "127.0.0.1:$port",
    restart_after_crash => 'on');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{ title => 'Notes', properties => { Name => 'title', Key => 'rich_text' } }],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE notes (id serial PRIMARY KEY, name text, note text, other text)});
my $columns = q{columns => '{"id": "key", "name": "name"}'};
my $route = 'PATCH /v1/pages/:id/markdown';

# ---- helpers ------------------------------------------------------------------------------------

sub edit {
    my ($page, $markdown) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$page/markdown", { type => 'replace_content',
        replace_content => { new_str => $markdown } });
}
sub markdown { return $emulator->person('ada', 'GET', "/v1/pages/$_[0]/markdown")->{markdown}; }
sub page_of {
    return sql($node, "SELECT m.page FROM notion.mappings m JOIN notes n ON n.id::text = m.key
        WHERE n.name = '$_[0]' AND m.page_state = 'live'");
}
sub show {
    diag(sql($node, 'SELECT link, page, due, attempts, arrived, reason, failed, wish, flight, sent,
        settle_until, guarded_at FROM notion.contents'), "\n",
        sql($node, 'SELECT * FROM notes'), "\n", sql($node, 'SELECT * FROM notion.conflicts'));
}
sub note_is {
    my ($name, $note, $why) = @_;
    return wait_until($node, "SELECT note FROM notes WHERE name = '$name'", $note, $why) || show();
}
sub in_step { # nothing of a content is on its way, either way
    return wait_until($node, q{SELECT count(*) FROM notion.contents WHERE NOT failed
        AND (wish IS NOT NULL OR sent IS NOT NULL OR arrived IS NOT NULL OR due IS NOT NULL)}, '0',
        $_[0]) || show();
}
sub flush { # what notion.flush waits for; a server that was killed ends sessions
    return wait_until($node, q{SELECT notion.pending('notes')}, '0', 'all is sent') || show();
}
sub page_is {
    my ($page, $markdown, $why) = @_;
    flush();
    is(markdown($page), $markdown, $why) || show();
}
sub writes { # of ours
    return scalar $emulator->journal(sub {
        $_->{method} eq 'PATCH' && $_->{path} =~ m{/markdown$} && $_->{token} =~ /^ntn_bot/ });
}
sub conflict {
    my ($name, $what) = @_;
    return sql($node, "SELECT $what FROM notion.conflicts c JOIN notes n ON n.id::text = c.key
        WHERE n.name = '$name' AND c.state = 'open'");
}
sub open_conflict {
    my ($name, $why) = @_;
    wait_until($node, "SELECT count(*) FROM notion.conflicts c JOIN notes n ON n.id::text = c.key
        WHERE n.name = '$name' AND c.state = 'open'", '1', $why) || show();
    return conflict($name, 'c.id');
}
sub failure_like {
    my ($words, $why) = @_;
    return wait_until($node, "SELECT count(*) FROM notion.failures WHERE direction = 'to_notion'
        AND reason LIKE 'content: $words'", '1', $why)
      || diag(sql($node, 'SELECT * FROM notion.failures')) && show();
}
sub unshare { $emulator->control('POST', "pages/$_[0]/unshare", { as => 'ada' }); }

# ---- only when asked ----------------------------------------------------------------------------

my $wrong = error_of($node, qq{SELECT notion.link('notes', 'crm.notes', direction => 'from_notion',
    $columns, content_direction => 'both')});
like($wrong, qr/content_direction both needs a column/, 'a direction without a column');
like(error_of($node, qq{SELECT notion.link('notes', 'crm.notes', direction => 'from_notion',
    $columns, content => 'note', content_direction => 'both')}), qr/the link sends nothing/,
    'a link that only reads');
like(error_of($node, qq{SELECT notion.link('notes', 'crm.notes', direction => 'both',
    $columns, content => 'note', content_direction => 'to_notion')}),
    qr/content_direction is from_notion or both/, 'a direction that is none');

sql($node, qq{INSERT INTO notes (name, note) VALUES ('Plan', E'# Plan\\n\\n* one'), ('Bare', NULL);
    SELECT notion.link('notes', 'crm.notes', direction => 'both', $columns, content => 'note');
    SELECT notion.sync('notes')});
wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync');
flush();
my ($plan, $bare) = (page_of('Plan'), page_of('Bare'));
note_is('Plan', "# Plan\n- one", 'inward by default: Notion\'s spelling comes back');
sql($node, q{UPDATE notes SET note = 'only here' WHERE name = 'Plan'});
flush();
is(writes(), 0, 'and an UPDATE writes nothing');
sql($node, q{SELECT notion.alter_link('notes', content_direction => 'both')});
note_is('Plan', 'only here', 'asked for later:');
wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', '0', 'a sync');
page_is($plan, 'only here', 'what was changed since they agreed goes out');

# ---- outward, and its echo ----------------------------------------------------------------------

is(writes(), 1, 'in one write');
in_step('the echo is read');
sql($node, q{UPDATE notes SET note = E'# Two\n\n* a\n* b' WHERE name = 'Plan'});
page_is($plan, "# Two\n- a\n- b", 'an UPDATE replaces the content');
in_step('its echo is read');
note_is('Plan', "# Two\n\n* a\n* b", 'and the row keeps its spelling');
is(writes(), 2, 'in one write');
is(sql($node, q{SELECT c ->> 'from' || ' > ' || (c ->> 'to') FROM notion.log g,
    jsonb_array_elements(g.changes) c WHERE g.side = 'postgres' AND g.action = 'update'
    AND c ->> 'column' = 'note' ORDER BY g.id DESC LIMIT 1}),
    "only here > # Two\n\n* a\n* b", 'the log names both');
edit($plan, 'by a person');
note_is('Plan', 'by a person', 'a person\'s edit comes in');
in_step('and nothing follows');
is(writes(), 2, 'nothing is sent back');
sql($node, q{UPDATE notes SET note = 'x', name = 'Plan' WHERE name = 'Plan';
    UPDATE notes SET note = 'y' WHERE name = 'Plan'; UPDATE notes SET note = 'by a person'
    WHERE name = 'Plan'; UPDATE notes SET note = 'z' WHERE name = 'Bare'});
page_is($plan, 'by a person', 'changed there and back');
page_is($bare, 'z', 'an empty page is filled');
is(scalar $emulator->journal(sub { $_->{method} eq 'PATCH' && $_->{path} =~ m{$bare/markdown$} }),
    1, 'once');
sql($node, q{UPDATE notes SET note = NULL WHERE name = 'Bare'});
page_is($bare, '', 'and emptied, as the row is');
sql($node, q{INSERT INTO notes (name, note) VALUES ('New', E'first\nwords');
    UPDATE notes SET note = E'second\nwords' WHERE name = 'New'});
flush();
my $new = page_of('New');
page_is($new, "second\nwords", 'a row that is made and changed');
in_step('settled');
note_is('New', "second\nwords", 'keeps its words');

# ---- both changed: a person decides -------------------------------------------------------------

sub collide { # both sides change before either is read
    my ($page, $name, $here, $there) = @_;
    in_step("$name is in step");
    sql($node, q{SELECT notion.pause('notes')});
    wait_until($node, 'SELECT state FROM notion.links', 'paused', 'paused');
    edit($page, $there);
    sql($node, "UPDATE notes SET note = '$here' WHERE name = '$name'");
    sql($node, q{SELECT notion.resume('notes')});
}
collide($plan, 'Plan', 'mine', 'theirs');
my $id = open_conflict('Plan', 'both changed: a conflict');
is(conflict('Plan', "c.postgres || '|' || c.notion || '|' || c.rule || '|' || c.column_name"),
    'mine|theirs|manual|note', 'with both');
my $writes = writes();
in_step('at rest');
is(markdown($plan), 'theirs', 'nothing was sent');
is(sql($node, q{SELECT note FROM notes WHERE name = 'Plan'}), 'mine', 'nothing was taken');
sql($node, q{UPDATE notes SET name = name WHERE name = 'Plan'; UPDATE notes SET note = 'mine too'
    WHERE name = 'Plan'});
wait_until($node, "SELECT postgres FROM notion.conflicts WHERE id = $id", 'mine too',
    'it follows the row') || show();
edit($plan, 'theirs too');
wait_until($node, "SELECT notion FROM notion.conflicts WHERE id = $id", 'theirs too',
    'and the page');
is(writes(), $writes, 'still nothing was sent');
sql($node, "SELECT notion.resolve($id, 'postgres')");
wait_until($node, "SELECT state || coalesce(winner, '') FROM notion.conflicts WHERE id = $id",
    'closedpostgres', 'postgres') || show();
page_is($plan, 'mine too', 'the row\'s is sent');

collide($plan, 'Plan', 'a', 'b');
$id = open_conflict('Plan', 'another');
sql($node, "SELECT notion.resolve($id, 'notion')");
note_is('Plan', 'b', 'notion: the page\'s is taken');
is(sql($node, "SELECT postgres FROM notion.conflicts WHERE id = $id"), 'a', 'the loser is kept');
collide($plan, 'Plan', 'c', 'd');
$id = open_conflict('Plan', 'another');
sql($node, "SELECT notion.resolve($id, 'value', 'c and d')");
note_is('Plan', 'c and d', 'a value of one\'s own here');
page_is($plan, 'c and d', 'and there');
collide($plan, 'Plan', 'same', 'same');
in_step('both the same');
is(conflict('Plan', 'count(*)'), '0', 'is no conflict');
collide($plan, 'Plan', 'e', 'f');
$id = open_conflict('Plan', 'another');
edit($plan, 'same');
wait_until($node, "SELECT state || note FROM notion.conflicts WHERE id = $id",
    'closedboth sides agree again', 'taken back there: no conflict') || show();
page_is($plan, 'e', 'and the row\'s is sent');

# A decision holds for what its author saw.
collide($plan, 'Plan', 'g', 'h');
$id = open_conflict('Plan', 'another');
in_step('both are known');
sql($node, q{ALTER SYSTEM SET notion.worker = off; SELECT pg_reload_conf()});
wait_until($node, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_notion net%'},
    '0', 'the worker rests');
sql($node, "SELECT notion.resolve($id, 'postgres')");
edit($plan, 'newer than the decision');
sql($node, q{ALTER SYSTEM RESET notion.worker; SELECT pg_reload_conf()});
wait_until($node, "SELECT notion || '|' || note FROM notion.conflicts WHERE id = $id",
    'newer than the decision|decided, but a side has changed since', 'judged anew') || show();
is(markdown($plan), 'newer than the decision', 'nothing unseen is overwritten');
sql($node, "SELECT notion.resolve($id, 'notion')");
note_is('Plan', 'newer than the decision', 'decided');

# ---- no answer, twice, late ---------------------------------------------------------------------

for my $kind (qw(drop_after_commit drop_before 503_after_commit truncated garbage)) {
    in_step("before $kind");
    $emulator->fault({ kind => $kind, route => $route, count => 1, token => 'ntn_bot' });
    sql($node, "UPDATE notes SET note = E'after\\n\\n* $kind' WHERE name = 'Plan'");
    page_is($plan, "after\n- $kind", "$kind: it is there");
    $emulator->clear_faults;
    is(sql($node, q{SELECT replace(note, E'\n\n* ', E'\n- ') FROM notes WHERE name = 'Plan'}),
        "after\n- $kind", 'and here');
}
is(sql($node, q{SELECT count(*) FROM notion.conflicts WHERE state = 'open'}), '0',
    'nobody is asked');

# One of unknown outcome that did not land, and a person wrote meanwhile: their words stand.
in_step('before');
sql($node, q{ALTER SYSTEM SET notion.settle = '5s'; SELECT pg_reload_conf()});
$emulator->fault({ kind => 'drop_before', route => $route, count => 1, token => 'ntn_bot' });
sql($node, q{UPDATE notes SET note = 'lost on the way' WHERE name = 'Plan'});
wait_until($node, q{SELECT count(*) FROM notion.contents WHERE flight = 'unknown'}, '1', 'unknown');
edit($plan, 'a person was faster');
sql($node, q{ALTER SYSTEM RESET notion.settle; SELECT pg_reload_conf()});
$id = open_conflict('Plan', 'a conflict');
is(markdown($plan), 'a person was faster', 'nothing was overwritten');
sql($node, "SELECT notion.resolve($id, 'notion')");
note_is('Plan', 'a person was faster', 'decided');

# Formatting alone: the old words are no evidence that the new form arrived.
in_step('before');
$emulator->fault({ kind => 'drop_before', route => $route, count => 1, token => 'ntn_bot' });
sql($node, q{UPDATE notes SET note = '**a person** was faster' WHERE name = 'Plan'});
page_is($plan, '**a person** was faster', 'another form of the same words is sent again');
note_is('Plan', '**a person** was faster', 'and not lost');
$emulator->clear_faults;

# Deaths at every stage.
sql($node, q{INSERT INTO notes (name, note) SELECT 'storm ' || i, 'zero' FROM
    generate_series(1, 12) i});
flush();
in_step('the storm begins');
$emulator->fault({ kind => 'drop_after_commit', route => $route, probability => 0.1,
    token => 'ntn_bot' },
    { kind => 'delay_after', ms => 400, route => $route, token => 'ntn_bot' });
for my $round (1 .. 4) {
    sql($node, "UPDATE notes SET note = 'round $round of ' || name WHERE name LIKE 'storm %'");
    wait_until($node, q{SELECT count(*) > 0 FROM notion.contents WHERE flight <> 'none'}, 't',
        "round $round is under way");
    my $what = $round % 2 ? 'net' : 'apply';
    my $pid = sql($node, "SELECT min(pid) FROM pg_stat_activity
        WHERE backend_type = 'pg_notion $what'");
    kill $round > 2 ? 'KILL' : 'TERM', $pid if $pid;
    wait_until($node, "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE backend_type = 'pg_notion $what' AND pid <> " . ($pid || 0), 't', 'another comes');
}
$emulator->clear_faults;
flush();
in_step('the storm is over');
is(sql($node, q{SELECT count(*) FROM notes WHERE name LIKE 'storm %'
    AND note = 'round 4 of ' || name}), '12', 'rows have what was written');
my $there = grep { markdown(page_of("storm $_")) eq "round 4 of storm $_" } 1 .. 12;
is($there, 12, 'pages too');
is(sql($node, q{SELECT count(*) FROM notion.conflicts WHERE state = 'open'}), '0', 'no conflict');

# ---- what must not be overwritten ---------------------------------------------------------------

$emulator->person('ada', 'PATCH', "/v1/blocks/$bare/children", { children => [
    { type => 'paragraph', paragraph => { rich_text => [{ text => { content => 'words' } }] } },
    { type => 'breadcrumb', breadcrumb => {} }] });
wait_until($node, q{SELECT note LIKE 'words%<unknown %' FROM notes WHERE name = 'Bare'}, 't',
    'a page with a block that has no Markdown comes in');
in_step('read');
sql($node, q{UPDATE notes SET note = 'would destroy it' WHERE name = 'Bare'});
failure_like('the page holds parts that Markdown does not%', 'is not replaced');
like(markdown($bare), qr/^words\n<unknown /, 'nothing of it is lost');
is(sql($node, q{SELECT state FROM notion.rows r WHERE page = '} . $bare . q{'}), 'failed',
    'the row says so');
edit($bare, 'words');
$id = open_conflict('Bare', 'once the block is gone, both have changed');
sql($node, "SELECT notion.resolve($id, 'postgres')");
page_is($bare, 'would destroy it', 'and the row may win');
is(sql($node, 'SELECT count(*) FROM notion.failures'), '0', 'no failure is left');

# A child page is not deleted by it; Notion's words say so.
my $child = $emulator->person('ada', 'POST', '/v1/pages', { parent => { page_id => $bare },
    properties => { title => { title => [{ text => { content => 'Child' } }] } } })->{id};
wait_until($node, q{SELECT note LIKE '%<page url=%Child</page>' FROM notes WHERE name = 'Bare'},
    't', 'a child page is part of the content') || show();
in_step('read');
sql($node, q{UPDATE notes SET note = 'without it' WHERE name = 'Bare'});
failure_like('%delete%child%', 'Notion refuses a content without it');
sql($node, q{UPDATE notes SET note = E'with it\n} . (split /\n/, markdown($bare))[-1]
    . q{' WHERE name = 'Bare'});
flush();
like(markdown($bare), qr{^with it\n<page url=}, 'one with it is taken');
is($emulator->person('ada', 'GET', "/v1/pages/$child")->{in_trash} ? 1 : 0, 0, 'the child lives');

sql($node, q{SELECT notion.alter_link('notes', forbid => notion.credentials());
    UPDATE notes SET note = 'password: hunter2hunter2' WHERE name = 'New'});
failure_like('column note looks like what the link forbids%', 'forbid holds for contents');
sql($node, q{UPDATE notes SET note = repeat('ab ', 200000) WHERE name = 'New'});
failure_like('%600002 bytes as JSON, 490000 go', 'one that is too long is not tried');
is(scalar $emulator->journal(sub { json($_) =~ /hunter2/ }), 0, 'nothing of it left');
sql($node, q{SELECT notion.discard('notes', id::text) FROM notes WHERE name = 'New'});
wait_until($node, 'SELECT count(*) FROM notion.failures', '0', 'given up');
edit($new, 'the page goes on');
note_is('New', 'the page goes on', 'and the page\'s comes in again');

# Large, and in parts: what Notion's answer cuts is read.
$emulator->control('POST', 'limits', { markdown_blocks => 30 });
my $long = join "\n", map { "- line $_" } 1 .. 100;
sql($node, "UPDATE notes SET note = '$long' WHERE name = 'New'");
flush();
in_step('read');
$emulator->control('POST', 'limits', { markdown_blocks => 20000 });
is(markdown($new), $long, 'a long one is written');
note_is('New', $long, 'and is the row\'s');
is(conflict('New', 'count(*)'), '0', 'without a conflict');

# ---- the window between our look and our write --------------------------------------------------

sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks', { url => "http://127.0.0.1:$port/webhook/acme",
    window_ms => 10, retry_base_ms => 20 });
wait_until($node, "SELECT notion.webhook_token('acme') IS NOT NULL", 't', 'subscribed');
in_step('at rest');
$emulator->fault({ kind => 'delay', ms => 3000, route => $route, count => 1, token => 'ntn_bot' });
sql($node, q{UPDATE notes SET note = 'ours' WHERE name = 'Plan'});
wait_until($node, q{SELECT count(*) FROM notion.contents WHERE flight = 'sending'}, '1', 'sending');
edit($plan, 'typed in between');
page_is($plan, 'ours', 'it cannot be known in time');
wait_until($node, q{SELECT kind || '|' || base || '|' || postgres FROM notion.conflicts
    WHERE state = 'open'}, 'overwritten unseen|**a person** was faster|ours', 'but is told')
  || show();
$id = conflict('Plan', 'c.id');
sql($node, "SELECT notion.resolve($id, 'postgres')");
wait_until($node, "SELECT state FROM notion.conflicts WHERE id = $id", 'closed', 'and settled');

# ---- another column; the end ---------------------------------------------------------------------

in_step('at rest');
$writes = writes();
sql($node, q{UPDATE notes SET other = note; UPDATE notes SET other = 'differs' WHERE name = 'Plan';
    SELECT notion.alter_link('notes', content => 'other')});
$id = open_conflict('Plan', 'another column meets the pages anew');
is(writes(), $writes, 'and overwrites nothing');
sql($node, "SELECT notion.resolve($id, 'notion')");
wait_until($node, q{SELECT other FROM notes WHERE name = 'Plan'}, 'ours', 'decided');
unshare($plan);
sql($node, q{UPDATE notes SET other = 'no access' WHERE name = 'Plan'});
wait_until($node, "SELECT count(*) FROM notion.contents WHERE page = '$plan'
    AND (failed OR reason IS NOT NULL)", '1', 'a page without access waits') || show();
sql($node, q{SELECT notion.unlink('notes')});
wait_until($node, 'SELECT count(*) FROM notion.contents', '0', 'unlinked: nothing is kept');

$node->stop;
$emulator->stop;
done_testing();
