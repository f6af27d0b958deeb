# A psql session that may die of a crash of its server, as others' do. Lighter than
# background_psql, for thousands of statements. Assumes a running server. Refuses nothing: what a
# statement answers, errors included, comes back; after a death the next one opens it anew.
# scope: one test file.
package NotionTest::Session;

use strict;
use warnings;

use IPC::Open2 qw(open2);

my $end = '-- that was all';

sub new {
    my ($class, $node, $at_open) = @_;
    return bless { node => $node, at_open => $at_open // '' }, $class;
}

sub open_it {
    my ($self) = @_;
    $self->{pid} = open2($self->{out}, $self->{in}, 'sh', '-c',
        'exec psql -XAtq -d "$0" 2>&1', $self->{node}->connstr('postgres'));
    $self->{answers} = 0;
    return $self->{at_open} eq '' || defined $self->query($self->{at_open});
}

# The answer's text; undef: the session died of it, or could not be opened.
sub query {
    my ($self, $statements) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return undef unless $self->{pid} || $self->open_it;
    my $mark = "$end " . ++$self->{answers};
    my $answer = '';
    if (print { $self->{in} } "$statements\n;\n\\echo $mark\n" and $self->{in}->flush) {
        while (defined(my $line = readline $self->{out})) {
            return $answer if $line eq "$mark\n";
            $answer .= $line;
        }
    }
    $self->close_it;
    return undef;
}

sub close_it {
    my ($self) = @_;
    return unless $self->{pid};
    close $self->{in};
    close $self->{out};
    waitpid delete $self->{pid}, 0;
    return;
}

1;
