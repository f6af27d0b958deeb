# Two sides edited at random while webhooks come out of order, twice or never, answers late, garbled
# or not at all, an index lags, clocks differ, pages are hidden, moved, trashed and copied, workers
# die. At rest the sides agree, and NotionTest::Judge says that no value was lost. NOTION_OPERATIONS
# is how many edits (5,000; with NOTION_LONG 100,000, others each time), NOTION_SEED chooses them.
use strict;
use warnings;
use NotionTest;
use NotionTest::Judge;
use NotionTest::Link;
use NotionTest::Session;
use POSIX ();
use Test::More;
use Time::HiRes ();

my $seed = $ENV{NOTION_SEED} // ($ENV{NOTION_LONG} ? int rand 2**31 : 9103);
my $operations = $ENV{NOTION_OPERATIONS} // ($ENV{NOTION_LONG} ? 100_000 : 5_000);
srand $seed;
diag("NOTION_SEED=$seed, $operations edits");
sub one_of { return $_[ int rand @_ ]; }
sub often { return rand() < $_[0]; }

my $port = free_port();
my $node = start_node('convergence', 'notion.listen' => "127.0.0.1:$port",
    'notion.poll_interval' => '1s', 'notion.index_lag' => '900ms', 'notion.settle' => '1500ms',
    restart_after_crash => 'on', log_statement => 'none');
my $emulator = start_emulator(budget => 0, latency_ms => 2);
$emulator->control('POST', 'clock', { now => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ',
    gmtime(time + 37)), run => json('true') });
my @tags = map { "tag $_" } 1 .. 8;
$emulator->control('POST', 'load', { workspace => 'Acme',
    users => [ map +{ name => $_, email => lc "$_\@acme.test", type => 'person' }, 'Ada', 'Bob' ],
    databases => [ map +{ title => $_, properties => { Name => 'title', Key => 'rich_text',
        Note => 'rich_text', Points => 'number', Due => 'date', Done => 'checkbox',
        Tags => { multi_select => \@tags } } }, 'Deals', 'Elsewhere' ] });
connect_workspace($node, $emulator,
    options => [ "budget_per_minute '-1'", "request_timeout_ms '1000'" ]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE deals (id serial PRIMARY KEY, name text, note text, points float8,
        due timestamptz, done boolean, tags text[]);
    SELECT notion.link('deals', 'crm.deals', direction => 'both', columns => '{"id": "key",
        "name": "name", "note": {"property": "note", "rule": "notion"},
        "points": {"property": "points", "rule": "postgres"},
        "due": {"property": "due", "rule": "manual"}, "done": "done", "tags": "tags"}');
    CREATE TABLE audit (seq bigserial, id int, op text, applying boolean, r deals);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.audit (id, op, applying, r)
        VALUES (coalesce(NEW.id, OLD.id), TG_OP, notion.applying(), NEW);
        RETURN NULL; END $$;
    CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON deals
        FOR EACH ROW EXECUTE FUNCTION audit();
    INSERT INTO deals (name, points, done) SELECT 'start ' || i, -i, false
      FROM generate_series(1, 60) i;
    SELECT notion.sync('deals')});
my $pair = { node => $node, emulator => $emulator,
    source => sql($node, 'SELECT data_source FROM notion.links') };
wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync');
sql($node, "UPDATE notion.links SET deletes_allowed_until = 'infinity'"); # the brake has its tests
at_rest($pair, 'at rest after it');
sql($node, "SELECT notion.expect_webhook('acme')");
$emulator->control('POST', 'webhooks', { url => "http://127.0.0.1:$port/webhook/acme",
    window_ms => 20, duplicate => 0.2, lose => 0.1, reorder => json('true'), delay_ms => 5,
    retry_base_ms => 50 });
wait_until($node, 'SELECT count(*) FROM notion.webhooks WHERE verified_at IS NOT NULL', '1',
    'subscribed');

