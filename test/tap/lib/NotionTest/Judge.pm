# The judge of two sides edited at random: every value that anyone typed is final, was superseded by
# someone who had seen it, or stands in a conflict, and none that was superseded comes back.
# What each side held one after the other it takes from a trigger's audit and the emulator's
# journal. Assumes that no value is typed twice. Refuses to believe the log. scope: one test file.
package NotionTest::Judge;

use strict;
use warnings;

use NotionTest;
use Time::Local qw(timegm);

our $gone = '(gone)'; # what a cell holds once its row was deleted, its page trashed for that

# fields: column => property's name. Values of columns in `alike` are typed more than once: only
# their end is judged.
sub new {
    my ($class, %args) = @_;
    return bless { seen => 0, pages => {}, lies => {}, %args }, $class;
}

# Property id, raw or as it is in URLs, and name => column.
sub columns {
    my ($self) = @_;
    return $self->{columns} //= do {
        my $source = $self->{emulator}->person('ada', 'GET', "/v1/data_sources/$self->{source}");
        my %column;
        for my $column (keys %{ $self->{fields} }) {
            my $name = $self->{fields}{$column};
            my $id = $source->{properties}{$name}{id};
            (my $raw = $id) =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
            $column{$_} = $column for $name, $id, $raw;
        }
        \%column;
    };
}

