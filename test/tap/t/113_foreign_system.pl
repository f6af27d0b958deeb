# IMPORT FOREIGN SCHEMA system: users, pages, databases, data sources, comments, templates and
# blocks as tables.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', q{CREATE SCHEMA crm; CREATE SCHEMA sys;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    IMPORT FOREIGN SCHEMA system FROM SERVER acme INTO sys});

sub answer {
    my ($sql) = @_;
    my ($status, $stdout, $stderr) = $node->psql('postgres', $sql,
        extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return $status == 0 ? $stdout : "error: $stderr";
}

is(sql($node, q{SELECT string_agg(foreign_table_name, ',' ORDER BY foreign_table_name)
    FROM information_schema.foreign_tables WHERE foreign_table_schema = 'sys'}),
    'blocks,comments,data_sources,databases,pages,templates,users', 'what is imported');
is(sql($node, q{CREATE SCHEMA few; IMPORT FOREIGN SCHEMA system LIMIT TO (users, blocks)
    FROM SERVER acme INTO few; SELECT count(*) FROM information_schema.foreign_tables
    WHERE foreign_table_schema = 'few'}), 2, 'LIMIT TO');

# Those that Notion lists
is(answer(q{SELECT name, type FROM sys.users WHERE email = 'ada@lakeside.example'}),
    'Ada Lindqvist|person', 'users');
is(answer(q{SELECT u.name FROM sys.users u JOIN crm.tasks t ON u.user_id = ANY (t.owner)
    WHERE t.task = 'Send the invoice'}), 'Ada Lindqvist', 'joined with a data source');
is(answer(q{SELECT string_agg(title, ',' ORDER BY title) FROM sys.data_sources}),
    'Participants,Tasks', 'data sources');
is(answer(q{SELECT count(*), bool_and(jsonb_array_length(data_sources) = 1), count(title)
    FROM sys.databases}), '2|t|2', 'databases, each once');
is(answer(q{SELECT title, data_source_id IS NULL FROM sys.pages WHERE title = 'Handbook'}),
    'Handbook|t', 'pages that are no rows');
is(answer(q{SELECT count(*) FROM sys.pages p JOIN sys.data_sources d USING (data_source_id)
    WHERE d.title = 'Participants'}), 8, 'and those that are');
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 230, seed => 3 });
is(answer('SELECT count(*), count(DISTINCT page_id) FROM sys.pages'), '245|245',
    'more than one answer');

