# A link with a content column: pages' contents arrive in their rows, by polls and by events, and go
# out with pages that are made; what is not to be sent is not; what cannot be read or taken waits.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $port = free_port();
my $node = start_node('content', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s', 'notion.listen' => "127.0.0.1:$port");
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{ title => 'Contacts', properties => { Name => 'title', Key => 'rich_text' } },
        { title => 'Notes', properties => { Name => 'title', Key => 'rich_text',
        Kind => { select => ['a', 'b'] } } }],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE notes (id serial PRIMARY KEY, name text, note text,
        words tsvector GENERATED ALWAYS AS (to_tsvector('english', notion.plain_text(note)))
            STORED,
        CHECK (note NOT LIKE '%unwanted%'))});

# ---- what is wrong is said before anything happens ----------------------------------------------

my $columns = q{columns => '{"id": "key", "name": "name"}'};
my $wrong = error_of($node, qq{SELECT notion.link('notes', 'crm.notes', direction => 'both',
    $columns, content => 'words', template => 'Some name', forbid => '(')});
like($wrong, qr/22023/, 'refused');
like($wrong, qr/column words: content and templates are text, not tsvector/, 'a type');
like($wrong, qr/column words: PostgreSQL computes it/, 'a generated column');
like($wrong, qr/template "Some name" is none of default/, 'a template by name');
like($wrong, qr/forbid: invalid regular expression/, 'a pattern');
like(error_of($node, qq{SELECT notion.link('notes', 'crm.notes', direction => 'both', $columns,
    content => 'name')}), qr/it is paired with a property/, 'a paired column');

# ---- outward at creation, and the first sync ---------------------------------------------------

