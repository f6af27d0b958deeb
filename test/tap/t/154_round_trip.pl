# Markdown in, Markdown out: what a page gives back is what was written, of random documents made of
# everything that Notion's Markdown knows; and the words of both are the same. NOTION_SEED repeats a
# run, NOTION_LONG makes it 10,000 documents in place of 120.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $seed = $ENV{NOTION_SEED} // ($ENV{NOTION_LONG} ? (time ^ ($$ << 8)) & 0x7fffffff : 20261126);
my $documents = $ENV{NOTION_LONG} ? 10_000 : 120;
srand $seed;
diag("seed $seed, $documents documents");

sub pick { return $_[rand @_]; }
sub words {
    return join ' ', map { pick('plan', 'Größe', '測試', '🎈', 'a_b', 'x < y', '50 %',
        '"quoted"', "it's", 'naïve', 'C:\\\\dir', '&amp;', 'Ω', 'tab', '{curly}', '$5',
        '#tag', '~home~') }
      1 .. 1 + rand 5;
}
sub inline {
    my $words = words();
    return pick($words, "**$words**", "*$words*", "~~$words~~", "`code`", "$words **bold** after",
        "[$words](https://example.com/a?b=c)", "so \$x^2\$ it is",
        "<mention-user url=\"user://1\">Ada</mention-user> $words",
        "<span color=\"red\">$words</span>", "$words<br>$words", "$words {color=\"blue\"}");
}

# Blocks at a depth, as lines without indentation of their own.
sub blocks {
    my ($depth) = @_;
    my @lines;
    for (1 .. 1 + rand 4) {
        my $kind = pick(qw(text text heading bullet bullet number todo quote divider code toggle
            callout table columns equation));
        my @inner = $depth < 3 && rand() < 0.4 ? map { "\t$_" } blocks($depth + 1) : ();
        if ($kind eq 'text') { push @lines, 'So ' . inline(), @inner }
        elsif ($kind eq 'heading') { push @lines, '#' x (1 + rand 4) . ' ' . inline() }
        elsif ($kind eq 'bullet') { push @lines, '- ' . inline(), @inner }
        elsif ($kind eq 'number') {
            push @lines, map({ "$_. " . inline() } 1 .. 1 + rand 3), 'So.';
        }
        elsif ($kind eq 'todo') { push @lines, pick('- [ ] ', '- [x] ') . inline(), @inner }
        elsif ($kind eq 'quote') { push @lines, '> ' . inline(), @inner }
        elsif ($kind eq 'divider') { push @lines, '---' }
        elsif ($kind eq 'code') {
            push @lines, '```' . pick('', 'sql', 'c++'), map({ pick('SELECT 1;', '  indented',
                '# no heading', '- no item', "tab\tinside", '') } 1 .. 1 + rand 3), 'end', '```';
        }
        elsif ($kind eq 'toggle') { push @lines, '## ' . words() . ' {toggle="true"}', @inner }
        elsif ($kind eq 'callout') {
            push @lines, '<callout icon="💡" color="gray_bg">', "\t" . 'Mind ' . inline(),
              '</callout>';
        }
        elsif ($kind eq 'table') {
            push @lines, '<table header-row="true">', "\t<tr>", "\t<td>" . words() . '</td>',
              "\t<td>" . words() . '</td>', "\t</tr>", '</table>';
        }
        elsif ($kind eq 'columns') {
            push @lines, '<columns>', "\t<column>", "\t\tSo " . words(), "\t</column>",
              '</columns>';
        }
        else { push @lines, '$$', 'x^2 + y_1', '$$' }
    }
    return @lines;
}
sub quoted { my ($text) = @_; $text =~ s/'/''/g; return "'$text'"; }

my $node = start_node('round');
my $emulator = start_emulator(budget => 0, no_journal => undef);
$emulator->control('POST', 'load', { workspace => 'Acme',
    databases => [{ title => 'Notes', properties => { Name => 'title' } }] });
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm
    OPTIONS (page_columns 'page_content');
    CREATE TABLE written (id int PRIMARY KEY, content text)});

my $batch = 200;
my $wrong = 0;
for (my $from = 1; $from <= $documents; $from += $batch) {
    my $to = $from + $batch - 1 < $documents ? $from + $batch - 1 : $documents;
    my @rows = map { "($_, " . quoted(join "\n", blocks(0)) . ')' } $from .. $to;
    sql($node, 'TRUNCATE written; INSERT INTO written VALUES ' . join(', ', @rows) . ';
        INSERT INTO crm.notes (name, page_content)
            SELECT id::text, content FROM written ORDER BY id');
    # Some are replaced, some appended to: by other requests of Notion.
    sql($node, q{
        UPDATE written SET content = content || E'\n- changed' WHERE id % 3 = 0;
        UPDATE crm.notes n SET page_content = w.content FROM written w
         WHERE n.name = w.id::text AND w.id % 3 = 0});
    my $differ = sql($node, q{
        SELECT w.id, w.content, n.page_content FROM written w
          JOIN (SELECT name, page_content FROM crm.notes) n ON n.name = w.id::text
         WHERE w.content IS DISTINCT FROM n.page_content
            OR notion.plain_text(w.content) IS DISTINCT FROM notion.plain_text(n.page_content)});
    my $came = sql($node, "SELECT count(*) FROM crm.notes");
    $wrong++ if $differ ne '' || $came != $to - $from + 1;
    diag("seed $seed, documents $from to $to:\n$differ") if $differ ne '' && $wrong < 3;
    sql($node, 'DELETE FROM crm.notes');
}
is($wrong, 0, "$documents documents come back as they were written");

$node->stop;
$emulator->stop;
done_testing();
