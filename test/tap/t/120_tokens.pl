# Tokens are sealed: by what way they come, for whom, with which key; and what is said when a key, a
# seal or a role is not as it was (docs/security.md).
use strict;
use warnings;

use NotionTest;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes ();

my $secret = 'ntn_bot_kestrel81';
my $old_key = 'a1' x 32;
my $new_key = 'b2' x 32;
my $key = key_file('ring', $old_key);
my $node = start_node('tokens', 'notion.key_file' => $key, 'notion.worker' => 'off',
    log_min_messages => 'debug2', log_statement => 'all');
my $emulator = start_emulator(seed => 'demo.json', budget => 0);
my $url = $emulator->url;
my $super = sql($node, 'SELECT current_user');
$node->safe_psql('postgres', qq{CREATE EXTENSION pg_notion;
    CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
        OPTIONS (api_url '$url', budget_per_minute '-1');
    CREATE ROLE alice LOGIN; CREATE ROLE mallory LOGIN; CREATE SCHEMA crm;
    GRANT USAGE ON SCHEMA crm TO alice, mallory; GRANT USAGE ON FOREIGN SERVER acme TO alice});

sub copy_in { # the way that leaves no trace
    my ($line, %args) = @_;
    my $columns = $args{columns} // 'server, token';
    my (undef, undef, $err) = $node->psql($args{database} // 'postgres',
        "\\set VERBOSITY verbose\nCOPY notion.token_in ($columns) FROM STDIN;\n$line\n\\.\n",
        extra_params => [ $args{role} ? ('-U', $args{role}) : () ]);
    return $err;
}
sub refused { # with a HINT, whose words may be given
    my ($got, $what, $name, $hint) = (@_, '');
    return like($got, qr/$what.*HINT: +$hint/s, $name);
}
sub keys_are {
    my (@keys) = @_;
    key_file($key, @keys);
    return;
}

# ---- ways of giving one --------------------------------------------------------------------------

is(copy_in("acme\t$secret"), '', 'COPY takes a token');
is(sql($node, q{SELECT role, kind, length(sealed) - 29, sealed::text LIKE '%' || encode('ntn',
    'hex') || '%'
    FROM notion.tokens}), "$super|token|17|f", 'it is sealed');
