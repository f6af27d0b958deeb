# Files: uploaded in one part or many, attached by an INSERT, read with the time until which their
# addresses are good, which are signed anew for who reads
# them after it, and are no change; what is refused says why.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('files', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{ title => 'Papers', properties => { Name => 'title', Files => 'files' } },
        { title => 'Plans', properties => { Name => 'title', Key => 'rich_text',
            Files => 'files', Pages => 'number' } }],
});
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm});

sub requests {
    return join ' ', map { "$_->{method} $_->{route}" =~ s{^\w+ (\w+ )}{$1}r }
      $emulator->journal(sub { $_->{path} =~ m{^/v1/file_uploads} });
}

sql($node, q{INSERT INTO crm.papers (name, files) VALUES ('Small',
    ARRAY[notion.upload('letter.txt', 'text/plain', 'hello'::bytea),
        'https://example.com/a.png'])});
is(requests(), 'POST /v1/file_uploads POST /v1/file_uploads/:file_upload_id/send',
    'a small file goes in one part');
like(sql($node, q{SELECT files[1] FROM crm.papers}), qr{/letter\.txt\?.*X-Amz-Signature=},
    'attached');
my $files = sql($node, q{SELECT f.property, f.name, f.expires_at > now() + interval '50 min',
        f.url LIKE '%/letter.txt?%' OR f.url = 'https://example.com/a.png'
    FROM crm.papers p, notion.files(p.page_id) f});
is($files, "Files|letter.txt|t|t\nFiles|a.png||t", 'addresses, and until when they are good');

$emulator->control('DELETE', 'journal');
my $big = sql($node, q{SELECT notion.upload('big.bin', 'application/octet-stream',
    convert_to(repeat('0123456789', 2500000), 'UTF8'))});
is(requests(), join(' ', 'POST /v1/file_uploads',
    ('POST /v1/file_uploads/:file_upload_id/send') x 3,
    'POST /v1/file_uploads/:file_upload_id/complete'), 'a large one in several');
(my $id = $big) =~ s/^file_upload://;
is($emulator->bot('acme', 'GET', "/v1/file_uploads/$id")->{content_length}, 25_000_000,
    'all of it');
sql($node, qq{UPDATE crm.papers SET files = files || '$big'::text WHERE name = 'Small'});
is(sql($node, q{SELECT cardinality(files) FROM crm.papers}), '3', 'an UPDATE attaches too');

# ---- the hour passes --------------------------------------------------------------------------

# Kept in a table, in step both ways.
my $source = sql($node, q{SELECT option_value FROM pg_foreign_table, pg_options_to_table(ftoptions)
    WHERE ftrelid = 'crm.plans'::regclass AND option_name = 'data_source'});
my $roof = 'https://prod-files-secure.s3.us-west-2.amazonaws.com/1/roof.pdf';
my $plan = $emulator->person('ada', 'POST', '/v1/pages', {
    parent => { type => 'data_source_id', data_source_id => $source }, properties => {
        Name => { title => [ { text => { content => 'Roof' } } ] }, Pages => { number => 1 },
        Files => { files => [ { name => 'roof.pdf', type => 'file', file => { url => $roof } } ] } }
})->{id};
sql($node, q{CREATE TABLE plans (id serial PRIMARY KEY, name text, files text[], pages integer);
    SELECT notion.link('plans', 'crm.plans', direction => 'both',
        columns => '{"id": "key", "name": "name", "files": "files", "pages": "pages"}');
    SELECT notion.sync('plans')});
wait_until($node, 'SELECT files FROM plans', "{$roof}", 'a file is kept by its path');
sql($node, q{CALL notion.flush('plans', '50 s')});
my $before = sql($node, q{SELECT files[1] FROM crm.papers});
sub option_of { # what a column of a foreign table has as property_id
    my ($table, $column) = @_;
    return sql($node, qq{SELECT option_value FROM pg_attribute, pg_options_to_table(attfdwoptions)
        WHERE attrelid = '$table'::regclass AND attname = '$column'
          AND option_name = 'property_id'});
}
my $id = option_of('crm.papers', 'files');
sql($node, qq{ALTER FOREIGN TABLE crm.papers ADD COLUMN raw jsonb
    OPTIONS (property_id '$id', property 'Files', type 'files')});
