# The column page_content: a request for each row that is handed out and for no other; written in
# one request; large pages put together; refusals say why.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('content');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{ title => 'Notes', properties => { Name => 'title', Rank => 'number' },
        pages => [map { { title => "Note $_", properties => { Rank => $_ },
            markdown => "# Note $_\n- body $_ " } } 1 .. 20] }],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm
    OPTIONS (page_columns 'page_content')});
is(sql($node, q{SELECT format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = 'crm.notes'::regclass AND attname = 'page_content'}), 'text', 'imported');

# How many requests for content a statement makes.
sub contents { return scalar $emulator->journal(sub { $_->{path} =~ m{/markdown$} }); }
sub asked {
    my ($query) = @_;
    $emulator->control('DELETE', 'journal');
    my $out = sql($node, $query);
    return wantarray ? ($out, contents()) : $out;
}

is_deeply([asked(q{SELECT page_content FROM crm.notes WHERE name = 'Note 3'})],
    ["# Note 3\n- body 3 ", 1], 'one row, one request');
is_deeply([asked('SELECT count(*) FROM crm.notes')], ['20', 0],
    'who does not read it pays nothing');
is_deeply([asked('SELECT count(name) FROM crm.notes WHERE rank > 5')], ['15', 0], 'nor does it');
is_deeply([asked(q{SELECT string_agg(left(page_content, 8), ',' ORDER BY rank) FROM crm.notes
    WHERE length(name) = 6})], [join(',', map { "# Note $_" } 1 .. 9), 9],
    'only for rows that survive');
my ($limited, $requests) = asked(q{SELECT page_content FROM crm.notes
    WHERE name || '' LIKE 'Note 1%' LIMIT 3});
is($requests, 3, 'a LIMIT is a limit');
is_deeply([asked(q{SELECT name FROM crm.notes WHERE page_content LIKE '%body 7 %' AND rank < 9})],
    ['Note 7', 8], 'a condition on the content needs it, of those that the others leave');
is_deeply([asked(q{SELECT name FROM crm.notes WHERE page_content LIKE '%body 7 %'
    AND rank > 5 AND name NOT IN (SELECT 'Note ' || i FROM generate_series(9, 20) i)})],
    ['Note 7', 3],
    'subqueries come first too');
is_deeply([asked(q{SELECT length(page_content) > 3 FROM crm.notes
    WHERE page_id = (SELECT page_id FROM crm.notes WHERE name = 'Note 2')})], ['t', 1], 'by id');
is_deeply([asked(q{EXPLAIN (COSTS OFF) SELECT page_content FROM crm.notes WHERE rank = 1})]->[1], 0,
    'EXPLAIN asks nothing');
like(sql($node, 'EXPLAIN SELECT page_content FROM crm.notes WHERE rank = 1'),
    qr{Notion Content: GET /v1/pages/:page_id/markdown}, 'and says what would be asked');
like(sql($node, q{EXPLAIN (ANALYZE, COSTS OFF) SELECT page_content FROM crm.notes
    WHERE length(name) = 7}), qr/Rows Removed by Filter: 9/, 'rows that it spared are counted');
like(error_of($node, q{SET notion.max_requests = 5; SELECT page_content FROM crm.notes}),
    qr/needs more than 5 requests/, 'the bound holds');
is_deeply([asked('ANALYZE crm.notes')], ['', 0], 'ANALYZE does not read it');

# ---- writing ------------------------------------------------------------------------------------

sub markdown {
    my ($name) = @_;
    return sql($node, "SELECT notion.content(page_id) FROM crm.notes WHERE name = '$name'");
}
sub writes {
    return join ' ', map { "$_->{method} $_->{path}" =~ s{/[0-9a-f-]{36}}{/ID}r }
      $emulator->journal(sub { $_->{method} ne 'GET' && $_->{path} !~ /query$/ });
}

$emulator->control('DELETE', 'journal');
sql($node, q{INSERT INTO crm.notes (name, page_content)
    VALUES ('New', E'## Größer\n1. 測試 🎈\n2. b')});
is(writes(), 'POST /v1/pages', 'a page is made with its content');
is(markdown('New'), "## Größer\n1. 測試 🎈\n2. b", 'and has it');

$emulator->control('DELETE', 'journal');
sql($node, q{UPDATE crm.notes SET page_content = 'Changed.' WHERE name = 'New'});
is(writes(), 'PATCH /v1/pages/ID/markdown', 'content alone is one request');
is(contents(), 1, 'and not read before');
is(markdown('New'), 'Changed.', 'replaced');

