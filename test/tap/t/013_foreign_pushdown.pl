# The same answer with and without pushdown (law 3): random conditions over random pages, under each
# reading of what Notion leaves undocumented. A failing condition is printed with both answers.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $seed = $ENV{NOTION_SEED} // 20261121;
my $conditions = $ENV{NOTION_CONDITIONS} // 40;
srand $seed;
diag("NOTION_SEED=$seed NOTION_CONDITIONS=$conditions");

my $node = start_node('main');
my $emulator = start_emulator(seed => 'demo.json', budget => 0, random_seed => 5);
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$emulator->control('POST', 'generate', { data_source => 'Participants', count => 142, seed => 11 });
$node->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');
my $source = sql($node, "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                          WHERE table_name = 'participants'");

# The same properties as columns of other types.
$node->safe_psql('postgres', "
    CREATE TYPE ticket AS ENUM ('Regular', 'Student', 'Speaker');
    CREATE TYPE tag AS ENUM ('vegetarian', 'first visit', 'volunteer', 'press');
    CREATE DOMAIN fee_domain AS double precision;
    CREATE FOREIGN TABLE typed (page_id uuid, page_created_at timestamptz,
        fee_numeric numeric OPTIONS (property 'Fee', type 'number'),
        fee_rounded numeric(8,1) OPTIONS (property 'Fee', type 'number'),
        fee_int int OPTIONS (property 'Fee', type 'number'),
        fee_domain fee_domain OPTIONS (property 'Fee', type 'number'),
        ticket ticket OPTIONS (property 'Ticket', type 'select'),
        ticket_short varchar(9) OPTIONS (property 'Ticket', type 'select'),
        tags tag[] OPTIONS (property 'Tags', type 'multi_select'),
        arrival_day date OPTIONS (property 'Arrival', type 'date'),
        arrival_hour timestamptz(0) OPTIONS (property 'Arrival', type 'date'),
        until timestamptz OPTIONS (property 'Arrival', type 'date', part 'end'),
        number bigint OPTIONS (property 'Number', type 'unique_id'),
        registered date OPTIONS (property 'Registered', type 'created_time'))
    SERVER acme OPTIONS (data_source '$source', time_zone 'America/Sao_Paulo', on_misfit 'null')");

# Values that occur, and their neighbours.
sub column_values {
    my ($table, $column) = @_;
    return split /\n/, sql($node, "SELECT DISTINCT $column FROM $table
                                    WHERE $column IS NOT NULL ORDER BY 1");
}

sub pick { return $_[ int rand @_ ]; }
my @compare = ('=', '<>', '<', '<=', '>', '>=');
my %moments = map { $_ => [ column_values('crm.participants', $_) ] }
  qw(arrival registered edited page_created_at page_edited_at);
my @fees = column_values('crm.participants', 'fee');
my @people = split /\n/, sql($node, 'SELECT DISTINCT unnest(contact) FROM crm.participants');
my @pages = column_values('crm.participants', 'page_id');

sub moment {
    my ($column) = @_;
    my $value = pick(@{ $moments{$column} });
    return "timestamptz '$value'" . pick('', " + interval '1 second'", " - interval '1 second'",
        " + interval '37 seconds'", " + interval '1 minute'", " - interval '59.5 seconds'",
        " + interval '1 day'");
}

sub fee { return pick(@fees) . pick('', '', ' + 0.01', ' - 1'); }
sub option { return pick("'Regular'", "'Student'", "'Speaker'", "'student'", "'None'", 'NULL'); }
sub tag { return pick("'vegetarian'", "'press'", "'first visit'", "'PRESS'", "''"); }

my @atoms = (
    sub { 'fee ' . pick(@compare) . ' ' . fee() },
    sub { fee() . ' ' . pick(@compare) . ' fee' },
    sub { 'fee IN (' . join(', ', fee(), fee(), pick(fee(), 'NULL')) . ')' },
    sub { 'fee NOT IN (' . join(', ', fee(), fee()) . ')' },
    sub { 'fee ' . pick('IS NULL', 'IS NOT NULL', "> 'NaN'", "< 'Infinity'", "> '-Infinity'") },
    sub { 'consented ' . pick('', '= true', '= false', '<> true', 'IS TRUE', 'IS FALSE',
        'IS NULL') },
    sub { 'NOT consented' },
    sub { pick('ticket', 'status') . ' ' . pick('=', '<>') . ' ' . option() },
    sub { 'ticket IN (' . join(', ', option(), option()) . ')' },
    sub { pick('ticket', 'status') . ' ' . pick('IS NULL', 'IS NOT NULL') },
    sub { "status = " . pick("'Done'", "'In progress'", "'done'") },
    sub { 'tags ' . pick('@>', '&&', '<@', '=') . ' ARRAY[' . tag() . ', ' . tag() . ']' },
    sub { 'tags ' . pick('@>', '&&', '=', '<>') . q{ '{}'::text[]} },
    sub { tag() . ' = ANY (tags)' },
    sub { "tags @> ARRAY[NULL, " . tag() . ']::text[]' },
    sub { 'tags ' . pick('IS NULL', 'IS NOT NULL') },
    sub { my $c = pick(keys %moments); "$c " . pick(@compare) . ' ' . moment($c) },
    sub { my $c = pick(keys %moments); "$c IN (" . moment($c) . ', ' . moment($c) . ')' },
    sub { 'arrival ' . pick('IS NULL', 'IS NOT NULL', "< 'infinity'", "> '0044-03-15 BC'") },
    sub { 'number = ' . pick("'LC-5'", "'LC-77'", "'lc-5'", "'5'", "'LC-'") },
    sub { 'number IN (' . join(', ', "'LC-5'", "'LC-6'", "'x'") . ')' },
    sub { "'" . pick(@people) . "'::uuid = ANY (contact)" },
    sub { "contact @> ARRAY['" . pick(@people) . "']::uuid[]" },
    sub { "page_id = '" . pick(@pages) . "'" },
    sub { 'page_id IN (' . join(', ', map { "'" . pick(@pages) . "'" } 1 .. pick(2, 30)) . ')' },
    sub { "name " . pick("= 'Row 5'", "LIKE 'Row 1%'", 'IS NULL', "> 'Row 5'") },
    sub { "email " . pick('IS NULL', "= 'priya\@example.org'", "<> ''") },
);
my @typed = (
    sub { pick('fee_numeric', 'fee_rounded', 'fee_domain') . ' ' . pick(@compare) . ' ' . fee() },
    sub { 'fee_int ' . pick(@compare) . ' ' . int(rand 9000) },
    sub { pick('fee_int', 'fee_rounded', 'fee_domain') . ' ' . pick('IS NULL', 'IS NOT NULL') },
    sub { "ticket " . pick('=', '<>', '<', '>=') . " 'Student'" },
    sub { "ticket_short " . pick('=', '<>') . " 'Speaker'" },
    sub { 'ticket IS ' . pick('NULL', 'NOT NULL') },
    sub { "tags " . pick('@>', '&&', '=') . " '{press}'" },
    sub { 'arrival_day ' . pick(@compare) . " date '2025-0" . pick(1 .. 9) . "-10'" },
    sub { pick('arrival_hour', 'until') . ' ' . pick(@compare) . ' ' . moment('arrival') },
    sub { 'until ' . pick('IS NULL', 'IS NOT NULL') },
    sub { 'number ' . pick(@compare) . ' ' . int(rand 150) },
    sub { 'registered ' . pick(@compare) . ' current_date' . pick('', ' - 1', ' + 1') },
);

sub condition {
    my ($atoms, $depth) = @_;
    my $kind = rand;
    return pick(@$atoms)->() if $depth == 0 || $kind < 0.4;
    return '(' . condition($atoms, $depth - 1) . ' AND ' . condition($atoms, $depth - 1) . ')'
      if $kind < 0.8;
    return '(' . condition($atoms, $depth - 1) . ' OR ' . condition($atoms, $depth - 1) . ')'
      if $kind < 0.9;
    return 'NOT (' . condition($atoms, $depth - 1) . ')';
}

# One statement a condition: both answers side by side. Plans are made where the setting holds.
sub differing {
    my (@wanted) = @_;
    my ($script, $number) = ('', 0);
    for (@wanted) {
        my ($table, $where) = @$_;
        for my $pushdown ('on', 'off') {
            $script .= "SET notion.pushdown = $pushdown;
                SELECT $number, count(*), md5(string_agg(page_id::text, ',' ORDER BY page_id))
                  FROM $table WHERE $where;\n";
        }
        $number++;
    }
    my @lines = split /\n/, sql($node, $script);
    my @wrong;
    for my $at (0 .. $#wanted) {
        my ($on, $off) = @lines[ 2 * $at, 2 * $at + 1 ];
        push @wrong, "$wanted[$at][0] WHERE $wanted[$at][1]: on $on, off $off" if $on ne $off;
    }
    return @wrong;
}

sub round {
    my ($name) = @_;
    my @wanted = (
        (map { [ 'crm.participants', $_->() ] } @atoms),
        (map { [ 'typed', $_->() ] } @typed),
        (map { [ 'crm.participants', condition(\@atoms, 2) ] } 1 .. $conditions),
        (map { [ 'typed', condition(\@typed, 2) ] } 1 .. $conditions / 3));
    my @wrong = differing(@wanted);
    is(scalar @wrong, 0, "$name: the same answers for " . @wanted . ' conditions')
      or diag(join "\n", @wrong);
    return;
}

round('as recorded');
my %switches = %{ json($emulator->control('GET', 'semantics')) };
for my $switch (qw(text_equals_ignores_case people_have_more)) {
    my $other = $switches{$switch} ? JSON::PP::false : JSON::PP::true;
    $emulator->control('POST', 'semantics', { $switch => $other });
    round("$switch " . ($other ? 'on' : 'off'));
    $emulator->control('POST', 'semantics', { $switch => $switches{$switch} });
}

# Conditions that spread beyond what a filter holds: Notion narrows, and all of it is checked here.
my $spread = join ' AND ',
  map { '(' . join(' OR ', map { "(fee <> $_ AND (consented OR fee > $_))" } @$_) . ')' }
  map { my $from = $_; [ map { $from * 10 + $_ } 1 .. 10 ] } 0 .. 29;
my @beyond = differing([ 'crm.participants', $spread ]);
is(scalar @beyond, 0, 'the same answer for conditions that no filter holds') or diag(@beyond);
my $plan = sql($node, "EXPLAIN SELECT name FROM crm.participants WHERE $spread");
like($plan, qr/Checked Here: .*fee <> '1'::/, 'EXPLAIN says that they are checked here');
like($plan, qr/Notion Filter: \{"and":/, '... what Notion is asked all the same');
unlike($plan, qr/Decided by Notion/, '... and that Notion does not decide');
like(sql($node, 'PREPARE one AS SELECT name FROM crm.participants WHERE fee > $1;
    SET plan_cache_mode = force_generic_plan; EXPLAIN EXECUTE one(5)'),
    qr/Decided by Notion: \(fee > \$1\)/, 'of what is not known yet it says what is planned');

# It is no test if nothing was pushed down.
my $filtered = () = $emulator->control('GET', 'journal') =~ /"request":\{"filter":/g;
cmp_ok($filtered, '>', 50, 'conditions reached Notion');
is_deeply([ keys %{ $emulator->stats->{by_status} } ], [200], 'and Notion took each of them');
$node->stop;
done_testing();