$emulator->control('POST', 'clock', { advance_ms => 2 * 3600 * 1000 });
is(sql($node, q{SELECT f.expires_at > now() + interval '2 hours 50 min'
    FROM crm.papers p, notion.files(p.page_id) f WHERE f.name = 'letter.txt'}), 't',
    'after it, notion.files gives addresses that are good again');
my $after = sql($node, q{SELECT files[1] FROM crm.papers});
isnt($after, $before, 'and so does a scan');
is($after =~ s/\?.*//r, $before =~ s/\?.*//r, 'of the same file');
is(sql($node, q{SELECT (raw #>> '{0,file,expiry_time}')::timestamptz > now()
    + interval '2 hours 50 min' FROM crm.papers}), 't', 'a column of jsonb holds until when');

$emulator->control('DELETE', 'journal');
$emulator->person('ada', 'PATCH', "/v1/pages/$plan",
    { properties => { Pages => { number => 2 } } });
wait_until($node, 'SELECT pages FROM plans', '2', 'an edit arrives beside another address');
is(sql($node, 'SELECT files FROM plans'), "{$roof}", 'which is no change here');
sql($node, 'UPDATE plans SET pages = 3');
sql($node, q{CALL notion.flush('plans', '50 s')});
is(join(' ', map { sort keys %{ $_->{request}{properties} } }
    grep { $_->{method} eq 'PATCH' && $_->{token} =~ /bot/ } $emulator->journal),
    option_of('crm.plans', 'pages'), 'nor there');
is(sql($node, q{SELECT string_agg(DISTINCT k, ' ') FROM notion.log l, jsonb_object_keys(l.changes) k
    WHERE jsonb_typeof(l.changes) = 'object' AND l.action = 'update'}), 'pages',
    'and the log tells of none');
sql($node, q{UPDATE plans SET files = files || 'https://example.com/b.png'::text});
sql($node, q{CALL notion.flush('plans', '50 s')});
is(sql($node, q{SELECT string_agg(split_part(f, '?', 1), ' ') FROM crm.plans, unnest(files) f}),
    "$roof https://example.com/b.png", 'a path stands for its file when it is written back');

# ---- what is refused ----------------------------------------------------------------------------

like(error_of($node, q{SELECT notion.upload('a', 'nonsense', 'x')}), qr/22023: not a content type/,
    'no content type');
like(error_of($node, q{SELECT notion.upload('a', 'text/plain', '')}), qr/22023: an empty file/,
    'no bytes');
like(error_of($node, q{INSERT INTO crm.papers (name, files) VALUES ('x',
    ARRAY['file_upload:11111111-2222-4333-8444-555555555555'])}), qr/is not there, or not uploaded/,
    'an upload that is gone');
sql($node, 'CREATE ROLE guest LOGIN');
like(error_of($node, q{SELECT notion.upload('a', 'text/plain', 'x', 'acme')}, role => 'guest'),
    qr/42501/, 'not by anybody');
like(error_of($node, q{BEGIN READ ONLY; SELECT notion.upload('a', 'text/plain', 'x')}), qr/25006/,
    'nor in a read-only transaction');
$emulator->fault({ kind => 'drop_after_commit', count => 1,
    route => 'POST /v1/file_uploads/:file_upload_id/send' });
like(error_of($node, q{SELECT notion.upload('a.txt', 'text/plain', 'x')}),
    qr/08007: nobody knows whether Notion did the upload of a file/, 'no answer is told as that');

$node->stop;
$emulator->stop;
done_testing();
