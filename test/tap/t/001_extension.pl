# The extension comes and goes; it takes no schema that someone else prepared.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_notion'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_notion');
is($node->safe_psql('postgres', "SELECT extversion = notion.library_version() FROM pg_extension WHERE extname = 'pg_notion'"), 't');
$node->stop;
done_testing();