is(sql($node, 'SELECT server, role, state, given, workspace_name, bot_name
    FROM notion.connections'),
    "acme|$super|connected|copy|Lakeside Conference|kestrel81",
        'and known: who, and of which workspace');
sql($node, 'IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    GRANT SELECT ON ALL TABLES IN SCHEMA crm TO alice, mallory');
cmp_ok(sql($node, 'SELECT count(*) FROM crm.participants'), '>', 0, 'it opens the workspace');
my $file = token_file($secret);
is(sql($node, "SELECT notion.set_token('acme', file => '$file')"),
    'bot "kestrel81" of workspace "Lakeside Conference"', 'so does a file, read once');
my ($status, undef, $err) = $node->psql('postgres', "SELECT notion.set_token('acme',
    'ntn_bot_loud')");
like($err, qr/WARNING:  the token stood in clear/, 'a literal one is taken with a WARNING');
is(sql($node, 'SELECT given FROM notion.connections'), 'literal', 'and remembered as such');
$node->psql('postgres', "SELECT notion.set_token('acme', 'ntn_bot_loud2', verify => false)");
is(sql($node, 'SELECT checked_at IS NULL FROM notion.connections'), 't',
    'unasked only if so wished');
sql($node, 'CREATE ROLE watcher LOGIN IN ROLE pg_monitor');
is($node->safe_psql('postgres', q{SELECT what, name, level FROM notion.health WHERE what = 'token'},
    extra_params => [ '-U', 'watcher' ]), "token|$super, server acme|warning",
        'and health says so');
like(error_of($node, "SELECT notion.set_token('acme', 'garbage')"), qr/28P01.*HINT/s,
    'Notion refuses it: nothing is stored');
like(error_of($node, "SELECT notion.set_token('acme', E'two words')"), qr/22023: this is no token/,
    'what is no token is not sent');
like(error_of($node, "SELECT notion.set_token('acme')"), qr/22023/, 'neither token nor file');
like(error_of($node, "SELECT notion.set_token('nowhere', 'ntn_bot_x')"), qr/42704/,
    'no such server');
is(sql($node, 'SELECT given FROM notion.connections'), 'literal', 'what failed changed nothing');
copy_in("acme\t$secret");

# ---- who may ---------------------------------------------------------------------------------

is(copy_in("acme\tntn_bot_alice", role => 'alice'), '', 'with USAGE, for oneself');
is(sql($node, q{SELECT count(*) > 0 FROM crm.participants}), 't', 'another role is as before');
is($node->safe_psql('postgres', 'SELECT server, role, bot_name FROM notion.connections',
    extra_params => [ '-U', 'alice' ]), 'acme|alice|alice', 'and sees its own connection alone');
like(copy_in("acme\tntn_bot_m", role => 'mallory'), qr/42501: permission denied for foreign server/,
    'without USAGE not');
like(copy_in("acme\tntn_bot_m\t$super", role => 'alice', columns => 'server, token, role'),
    qr/42501: must be owner of foreign server acme/, 'nor for another role');
like(copy_in("acme\tntn_bot_m\tpublic", role => 'alice', columns => 'server, token, role'),
    qr/42501: must be owner/, 'nor for everybody');
like(error_of($node, "SELECT notion.set_token('acme', file => '$file')", role => 'alice'),
    qr/42501: permission denied to read file/, 'nor from a file of the server');
for my $what ('SELECT * FROM notion.tokens', q{UPDATE notion.tokens SET role = 'alice'},
    'SELECT notion.rotate_key()', q{SELECT notion.rebind('acme', 'alice', 'alice')},
    q{SELECT notion.webhook_token('acme')}, q{SELECT notion.need_server_id('acme')},
    q{INSERT INTO notion.accounts (server, role, given, state) SELECT server, 'alice', 'file',
        'connected'
        FROM notion.accounts}) {
    like(error_of($node, $what, role => 'alice'), qr/42501/, "not for alice: $what");
}
my $id = sql($node, 'SELECT id FROM notion.server_ids()');
sql($node, 'GRANT USAGE ON FOREIGN DATA WRAPPER notion_fdw TO mallory');
sql($node, 'GRANT CREATE ON DATABASE postgres TO mallory');
like(error_of($node, "CREATE SERVER evil FOREIGN DATA WRAPPER notion_fdw OPTIONS (id '$id')",
    role => 'mallory'), qr/42501: permission denied to set option "id"/,
    'a server cannot take the id of another');
is(error_of($node, 'CREATE SERVER mine FOREIGN DATA WRAPPER notion_fdw', role => 'mallory'), '',
    'one of her own she may have');
sql($node, q{SELECT notion.need_server_id('mine')});
is(error_of($node, q{ALTER SERVER mine OPTIONS (ADD names 'exact')}, role => 'mallory'), '',
    'and alter, with the id it was given');
like(error_of($node, "ALTER SERVER mine OPTIONS (SET id '$id')", role => 'mallory'), qr/42501/,
    'but not to that of another');

# ---- once per connection, and at once after a change ---------------------------------------------

my $before = -s $node->logfile;
$node->safe_psql('postgres', "SELECT count(*) FROM crm.participants;\n" x 4);
my $opened = () = PostgreSQL::Test::Utils::slurp_file($node->logfile, $before) =~
  /opened the sealed token/g;
is($opened, 1, 'a session opens it once');
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('SELECT count(*) FROM crm.participants');
copy_in("acme\tntn_bot_fresh");
$session->query_safe('SELECT count(*) FROM crm.participants');
is(($emulator->journal)[-1]{token}, 'ntn_bot_fresh',
    'a session that opened the old one uses the new');
sql($node, qq{DELETE FROM notion.tokens WHERE role = '$super'});
my ($out, $failed) = $session->query('SELECT count(*) FROM crm.participants');
like($session->{stderr}, qr/has no token/, 'and none when it is gone');
$session->quit;
copy_in("acme\t$secret");

# ---- keys ----------------------------------------------------------------------------------------

my $read = 'SELECT count(*) FROM crm.participants';
my $make = '.*openssl rand -hex 32';
chmod 0644, $key;
refused(error_of($node, $read), qr/F0000: key file ".*" can be read by others/,
    'readable by others', 'chmod 600');
chmod 0600, $key;
keys_are('abc');
refused(error_of($node, $read), qr/F0000: .*wrong length/, 'of the wrong length', $make);
keys_are('xyz' x 20);
refused(error_of($node, $read), qr/F0000: .*is no key/, 'no hexadecimal', $make);
keys_are('');
refused(error_of($node, $read), qr/F0000: .*holds no key/, 'of an empty line', $make);
truncate $key, 0;
refused(error_of($node, $read), qr/F0000: .*holds no key/, 'of no byte', $make);
unlink $key;
refused(error_of($node, $read), qr/58P01: could not open key file/, 'missing', $make);
is(sql($node, q{SELECT level || ' ' || hint FROM notion.health WHERE what = 'key'}),
    'trouble without the key no sealed token opens: see notion.key_file', 'health says so');
mkdir $key;
refused(error_of($node, $read), qr/F0000: .*not a regular file/, 'a folder');
rmdir $key;
keys_are($new_key);
refused(error_of($node, $read), qr/F0000: the sealed token of role "$super".*cannot be opened/,
    'another key: said, with the ids of both', 'Put that key back');
is(sql($node, 'SELECT count(*) FROM notion.tokens'), 2, 'nothing is lost by it');
like(sql($node, q{SELECT level, state FROM notion.health WHERE what = 'key'}),
    qr/^warning\|2 secrets, 2 of them sealed with another key/, 'health counts them');
keys_are($new_key, $old_key);
ok(sql($node, $read), 'the old key as a further line opens it');
is(sql($node, 'SELECT notion.rotate_key()'), 2, 'rotation seals all anew');
keys_are($new_key);
ok(sql($node, $read), 'then the new one is enough');
is(sql($node, 'SELECT count(DISTINCT key_id) FROM notion.tokens WHERE key_id = notion.key_id()'), 1,
    'and is the one in use');
keys_are($old_key);
refused(error_of($node, 'SELECT notion.rotate_key()'), qr/F0000/, 'rotation with a lost key fails');
keys_are($new_key);
ok(sql($node, $read), 'and changes nothing');
$node->append_conf('postgresql.conf', "notion.key_command = 'cat $key'");
$node->reload;
wait_until($node, "SELECT current_setting('notion.key_command') <> ''", 't', 'reloaded');
refused(error_of($node, $read), qr/F0000: notion.key_file and notion.key_command exclude/, 'both');
sub command_is {
    my ($command) = @_;
    sql($node, "ALTER SYSTEM SET notion.key_file = ''");
    sql($node, "ALTER SYSTEM SET notion.key_command = '$command'");
    $node->reload;
    wait_until($node, "SELECT current_setting('notion.key_command')", $command,
        "$command: reloaded");
    return;
}
command_is("cat $key");
ok(sql($node, $read), 'a command gives the key');
command_is('exit 3');
refused(error_of($node, $read), qr/F0000: notion.key_command failed with exit code 3/, 'it fails');
command_is('echo; echo nonsense >&2');
refused(error_of($node, $read), qr/F0000: what notion.key_command writes holds no key/, 'no key');
command_is('sleep 60.913');
my $start = Time::HiRes::time();
like(error_of($node, "SET statement_timeout = '300ms'; $read"), qr/57014/,
    'a slow one is cancelled');
cmp_ok(Time::HiRes::time() - $start, '<', 5, 'at once');
is(`pgrep -fc '[s]leep 60.913'` + 0, 0, 'and leaves nothing running');
sql($node, $_) for 'ALTER SYSTEM RESET notion.key_command', 'ALTER SYSTEM RESET notion.key_file';
$node->append_conf('postgresql.conf', "notion.key_command = ''");
$node->reload;
wait_until($node, "SELECT current_setting('notion.key_command')", '', 'the file again');

# ---- seals ---------------------------------------------------------------------------------------

sql($node, 'CREATE TABLE kept AS SELECT * FROM notion.tokens');
sub restore_seals { sql($node, 'DELETE FROM notion.tokens;
    INSERT INTO notion.tokens TABLE kept'); return; }
my $damaged = qr/XX001: the sealed token of role "$super".*damaged/;
my $again = 'Give the token again: notion.set_token';
sql($node, "UPDATE notion.tokens SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)");
refused(error_of($node, $read), $damaged, 'altered', $again);
restore_seals();
for my $bytes (0, 1, 28, 30) {
    sql($node, "UPDATE notion.tokens SET sealed = substr(sealed, 1, $bytes)");
    refused(error_of($node, $read), $damaged, "cut to $bytes bytes", $again);
    restore_seals();
}
sql($node, q{UPDATE notion.tokens t SET sealed = (SELECT o.sealed FROM kept o
    WHERE o.role = 'alice')
    WHERE role = current_user});
refused(error_of($node, $read), $damaged, "another role's", $again);
restore_seals();
sql($node, q{INSERT INTO notion.tokens SELECT s.id, k.role, k.kind, k.sealed, k.key_id, k.role_oid,
    k.system_identifier FROM kept k, notion.server_ids() s WHERE s.name = 'mine' AND
        k.role = 'alice'});
$node->safe_psql('postgres', 'CREATE USER MAPPING FOR alice SERVER mine;
    CREATE FOREIGN TABLE crm.moved (x text) SERVER mine
        OPTIONS (data_source $$' . ('0' x 32) . '$$);
    GRANT SELECT ON crm.moved TO alice');
refused(error_of($node, 'SELECT * FROM crm.moved', role => 'alice'), qr/XX001: .*damaged/,
    "another server's", $again);
sql($node, q{DELETE FROM notion.tokens WHERE server <> (SELECT server FROM kept LIMIT 1)});

# ---- roles and workspaces ------------------------------------------------------------------------

sql($node, 'ALTER ROLE alice RENAME TO alicia');
refused(error_of($node, $read, role => 'alicia'), qr/28000: .*"alicia".*has no token/,
    'a renamed role');
sql($node, q{CREATE ROLE alice LOGIN; GRANT USAGE ON SCHEMA crm TO alice;
    GRANT SELECT ON crm.participants TO alice; CREATE USER MAPPING FOR alice SERVER acme});
refused(error_of($node, $read, role => 'alice'), qr/28000: .*sealed for another role of that name/,
    'who comes after it does not inherit its token');
is(sql($node, q{SELECT notion.rebind('acme', 'alicia')}), 1, 'a superuser gives it back');
ok($node->safe_psql('postgres', $read, extra_params => [ '-U', 'alicia' ]), 'and it opens');
is(sql($node, q{SELECT count(*) FROM notion.log
    WHERE action = 'rebind' AND actor = current_user}), 1,
    'which is logged');
like(error_of($node, q{SELECT notion.rebind('acme', 'mallory')}), qr/42704/, 'nothing to rebind');
sql($node, q{CREATE TABLE participants (id text PRIMARY KEY, name text);
    UPDATE notion.accounts SET workspace_id = gen_random_uuid(), workspace_name = 'Other';
    INSERT INTO notion.links (table_id, foreign_table_id, data_source, direction, key_columns)
    VALUES ('participants', 'crm.participants', gen_random_uuid(), 'both', '{id}')});
refused(copy_in("acme\t$secret"), qr/55000: the token is of another workspace/,
    'another workspace');
sql($node, 'DELETE FROM notion.links');
is(copy_in("acme\t$secret"), '', 'without links it may change');

# ---- a literal token in a user mapping, dumps, and what is found where ---------------------------

$node->append_conf('postgresql.conf', 'notion.require_sealed_tokens = on');
sql($node, q{CREATE ROLE plain LOGIN; CREATE USER MAPPING FOR plain SERVER acme
    OPTIONS (token 'ntn_bot_p');
    GRANT USAGE ON SCHEMA crm TO plain; GRANT SELECT ON crm.participants TO plain});
$node->reload;
wait_until($node, 'SHOW notion.require_sealed_tokens', 'on', 'require_sealed_tokens');
refused(error_of($node, $read, role => 'plain'), qr/42501: .*holds a token in clear/,
    'in clear: not used');
refused(error_of($node, q{CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (token 'ntn_bot_q')}),
    qr/42501: option "token" is not allowed/, 'and not taken');
sql($node, q{DROP USER MAPPING FOR plain SERVER acme; DROP TABLE kept});

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-f', $dump, 'postgres' ],
    'pg_dump');
unlike(PostgreSQL::Test::Utils::slurp_file($dump), qr/\Q$secret\E/, 'holds no token in clear');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-h', $node->host, '-p', $node->port, '-q', '-d', 'restored',
    '-f', $dump ],
    'restore');
ok(sql($node, $read, database => 'restored'), 'and its sealed token opens where the key is');

like(copy_in("acme $secret"), qr/22P04: missing data.*$secret/s,
    'COPY quotes a line that it cannot split');
copy_in("nowhere\t$secret");
copy_in("acme\t$secret\tnobody_known", columns => 'server, token, role');
$node->stop;
is(index(PostgreSQL::Test::Utils::slurp_file($node->logfile), $secret), -1,
    'at debug2 with all statements the log has no token');
is(`grep -rlaF '$secret' '@{[ $node->data_dir ]}' | wc -l` + 0, 0,
    'nor has any file of the cluster');
done_testing();
