# Law 4: a user's transaction never waits for the network. Notion is there and answers nothing: a
# write of a row hangs, and whatever people do with table, link and rows is done while it hangs.
# Notion stays stopped to the end, so whatever waited for it would not end.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('no_network', settings => { max_prepared_transactions => 4,
    'notion.poll_interval' => '1h', 'notion.trash_grace' => '0' },
    rows => q{INSERT INTO tasks (id, name, points) SELECT i, 'n' || i, i
        FROM generate_series(1, 9) i});
my ($node, $notion) = @$pair{qw(node emulator)};
sql($node, q{CREATE ROLE clerk LOGIN; GRANT ALL ON tasks TO clerk;
    CREATE TABLE third (id integer PRIMARY KEY);
    CREATE FOREIGN TABLE crm.third (mark text OPTIONS (property_id 'title', type 'title'))
        SERVER acme OPTIONS (data_source '2cec6b88ec568e0f942ee5f98a900964')});
my $page = sql($node, q{SELECT page FROM notion.rows WHERE key = '1'});
# What a person would resolve: with the rule manual, both sides changed.
sql($node, q{SELECT notion.alter_link('tasks', rule => 'manual')});
sql($node, q{CALL notion.flush('tasks', '50 s')});
sql($node, q{SELECT notion.pause('tasks'); UPDATE tasks SET points = 50 WHERE id = 5});
$notion->person('ada', 'PATCH', '/v1/pages/'
    . sql($node, q{SELECT page FROM notion.rows WHERE key = '5'}),
    { properties => { Points => { number => 55 } } });
sql($node, q{SELECT notion.resume('tasks'); SELECT notion.sync('tasks')});
wait_until($node, q{SELECT count(*) FROM notion.conflicts WHERE state = 'open'}, 1, 'a conflict');
wait_until($node, q{SELECT count(*) FROM notion.jobs WHERE finished_at IS NULL}, 0, 'no job');
my $conflict = sql($node, q{SELECT id FROM notion.conflicts WHERE state = 'open'});

# ---- Notion falls silent, in the middle of a write ---------------------------------------------

kill 'STOP', $notion->pid;
END { kill 'CONT', $notion->pid if $notion; }
sql($node, q{INSERT INTO tasks (id, name) VALUES (100, 'hangs')});
my $hangs = q{SELECT string_agg(key || ' ' || flight, ',') FROM notion.mappings
    WHERE flight <> 'none'};
wait_until($node, $hangs, '100 sending', 'a write hangs');

my $seconds = 20; # long before the request gives up, which is told to wait a minute
sub at_once {
    my ($name, $statements, %args) = @_;
    my ($status, undef, $error) = $node->psql('postgres', $statements, on_error_stop => 1,
        extra_params => [ $args{role} ? ('-U', $args{role}) : () ]);
    is($status, 0, $name) or diag($error);
    return;
}
$node->append_conf('postgresql.conf', "statement_timeout = '${seconds}s'");
$node->reload;
at_once(@$_) for
    [ 'the row itself', q{UPDATE tasks SET name = 'again' WHERE id = 100} ],
    [ 'rows beside it', q{INSERT INTO tasks (id, name) VALUES (101, 'more');
        UPDATE tasks SET points = points + 1 WHERE id < 5; DELETE FROM tasks WHERE id = 2;
        UPDATE tasks SET id = 30 WHERE id = 3} ],
    [ 'a role without rights on what is ours',
        q{INSERT INTO tasks VALUES (200, 'clerk'); UPDATE tasks SET points = 7 WHERE id = 200},
        role => 'clerk' ],
    [ 'a savepoint, and a rollback', q{BEGIN; UPDATE tasks SET points = 0; SAVEPOINT s;
        DELETE FROM tasks; ROLLBACK TO s; ROLLBACK} ],
    [ 'two phases', q{BEGIN; UPDATE tasks SET points = 8 WHERE id = 4; PREPARE TRANSACTION 'p';
        COMMIT PREPARED 'p'} ],
    [ 'a bulk load', q{INSERT INTO tasks (id, name) SELECT i, 'bulk'
        FROM generate_series(1000, 4000) i} ],
    [ 'its row is deleted', q{DELETE FROM tasks WHERE id = 100} ],
    [ 'an event', qq{SELECT notion.receive_webhook('acme', '{"type": "page.content_updated",
        "entity": {"id": "$page", "type": "page"}}', 'sha256=0')} ],
    [ 'what people ask', qq{SELECT notion.sync('tasks'); SELECT notion.sync('tasks', key => '1');
        SELECT notion.retry('tasks'); SELECT notion.discard('tasks', '100');
        SELECT notion.resolve($conflict, 'postgres');
        SELECT notion.append('acme', '$page', 'note');
        SELECT notion.pause('tasks'); SELECT notion.resume('tasks');
        SELECT notion.forget('tasks', '6')} ],
    [ 'what they look at', q{TABLE notion.status; TABLE notion.health; TABLE notion.failures;
        TABLE notion.conflicts; TABLE notion.rows; TABLE notion.progress; TABLE notion.columns;
        SELECT * FROM notion.history('tasks', '1')} ],
    [ 'another link', q{SELECT notion.link('third', 'crm.third', direction => 'to_notion',
        marker => 'mark', columns => '{}'); SELECT notion.sync('third');
        SELECT notion.unlink('third')} ],
    [ 'another shape of it', q{SELECT notion.alter_link('tasks', columns =>
        '{"id": "key", "name": "name", "points": "points"}')} ],
    [ 'DDL', q{ALTER TABLE tasks RENAME points TO score; ALTER TABLE tasks ADD note text;
        CREATE INDEX ON tasks (score)} ],
    [ 'TRUNCATE', q{TRUNCATE tasks} ];
is(sql($node, q{SELECT count(*) FROM notion.mappings WHERE key = '100' AND flight = 'sending'}), 1,
    'and all the while it hung');
at_once('the end of the link', q{SELECT notion.unlink('tasks'); DROP TABLE tasks});
at_once('and of the extension', q{DROP EXTENSION pg_notion CASCADE});
done_testing();
