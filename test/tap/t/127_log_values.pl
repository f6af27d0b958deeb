# A link whose values are not to be in the log: which fields changed is, and what they held is not,
# out or in; another link's values are.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use NotionTest::Link;
use Test::More;

my $pair = start_pair('values');
my ($node, $emulator) = @$pair{qw(node emulator)};
my $log = q{SELECT string_agg(concat_ws(' ', side, action, changes::text), E'\\n' ORDER BY id)
    FROM notion.log};
sql($node, "INSERT INTO tasks (name) VALUES ('Quetzal')");
at_rest($pair, 'a row is sent');
like(sql($node, $log), qr/Quetzal/, 'its values are in the log');

sql($node, "SELECT notion.alter_link('tasks', log_values => false)");
at_rest($pair, 'from now on not');
my $known = sql($node, 'SELECT max(id) FROM notion.log');
sql($node, "UPDATE tasks SET name = 'Quokka'");
at_rest($pair, 'a row is changed');
my ($page) = values %{ pages($pair) };
$emulator->person('ada', 'PATCH', "/v1/pages/$page->{id}",
    { properties => { Name => { title => [{ text => { content => 'Quail' } }] } } });
wait_until($node, 'SELECT name FROM tasks', 'Quail', 'a page is changed');
at_rest($pair, 'at rest');
my $new = sql($node, "SELECT string_agg(concat_ws(' ', side, action, changes), ', ' ORDER BY id)
    FROM notion.log WHERE id > $known");
like($new, qr/postgres update .*"column": "name"/, 'the log has the field that was sent');
like($new, qr/notion \w+ \{.*"name": \{/, 'and the one that came');
unlike($new, qr/Quokka|Quail|Quetzal/, 'and no value');
sql($node, "SELECT notion.alter_link('tasks', log_values => true);
    UPDATE tasks SET name = 'Quoll'");
at_rest($pair, 'and on again');
like(sql($node, $log), qr/Quoll/, 'where it is wished');

# Said when the table is linked, it holds for the first sync too.
my $kept = 'SELECT count(*), count(g.changes) FROM notion.log g
    JOIN notion.links l ON l.id = g.link';
sql($node, "SELECT notion.unlink('tasks');
    INSERT INTO tasks (name) VALUES ('Quince');
    SELECT notion.link('tasks', 'crm.tasks', direction => 'both', log_values => false,
        columns => '{\"id\": \"key\", \"name\": \"name\", \"points\": \"points\"}');
    SELECT notion.sync('tasks', match => '{name}')");
at_rest($pair, 'linked anew');
cmp_ok((split /\|/, sql($node, $kept))[1], '>', 0, 'the log has its fields');
is(sql($node, "SELECT string_agg(g.changes::text, ' ') ~ 'Quince|Quoll' FROM notion.log g
    JOIN notion.links l ON l.id = g.link"), 'f', 'and no value');
sql($node, "SELECT notion.unlink('tasks');
    SELECT notion.mirror('mirrored', 'crm.tasks', log_values => false)");
wait_until($node, q{SELECT count(*) FROM mirrored WHERE name = 'Quince'}, 1, 'a mirror');
is(sql($node, "SELECT count(*) > 0 AND NOT string_agg(g.changes::text, ' ') ~ 'Quince|Quoll'
    FROM notion.log g JOIN notion.links l ON l.id = g.link"), 't', 'no value of it either');

# Whose number an entry has, when the link is no more.
my $mirror = sql($node, 'SELECT id FROM notion.links');
sql($node, 'DROP TABLE mirrored');
is(sql($node, q{SELECT count(DISTINCT link), string_agg(changes ->> 'table', ', ' ORDER BY id)
    FROM notion.log WHERE action = 'unlink'}), '3|public.tasks, public.tasks, public.mirrored',
    'each link that ended left its table\'s name');
is(sql($node, "SELECT count(*) FROM notion.log g WHERE link IS NOT NULL AND NOT EXISTS (
    SELECT FROM notion.log u WHERE u.link = g.link AND u.action = 'unlink')"), 0,
    'and every entry finds it');
ok($mirror == sql($node, "SELECT max(link) FROM notion.log WHERE action = 'unlink'"),
    'by the number of its link');
done_testing();
