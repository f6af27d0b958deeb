# One running notion-emulator: its API as an integration or a person sees it, and its control plane.
# Assumes notion-emulator in PATH, which prints its address when ready. Its journal is kept for the
# SDK's types to judge (tools/check): what a fault spoiled is marked there and not judged.
# Refuses nothing; what is not 2xx on the control plane dies. scope: one test file; ended with it.
package NotionTest::Emulator;

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $seeds = ($ENV{SCRATCH} // '.') . '/test/emulator/seeds';
my %running;

# seed => 'name.json' (of test/emulator/seeds) or a path; other keys are flags: latency_ms => 20.
sub start {
    my ($class, %args) = @_;
    my @flags;
    if (my $seed = delete $args{seed}) {
        push @flags, '--seed', $seed =~ m{/} ? $seed : "$seeds/$seed";
    }
    for my $key (sort keys %args) {
        (my $flag = $key) =~ tr/_/-/;
        push @flags, "--$flag", defined $args{$key} ? $args{$key} : ();
    }
    my $pid = open(my $out, '-|', 'notion-emulator', '--port', '0', @flags)
      or die "notion-emulator does not start: $!";
    my $line = <$out> // '';
    my ($address) = $line =~ /^listening on (\S+)/
      or die "notion-emulator says '$line', not where it listens";
    my $self = bless {
        pid => $pid,
        out => $out,
        url => "http://$address",
        http => HTTP::Tiny->new(timeout => 60),
    }, $class;
    $running{$pid} = $self;
    return $self;
}

sub url { return $_[0]{url}; }
sub pid { return $_[0]{pid}; }

# A request as a token's bearer: (status, decoded body). The body may be a structure or nothing.
sub as {
    my ($self, $token, $method, $path, $body) = @_;
    my %request = (headers => {
        'Authorization' => "Bearer $token",
        'Notion-Version' => '2026-03-11',
        'Content-Type' => 'application/json',
    });
    $request{content} = ref $body ? $json->encode($body) : $body if defined $body;
    my $reply = $self->exchange($method, $self->{url} . $path, \%request);
    my $content = eval { $json->decode($reply->{content}) } // $reply->{content};
    return ($reply->{status}, $content);
}

# HTTP::Tiny sends head and body apart, and the kernel would hold the body back for 40 ms.
sub exchange {
    my ($self, @request) = @_;
    my $reply = $self->{http}->request(@request);
    my $handle = $self->{http}{handle};
    setsockopt($handle->{fh}, IPPROTO_TCP, TCP_NODELAY, 1) if $handle && $handle->{fh};
    return $reply;
}

# A person edits in the Notion app: dies unless it succeeds; gives the decoded answer.
sub person {
    my ($self, $name, $method, $path, $body) = @_;
    my ($status, $answer) = $self->as("ntn_person_$name", $method, $path, $body);
    die "$name: $method $path: $status " . $json->encode($answer) if $status >= 300;
    return $answer;
}

# The same as the integration.
sub bot {
    my ($self, $name, $method, $path, $body) = @_;
    my ($status, $answer) = $self->as("ntn_bot_$name", $method, $path, $body);
    die "$name: $method $path: $status " . $json->encode($answer) if $status >= 300;
    return $answer;
}

# The control plane: control('GET', 'stats'), control('POST', 'faults', {...}).
sub control {
    my ($self, $method, $what, $body) = @_;
    my %request = (headers => { 'Content-Type' => 'application/json' });
    $request{content} = ref $body ? $json->encode($body) : $body if defined $body;
    my $reply = $self->exchange($method, "$self->{url}/_emulator/$what", \%request);
    die "$method /_emulator/$what: $reply->{status} $reply->{content}" unless $reply->{success};
    return $reply->{content};
}

sub stats { return $json->decode($_[0]->control('GET', 'stats')); }
sub dump_all { return $json->decode($_[0]->control('GET', 'dump')); }

# Every exchange so far, oldest first; journal(sub { $_->{method} eq 'POST' }) those that match.
sub journal {
    my ($self, $which) = @_;
    my @lines = split /\n/, $self->control('GET', 'journal');
    my @all = map { $json->decode($_) } grep { length } @lines;
    return $which ? grep { $which->() } @all : @all;
}

# One fault or several; clear_faults ends them.
sub fault { my ($self, @faults) = @_; $self->control('POST', 'faults', $_) for @faults; return; }
sub clear_faults { $_[0]->control('DELETE', 'faults'); return; }

sub stop {
    my ($self, $signal) = @_;
    return unless delete $running{ $self->{pid} };
    $self->keep_journal if $ENV{NOTION_JOURNALS};
    kill $signal // 'TERM', $self->{pid};
    close $self->{out};
    return;
}

sub keep_journal {
    my ($self) = @_;
    my $journal = eval { $self->control('GET', 'journal') } // return;
    open(my $file, '>:raw', "$ENV{NOTION_JOURNALS}/$self->{pid}.jsonl") or die "journal: $!";
    print $file $journal;
    close $file or die "journal: $!";
    return;
}

END {
    my $status = $?;
    $_->stop for values %running;
    $? = $status;
}

1;