my $judge = NotionTest::Judge->new(node => $node, emulator => $emulator,
    source => $pair->{source},
    fields => { name => 'Name', note => 'Note', points => 'Points', due => 'Due', done => 'Done',
        tags => 'Tags' }, alike => { done => 1, tags => 1 },
    audit => q{SELECT json_build_object('id', id, 'op', op, 'applying', applying, 'row',
        to_jsonb(r) || jsonb_build_object('due', extract(epoch FROM (r).due)::bigint))
        FROM audit ORDER BY seq},
    conflicts => q{SELECT jsonb_build_object('key', key, 'column_name', column_name, 'kind', kind,
            'postgres', v[1], 'notion', v[2], 'winner', winner,
            'notion_at', notion_at AT TIME ZONE 'UTC')
        FROM notion.conflicts, LATERAL (SELECT array_agg(CASE column_name
            WHEN 'due' THEN extract(epoch FROM u::timestamptz)::bigint::text ELSE u END ORDER BY n)
            FROM unnest(ARRAY[postgres, notion]) WITH ORDINALITY t(u, n)) x(v)});

# Values, each typed once.
my ($typed, $midnight) = (0, 1767225600);
sub words { return "$_[0]" . ++$typed; }
sub points { return 2 * ++$typed + $_[0]; }
sub moment { return $midnight + 60 * (2 * ++$typed + $_[0]); }
sub clear { return often(0.05); }

my (@ids, @pages, %hidden, %trashed, %moved, $database_trashed);
my $database = $emulator->person('ada', 'GET', "/v1/data_sources/$pair->{source}")
  ->{parent}{database_id};
my $elsewhere = sql($node, q{SELECT option_value FROM pg_foreign_table f,
    pg_options_to_table(f.ftoptions) WHERE f.ftrelid = 'crm.elsewhere'::regclass
    AND option_name = 'data_source'});
sub take_stock {
    my $all = pages($pair);
    @pages = map { $_->{id} } values %$all;
    my $ids = eval { sql($node, 'SELECT id FROM deals') } // '';
    @ids = split /\n/, $ids if $ids ne '';
    $judge->listen;
    return;
}

# ---- here ---------------------------------------------------------------------------------------

sub set_here {
    my ($column) = @_;
    return "$column = NULL" if $column ne 'done' && clear();
    my %new = (name => sub { "'" . words('p') . "'" }, note => sub { "'" . words('p') . " here'" },
        points => sub { points(0) }, due => sub { 'to_timestamp(' . moment(0) . ')' },
        done => sub { 'NOT coalesce(done, false)' },
        tags => sub { my $tag = one_of(@tags); often(0.6)
            ? "array_append(array_remove(coalesce(tags, '{}'), '$tag'), '$tag')"
            : "array_remove(coalesce(tags, '{}'), '$tag')" });
    return "$column = " . $new{$column}->();
}

sub statement_here {
    my $id = one_of(@ids) // 1;
    my $what = rand;
    return "INSERT INTO deals (name, points) VALUES ('" . words('p') . "', " . points(0) . ')'
      if $what < 0.03 && @ids < 120;
    return "DELETE FROM deals WHERE id = $id" if $what < 0.04 && @ids > 50;
    my %columns = map { ($_ => 1) }
      map { one_of(qw(name note points due done tags)) } 1 .. (often(0.2) ? 3 : 1);
    my $set = join ', ', map { set_here($_) } sort keys %columns;
    return "UPDATE deals SET $set WHERE id = $id";
}

my @sessions = map { NotionTest::Session->new($node, "SET lock_timeout = '50ms'") } 1 .. 3;
my $died = 0;
sub edit_here {
    my $session = one_of(@sessions);
    my $answer;
    if ($session->{open}) {
        my $end = often(0.15) ? 'ROLLBACK' : 'COMMIT';
        $answer = $session->query(statement_here() . "; $end");
        $session->{open} = 0;
    } elsif (often(0.1)) { # left open for a while
        $answer = $session->query('BEGIN; ' . statement_here());
        $session->{open} = defined $answer;
    } else {
        $answer = $session->query(statement_here());
    }
    $died++ unless defined $answer;
    return;
}

# ---- there --------------------------------------------------------------------------------------

sub text_there { my ($text) = @_; return [ map +{ text => { content => $_ } }, @_ ]; }
sub value_there {
    my ($page, $name) = @_;
    my $empty = $name ne 'Done' && $name ne 'Tags' && clear();
    return { title => $empty ? [] : text_there(words('n')) } if $name eq 'Name';
    return { rich_text => $empty ? [] : text_there(words('n'), ' there') } if $name eq 'Note';
    return { number => $empty ? undef : points(1) } if $name eq 'Points';
    return { checkbox => json(often(0.5) ? 'true' : 'false') } if $name eq 'Done';
    return { multi_select => [ map +{ name => $_ }, grep { often(0.4) } @tags ] }
      if $name eq 'Tags';
    return { date => $empty ? undef
        : { start => POSIX::strftime('%Y-%m-%dT%H:%M:00Z', gmtime moment(1)) } };
}