# A property's value as a text that both sides share; undef where it is empty.
sub value_of {
    my ($it) = @_;
    if (my $runs = $it->{title} // $it->{rich_text}) {
        my $text = join '', map { $_->{plain_text} // $_->{text}{content} } @$runs;
        return $text eq '' ? undef : $text;
    }
    return defined $it->{number} ? 0 + $it->{number} : undef if exists $it->{number};
    return $it->{checkbox} ? 't' : 'f' if exists $it->{checkbox};
    return join ',', sort map { $_->{name} // $_->{id} } @{ $it->{multi_select} }
      if $it->{multi_select};
    my $start = ($it->{date} // {})->{start} // return undef;
    my ($y, $m, $d, $h, $min, $sign, $oh, $om) =
      $start =~ /^(\d+)-(\d+)-(\d+)(?:T(\d+):(\d+)[:\d.]*(?:Z|([+-])(\d+):(\d+))?)?/;
    return timegm(0, $min // 0, $h // 0, $d, $m - 1, $y)
      - ($sign ? "${sign}1" * (3600 * $oh + 60 * $om) : 0);
}

# What a page came to hold: [value, who], one after the other.
sub note_page {
    my ($self, $page, $who, $properties) = @_;
    my $columns = $self->columns;
    for my $id (keys %{ $properties // {} }) {
        my $column = $columns->{$id} // next;
        push @{ $self->{pages}{$page}{$column} },
          { value => value_of($properties->{$id}), who => $who, at => $self->{now} };
    }
    return;
}

# Reads on in the journal, which forgets what is old.
sub listen {
    my ($self) = @_;
    my $lines = $self->{emulator}->control('GET', "journal?since=$self->{seen}");
    for my $line (split /\n/, $lines) {
        my $it = json($line);
        $self->{seen} = $it->{n};
        $self->{lies}{ $it->{fault} }++ if $it->{fault};
        next unless $it->{status} == 200 || ($it->{fault} // '') eq '503_after_commit';
        my ($page) = $it->{path} =~ m{^/v1/pages/([-0-9a-f]{32,36})$};
        next unless $it->{method} eq 'PATCH' && $page
          || $it->{method} eq 'POST' && $it->{path} eq '/v1/pages';
        my $answer = $it->{response};
        $page //= $answer->{id} // $answer->{additional_data}{committed_resource_id}
          // ($line =~ /committed_resource_id[\\": ]+([-0-9a-f]{36})/)[0] // next;
        my $who = $it->{token} =~ /^ntn_person/ ? 'person' : 'worker';
        $self->{now} = $it->{at};
        push @{ $self->{told}{$page} }, join ' ', $it->{at}, $who, $it->{fault} // '-',
          json($it->{request}{properties} // {}),
          $it->{request}{in_trash} ? 'trash' : ();
        $self->note_page($page, $who, $it->{request}{properties});
        $self->{trashed}{$page} = $who if $it->{request}{in_trash};
        if ($it->{request}{in_trash} && $who eq 'worker') {
            push @{ $self->{pages}{$page}{$_} }, { value => $gone, who => $who, at => $it->{at} }
              for keys %{ $self->{fields} };
        }
    }
    return;
}

# The rows' cells, from the audit: id => column => [{value, who}, …].
sub rows {
    my ($self) = @_;
    my %rows;
    my @columns = sort keys %{ $self->{fields} };
    for my $line (split /\n/, sql($self->{node}, $self->{audit})) {
        my $it = json($line);
        for my $column (@columns) {
            my $value = $it->{op} eq 'DELETE' ? $gone : $it->{row}{$column};
            my $cell = $rows{ $it->{id} }{$column} //= [];
            next if @$cell && same($cell->[-1]{value}, $value);
            push @$cell, { value => $value, who => $it->{applying} ? 'worker' : 'person' };
        }
    }
    return \%rows;
}

sub same {
    my ($one, $other) = @_;
    return defined $one ? defined $other && $one eq $other : !defined $other;
}

sub first_place {
    my ($cell, $value) = @_;
    for my $place (0 .. $#$cell) { return $place if same($cell->[$place]{value}, $value); }
    return;
}

# Whether who typed what replaced the value had it before the eyes on their side.
sub was_seen {
    my ($value, $by, $other) = @_;
    my $seen = first_place($other, $value) // return 0;
    return grep { same($_->{value}, $by) && $_->{who} eq 'person' }
        @$other[ $seen + 1 .. $#$other ];
}

# A rule or a person decided for it, knowing both; or brought a row back: a person who decided so,
# took the page out of the trash, or changed a row whose page was there.
sub may_be_back {
    my ($self, $side, $where, $value, $other, $conflicts) = @_;
    if (same($other, $gone)) {
        my ($page) = $where =~ /\[(.*)\]/;
        return $self->{restored}{$page} || grep {
            $_->{kind} eq 'deleted here, edited there' && ($_->{winner} // '') eq 'notion'
              || $_->{kind} eq 'edit against delete' } @$conflicts;
    }
    my $there = $side eq 'notion' ? 'postgres' : 'notion';
    return grep { same($_->{$there}, $value) && same($_->{$side}, $other) } @$conflicts;
}

# It went with its row or page, and whoever deleted that was asked.
sub went_with_it {
    my ($next, $conflicts) = @_;
    return same($next, $gone) && grep { $_->{kind} eq 'deleted here, edited there'
        && ($_->{winner} // '') eq 'postgres' } @$conflicts;
}

# What is wrong with one cell of one side, given the other side's and its conflicts.
sub faults_of {
    my ($self, $side, $where, $cell, $other, $conflicts) = @_;
    my (@faults, %before);
    for my $place (0 .. $#$cell) {
        my $it = $cell->[$place];
        my $next = $cell->[ $place + 1 ];
        my $value = $it->{value} // next;
        push @faults, "$side $where: $value is back"
          if $before{$value}++ && $it->{who} eq 'worker' && $value ne $gone
          && !same($value, $cell->[ $place - 1 ]{value})
          && !$self->may_be_back($side, $where, $value, $cell->[ $place - 1 ]{value}, $conflicts);
        next if $it->{who} ne 'person' || $value eq $gone || !$next || $next->{who} ne 'worker'
          || same($next->{value}, $value);
        $self->{judged}++;
        next if was_seen($value, $next->{value}, $other);
        next if grep { same($_->{$side}, $value) } @$conflicts;
        next if went_with_it($next->{value}, $conflicts);
        next if $side eq 'notion' && $self->is_unseen($where, $it, $conflicts);
        push @faults, "$side $where: $value was lost to " . ($next->{value} // 'nothing');
    }
    return @faults;
}

# Edits of so long become one event, with the time of the last.
our $event_ms = 150;
sub tells_of {
    my ($at, $it) = @_;
    my $after = ms_of($at) - ms_of($it->{at});
    return $after >= 0 && $after <= $event_ms;
}

sub ms_of {
    my ($y, $m, $d, $h, $min, $s, $ms) = $_[0] =~ /(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(\.\d+)?/;
    return 1000 * timegm($s, $min, $h, $d, $m - 1, $y) + sprintf '%.0f', 1000 * ($ms // 0);
}

# Typed between our look and our write: Notion has it in the page's history, and a conflict of just
# that edit says so, if its event came.
sub is_unseen {
    my ($self, $where, $it, $conflicts) = @_;
    if (grep { $_->{kind} eq 'overwritten unseen' && tells_of($_->{notion_at}, $it) } @$conflicts) {
        $self->{unseen}{told}++;
        return 1;
    }
    my ($page, $column) = $where =~ /\[(.*)\] (\w+)/;
    for my $event (grep { tells_of($_->{timestamp}, $it) } @{ $self->{undelivered}{$page} // [] }) {
        my $names = $event->{data}{updated_properties} // [];
        next unless $event->{type} eq 'page.content_updated'
          || grep { ($self->columns->{ ref $_ ? $_->{id} : $_ } // '') eq $column } @$names;
        $self->{unseen}{'of a lost event'}++;
        return 1;
    }
    return 0;
}

# Everything that is wrong; mapped: key => page.
sub verdict {
    my ($self) = @_;
    $self->listen;
    my %page = map { split /\|/ } split /\n/, sql($self->{node},
        'SELECT key, page FROM notion.mappings WHERE page IS NOT NULL');
    my %conflicts;
    for my $line (split /\n/, sql($self->{node}, $self->{conflicts})) {
        my $it = json($line);
        push @{ $conflicts{ $it->{key} }{ $it->{column_name} // '' } }, $it;
    }
    push @{ $self->{undelivered}{ $_->{entity}{id} } }, $_
      for @{ json($self->{emulator}->control('GET', 'webhooks/undelivered')) };
    my $rows = $self->rows;
    my @faults;
    for my $key (sort keys %$rows) {
        for my $column (grep { !$self->{alike}{$_} } sort keys %{ $self->{fields} }) {
            my $here = $rows->{$key}{$column};
            my $there = ($self->{pages}{ $page{$key} // '' } // {})->{$column} // [];
            my $of = [ map { @{ $conflicts{$key}{$_} // [] } } $column, '' ];
            my $where = "row $key [" . ($page{$key} // '') . "] $column";
            my @wrong = ($self->faults_of('postgres', $where, $here, $there, $of),
                $self->faults_of('notion', $where, $there, $here, $of));
            push @faults, map { [ $_, $key, $column, $here, $there ] } @wrong;
        }
    }
    return @faults;
}

# A cell's life in a line.
sub life {
    my ($cell) = @_;
    return join ' ', map { ($_->{value} // 'null') . ($_->{who} eq 'worker' ? '*' : '') } @$cell;
}

1;
