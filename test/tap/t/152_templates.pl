# Templates: listed; chosen in an INSERT, for a link, and row by row; one that is gone is said so.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('templates', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{ title => 'Projects', properties => { Name => 'title', Key => 'rich_text' },
        templates => [
            { name => 'Grant application', markdown => "# Budget\n- [ ] ask",
                is_default => JSON::PP::true() },
            { name => 'Impact story', markdown => "# Story" } ] }],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm
    OPTIONS (page_columns 'page_template, page_content')});

is(sql($node, q{SELECT template, is_default FROM notion.templates('crm.projects') ORDER BY 1}),
    "Grant application|t\nImpact story|f", 'listed');
is(sql($node, q{SELECT template FROM notion.templates('crm.projects', 'STORY')}), 'Impact story',
    'by a part of the name');
my $story = sql($node, q{SELECT id FROM notion.templates('crm.projects', 'story')});
sql($node, 'CREATE ROLE guest LOGIN');
like(error_of($node, q{SELECT * FROM notion.templates('crm.projects')}, role => 'guest'), qr/42501/,
    'not by anybody');

# ---- in an INSERT -------------------------------------------------------------------------------

is(sql($node, q{INSERT INTO crm.projects (name, page_template) VALUES ('One', 'default')
    RETURNING page_content}), "# Budget\n- [ ] ask", 'the default');
is(sql($node, qq{INSERT INTO crm.projects (name, page_template) VALUES ('Two', '$story')
    RETURNING page_content}), '# Story', 'by id');
is(sql($node, q{INSERT INTO crm.projects (name) VALUES ('Three') RETURNING page_content}), '',
    'none');
like(error_of($node, q{INSERT INTO crm.projects (name, page_template) VALUES ('x', 'Some name')}),
    qr/column "page_template" cannot be sent to Notion: it names no template/,
    'a name is refused before the network');
like(error_of($node, q{INSERT INTO crm.projects (name, page_template)
    VALUES ('x', '11111111-2222-4333-8444-555555555555')}), qr/Could not find template/,
    'one that is gone');
like(error_of($node, q{INSERT INTO crm.projects (name, page_template, page_content)
    VALUES ('x', 'default', 'and this')}), qr/body\.markdown should be not present/,
    'a template or a content');
is(sql($node, q{SELECT page_template IS NULL FROM crm.projects WHERE name = 'One'}), 't',
    'what a page was made from is not known');
sql($node, 'DELETE FROM crm.projects');

# ---- for a link, and row by row -----------------------------------------------------------------

sub content_of {
    my ($name, $expected, $why) = @_;
    return wait_until($node, "SELECT page_content FROM crm.projects WHERE name = '$name'",
        $expected, $why) || diag(sql($node, 'SELECT * FROM notion.failures'));
}
sql($node, q{CREATE TABLE projects (id serial PRIMARY KEY, name text, kind text, body text);
    SELECT notion.link('projects', 'crm.projects', direction => 'to_notion',
        columns => '{"id": "key", "name": "name"}', template => 'default');
    SELECT notion.sync('projects'); INSERT INTO projects (name) VALUES ('By the link')});
content_of('By the link', "# Budget\n- [ ] ask", 'for all rows of a link');
sql($node, q{SELECT notion.alter_link('projects', template => 'column:kind', content => 'body')});
sql($node, qq{INSERT INTO projects (name, kind, body) VALUES ('A story', '$story', 'not sent'),
    ('Custom', NULL, 'made by SQL'), ('Gone', '11111111-2222-4333-8444-555555555555', NULL)});
content_of('A story', '# Story', 'by a column');
content_of('Custom', 'made by SQL', 'without one, the content of the row');
wait_until($node, q{SELECT count(*) FROM notion.failures
    WHERE reason LIKE '%Could not find template%'}, '1', 'a template that is gone is a failure');
sql($node, q{UPDATE projects SET kind = 'default' WHERE name = 'Gone';
    SELECT notion.retry('projects')});
content_of('Gone', "# Budget\n- [ ] ask", 'mended and sent again');

$node->stop;
$emulator->stop;
done_testing();
