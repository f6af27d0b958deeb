# Law 3, in bulk: for random tables of every property type, with NULLs, duplicates, ties, case,
# accents and extreme values, and random conditions, sorts, limits and joins, foreign tables give
# what copies of them in PostgreSQL give, under each switch of what Notion leaves undocumented.
# NOTION_SEED repeats a run, NOTION_QUERIES sets how many queries there are. A failing query is
# printed with both answers.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $seed = $ENV{NOTION_SEED} // 20261125;
my $queries = $ENV{NOTION_QUERIES} // ($ENV{NOTION_LONG} ? 100_000 : 20_000);
srand $seed;
note("NOTION_SEED=$seed NOTION_QUERIES=$queries");

my $node = start_node('main', 'notion.worker' => 'off', log_statement => 'none');
my $emulator = start_emulator(seed => 'demo.json', budget => 0, random_seed => 7);
$emulator->control('POST', 'journal', { enabled => JSON::PP::false });

sub pick { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }
sub quoted { my ($text) = @_; $text =~ s/'/''/g; return "'$text'"; }

# ---- the tables ----------------------------------------------------------------------------------

my @people = ('Ada Lindqvist', 'Bruno Okafor', 'Chiara Meyer', 'Dora Ek');
my @texts = ('', '', 'John Doe', 'john doe', 'JOHN DOE', 'Doe, John', "Caf\x{e9}", "Cafe\x{301}",
    'cafe', ' cafe', 'cafe ', ' ', "a < b", "a <\x{338} b", '50 %', 'x_y', "line\none", '12', '012',
    "\x{6771}\x{4eac}", "\x{3a3}\x{39f}\x{3a3}", "\x{3a3}\x{3bf}\x{3c2}", 'INV-2026-001',
    'INV-2026-002', 'inv-2026-003', 'O\'Hara', 'back\\slash', "nb\x{a0}sp", 'null', 'NULL');
my @mails = (undef, undef, 'ada@x.org', 'ADA@x.org', 'bo@y.example', 'cy+tag@x.org');
my @numbers = (undef, undef, 0, -1, 1, 5, 5.5, 0.1, 0.30000000000000004, 1e15, 9007199254740993,
    -1e300, 1e300, 100, 99.995, 12345.678);
my @picks = (undef, 'Open', 'done', 'Blocked by', 'x');
my @states = ('Not started', 'In progress', 'Done');
my @tags = ('red', 'green', 'blue', 'first visit');
my @days = (undef, undef, '2026-03-01', '2026-02-28', '2026-03-01/2026-03-05', '1970-01-01',
    '2026-03-01T00:00:00.000Z', '2026-03-01T00:30:00.000+14:00', '2026-03-01T23:59:00.000-12:00',
    '2026-02-28T12:00:00.000Z/2026-03-02T12:00:00.000Z', '0001-01-03', '9999-12-30',
    '2026-10-25T02:30:00.000+01:00', '2018-11-04');
my @stamps = map { sprintf '2026-03-0%dT%02d:%02d:%02d.%03dZ', @$_ }
  [ 1, 0, 0, 0, 0 ], [ 1, 0, 0, 59, 999 ], [ 1, 9, 30, 0, 0 ], [ 1, 9, 30, 30, 1 ],
  [ 1, 9, 31, 0, 0 ], [ 2, 0, 0, 0, 0 ], [ 2, 23, 59, 59, 0 ], [ 4, 12, 0, 7, 0 ];

sub other_page {
    my ($number) = @_;
    return { created_time => pick(@stamps), last_edited_time => pick(@stamps),
        properties => { Title => "o$number", Amount => pick(@numbers),
            Label => pick(@picks) } };
}

sub thing_page {
    my %page = (created_time => pick(@stamps), last_edited_time => pick(@stamps),
        created_by => pick(@people), last_edited_by => pick(@people));
    my %value = (Name => pick(@texts), Note => pick(@texts), Mail => pick(@mails),
        Phone => pick(undef, '+49 30 1', '030-1'),
        Link => pick(undef, 'https://x.org/a', 'https://x.org/A/'),
        Num => pick(@numbers), Flag => chance(0.5) ? JSON::PP::true : JSON::PP::false,
        Pick => pick(@picks), State => pick(@states), Day => pick(@days),
        Tags => [ grep { chance(0.4) } @tags ], Who => [ grep { chance(0.3) } @people ],
        Rel => [ map { "o$_" } grep { chance(0.06) } 1 .. 25 ],
        Files => chance(0.3) ? ['https://x.org/f.pdf'] : []);
    delete $value{$_} for grep { !defined $value{$_} } keys %value;
    return { %page, properties => \%value };
}

my $loaded = $emulator->control('POST', 'load', {
    workspace => 'Random', replace => JSON::PP::true,
    users => [ map { { name => $_, email => lc((split ' ')[0]) . '@lakeside.example' } } @people ],
    databases => [
        { title => 'Others', properties => { Title => 'title', Amount => { number => 'number' },
                Label => { select => [ grep { defined } @picks ] } },
            pages => [ map { other_page($_) } 1 .. 25 ] },
        { title => 'Things', properties => { Name => 'title', Note => 'rich_text', Mail => 'email',
                Phone => 'phone_number', Link => 'url', Num => { number => 'number' },
                Flag => 'checkbox', Pick => { select => [ grep { defined } @picks ] },
                State => 'status', Day => 'date', Tags => { multi_select => \@tags },
                Who => 'people', Rel => { relation => 'Others' }, Files => 'files',
                Seq => { unique_id => 'TH' }, Made => 'created_time', Edited => 'last_edited_time',
                Author => 'created_by', Editor => 'last_edited_by',
                Roll => { rollup => { relation => 'Rel', property => 'Amount',
                        function => 'sum' } } },
            pages => [ map { thing_page() } 1 .. 45 ] } ] });
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
my $zone = pick('UTC', 'America/Sao_Paulo', 'Pacific/Kiritimati', 'Asia/Kathmandu');
$node->safe_psql('postgres', "SET timezone = '$zone'; CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm");
my $source = sql($node, "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                          WHERE table_name = 'things'");
$node->safe_psql('postgres', "
    CREATE TYPE pick AS ENUM ('Open', 'done', 'Blocked by');
    CREATE DOMAIN short AS text CHECK (value <> 'zzz');
    CREATE FOREIGN TABLE crm.typed (page_id uuid, page_created_at timestamptz,
        num_numeric numeric OPTIONS (property 'Num', type 'number'),
        num_rounded numeric(8,1) OPTIONS (property 'Num', type 'number'),
        num_int int OPTIONS (property 'Num', type 'number'),
        pick pick OPTIONS (property 'Pick', type 'select'),
        pick_short varchar(4) OPTIONS (property 'Pick', type 'select'),
        name_short short OPTIONS (property 'Name', type 'title'),
        day_date date OPTIONS (property 'Day', type 'date'),
        day_hour timestamptz(0) OPTIONS (property 'Day', type 'date'),
        day_range tstzrange OPTIONS (property 'Day', type 'date'),
        until timestamptz OPTIONS (property 'Day', type 'date', part 'end'),
        rel_one uuid OPTIONS (property 'Rel', type 'relation'),
        seq bigint OPTIONS (property 'Seq', type 'unique_id'),
        made date OPTIONS (property 'Made', type 'created_time'))
    SERVER acme OPTIONS (data_source '$source', time_zone 'America/Sao_Paulo', on_misfit 'null');
    SET notion.pushdown = off;
    SET client_min_messages = error;
    CREATE SCHEMA heap;
    CREATE TABLE heap.things AS SELECT * FROM crm.things;
    CREATE TABLE heap.others AS SELECT * FROM crm.others;
    CREATE TABLE heap.typed AS SELECT * FROM crm.typed;
    CREATE TABLE public.keys AS SELECT page_id AS id, name AS word, num AS n FROM heap.things
      WHERE seq IN ('TH-1', 'TH-5', 'TH-9')
      UNION ALL VALUES (NULL::uuid, NULL::text, NULL::float8);");
is(sql($node, 'SELECT count(*), count(DISTINCT made) FROM heap.things'), '45|6',
    'the tables are there');

# ---- conditions ----------------------------------------------------------------------------------

sub ids { my ($query) = @_; return split /\n/, sql($node, $query); }
my @thing_ids = ids('SELECT page_id FROM heap.things ORDER BY 1');
my @other_ids = ids('SELECT page_id FROM heap.others ORDER BY 1');
my @user_ids = ids('SELECT DISTINCT author FROM heap.things ORDER BY 1');
my @compare = ('=', '<>', '<', '<=', '>', '>=');

sub number { return pick("'NaN'", "'Infinity'", "'-Infinity'", 'NULL', 'sqrt(4)',
    map { defined $_ ? ($_) x 3 : () } @numbers) . '::float8'; }
# More than Notion takes in one list.
sub many { return join ', ', grep { defined } @numbers[ grep { chance(0.5) } 0 .. $#numbers ],
    map { $_ + 1000.5 } 1 .. 110; }
sub text {
    my $text = pick(@texts, grep { defined } @mails);
    $text = pick(uc $text, lc $text, "$text ", substr($text, 0, 3), $text) if chance(0.3);
    return quoted($text);
}
my @marked = ("Cafe\x{301}", "Caf\x{e9}", "a <\x{338} b", ' cafe', 'cafe ');
sub pattern {
    my $text = chance(0.4) ? pick(@marked) : pick(grep { length } @texts, grep { defined } @mails);
    $text =~ s/([%_\\])/\\$1/g if chance(0.7);
    $text =~ s/\\$//;
    my $from = chance(0.4) ? 0 : int rand length $text;
    my $part = substr $text, $from, 1 + int rand length $text;
    $part =~ s/\\$//;
    my $pattern = pick("$part%", "%$part", "%$part%", '_' . $part . '%', $part, "%$part" . '_');
    return quoted($pattern);
}
sub option { return pick('NULL', "'open'", "'DONE'", "'none, of them'",
    map { quoted($_) } @picks[ 1 .. 4 ], @states); }
sub tag { return pick("'RED'", "'no such'", map { quoted($_) } @tags); }
sub moment {
    my $day = pick(@stamps, map { m{^([^/]+)} } grep { defined } @days);
    return pick("current_date::timestamptz", 'now()', "'infinity'::timestamptz",
        "'0044-03-15 BC'::timestamptz") if chance(0.06);
    return "timestamptz '$day'" . pick('', '', " + interval '1 second'", " - interval '1 second'",
        " + interval '59.5 seconds'", " - interval '1 minute'", " + interval '1 day'",
        " - interval '14 hours'");
}
sub day {
    my $day = pick('2026-03-01', '2026-02-28', '2026-03-02', '1970-01-01', '9999-12-31');
    return "date '$day'" . pick('', ' + 1', ' - 1');
}
sub list {
    my ($make, $count) = @_;
    return join ', ', map { $make->() } 1 .. $count // 1 + int rand 4;
}
sub page { return quoted(pick(@thing_ids)); }
sub user { return pick(@user_ids, '11111111-2222-4333-8444-555555555555'); }
sub stamp { return pick(qw(made edited page_created_at page_edited_at)); }

my @words = qw(name note mail link);
my @things = (
    (sub { 'num ' . pick(@compare) . ' ' . number() }) x 2,
    sub { number() . ' ' . pick(@compare) . ' num' },
    sub { 'num ' . pick('', 'NOT ') . 'IN (' . list(\&number) . ')' },
    sub { 'num ' . pick('', 'NOT ') . 'IN (' . many() . ')' },
    sub { 'num ' . pick('', 'NOT ') . 'BETWEEN ' . number() . ' AND ' . number() },
    sub { 'num IS ' . pick('', 'NOT ') . pick('NULL', 'DISTINCT FROM ' . number()) },
    sub { 'num <> ALL (' . pick("'{}'", 'NULL', "'{1,NULL}'", "'{1,5}'") . '::float8[])' },
    sub { 'flag ' . pick('', '= true', '<> true', 'IS TRUE', 'IS NOT TRUE', 'IS FALSE',
        'IS NOT FALSE', 'IS UNKNOWN', 'IS NOT NULL', 'IS DISTINCT FROM false', 'IN (true, NULL)') },
    sub { 'NOT flag' },
    sub { pick('pick', 'state') . ' ' . pick('=', '<>') . ' ' . option() },
    sub { pick('pick', 'state') . pick(' ', ' NOT ') . 'IN (' . list(\&option) . ')' },
    sub { pick('pick', 'state') . ' IS ' . pick('NULL', 'NOT NULL', 'DISTINCT FROM ' . option()) },
    sub { 'tags ' . pick('@>', '&&', '<@', '=', '<>') . ' ARRAY[' . list(\&tag) . ']' },
    sub { 'tags ' . pick('@>', '&&', '=', '<>') . " '" . pick('{}', '{NULL}', '{red}')
          . "'::text[]" },
    sub { tag() . ' = ANY (tags)' },
    (sub { pick(@words, 'phone') . ' ' . pick('=', '=', '<>', '<', '^@') . ' ' . text() }) x 2,
    sub { pick(@words) . pick(' ', ' NOT ') . 'IN (' . list(\&text) . ')' },
    (sub { pick(@words) . pick(' ', ' NOT ') . pick('LIKE ', 'ILIKE ') . pattern() }) x 3,
    sub { 'name LIKE ANY (ARRAY[' . list(\&pattern) . '])' },
    sub { pick(@words, 'phone') . ' IS ' . pick('NULL', 'NOT NULL',
        'NOT DISTINCT FROM ' . text()) },
    sub { 'day ' . pick(@compare) . ' ' . pick(\&moment, \&day)->() },
    sub { 'day ' . pick('', 'NOT ') . 'BETWEEN ' . moment() . ' AND ' . moment() },
    sub { 'day ' . pick('IS NULL', 'IS NOT NULL', 'IN (' . list(\&moment) . ')') },
    (sub { stamp() . ' ' . pick(@compare) . ' ' . moment() }) x 2,
    sub { stamp() . ' ' . pick(@compare) . ' ' . day() },
    sub { stamp() . ' ' . pick(@compare) . " timestamp '2026-03-01 09:30:30'" },
    sub { stamp() . ' IN (' . list(\&moment) . ')' },
    sub { "'" . user() . "'::uuid = ANY (who)" },
    sub { 'who ' . pick('@>', '&&', '=') . " ARRAY['" . user() . "', '" . user() . "']::uuid[]" },
    sub { 'rel ' . pick('@>', '&&') . " ARRAY['" . pick(@other_ids) . "']::uuid[]" },
    sub { pick('author', 'editor', 'page_created_by') =~ s/page_created_by/author/r . ' '
          . pick('=', '<>') . " '" . user() . "'" },
    sub { pick('seq', "seq") . " IN ('TH-1', 'TH-7', 'th-3', '5')" },
    sub { 'files IS ' . pick('NULL', 'NOT NULL') },
    sub { 'roll ' . pick(@compare) . ' ' . number() },
    sub { 'page_id ' . pick('=', '<>') . ' ' . page() },
    sub { 'page_id IN (' . list(\&page) . ')' },
);
# Decimals that no double tells apart from a row's number, on either side of it.
sub decimal {
    my $number = pick('0.1', '5', '5.5', '0.30000000000000004', '1e15', '-1', '99.995', "'NaN'");
    my $tiny = pick('', '', ' + 1e-30', ' - 1e-30');
    return "($number" . '::numeric' . ($number =~ /NaN/ ? '' : $tiny) . ')';
}
my @typed = (
    (sub { pick('num_numeric', 'num_rounded') . ' ' . pick(@compare) . ' ' . decimal() }) x 2,
    sub { 'num_numeric ' . pick('', 'NOT ') . 'IN (' . list(\&decimal) . ')' },
    sub { 'num_int ' . pick(@compare) . ' ' . pick(0, 1, 5, -1, 100) },
    sub { 'num_int ' . pick('', 'NOT ') . 'IN (1, 5)' },
    sub { pick('num_int', 'num_rounded', 'num_numeric') . ' IS ' . pick('NULL', 'NOT NULL') },
    sub { "pick " . pick(@compare) . " " . pick("'Open'", "'done'") },
    sub { "pick " . pick('IS NULL', 'IS NOT NULL', "IN ('Open', 'done')", "NOT IN ('Open')") },
    sub { "pick_short " . pick('=', '<>') . " 'Open'" },
    sub { 'name_short ' . pick('=', 'LIKE', 'ILIKE') . ' ' . text() =~ s/\\//gr },
    sub { 'name_short IS ' . pick('NULL', 'NOT NULL') },
    sub { 'day_date ' . pick(@compare) . ' ' . pick(\&day, \&moment)->() },
    sub { 'day_date ' . pick(@compare) . ' (' . day() . " - interval '36 hours')" },
    sub { pick('day_hour', 'until') . ' ' . pick(@compare) . ' ' . moment() },
    sub { pick('until', 'day_range', 'day_date') . ' IS ' . pick('NULL', 'NOT NULL') },
    sub { "rel_one IN ('" . pick(@other_ids) . "', '" . pick(@other_ids) . "')" },
    sub { 'seq ' . pick(@compare) . ' ' . int rand 50 },
    sub { 'made ' . pick(@compare) . ' ' . pick(\&day, \&moment)->() },
);

# What a round is about comes more often: texts or times.
my $focus = '';
my %about = (text => [ grep { about($_, qr/\b(name|note|mail|link|phone)\b/) } @things ],
    time => [ grep { about($_, qr/\b(day|made|edited|page_\w+_at)\b/) } @things ]);

sub about {
    my ($atom, $columns) = @_;
    return $atom->() =~ $columns;
}

sub condition {
    my ($atoms, $depth) = @_;
    $atoms = $about{$focus} if $focus && $atoms == \@things && chance(0.7);
    my $kind = rand;
    return pick(@$atoms)->() if $depth == 0 || $kind < 0.3;
    my @parts = map { condition($atoms, $depth - 1) } 1 .. 2 + int rand 2;
    return '(' . join(' AND ', @parts) . ')' if $kind < 0.55;
    return '(' . join(' OR ', @parts) . ')' if $kind < 0.85;
    return 'NOT (' . $parts[0] . ')';
}

# ---- queries: text with SCHEMA where the schema stands -------------------------------------------

my @keys = qw(page_created_at page_edited_at num made name day flag seq pick);
my $rows = q{count(*) || ' ' || coalesce(sum(hashtext(t.page_id::text)::bigint), 0)};

# The values of the keys in their order: rows that are equal in all of them may come in any order.
sub sorted {
    my ($where) = @_;
    my @by = map { pick(@keys) } 1 .. 1 + int rand 2;
    @by = (pick('page_created_at', 'page_edited_at', 'num')) if chance(0.5);
    my $n = 0;
    my $sort = join ', ', map { $_ . pick('', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST') } @by;
    my $limit = pick('', ' LIMIT 1', ' LIMIT 3', ' LIMIT 10', ' LIMIT 100', ' LIMIT 5 OFFSET 2');
    return "SELECT string_agg(q::text, ';') FROM (SELECT " . join(', ', @by)
      . " FROM SCHEMA.things WHERE $where ORDER BY $sort$limit) q";
}

sub joined {
    my ($where) = @_;
    return pick(
        "SELECT count(*) || ' ' || coalesce(sum(hashtext(page_id::text || o_id)::bigint), 0)
           FROM SCHEMA.things t JOIN (SELECT page_id::text o_id, label, amount
             FROM SCHEMA.others) o ON " . pick('o_id::uuid = ANY (rel)', 'pick = label',
            'num < amount', 'num = amount') . " WHERE $where",
        "SELECT $rows FROM SCHEMA.things t JOIN keys k ON " . pick('t.page_id = k.id',
            't.name = k.word', 't.num = k.n') . " WHERE $where",
        "SELECT $rows FROM SCHEMA.things t LEFT JOIN keys k ON t.num = k.n AND $where",
        "SELECT $rows FROM SCHEMA.things t WHERE " . pick('', 'NOT ')
          . "EXISTS (SELECT 1 FROM keys k WHERE k.n = t.num) AND $where",
        "SELECT $rows FROM SCHEMA.things t WHERE num > (SELECT min(n) FROM keys) AND $where");
}

sub query {
    my $kind = rand;
    return "SELECT $rows FROM SCHEMA.typed t WHERE " . condition(\@typed, 2) if $kind < 0.2;
    my $where = condition(\@things, $focus ? pick(0, 0, 1, 2) : pick(0, 1, 2, 2, 3));
    return sorted($where) if $kind < 0.35;
    return joined($where) if $kind < 0.42;
    return "SELECT count(*) FROM (SELECT 1 FROM SCHEMA.things WHERE $where LIMIT "
      . pick(1, 2, 5, 100) . ') q' if $kind < 0.47;
    return "SELECT $rows FROM SCHEMA.things t WHERE $where";
}

$node->safe_psql('postgres', q{
    CREATE TABLE queries (round int, n int, query text);
    CREATE TABLE wrong (round int, n int, query text, here text, there text);
    CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE result text;
    BEGIN
        EXECUTE query INTO result;
        RETURN coalesce(result, 'NULL');
    EXCEPTION WHEN OTHERS THEN
        RETURN SQLSTATE || ' ' || SQLERRM;
    END $$;
    CREATE PROCEDURE compare_all(which int) LANGUAGE plpgsql AS $$
    DECLARE it record; here text; there text;
    BEGIN
        FOR it IN SELECT * FROM queries WHERE round = which ORDER BY n LOOP
            here := answer(replace(it.query, 'SCHEMA', 'heap'));
            PERFORM set_config('notion.pushdown', 'on', true);
            there := answer(replace(it.query, 'SCHEMA', 'crm'));
            IF it.n % 16 = 0 THEN
                PERFORM set_config('notion.pushdown', 'off', true);
                IF answer(replace(it.query, 'SCHEMA', 'crm')) <> here THEN
                    there := there || ' (and without pushdown something else)';
                END IF;
            END IF;
            IF here <> there THEN
                INSERT INTO wrong VALUES (which, it.n, it.query, here, there);
            END IF;
        END LOOP;
    END $$;});

# ---- every reading ------------------------------------------------------------------------------

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my %as_recorded = %{ json($emulator->control('GET', 'semantics')) };
my @readings = (
    {},
    (map { { $_ => $as_recorded{$_} ? $false : $true } }
        grep { /^(text|blank|options|ranges|times|date_operands|empty|select|people)_/ }
        sort keys %as_recorded),
    { date_zone_minutes => 840 }, { date_zone_minutes => -720, date_operand_zone_minutes => 840 },
    { date_operand_zone_minutes => -720, ranges_compare_end => $true },
    { text_composes => $true, text_trims_values => $true, text_trims_operands => $true,
        blank_text_is_empty => $true, text_ignores_accents => $true,
        times_compare_seconds => $true });
cmp_ok(scalar @readings, '>=', 18, 'readings of what is not documented');

my $each = int($queries / @readings) + 1;
my $round = 0;
for my $reading (@readings) {
    my $words = join ' ', keys %$reading;
    $focus = $words =~ /text/ ? 'text' : $words =~ /date|ranges|times/ ? 'time' : '';
    my $file = PostgreSQL::Test::Utils::tempdir() . "/queries$round";
    my $lines = join '', map { my $q = query(); $q =~ s/\s*\n\s*(?=FROM|WHERE)/ /g;
        $q =~ s/\\/\\\\/g; $q =~ s/\n/\\n/g; "$round\t$_\t$q\n" } 1 .. $each;
    open my $out, '>:encoding(UTF-8)', $file or die $!;
    print $out $lines;
    close $out or die $!;
    $emulator->control('POST', 'semantics', { %as_recorded, %$reading });
    my ($status, $out_text, $error) = $node->psql('postgres', "
        SET client_min_messages = error;
        SET timezone = '" . pick('UTC', 'America/Sao_Paulo', 'Asia/Kathmandu') . "';
        \\copy queries FROM '$file'
        CALL compare_all($round)");
    my $name = join(', ', map { "$_ $reading->{$_}" } sort keys %$reading) || 'as recorded';
    my $wrong = $status == 0
      ? sql($node, "SELECT count(*) FROM wrong WHERE round = $round") : $error;
    is($wrong, '0', "$name: $each queries, the same answers")
      or diag("NOTION_SEED=$seed NOTION_QUERIES=$queries\n", sql($node, "SELECT string_agg(
            query || E'\\n    wanted ' || left(here, 300) || E'\\n    got    ' || left(there, 300),
            E'\\n')
            FROM (SELECT * FROM wrong WHERE round = $round ORDER BY length(query) LIMIT 5) q"));
    $round++;
}
is(sql($node, 'SELECT count(*) >= ' . $queries . ' FROM queries'), 't', "$queries queries in all");
my $refused = sql($node, q{SELECT coalesce(string_agg(DISTINCT a, E'\n'), '')
    FROM queries, answer(replace(query, 'SCHEMA', 'heap')) a
    WHERE n <= 20 AND a ~ '^[0-9A-Z]{5} [a-z]'});
is($refused, '', 'and PostgreSQL takes them');
my %status = %{ $emulator->stats->{by_status} };
is_deeply([ sort keys %status ], [200], 'Notion took every filter') or diag(json(\%status));
$node->stop;
done_testing();
