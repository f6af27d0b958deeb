# What every TAP test needs: a server with the extension preloaded, an emulator beside it, people
# who edit in Notion, waiting for conditions. Assumes PostgreSQL::Test and notion-emulator in PATH.
# Refuses to sleep for durations and to retry what failed. scope: one test file.
package NotionTest;

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use NotionTest::Emulator;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes ();

our @EXPORT =
  qw(start_node start_emulator connect_workspace free_port token_file key_file error_of wait_until
  wait_for sql json);

my $patience_s = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 60;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# A started cluster; arguments: lines for postgresql.conf; preload => 0 leaves the library out, and
# key => 0 the key that seals secrets.
sub start_node {
    my ($name, %settings) = @_;
    $settings{'notion.key_file'} //= key_file("$name.key") if delete $settings{key} // 1;
    my $preload = delete $settings{preload} // 1;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(allows_streaming => delete $settings{allows_streaming});
    $node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_notion'") if $preload;
    $node->append_conf('postgresql.conf', "$_ = '$settings{$_}'") for sort keys %settings;
    $node->start;
    return $node;
}

# An emulator on a free port; arguments: seed => file below test/emulator/seeds, and its flags.
sub start_emulator { return NotionTest::Emulator->start(@_); }

# A port of 127.0.0.1 for a listener that is yet to start; other tests of the run do not take it.
sub free_port { return PostgreSQL::Test::Cluster::get_free_port(); }

# A file with a token in it, readable by the server's user only.
sub token_file {
    my ($token) = @_;
    my $path = PostgreSQL::Test::Utils::tempdir() . '/token';
    PostgreSQL::Test::Utils::append_to_file($path, "$token\n");
    chmod 0600, $path;
    return $path;
}

# A file with keys (one, made of the name, if none is given), readable by the server's user only.
# A name without a folder is a new file; a path is written anew.
sub key_file {
    my ($name, @keys) = @_;
    my $path = $name =~ m{/} ? $name : PostgreSQL::Test::Utils::tempdir() . "/$name";
    unlink $path;
    PostgreSQL::Test::Utils::append_to_file($path,
        join '', map { "$_\n" } @keys ? @keys : unpack 'H*', substr $name x 32, 0, 32);
    chmod 0600, $path;
    return $path;
}

# What psql says of statements that fail, verbosely: "42501: message …, DETAIL, HINT". Arguments:
# database, role (logs in as it), in (what COPY reads).
sub error_of {
    my ($node, $statements, %args) = @_;
    my (undef, undef, $err) = $node->psql($args{database} // 'postgres',
        "\\set VERBOSITY verbose\n$statements",
        extra_params => [ $args{role} ? ('-U', $args{role}) : () ]);
    return $err;
}

# Makes the extension, the server and the user mapping. Arguments: database (postgres), name (acme),
# token (ntn_bot_acme), options (further server options as SQL).
sub connect_workspace {
    my ($node, $emulator, %args) = @_;
    my $name = $args{name} // 'acme';
    my $file = token_file($args{token} // 'ntn_bot_acme');
    my $options = join ', ', "api_url '" . $emulator->url . "'", @{ $args{options} // [] };
    $node->safe_psql($args{database} // 'postgres', qq{
        CREATE EXTENSION IF NOT EXISTS pg_notion;
        CREATE SERVER $name FOREIGN DATA WRAPPER notion_fdw OPTIONS ($options);
        CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (token_file '$file');
    });
    return;
}

# The result of a query, as psql -At prints it.
sub sql {
    my ($node, $query, %args) = @_;
    return $node->safe_psql($args{database} // 'postgres', $query);
}

# Polls a condition until it holds; a failed test with $describe's answer when patience ends.
sub wait_for {
    my ($name, $holds, $describe) = @_;
    my $end = Time::HiRes::time() + $patience_s;
    until ($holds->()) {
        if (Time::HiRes::time() > $end) {
            fail($name);
            diag('still not so: ', $describe ? $describe->() : '');
            return 0;
        }
        Time::HiRes::usleep(20_000);
    }
    pass($name);
    return 1;
}

# Polls a query until it gives what is expected ('t' when not said).
sub wait_until {
    my ($node, $query, $expected, $name, %args) = @_;
    $expected //= 't';
    my $last = '';
    return wait_for($name // "eventually: $query",
        sub {
            # A server that dies under psql is an exception of IPC::Run: not yet, too.
            my ($status, $out, $err) =
                eval { $node->psql($args{database} // 'postgres', $query) };
            ($status, $err) = (3, $@) unless defined $status;
            $last = $status == 0 ? $out : $err;
            return $status == 0 && $out eq $expected;
        },
        sub { return "$query\n  gives: $last\n  wanted: $expected\n" });
}

# A structure from JSON text, JSON text from a structure.
sub json {
    my ($value) = @_;
    return ref $value ? $json->encode($value) : $json->decode($value);
}

1;
