# What moves away or vanishes in Notion sets aside the page or the column, never the link: pages in
# another data source and back, properties that are gone or of another type and back.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('vanished', rows => q{
    INSERT INTO tasks (name, points) SELECT 'task ' || i, i FROM generate_series(1, 5) i});
my ($node, $emulator) = @$pair{qw(node emulator)};
my %page = map { split /\|/ } split /\n/, sql($node, 'SELECT key, page FROM notion.mappings');
my $source = $pair->{source};

sub edit {
    my ($id, %values) = @_;
    return $emulator->person('ada', 'PATCH', "/v1/pages/$page{$id}", { properties => \%values });
}
sub titled { return { title => [ { text => { content => $_[0] } } ] } }
sub shown {
    my ($id, $property, $type) = @_;
    my $it = $emulator->person('ada', 'GET', "/v1/pages/$page{$id}")->{properties}{$property};
    my $value = $it->{ $type // $it->{type} // 'none' };
    return ref $value eq 'ARRAY' ? $value->[0]{plain_text} : $value;
}
sub schema {
    return $emulator->person('ada', 'PATCH', "/v1/data_sources/$source",
        { properties => { @_ } });
}
sub scan {
    sql($node, "SELECT notion.sync('tasks')");
    return wait_until($node, 'SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL', 0,
        'a full scan');
}
sub state { return "SELECT page_state FROM notion.mappings WHERE page = '$page{$_[0]}'" }

# Into another data source, and back.
my $home = $emulator->person('ada', 'POST', '/v1/pages', { parent => { type => 'workspace',
    workspace => \1 }, properties => { title => titled('Home') } })->{id};
my $other = $emulator->person('ada', 'POST', '/v1/databases', { parent => { type => 'page_id',
    page_id => $home }, title => [ { text => { content => 'Elsewhere' } } ],
    initial_data_source => { properties => { Name => { title => {} }, Points => { number => {} } }
    } })->{data_sources}[0]{id};
sub move {
    my ($id, $to) = @_;
    return $emulator->person('ada', 'POST', "/v1/pages/$page{$id}/move",
        { parent => { type => 'data_source_id', data_source_id => $to } });
}
move(1, $other);
scan();
wait_until($node, state(1), 'moved', 'a page in another data source is known as moved');
is(sql($node, 'SELECT count(*) FROM tasks'), 5, 'its row stays');
sub patches {
    my $path = "/v1/pages/$page{$_[0]}";
    return scalar grep { $_->{method} eq 'PATCH' && $_->{path} eq $path } $emulator->journal;
}
my $before = patches(1);
sql($node, 'UPDATE tasks SET points = 11 WHERE id = 1; UPDATE tasks SET points = 22 WHERE id = 2');
wait_for('edits of other rows go out', sub { shown(2, 'Points') == 22 });
at_rest($pair, 'its own waits');
is(sql($node, q{SELECT state, reason FROM notion.rows WHERE key = '1'}),
    'moved|the page was moved out of its data source', 'and notion.rows says for what');
sql($node, 'DELETE FROM tasks WHERE id = 1');
at_rest($pair, 'deleted here: at rest');
is(patches(1), $before,
    'nothing is written to a page of another data source, and it is not trashed');
move(3, $other);
scan();
wait_until($node, state(3), 'moved', 'another one');
sql($node, 'UPDATE tasks SET points = 33 WHERE id = 3');
at_rest($pair, 'waits likewise');
move(3, $source);
wait_until($node, state(3), 'live', 'back again it is live');
wait_for('and gets what waited', sub { (shown(3, 'Points') // 0) == 33 },
    sub { state_of($pair) });
at_rest($pair, 'moved: at rest');

my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN notion');

# A property that is gone, while its column is edited here and others are on both sides.
schema(Points => undef);
sql($node, "UPDATE tasks SET points = 44, name = 'task four' WHERE id = 4");
wait_for('the other columns of that row go out', sub { shown(4, 'Name') eq 'task four' },
    sub { state_of($pair) });
edit(5, Name => titled('task five'));
wait_until($node, 'SELECT name FROM tasks WHERE id = 5', 'task five', 'and come in');
is(sql($node, 'SELECT state FROM notion.links'), 'active', 'the link goes on');
at_rest($pair, 'a property is gone: at rest');
is(sql($node, 'SELECT points FROM tasks WHERE id IN (4, 5) ORDER BY id'), "44\n5",
    'nothing is cleared here');
like(sql($node, q{SELECT reason FROM notion.failures}), qr/set aside: its property is gone/,
    'notion.failures says so');
like($listener->query('SELECT 1'), qr/"what": "failure"/, 'who listens hears of it');
wait_until($node, q{SELECT count(*) FROM notion.drift('crm') WHERE column_name = 'points'}, 1,
    'and drift lists it');
my $created = sql($node, "INSERT INTO tasks (name, points) VALUES ('new', 6) RETURNING id");
wait_for('a new row gets its page', sub { pages($pair)->{new} }, sub { state_of($pair) });
at_rest($pair, 'a new row: at rest');

# Another type, and back.
schema(Done => { rich_text => {} });
sql($node, "UPDATE tasks SET done = true, name = 'task two' WHERE id = 2");
wait_for('the other columns go out', sub { shown(2, 'Name') eq 'task two' },
    sub { state_of($pair) });
edit(5, Name => titled('task 5'), Done => { rich_text => [ { text => { content => 'yes' } } ] });
wait_until($node, 'SELECT name FROM tasks WHERE id = 5', 'task 5', 'and come in');
is(sql($node, 'SELECT state FROM notion.links'), 'active', 'the link goes on');
at_rest($pair, 'another type: at rest');
wait_until($node, q{SELECT count(*) FROM notion.drift('crm') WHERE column_name = 'done'}, 1,
    'drift lists it');
schema(Done => { checkbox => {} });
sql($node, "SELECT notion.retry('tasks')");
wait_for('once it fits again, what waited goes out', sub { shown(2, 'Done') eq '1' },
    sub { state_of($pair) });
at_rest($pair, 'at rest');

$listener->quit;
$node->stop;
$emulator->stop;
done_testing();
