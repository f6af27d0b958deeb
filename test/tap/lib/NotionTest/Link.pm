# A linked table `tasks` and its data source "Tasks" in an emulator, for tests of the workers.
# Assumes NotionTest. Refuses nothing. scope: one test file.
package NotionTest::Link;

use strict;
use warnings;

use Exporter qw(import);
use NotionTest;
use Test::More;

our @EXPORT = qw(start_pair pages count_pages at_rest state_of);

# A server and an emulator with an empty table linked, synced for the first time and active.
# Arguments: settings (lines of postgresql.conf), emulator (flags), direction (both), rows (SQL that
# fills the table before the first sync), wait (0: do not wait for the first sync).
sub start_pair {
    my ($name, %args) = @_;
    my $node = start_node($name, 'notion.settle' => '1s', 'notion.index_lag' => '0',
        'notion.poll_interval' => '1s', restart_after_crash => 'on', %{ $args{settings} // {} });
    my $emulator = start_emulator(budget => 0, %{ $args{emulator} // {} });
    $emulator->control('POST', 'load', {
        workspace => 'Acme',
        users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
        databases => [{
            title => 'Tasks',
            properties => { Name => 'title', Key => 'rich_text', Points => 'number',
                Done => 'checkbox' },
        }],
    });
    connect_workspace($node, $emulator,
        options => $args{options} // ["budget_per_minute '-1'"]);
    my $direction = $args{direction} // 'both';
    sql($node, qq{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
        CREATE TABLE tasks (id serial PRIMARY KEY, name text, points float8, done boolean);
        SELECT notion.link('tasks', 'crm.tasks', direction => '$direction',
            columns => '{"id": "key", "name": "name", "points": "points", "done": "done"}')});
    sql($node, $args{rows}) if $args{rows};
    my $source = sql($node, "SELECT data_source FROM notion.links");
    my $self = { node => $node, emulator => $emulator, source => $source };
    if ($args{wait} // 1) {
        sql($node, "SELECT notion.sync('tasks')");
        wait_until($node, 'SELECT state FROM notion.links', 'active', 'the first sync');
        at_rest($self, 'at rest after it');
    }
    return $self;
}

# name -> page of the data source, as a person sees it.
sub pages {
    my ($pair) = @_;
    my (%pages, $cursor);
    do {
        my $answer = $pair->{emulator}->person('ada', 'POST',
            "/v1/data_sources/$pair->{source}/query",
            { page_size => 100, $cursor ? (start_cursor => $cursor) : () });
        $pages{ $_->{properties}{Name}{title}[0]{plain_text} // $_->{id} } = $_
          for @{ $answer->{results} };
        $pair->{count} = 0 unless $cursor;
        $pair->{count} += @{ $answer->{results} };
        $cursor = $answer->{next_cursor};
    } while ($cursor);
    return \%pages;
}

sub count_pages { my ($pair) = @_; pages($pair); return $pair->{count}; }

# Nothing is queued, under way or unmerged.
sub at_rest {
    my ($pair, $name) = @_;
    return wait_until($pair->{node}, "SELECT count(*) FROM (SELECT FROM notion.outbox UNION ALL
        SELECT FROM notion.work WHERE state NOT IN ('failed', 'held') UNION ALL
        SELECT FROM notion.snapshots WHERE NOT failed UNION ALL SELECT FROM notion.due_pages
        UNION ALL SELECT FROM notion.mappings WHERE flight <> 'none') x", '0', $name)
      || diag(state_of($pair));
}

# What a failed test wants to see.
sub state_of {
    my ($pair) = @_;
    return join "\n", map { sql($pair->{node}, $_) }
      'SELECT * FROM notion.links', 'SELECT * FROM notion.polls',
      'SELECT * FROM notion.work LIMIT 9',
      'SELECT * FROM notion.due_pages LIMIT 9', 'SELECT * FROM notion.snapshots LIMIT 9',
      "SELECT * FROM notion.mappings WHERE flight <> 'none' OR held <> '{}' LIMIT 9",
      'SELECT * FROM notion.conflicts LIMIT 9';
}

1;
