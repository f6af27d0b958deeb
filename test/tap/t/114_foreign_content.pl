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

# ---- what Notion names as unknown ---------------------------------------------------------------

my $mixed = sql($node, q{WITH made AS (INSERT INTO crm.notes (name, page_content)
        VALUES ('Mixed', E'one\n- two') RETURNING page_id) SELECT page_id FROM made});
$emulator->person('ada', 'PATCH', "/v1/blocks/$mixed/children",
    { children => [{ type => 'breadcrumb', breadcrumb => {} }] });
my $child = $emulator->person('ada', 'POST', '/v1/pages', { parent => { page_id => $mixed },
    properties => { title => { title => [{ text => { content => 'Secret' } }] } } })->{id};
$emulator->control('POST', "pages/$child/unshare", { as => 'ada' });
my @blocks = @{ $emulator->person('ada', 'GET', "/v1/blocks/$mixed/children")->{results} };
is(scalar @blocks, 4, 'two lines, a block that has no Markdown, and the child page');
sub bare { return $_[0] =~ s/-//gr; }
my $address = 'https://www.notion.so/';
my $marks = join "\n",
  qq{<unknown url="$address} . bare($mixed) . '#' . bare($blocks[2]{id}) . '" alt="breadcrumb"/>',
  qq{<unknown url="$address} . bare($child) . '" alt="page"/>';
my $mark = qq{<unknown url="$address} . bare($mixed) . '#' . bare($blocks[1]{id})
  . '" alt="bulleted_list_item"/>';
for my $expression ('page_content', 'notion.content(page_id)') {
    my $query = "SELECT $expression FROM crm.notes WHERE name = 'Mixed'";
    is_deeply([asked($query)], ["one\n- two\n$marks", 2],
        "$expression: a child page that is not shared is asked for, and stays marked");
    $emulator->control('POST', 'limits', { markdown_blocks => 1 });
    is_deeply([asked($query)], ["one\n- two\n$marks", 4], 'beside what was left out');
    $emulator->fault({ kind => 'status', status => 400, count => 1, skip => 1,
        route => 'GET /v1/pages/:id/markdown', body => json({ object => 'error', status => 400,
            code => 'validation_error', message => 'This is a database, not a page.' }) });
    my ($refused, $requests) = asked($query);
    is($requests, 4, 'a part that is refused stops no other');
    is($refused, "one\n$mark\n$marks", 'and stays marked');
    $emulator->control('POST', 'limits', { markdown_blocks => 20000 });
    $emulator->fault({ kind => 'status', status => 200, count => 1,
        route => 'GET /v1/pages/:id/markdown', body => json({ object => 'page_markdown',
            id => $mixed, markdown => "before\n\t$mark\nafter", truncated => JSON::PP::false,
            unknown_block_ids => [$blocks[1]{id}] }) });
    is_deeply([asked($query)], ["before\n\t- two\nafter", 2],
        'what is named is asked for, whether or not Notion calls the answer cut');
    $emulator->fault({ kind => 'status', status => 200, count => 1,
        route => 'GET /v1/pages/:id/markdown', body => json({ object => 'page_markdown',
            id => $mixed, markdown => 'begun', truncated => JSON::PP::true,
            unknown_block_ids => [] }) });
    like(error_of($node, $query), qr/HV021: .*Notion cut the content.*HINT:.*blocks/s,
        'cut without a name is an error');
}
my $many = join '\n', map { "- line $_" } 1 .. 150;
sql($node, "INSERT INTO crm.notes (name, page_content) VALUES ('Many', E'$many')");
$emulator->control('POST', 'limits', { markdown_blocks => 10 });
is_deeply([asked(q{SELECT array_length(string_to_array(page_content, '<unknown '), 1) - 1
    FROM crm.notes WHERE name = 'Many'})], ['40', 101], 'Notion names 100: the others stay marked');
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