sub act {
    my ($page, $action) = @_;
    $judge->{restored}{$page} = 1 if $action eq 'restore';
    return eval { json($emulator->control('POST', "pages/$page/$action", { as => 'bob' })) };
}

sub move {
    my ($page) = @_;
    my $to = $moved{$page} ? $pair->{source} : $elsewhere;
    my ($status) = $emulator->as('ntn_person_ada', 'POST', "/v1/pages/$page/move",
        { parent => { type => 'data_source_id', data_source_id => $to } });
    $moved{$page} = !$moved{$page} if $status == 200;
    return;
}

sub act_on_database {
    return $emulator->control('POST', "databases/$database/"
        . (($database_trashed = !$database_trashed) ? 'trash' : 'restore'), { as => 'bob' });
}

# Options are renamed, and no page is touched.
my $renamed = 0;
sub rename_tag {
    my $place = int rand @tags;
    my $name = 'tag ' . (@tags + ++$renamed);
    $emulator->control('POST', "data_sources/$pair->{source}/options",
        { property => 'Tags', option => $tags[$place], name => $name });
    $tags[$place] = $name;
    return;
}

sub edit_there {
    my $page = one_of(@pages) // return;
    my $what = rand;
    if ($what < 0.02 && @pages < 120) {
        my ($status, $made) = $emulator->as('ntn_person_ada', 'POST', '/v1/pages',
            { parent => { data_source_id => $pair->{source} }, properties => {
                Name => value_there('', 'Name'), Points => value_there('', 'Points') } });
        push @pages, $made->{id} if $status == 200;
    } elsif ($what < 0.023 && @pages < 120) {
        $judge->listen;
        my $copy = act($page, 'duplicate') // return;
        $judge->note_page($copy->{id}, 'copy', $copy->{properties});
        push @pages, $copy->{id};
    } elsif ($what < 0.035) {
        act($page, ($hidden{$page} = !$hidden{$page}) ? 'unshare' : 'share');
    } elsif ($what < 0.045) {
        act($page, ($trashed{$page} = !$trashed{$page}) ? 'trash' : 'restore');
    } elsif ($what < 0.049) {
        move($page);
    } elsif ($what < 0.050) {
        rename_tag();
    } else {
        my %names = map { ($_ => 1) }
          map { one_of(qw(Name Note Points Due Done Tags)) } 1 .. (often(0.2) ? 3 : 1);
        $emulator->as('ntn_person_' . one_of('ada', 'bob'), 'PATCH', "/v1/pages/$page",
            { properties => { map { ($_ => value_there($page, $_)) } sort keys %names } });
    }
    return;
}

# ---- what goes wrong ----------------------------------------------------------------------------

my @writes = ('POST /v1/pages', 'PATCH /v1/pages/:id');
my @lies = (
    (map { my $route = $_; map +{ %$_, route => $route },
        { kind => 'drop_after_commit', probability => 0.04 },
        { kind => '503_after_commit', probability => 0.03 },
        { kind => 'drop_before', probability => 0.03 },
        { kind => 'truncated', probability => 0.02 },
        { kind => 'delay', ms => 1_400, probability => 0.01 },
        { kind => 'status', status => 429, retry_after => 0, probability => 0.03 },
        { kind => 'status', status => 502, probability => 0.02 } } @writes),
    { kind => 'garbage', route => 'PATCH /v1/pages/:id', probability => 0.02 },
    { kind => 'omit_properties', properties => ['Points'], route => 'PATCH /v1/pages/:id',
        probability => 0.01 },
    { kind => 'omit_properties', properties => ['Note'], route => 'GET /v1/pages/:id',
        probability => 0.02 },
    { kind => 'drop_before', method => 'GET', path => '/v1/pages', probability => 0.03 },
    { kind => 'status', status => 500, method => 'POST', path => '/v1/data_sources',
        probability => 0.03 },
    { kind => 'index_lag', ms => 300 });
$emulator->fault(map +{ %$_, token => 'ntn_bot_' }, @lies);
$emulator->control('POST', 'semantics', { title_edit_is_content => json('true'),
    restore_moves_time => json('false'), live_cursors => json('true'),
    date_header_skew_ms => 400 });

