# Files: uploaded in one part or many, attached by an INSERT, read with the time until which their
# addresses are good; what is refused says why.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('files');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load', {
    workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [{ title => 'Papers', properties => { Name => 'title', Files => 'files' } }],
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
