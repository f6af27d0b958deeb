# Rows that are deleted, come back as they were, and are touched again while their pages wait to be
# taken out of the trash: that trash is ours, nobody's deletion, and every page comes back.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('came_back', emulator => { latency_ms => 30 }, rows => q{
    INSERT INTO tasks (id, name, points) SELECT i, 'task ' || i, i FROM generate_series(1, 60) i});
my ($node, $notion) = @$pair{qw(node emulator)};

sql($node, q{SELECT notion.resume('tasks', allow_deletes => true);
    UPDATE notion.links SET deletes_allowed_until = now() + interval '1 hour'});
for my $setting ('ignore', 'delete') {
    sql($node, qq{SELECT notion.alter_link('tasks', on_notion_trash => '$setting');
        CREATE TABLE kept AS TABLE tasks; DELETE FROM tasks});
    sql($node, q{CALL notion.flush('tasks', '50 s')});
    is(count_pages($pair), 0, "$setting: all pages are in the trash");
    sql($node, q{INSERT INTO tasks TABLE kept});
    wait_until($node, q{SELECT count(*) > 30 FROM notion.work
        WHERE state = 'wish' AND wish ->> 'action' = 'restore'}, 't', "$setting: restores wait");
    # A scan shows pages in the trash meanwhile; and each row is touched, and is what it was.
    sql($node, q{SELECT notion.sync('tasks'); UPDATE tasks SET points = points + 1});
    sql($node, q{UPDATE tasks SET points = points - 1; DROP TABLE kept});
    sql($node, q{CALL notion.flush('tasks', '50 s')});
    at_rest($pair, "$setting: at rest");
    is(count_pages($pair), 60, "$setting: every page is back");
    is(sql($node, 'SELECT count(*) FROM tasks'), 60, "$setting: and every row still here");
    is(sql($node, 'SELECT count(*) FROM notion.conflicts'), 0, "$setting: nobody was in the way");
}
done_testing();
