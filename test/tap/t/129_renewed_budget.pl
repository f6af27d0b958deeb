# One budget per installation, not per token: two roles connected by OAuth read and write until it
# is spent, and wait; their tokens expire meanwhile, and each renewal gives new ones, but no second
# budget, and loses no request that waits.
use strict;
use warnings;
use lib 'test/tap/lib';
use List::Util qw(sum0);
use NotionTest;
use NotionTest::OAuth;
use Test::More;

my $per_minute = 200;
my $node = start_node('budget');
my $emulator = start_emulator(seed => 'demo.json', budget => "$per_minute/60");
my $url = $emulator->url;
my $redirect = 'https://app.example.com/oauth';
make_client($emulator, redirect_uris => [$redirect]);
my $super = sql($node, 'SELECT current_user');
$node->safe_psql('postgres', qq{CREATE EXTENSION pg_notion; CREATE SCHEMA crm;
    CREATE ROLE alice LOGIN; GRANT USAGE ON SCHEMA crm TO alice;
    CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
        OPTIONS (api_url '$url', budget_per_minute '$per_minute');
    GRANT USAGE ON FOREIGN SERVER acme TO alice});
client_in($node, 'acme', redirect => $redirect);
for my $role ($super, 'alice') {
    my $address = $node->safe_psql('postgres', q{SELECT notion.connect_url('acme')},
        extra_params => [ '-U', $role ]);
    my ($state, $code) = consent($address) =~ /code=([^&]*)&state=([^&]*)/ ? ($2, $1) : ();
    $node->safe_psql('postgres', "SELECT notion.oauth_finish('$state', '$code')",
        extra_params => [ '-U', $role ]);
}
wait_until($node, q{SELECT count(*) FROM notion.connections WHERE state = 'connected'}, 2,
    'two roles are connected');
is(sql($node, 'SELECT count(DISTINCT bot_id) FROM notion.connections'), 1,
    'by one installation, which Notion counts');
sql($node, 'IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    GRANT ALL ON ALL TABLES IN SCHEMA crm TO alice; CREATE TABLE enough ();
    GRANT SELECT ON enough TO alice');

# Requests by route and status, those for tokens apart (they have no budget).
sub statuses {
    my ($which) = @_;
    my ($routes, %count) = ($emulator->stats->{routes});
    for my $by (map { $routes->{$_}{by_status} } grep { $_ =~ $which } keys %$routes) {
        $count{$_} += $by->{$_} for keys %$by;
    }
    return \%count;
}
sub asked { return sum0(values %{ statuses(qr{/v1/(?!oauth)}) }); }

# Each goes on until there is a row in `enough`, and says how often it did its statement.
my @sessions;
for my $role ($super, 'alice') {
    for my $statement ('PERFORM count(*) FROM crm.participants',
        q{INSERT INTO crm.participants (name) VALUES ('patient')}) {
        my $session = $node->background_psql('postgres', on_error_stop => 0,
            extra_params => [ '-U', $role ]);
        $session->{stdin} .= "DO \$\$ DECLARE done int := 0; BEGIN
            LOOP $statement; done := done + 1; EXIT WHEN EXISTS (SELECT FROM enough); END LOOP;
            RAISE INFO 'done %', done; END \$\$;
            \\echo finished\n";
        $session->{run}->pump_nb;
        push @sessions, $session;
    }
}
# After a start half of the window counts as spent, since nobody knows; that half comes free bit by
# bit, and is what the renewals below are made with.
wait_for('the budget is all but spent', sub { asked() >= $per_minute * 0.45 },
    sub { asked() . ' requests' });
my $before_them = statuses(qr{/v1/oauth/token})->{200};
for my $round ('once', 'twice') { # as often as a question may meet an expired token
    my $before = sql($node, 'SELECT max(renewed_at) FROM notion.connections') || '-infinity';
    $emulator->control('POST', 'oauth/expire');
    wait_until($node, "SELECT count(*) FROM notion.connections WHERE renewed_at > '$before'", 2,
        "meanwhile both tokens are renewed $round");
}
sql($node, 'INSERT INTO enough DEFAULT VALUES');
for my $session (@sessions) {
    $session->{run}->pump until $session->{stdout} =~ /finished/;
}
is(join('', map { $_->{stderr} =~ /(ERROR.*)/ } @sessions), '', 'no statement failed');
my @done = map { $_->{stderr} =~ /INFO:  done (\d+)/ } @sessions;
is(scalar @done, 4, 'each came to its end') or diag(map { $_->{stderr} } @sessions);
$_->quit for @sessions;

my $status = statuses(qr{/v1/(?!oauth)});
is($status->{429}, undef, 'Notion refused no request') or diag(json($status));
cmp_ok($emulator->stats->{by_status}{401}, '>=', 4, 'requests met the expired tokens');
is(statuses(qr{/v1/oauth/token})->{200} - $before_them, 4, 'a renewal for each, and no more');
is(statuses(qr{POST /v1/pages$})->{200}, $done[1] + $done[3], 'each write was made, once');
$node->stop;
done_testing();
