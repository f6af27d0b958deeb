# A person who connects a workspace: the emulator's consent page, walked as a browser would.
# Assumes NotionTest. Refuses pages that are not as expected. scope: one test file.
package NotionTest::OAuth;

use strict;
use warnings;

use Exporter qw(import);
use HTTP::Tiny;
use NotionTest;

our @EXPORT = qw(consent visit make_client client_in);

# Registers an integration with the emulator.
sub make_client {
    my ($emulator, %args) = @_;
    $emulator->control('POST', 'oauth', { client_id => 'client-1',
        client_secret => 'whisper-of-the-client', name => 'Bridge', %args });
    return;
}

# Gives its id and secret to a server by the way that leaves no trace; gives what psql said.
sub client_in {
    my ($node, $server, %args) = @_;
    my $line = join "\t", $server, $args{id} // 'client-1',
      $args{secret} // 'whisper-of-the-client', $args{redirect} // '\N';
    my (undef, undef, $err) = $node->psql($args{database} // 'postgres',
        "\\set VERBOSITY verbose\nCOPY notion.client_in FROM STDIN;\n$line\n\\.\n",
        extra_params => [ $args{role} ? ('-U', $args{role}) : () ]);
    return $err;
}

# Opens the page, presses a button (allow); gives the address that the browser is sent to.
sub consent {
    my ($url, $button) = @_;
    my $http = HTTP::Tiny->new(max_redirect => 0, timeout => 60);
    my $page = $http->get($url);
    die "consent page: $page->{status} $page->{content}" unless $page->{status} == 200;
    my %form = (decision => $button // 'allow');
    while ($page->{content} =~ /type="hidden" name="(\w+)" value="([^"]*)"/g) {
        my ($name, $value) = ($1, $2);
        $value =~ s/&#(\d+);/chr $1/ge;
        $form{$name} = $value;
    }
    my ($origin) = $url =~ m{^(http://[^/]+)};
    my $answer = $http->post_form("$origin/v1/oauth/authorize", \%form);
    die "consent: $answer->{status}" unless $answer->{status} == 302;
    return $answer->{headers}{location};
}

# Follows an address: (status, text).
sub visit {
    my ($url) = @_;
    my $reply = HTTP::Tiny->new(timeout => 60)->get($url);
    return ($reply->{status}, $reply->{content});
}

1;