$emulator->control('DELETE', 'journal');
sql($node, q{UPDATE crm.notes SET page_content = page_content || E'\nMore.', rank = 77
    WHERE name = 'New'});
is(writes(), 'PATCH /v1/pages/ID/markdown PATCH /v1/pages/ID', 'the content goes first');
is(markdown('New'), "Changed.\nMore.", 'made of what it was');
is(sql($node, q{SELECT rank FROM crm.notes WHERE name = 'New'}), '77', 'and the property');

is(sql($node, q{UPDATE crm.notes SET page_content = 'Back' WHERE name = 'New'
    RETURNING name, rank, page_content}), 'New|77|Back', 'RETURNING shows the page');
is(sql($node, q{INSERT INTO crm.notes (name, page_content) VALUES ('Two', '- x')
    RETURNING page_content}), '- x', 'and what Notion made of the content');
is(sql($node, q{UPDATE crm.notes SET rank = 2 WHERE name = 'Two' RETURNING page_content}), '- x',
    'also where it stays');
sql($node, q{UPDATE crm.notes SET page_content = NULL WHERE name = 'Two'});
is(markdown('Two'), '', 'NULL empties it');
is(sql($node, q{SELECT page_content = '' FROM crm.notes WHERE name = 'Two'}), 't',
    'an empty page has empty content');
sql($node, q{UPDATE crm.notes n SET page_content = v.c FROM (VALUES ('Two', 'joined')) v(n, c)
    WHERE n.name = v.n});
is(markdown('Two'), 'joined', 'by a join as well');

like(error_of($node, q{UPDATE crm.notes SET page_content = repeat('x', 600000), rank = 3
    WHERE name = 'Two'}), qr/the content is longer than Notion takes at once.*notion\.append/s,
    'too long is refused before anything is sent');
is(sql($node, q{SELECT rank FROM crm.notes WHERE name = 'Two'}), '2', 'nothing was');
$emulator->fault({ kind => 'status', status => 400, count => 1,
    route => 'PATCH /v1/pages/:id/markdown', body => json({ object => 'error', status => 400,
        code => 'validation_error', message => 'This Markdown is not understood.' }) });
like(error_of($node, q{UPDATE crm.notes SET page_content = 'y', rank = 3 WHERE name = 'Two'}),
    qr/This Markdown is not understood/, 'refused in Notion\'s words');
is(sql($node, q{SELECT rank FROM crm.notes WHERE name = 'Two'}), '2', 'and the rest left alone');
$emulator->fault({ kind => 'drop_after_commit', count => 1,
    route => 'PATCH /v1/pages/:id/markdown' });
like(error_of($node, q{UPDATE crm.notes SET page_content = 'z' WHERE name = 'Two'}),
    qr/08007: .*nobody knows whether Notion did this write/, 'no answer is an unknown outcome');

# ---- large pages --------------------------------------------------------------------------------

my $lines = join '\n', map { "- line $_" } 1 .. 90;
sql($node, "INSERT INTO crm.notes (name, page_content) VALUES ('Large', E'$lines')");
$emulator->control('POST', 'limits', { markdown_blocks => 40 });
is(sql($node, q{SELECT page_content FROM crm.notes WHERE name = 'Large'}),
    join("\n", map { "- line $_" } 1 .. 90), 'what Notion leaves out is asked for and put back');
is(markdown('Large'), join("\n", map { "- line $_" } 1 .. 90), 'by notion.content too');
$emulator->control('POST', 'limits', { markdown_blocks => 20000 });
my $megabytes = sql($node, q{
    WITH made AS (INSERT INTO crm.notes (name) VALUES ('Huge') RETURNING page_id)
    SELECT page_id FROM made});
sql($node, qq{SELECT notion.api('acme', 'PATCH', '/v1/pages/$megabytes/markdown',
    jsonb_build_object('type', 'insert_content', 'insert_content',
        jsonb_build_object('content', repeat(repeat('wörter ', 200) || E'\\n', 250)))) IS NOT NULL
    FROM generate_series(1, 8)});
cmp_ok(sql($node, q{SELECT octet_length(page_content) FROM crm.notes WHERE name = 'Huge'}), '>',
    3_000_000, 'several megabytes are read');

$node->stop;
$emulator->stop;
done_testing();