sub kill_somebody {
    my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file(
        $node->data_dir . '/postmaster.pid'))[0];
    open(my $list, '<', "/proc/$postmaster/task/$postmaster/children") or return;
    my %found;
    for my $pid (split ' ', <$list> // '') {
        open(my $command, '<', "/proc/$pid/cmdline") or next;
        $found{$1} = $pid if (<$command> // '') =~ /pg_notion (net|apply)/;
    }
    my $victim = $found{ one_of('net', 'apply') } // return;
    kill one_of('TERM', 'TERM', 'KILL'), $victim;
    return;
}

my %resolved;
sub decide {
    my ($every) = @_;
    my $open = eval { sql($node, q{SELECT id, kind, coalesce(page::text, '')
        FROM notion.conflicts WHERE state = 'open' AND decided IS NULL}) } // return;
    for my $line (split /\n/, $open) {
        my ($id, $kind, $page) = split /\|/, $line;
        next unless $every || often(0.3);
        act($page, 'trash') if $kind eq 'duplicate page'; # that is left to people
        my $winner = $kind =~ /^both|^deleted/ ? one_of('postgres', 'notion') : 'postgres';
        my ($status, undef, $error) = eval {
            $node->psql('postgres', "SELECT notion.resolve($id, '$winner')") };
        $resolved{"$kind: $winner"}++ if defined $status && $status == 0;
        diag("resolve $id ($kind): $error") if defined $status && $status == 3;
    }
    return;
}

# Not faster than what is under way: what is queued may be so long, and no longer.
sub keep_pace {
    my $session = $sessions[0];
    return if $session->{open};
    my $end = Time::HiRes::time() + 60;
    while (Time::HiRes::time() < $end) {
        my $queued = $session->query(q{SELECT count(*) FROM notion.work
            WHERE state NOT IN ('failed', 'held')})
          // return;
        return if $queued !~ /^\d+$/ || $queued < 40;
        Time::HiRes::usleep(5_000);
    }
    return;
}

# Notion's clock goes on by a minute. It does so at rest and with the index up to date: a clock that
# jumps while something is under way is no lie that anybody could see through.
sub next_minute {
    my ($turn) = @_;
    for my $session (grep { $_->{open} } @sessions) {
        $session->query('COMMIT');
        $session->{open} = 0;
    }
    $emulator->control('POST', 'webhooks/drain');
    wait_until($node, "SELECT count(*) FROM notion.inbox WHERE state = 'new'", '0',
        "$turn: events are settled");
    at_rest($pair, "$turn: at rest");
    $emulator->clear_faults;
    $emulator->control('POST', 'clock', { advance_ms => 61_000 });
    $emulator->fault(map +{ %$_, token => 'ntn_bot_' }, @lies);
    return;
}

# ---- the run ------------------------------------------------------------------------------------

take_stock();
my $began = Time::HiRes::time();
my $kills = 0;
for my $turn (1 .. $operations) {
    if (often(0.5)) { edit_here(); } else { edit_there(); }
    keep_pace() if $turn % 20 == 0;
    take_stock() if $turn % 100 == 0;
    note(sprintf "%d: %.1f s", $turn, Time::HiRes::time() - $began) if $turn % 100 == 0;
    decide(0) if $turn % 250 == 0;
    next_minute($turn) if $turn % 1250 == 0;
    if ($turn % 500 == 350) { kill_somebody(); $kills++; }
    act_on_database() if $turn % 1000 == 600 || $turn % 1000 == 640;
}
diag(sprintf '%d edits in %.1f s, %d kills, %d sessions lost', $operations,
    Time::HiRes::time() - $began, $kills, $died);
$_->query('ROLLBACK'), $_->close_it for @sessions;
$emulator->clear_faults;
act($_, 'share') for grep { $hidden{$_} } keys %hidden;
act($_, 'restore') for grep { $trashed{$_} } keys %trashed;
move($_) for grep { $moved{$_} } keys %moved;
act_on_database() if $database_trashed;