# Those that it lists by their parent
my $handbook = sql($node, q{SELECT page_id FROM sys.pages WHERE title = 'Handbook'});
is(answer("SELECT string_agg(type || ':' || body, ',' ORDER BY position) FROM sys.blocks
    WHERE page_id = '$handbook'"),
    'heading_1:Handbook,paragraph:Everything that the team must know.,'
      . 'bulleted_list_item:doors open at nine,bulleted_list_item:badges at the desk',
    'blocks of a page');
my ($item) = sql($node, "SELECT block_id FROM sys.blocks WHERE page_id = '$handbook'
    AND body = 'doors open at nine'");
$emulator->person('ada', 'PATCH', "/v1/blocks/$item/children", { children => [
    { object => 'block', type => 'paragraph',
        paragraph => { rich_text => [ { text => { content => 'at the lake' } } ] } } ] });
is(answer("SELECT body, depth, parent_id = '$item' FROM sys.blocks
    WHERE page_id = '$handbook' AND depth > 0"), 'at the lake|1|t', 'and what is nested in them');
is(answer("SELECT string_agg(body, '>') FROM sys.blocks WHERE page_id = '$handbook'"),
    'Handbook>Everything that the team must know.>doors open at nine>at the lake>'
      . 'badges at the desk', 'in the order of the document');
is(answer(q{SELECT string_agg(b.body, ',' ORDER BY b.position) FROM crm.tasks t
    JOIN sys.blocks b ON b.page_id = t.page_id WHERE t.task = 'Check student cards'}),
    'Steps,ask for a scan,compare the names,delete the scan', 'a join gives the parent');
like(answer('SELECT count(*) FROM sys.blocks'),
    qr/error: .*HV000: foreign table "blocks" needs a condition on page_id.*HINT/s,
    'without one there is nothing to list');
is(answer("SELECT count(*) FROM sys.blocks WHERE page_id = ANY ('{$handbook}')"), 5, '= ANY');
is(answer('SELECT count(*) FROM sys.blocks WHERE page_id = NULL'), 0, 'NULL lists nothing');
$emulator->person('ada', 'POST', '/v1/comments', { parent => { page_id => $handbook },
    rich_text => [ { text => { content => 'Nine is early.' } } ] });
is(answer("SELECT body, u.name FROM sys.comments c JOIN sys.users u ON u.user_id = c.created_by
    WHERE c.parent_id = '$handbook'"), 'Nine is early.|Ada Lindqvist', 'comments of a page');
is(answer('SELECT count(*) FROM sys.templates t JOIN sys.data_sources d USING (data_source_id)'),
    0, 'templates of a data source');

# Blocks are written, and comments made
is(answer("INSERT INTO sys.blocks (page_id, body) VALUES ('$handbook', 'See you there.')
    RETURNING type, body, page_id = '$handbook', block_id IS NOT NULL"),
    'paragraph|See you there.|t|t', 'a block is appended');
is(answer(qq{INSERT INTO sys.blocks (parent_id, type, content) VALUES ('$item', 'to_do',
    '{"rich_text": [{"text": {"content": "bring it"}}], "checked": true}')
    RETURNING type, body, content ->> 'checked'}), 'to_do|bring it|true', 'within another, too');
is(answer("UPDATE sys.blocks SET body = 'See you!' WHERE page_id = '$handbook'
    AND body = 'See you there.' RETURNING body"), 'See you!', 'is changed');
is(answer("DELETE FROM sys.blocks WHERE page_id = '$handbook' AND body = 'bring it'
    RETURNING body"), 'bring it', 'is deleted');
is(answer("SELECT string_agg(body, '>') FROM sys.blocks WHERE page_id = '$handbook'"),
    'Handbook>Everything that the team must know.>doors open at nine>at the lake>'
      . 'badges at the desk>See you!', 'and the page shows it');
like(answer("INSERT INTO sys.blocks (body) VALUES ('x')"),
    qr/error: .*22023: a block needs a parent/, 'a block needs a parent');
like(answer("UPDATE sys.blocks SET type = 'quote' WHERE page_id = '$handbook'"),
    qr/error: .*22023: column "type" cannot be written/, 'its type stays');
$emulator->fault({ route => 'PATCH /v1/blocks/:block_id/children', kind => 'drop_after_commit',
    count => 1 });
like(answer("INSERT INTO sys.blocks (page_id, body) VALUES ('$handbook', 'lost')"),
    qr/error: .*08007: nobody knows whether Notion did the write of a row of blocks/,
    'no answer: an unknown outcome');
$emulator->clear_faults;
is(answer("INSERT INTO sys.comments (parent_id, body) VALUES ('$handbook', 'Ten then?')
    RETURNING body, comment_id IS NOT NULL"), 'Ten then?|t', 'a comment is made');
like(answer("DELETE FROM sys.comments WHERE parent_id = '$handbook'"), qr/error: .*0A000/,
    'and not deleted');

# The rest of a foreign table
my $asked = () = $emulator->journal;
like(answer('EXPLAIN (COSTS off) SELECT * FROM sys.users'), qr/Notion Objects: users/, 'EXPLAIN');
is(scalar(() = $emulator->journal), $asked, 'makes no request');
like(answer("INSERT INTO sys.users (name) VALUES ('x')"),
    qr/error: .*0A000: cannot write so to foreign table "users".*blocks can be written/s,
    'most are read only');
is(answer("SELECT count(*) FROM sys.users u1 JOIN sys.users u2 USING (user_id)") > 2, 1,
    'a self-join');
is(answer('ANALYZE sys.users'), '', 'ANALYZE leaves them alone');
$emulator->fault({ route => 'GET /v1/users', kind => 'status', status => 500, count => 2 });
is(answer('SELECT count(*) > 2 FROM sys.users'), 't', 'what passes is asked again');
$emulator->clear_faults;
like(answer("SELECT * FROM sys.blocks WHERE page_id = '00000000-0000-4000-8000-000000000000'"),
    qr/error: .*HV00R: .*Could not find block/s, 'a parent that is not there is an error');
like(answer("CREATE FOREIGN TABLE x (a int) SERVER acme OPTIONS (object 'views')"),
    qr/error: .*HV024: .*users, pages/s, 'an object that is none');
like(answer("CREATE FOREIGN TABLE x (name text, shoe int) SERVER acme OPTIONS (object 'users');
    SELECT shoe FROM x"), qr/error: .*HV005: users have no column "shoe"/, 'nor a column');

done_testing();