my $source;
sub add_page {
    my ($name, $markdown) = @_;
    return $emulator->person('ada', 'POST', '/v1/pages', {
        parent => { data_source_id => $source },
        properties => { Name => { title => [{ text => { content => $name } }] } },
        markdown => $markdown,
    })->{id};
}
sub edit {
    my ($page, $markdown) = @_;
    $emulator->person('ada', 'PATCH', "/v1/pages/$page/markdown", { type => 'replace_content',
        replace_content => { new_str => $markdown } });
}
sub markdown { return $emulator->person('ada', 'GET', "/v1/pages/$_[0]/markdown")->{markdown}; }
sub page_of {
    return sql($node, "SELECT m.page FROM notion.mappings m JOIN notes n ON n.id::text = m.key
        WHERE n.name = '$_[0]'");
}
sub note_is {
    my ($name, $note, $why) = @_;
    return wait_until($node, "SELECT note FROM notes WHERE name = '$name'", $note, $why)
      || diag(sql($node, 'SELECT * FROM notion.contents'), sql($node, 'SELECT * FROM notes'));
}

sql($node, qq{INSERT INTO notes (name, note)
        VALUES ('Plan', E'# Plan\\n- from here'), ('Empty', NULL);
    SELECT notion.link('notes', 'crm.notes', direction => 'both', $columns, content => 'note',
        forbid => notion.credentials());
    SELECT notion.sync('notes')});
wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync');
$source = sql($node, 'SELECT data_source FROM notion.links');
wait_until($node, "SELECT count(*) FROM notion.mappings WHERE page_state = 'live'", '2',
    'pages are made');
my $plan = page_of('Plan');
is(markdown($plan), "# Plan\n- from here", 'with the content of their rows');

# ---- inward --------------------------------------------------------------------------------------

edit($plan, "# Plan\n- from Notion\n- Meeting about budgets");
note_is('Plan', "# Plan\n- from Notion\n- Meeting about budgets", 'an edit arrives by polling');
is(sql($node, q{SELECT name FROM notes WHERE words @@ to_tsquery('english', 'meetings & budget')}),
    'Plan', 'and is found by search');
my $theirs = add_page('Theirs', "a page of theirs\n> quoted");
note_is('Theirs', "a page of theirs\n> quoted", 'a new page comes with its content');
is(sql($node, q{SELECT note IS NULL FROM notes WHERE name = 'Empty'}), 't',
    'an empty page leaves NULL');
is(sql($node, q{SELECT count(*) > 0 FROM notion.history('notes', '1', 'note')
    WHERE side = 'notion'}), 't', 'history has it');
sql($node, q{UPDATE notes SET note = 'only here' WHERE name = 'Plan'});
at_rest({ node => $node }, 'a change here');
is(markdown($plan), "# Plan\n- from Notion\n- Meeting about budgets", 'stays here: inward only');
edit($plan, 'Notion again');
note_is('Plan', 'Notion again', 'until the page changes');
sql($node, q{SELECT notion.append('notes'::regclass, '1', 'Appended.')});
note_is('Plan', "Notion again\nAppended.", 'what is appended comes back as content');

# What the table refuses waits, and stops nothing else.
edit($plan, 'this is unwanted');
edit($theirs, 'this is fine');
note_is('Theirs', 'this is fine', 'others go on');
wait_until($node, "SELECT reason LIKE '%violates check constraint%' FROM notion.contents
    WHERE page = '$plan'", 't', 'refused, with the table\'s words');
sql($node, q{UPDATE notion.contents SET since = since - interval '11 min', apply_at = now()
    WHERE reason LIKE '%violates%'});
wait_until($node, q{SELECT reason LIKE 'content: %violates%' FROM notion.failures}, 't',
    'after ten minutes it is a failure');
edit($plan, 'welcome');
note_is('Plan', 'welcome', 'a newer content is tried again');
is(sql($node, 'SELECT count(*) FROM notion.failures'), '0', 'and the failure is over');

# A page that cannot be read any more.
$emulator->control('POST', "pages/$theirs/unshare", { as => 'ada' });
sql($node, q{SELECT notion.sync('notes', key => m.key) FROM notion.mappings m}
    . " WHERE m.page = '$theirs'");
wait_until($node, "SELECT page_state FROM notion.mappings WHERE page = '$theirs'", 'unreachable',
    'a page without access');
$emulator->control('POST', "pages/$theirs/share", { as => 'ada' });
edit($theirs, 'shared again');
note_is('Theirs', 'shared again', 'comes back with access');

# Large and with parts; several megabytes.
$emulator->control('POST', 'limits', { markdown_blocks => 30 });
my $long = join "\n", map { "- line $_" } 1 .. 100;
edit($plan, $long);
note_is('Plan', $long, 'a page that Notion cuts is put together');
$emulator->control('POST', 'limits', { markdown_blocks => 20000 });

# What Notion names as unknown: a child page that is not shared, and what has no Markdown.
my $parent = add_page('Parent', 'above');
my $child = $emulator->person('ada', 'POST', '/v1/pages', { parent => { page_id => $parent },
    properties => { title => { title => [{ text => { content => 'Secret' } }] } } })->{id};
$emulator->control('POST', "pages/$child/unshare", { as => 'ada' });
$emulator->person('ada', 'PATCH', "/v1/blocks/$parent/children", { children => [
    { type => 'paragraph', paragraph => { rich_text => [{ text => { content => 'below' } }] } },
    { type => 'breadcrumb', breadcrumb => {} }] });
wait_until($node, q{SELECT regexp_replace(note, 'url="[^"]*"', 'url', 'g') FROM notes
    WHERE name = 'Parent'},
    qq{above\nbelow\n<unknown url alt="breadcrumb"/>\n<unknown url alt="page"/>},
    'they stay marked in the column')
  || diag(sql($node, 'SELECT * FROM notion.contents'), sql($node, 'SELECT * FROM notes'));
is(sql($node, "SELECT lossy FROM notion.contents WHERE page = '$parent'"), 't',
    'and the page is known not to be replaced');
is(sql($node, 'SELECT count(*) FROM notion.failures'), '0', 'it is no failure');
$emulator->control('POST', "pages/$child/share", { as => 'ada' });
$emulator->person('ada', 'PATCH', "/v1/blocks/$parent/children", { children => [
    { type => 'paragraph', paragraph => { rich_text => [{ text => { content => 'last' } }] } }] });
wait_until($node, q{SELECT note LIKE '%last%>Secret</page>' FROM notes WHERE name = 'Parent'}, 't',
    'shared, it is a child page');

# Faults on the way.
$emulator->fault({ kind => 'status', status => 500, count => 2,
    route => 'GET /v1/pages/:id/markdown' }, { kind => 'drop_before', count => 1,
    route => 'GET /v1/pages/:id/markdown' });
edit($plan, 'in spite of faults');
note_is('Plan', 'in spite of faults', 'faults delay it');
$emulator->clear_faults;

# ---- what is forbidden to send ------------------------------------------------------------------

sql($node, q{INSERT INTO notes (name, note) VALUES ('key ntn_0123456789abcdefghij', 'x'),
    ('harmless', 'password: hunter2hunter2'), ('fine', 'no secret at all')});
wait_until($node, q{SELECT count(*) FROM notion.failures WHERE reason LIKE '%forbids to send%'},
    '2', 'what looks like a credential is a failure');
wait_until($node, q{SELECT count(*) FROM notion.mappings m JOIN notes n ON n.id::text = m.key
    WHERE n.name = 'fine' AND m.page IS NOT NULL}, '1', 'the rest is sent');
is(scalar $emulator->journal(sub { json($_) =~ /ntn_0123456789|hunter2/ }), 0,
    'nothing of it left');
unlike(sql($node, 'SELECT string_agg(reason, \' \') FROM notion.failures'), qr/hunter2|ntn_/,
    'nor stands in the failure');
like(error_of($node, q{SELECT notion.append('notes'::regclass, '1', 'token=AKIAIOSFODNN7EXAMPLE')}),
    qr/22023: .*looks like/, 'an append of one is an error');
sql($node, q{UPDATE notes SET name = 'key in the vault' WHERE name LIKE 'key ntn_%'});
wait_until($node, q{SELECT count(*) FROM notion.mappings m JOIN notes n ON n.id::text = m.key
    WHERE n.name = 'key in the vault' AND m.page IS NOT NULL}, '1', 'once it is gone, it is sent');

# ---- rows are the system of record, and Notion is where people write ----------------------------

sql($node, qq{CREATE TABLE contacts (id serial PRIMARY KEY, name text, note text);
    INSERT INTO contacts (name) VALUES ('Nora');
    SELECT notion.link('contacts', 'crm.contacts', direction => 'to_notion', $columns,
        content => 'note');
    SELECT notion.sync('contacts')});
wait_until($node, q{SELECT count(*) FROM notion.rows WHERE link = 'contacts'::regclass
    AND state = 'in step'}, '1', 'a link that only sends');
my $nora = sql($node, q{SELECT page FROM notion.rows WHERE link = 'contacts'::regclass});
edit($nora, 'She called.');
wait_until($node, 'SELECT note FROM contacts', 'She called.', 'takes contents');
my $contacts = sql($node, q{SELECT data_source FROM notion.links
    WHERE table_id = 'contacts'::regclass});
$emulator->person('ada', 'POST', '/v1/pages', { parent => { data_source_id => $contacts },
    properties => { Name => { title => [{ text => { content => 'Stranger' } }] } } });
edit($nora, 'She called twice.');
wait_until($node, 'SELECT note FROM contacts', 'She called twice.', 'again');
is(sql($node, 'SELECT count(*) FROM contacts'), '1', 'and no pages');
sql($node, q{SELECT notion.unlink('contacts')});

# ---- by webhook ---------------------------------------------------------------------------------

sql($node, q{SELECT notion.alter_link('notes', forbid => '')});
is(sql($node, 'SELECT forbid IS NULL AND content = \'note\' FROM notion.links'), 't',
    'forbid is taken away');
wait_until($node, q{SELECT count(*) FROM notion.contents WHERE due IS NOT NULL}, '0',
    'all is read');
sql($node, q{ALTER SYSTEM SET notion.poll_interval = '1h'; SELECT pg_reload_conf()});
sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks', { url => "http://127.0.0.1:$port/webhook/acme",
    window_ms => 10, retry_base_ms => 20 });
wait_until($node, "SELECT notion.webhook_token('acme') IS NOT NULL", 't', 'subscribed');
sql($node, q{UPDATE notion.polls SET next_at = now() + interval '1 hour'});
edit($plan, 'by an event');
note_is('Plan', 'by an event', 'an event brings it at once');

$node->stop;
$emulator->stop;
done_testing();
