# References at random: rows and pages of a table that refers to itself and to another are made,
# changed, deleted and given other keys on both sides, while the workers are killed. In the end each
# page relates to the pages of just the rows to which its row refers, but for those that are listed:
# related to a parent that was deleted here meanwhile. NOTION_SEED repeats a run.
use strict;
use warnings;

use NotionTest;
use Test::More;

my $seed = $ENV{NOTION_SEED} // 20261126;
my $steps = $ENV{NOTION_ROUNDS} // ($ENV{NOTION_LONG} ? 2_000 : 150);
srand $seed;
diag("seed $seed, $steps steps");
my $node = start_node('model', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s', restart_after_crash => 'on');
my $notion = start_emulator(budget => 0);
$notion->control('POST', 'load', { workspace => 'Acme',
    users => [ { name => 'Ada', email => 'ada@acme.test', type => 'person' } ],
    databases => [
        { title => 'Parents', properties => { Name => 'title', Mark => 'rich_text' } },
        { title => 'Kids', properties => { Name => 'title', Mark => 'rich_text',
            Parent => { relation => 'Parents' }, Next => { relation => 'Kids' } } },
    ] });
$notion->control('POST', 'semantics', { trashed_leave_relations => json('true') })
    if rand() < 0.5;
connect_workspace($node, $notion, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE parents (id serial PRIMARY KEY, name text);
    CREATE TABLE kids (id serial PRIMARY KEY, name text,
        parent int REFERENCES parents ON UPDATE CASCADE ON DELETE SET NULL,
        next int REFERENCES kids ON DELETE SET NULL);
    SELECT notion.link('parents', 'crm.parents', direction => 'both',
        columns => '{"id": "mark", "name": "name"}');
    SELECT notion.link('kids', 'crm.kids', direction => 'both',
        columns => '{"id": "mark", "name": "name", "parent": "parent", "next": "next"}');
    UPDATE notion.links SET deletes_allowed_until = 'infinity';
    SELECT notion.sync('parents'); SELECT notion.sync('kids')});
wait_until($node, q{SELECT string_agg(state, ' ') FROM notion.links}, 'active active', 'linked');

my $some = sub { return "(SELECT id FROM $_[0] ORDER BY random() LIMIT 1)" };
my $page = sub { return sql($node, "SELECT m.page FROM notion.mappings m JOIN notion.links l
    ON l.id = m.link AND l.table_id = '$_[0]'::regclass
    WHERE m.page_state = 'live' AND m.row_state = 'present' ORDER BY random() LIMIT 1") };
my $edit = sub { # a page may be in the trash by now: then nobody edits it
    my ($at, $properties) = @_;
    eval { $notion->person('ada', 'PATCH', "/v1/pages/$at", { properties => $properties }) } if $at;
};
my @steps = (
    (sub { sql($node, "INSERT INTO parents (name) VALUES ('p')") }) x 3,
    (sub { sql($node, "INSERT INTO kids (name, parent, next) VALUES ('k', @{[ $some->('parents') ]},
        @{[ $some->('kids') ]})") }) x 4,
    (sub { sql($node, "WITH p AS (INSERT INTO parents (name) VALUES ('new') RETURNING id)
        INSERT INTO kids (name, parent) SELECT 'with', id FROM p") }) x 2,
    (sub { sql($node, "UPDATE kids SET parent = @{[ $some->('parents') ]}
        WHERE id = @{[ $some->('kids') ]}") }) x 3,
    sub { sql($node, "UPDATE kids SET next = id WHERE id = @{[ $some->('kids') ]}") },
    sub { sql($node, "UPDATE kids SET next = NULL WHERE id = @{[ $some->('kids') ]}") },
    sub { sql($node, "DELETE FROM parents WHERE id = @{[ $some->('parents') ]}") },
    sub { sql($node, "DELETE FROM kids WHERE id = @{[ $some->('kids') ]}") },
    sub { sql($node, "UPDATE parents SET id = id + 1000 WHERE id = @{[ $some->('parents') ]}") },
    (sub { my $to = $page->('parents');
        $edit->($page->('kids'), { Parent => { relation => [ $to ? { id => $to } : () ] } }) }) x 3,
    sub { $edit->($page->('kids'), { Next => { relation => [] } }) },
    sub { $edit->($page->('kids'), { Name => { title => [ { text => { content => 'by Ada' } } ] } })
    },
    sub { my ($parents, $kids) = map { sql($node, "SELECT data_source FROM notion.links
            WHERE table_id = '$_'::regclass") } qw(parents kids);
        my $made = sub { return $notion->person('ada', 'POST', '/v1/pages', {
            parent => { type => 'data_source_id', data_source_id => $_[0] },
            properties => { Name => { title => [ { text => { content => 'Ada' } } ] }, %{ $_[1] } },
        })->{id} };
        $made->($kids, { Parent => { relation => [ { id => $made->($parents, {}) } ] } }) },
    sub { my $pid = sql($node, "SELECT pid FROM pg_stat_activity WHERE backend_type =
            'pg_notion @{[ rand() < 0.5 ? 'net' : 'apply' ]}'");
        kill 'TERM', $pid if $pid },
);
$steps[rand @steps]->() for 1 .. $steps;

# Both sides as "kid > parent, next", by pages.
my $here = q{SELECT string_agg(format('%s > %s, %s', page('kids', k.id), page('parents', k.parent),
    page('kids', k.next)), E'\n' ORDER BY page('kids', k.id)) FROM kids k
    WHERE NOT EXISTS (SELECT FROM notion.waits w WHERE w.key = k.id::text)}; # listed
my $there = q{SELECT string_agg(format('%s > %s, %s', page_id, coalesce(parent[1]::text, ''),
    coalesce(next[1]::text, '')), E'\n' ORDER BY page_id::text) FROM crm.kids
    WHERE page_id NOT IN (SELECT page FROM notion.mappings m WHERE held ? '*' OR EXISTS (
        SELECT FROM notion.waits w WHERE w.link = m.link AND w.key = m.key))}; # kept, listed
sql($node, q{CREATE FUNCTION page(of regclass, key int) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT m.page::text FROM notion.mappings m JOIN notion.links l
        ON l.id = m.link WHERE l.table_id = of AND m.key = page.key::text), '') $$});
my $last = '';
wait_for('both sides agree', sub {
    my ($ours, $theirs) = map { eval { sql($node, $_) } // $@ } $here, $there;
    $last = "here\n$ours\nthere\n$theirs";
    return $ours eq $theirs && sql($node, q{SELECT count(*) FROM notion.work}) eq '0';
}, sub { return "$last\n" . join "\n", map { sql($node, $_) } 'TABLE notion.waits',
    'SELECT row_to_json(w) FROM notion.work w', q{SELECT row_to_json(m) FROM notion.mappings m
        WHERE held <> '{}'}, 'TABLE notion.due_pages' });
is(sql($node, q{SELECT count(*) FROM notion.failures
    WHERE reason NOT LIKE 'deleted here, edited%'}), 0,
    'and nothing was set aside, but pages that were edited after their row was deleted');
is(sql($node, q{SELECT count(*) > 0 FROM notion.log WHERE action = 'insert'}), 't', 'both ways');

done_testing();
