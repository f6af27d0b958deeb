# What a person may do wrong with connections: each error has its SQLSTATE, names the thing, and
# says in a HINT what to do next; none of them has a secret in it.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $node = start_node('hints', 'notion.worker' => 'off');
my $emulator = start_emulator(seed => 'demo.json');
connect_workspace($node, $emulator);
sql($node, q{CREATE ROLE guest LOGIN; CREATE SCHEMA crm; CREATE TABLE plain (id int PRIMARY KEY);
    GRANT USAGE ON FOREIGN DATA WRAPPER notion_fdw TO guest;
    CREATE FOREIGN DATA WRAPPER other; CREATE SERVER alien FOREIGN DATA WRAPPER other;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm});
my $secret = 'very-secret-word';

# [statement, what the error must be, role]
my @wrong = (
    [ "SELECT notion.oauth_finish(NULL, '$secret')", '22023: a state and a code' ],
    [ "SELECT notion.oauth_finish('nothing', '$secret')", '28000: the state is not known' ],
    [ "SELECT notion.oauth_configure(NULL, 'id', '$secret')", '22023: a server must be given' ],
    [ "SELECT notion.oauth_configure('acme', 'id')", '22023: either a client id' ],
    [ "SELECT notion.oauth_configure('acme', 'i d', '$secret')", '22023: a client id and' ],
    [ "SELECT notion.oauth_configure('alien', 'id', '$secret')", '42809: server "alien" is not' ],
    [ "SELECT notion.oauth_configure('acme', 'id', '$secret')", '42501: must be owner', 'guest' ],
    [ "SELECT notion.connect_url('acme')", '55000: server "acme" has no OAuth client' ],
    [ "SELECT notion.connect_url('acme', valid_for => '2 hours')", '22023: valid_for' ],
    [ "SELECT notion.connect_url('acme', valid_for => '-1 s')", '22023: valid_for' ],
    [ "SELECT notion.expect_webhook('acme', '2 days')", '22023: valid_for' ],
    [ "SELECT notion.expect_webhook('alien')", '42704: server "alien" is not' ],
    [ "SELECT notion.expect_webhook('acme')", '42501: must be owner', 'guest' ],
    [ "SELECT notion.set_token('acme', file => 'token')", '22023: "token" is no absolute path' ],
    [ "SELECT notion.set_token('acme', file => '/no/such')", '58P01: could not open token file' ],
    [ "SELECT notion.set_token('acme', file => '/etc/passwd')", '42501: permission denied',
        'guest' ],
    [ "SELECT notion.set_token('acme', '$secret')", '42501: permission denied', 'guest' ],
    [ "SELECT notion.set_token('acme', '$secret')", '28P01: Notion does not accept' ],
    [ "SELECT notion.rebind(NULL, 'guest')", '22023: a server and a role' ],
    [ "CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (api_url 'https://example.com')",
        '42501: permission denied to set option "api_url"', 'guest' ],
    [ "CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw; CREATE USER MAPPING FOR guest SERVER x
        OPTIONS (token_file '/etc/passwd')", '42501: permission denied to set option "token_f',
        'guest' ],
    [ "CREATE USER MAPPING FOR guest SERVER acme OPTIONS (token_file '/t', token '$secret')",
        'HV024: options "token" and "token_file"' ],
    [ "SELECT notion.api('alien', 'GET', '/v1/users/me')", '42704: server "alien" is not' ],
    [ "SELECT notion.api('acme', 'FETCH', '/v1/users/me')", '22023: not a method' ],
    [ "BEGIN READ ONLY; SELECT notion.api('acme', 'POST', '/v1/pages', '{}')", '25006: cannot' ],
    [ "SELECT notion.search('acme', 'x')", '42501: permission denied', 'guest' ],
    [ "SELECT notion.append(NULL::name, 'page', 'x')", '22004: notion.append needs' ],
    [ "SELECT notion.link('plain', 'crm.participants')",
        '22023: table public.plain cannot be linked' ],
    [ "SELECT notion.unpublish('plain')", '42704: table public.plain is not published' ],
);
for my $case (@wrong) {
    my ($statement, $message, $role) = @$case;
    my $error = error_of($node, $statement, $role ? (role => $role) : ());
    my $name = ($role ? "$role: " : '') . $statement =~ s/\s+/ /gr;
    like($error, qr/ERROR:  \Q$message\E.*^(?:psql\S* )?HINT:  \S/ms, $name);
    unlike($error =~ s/^(LINE \d|STATEMENT).*//gmr, qr/\Q$secret\E/, 'without the secret');
}

done_testing();