my $look = sub {
    my ($when) = @_;
    $emulator->control('POST', 'webhooks/drain');
    wait_until($node, "SELECT count(*) FROM notion.inbox WHERE state = 'new'", '0',
        "events are settled $when");
    sql($node, "SELECT notion.sync('deals')");
    wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', '0',
        "a full scan $when");
    return at_rest($pair, "at rest $when");
};
wait_until($node, 'SELECT 1', '1', 'the server is up');
my $rests = $look->('after the edits');
for my $round (1 .. 6) {
    last if !$rests
      || sql($node, "SELECT count(*) FROM notion.conflicts WHERE state = 'open'") eq '0';
    decide(1);
    $rests = $look->("after decisions, round $round");
}
diag('decided: ', json(\%resolved), "\nlies: ", json($judge->{lies}));
is(sql($node, "SELECT count(*) FROM notion.conflicts WHERE state = 'open'"), '0',
    'every conflict was decided')
  || diag(sql($node, "SELECT * FROM notion.conflicts WHERE state = 'open' LIMIT 9"));
is(sql($node, 'SELECT count(*) FROM notion.failures'), '0', 'nothing has failed')
  || diag(sql($node, 'SELECT * FROM notion.failures LIMIT 9'));

# ---- at rest ------------------------------------------------------------------------------------

my $here = q{SELECT id::text, name, coalesce(note, ''), points, due, coalesce(done, false),
    (SELECT array_agg(t ORDER BY t) FROM unnest(tags) t) FROM deals};
my $there = q{SELECT key, name, coalesce(note, ''), points, due, done,
    (SELECT array_agg(t ORDER BY t) FROM unnest(tags) t) FROM crm.deals};
is(sql($node, qq{SELECT coalesce(string_agg(d::text, E'\\n'), 'equal') FROM (
    (SELECT 'here', h.* FROM ($here EXCEPT ALL $there) h)
    UNION ALL (SELECT 'there', t.* FROM ($there EXCEPT ALL $here) t)) d}), 'equal',
    'both sides hold the same, every row once');
is(sql($node, q{SELECT count(*) FROM notion.mappings WHERE held <> '{}' OR flight <> 'none'
    OR (row_state = 'present') <> (page_state = 'live')}), '0', 'nothing is held or half there')
  || diag(sql($node, q{SELECT key, page, row_state, page_state, held, flight, reason
    FROM notion.mappings WHERE held <> '{}' OR flight <> 'none'
    OR (row_state = 'present') <> (page_state = 'live') LIMIT 9}));
is(sql($node, q{SELECT count(*) FROM notion.mappings m JOIN deals d ON d.id::text = m.key
    JOIN notion.link_columns c ON c.link = m.link AND c.column_name = 'points'
    WHERE (m.base -> c.property_id ->> 'p')::float8 IS DISTINCT FROM d.points}), '0',
    'the base is what the rows hold');

my @faults = $judge->verdict;
is(join("\n", map { $_->[0] } @faults[0 .. ($#faults > 9 ? 9 : $#faults)]), '',
    "of $typed values none was lost")
  || diag(map { my ($said, $key, $column, $row, $page) = @$_;
    my ($id) = $said =~ /\[(.*?)\]/;
    "\n$said\n  here:  ", NotionTest::Judge::life($row), "\n  there: ",
    NotionTest::Judge::life($page), "\n",
    sql($node, "SELECT id, kind, base, postgres, notion, winner, rule, note FROM notion.conflicts
        WHERE key = '$key' AND column_name = '$column' ORDER BY id"), "\n",
    sql($node, "SELECT at, side, action, changes, outcome FROM notion.log WHERE key = '$key'
        AND changes::text LIKE '%$column%' ORDER BY id DESC LIMIT 12"), "\n",
    join("\n", @{ $judge->{told}{$id} // [] }), "\n",
    sql($node, "SELECT 'receipt', id, kind, read_at, acked_at, properties FROM notion.receipts
        WHERE page = '$id' ORDER BY id"), "\n",
    sql($node, "SELECT 'event', received_at, type, state, attempts, reason, due, event->'timestamp',
        event->'authors', event->'properties' FROM notion.inbox WHERE entity = '$id'
        ORDER BY event->>'timestamp'"), "\n",
    sql($node, "SELECT 'audit', a FROM audit a WHERE id = $key ORDER BY seq"), "\n" }
    @faults[0 .. ($#faults > 5 ? 5 : $#faults)]);
diag(sprintf '%d values gave way to the other side; overwritten unseen: %s', $judge->{judged} // 0,
    json($judge->{unseen} // {}));
diag("NOTION_SEED=$seed", state_of($pair)) unless Test::More->builder->is_passing;

$node->stop;
$emulator->stop;
done_testing();
