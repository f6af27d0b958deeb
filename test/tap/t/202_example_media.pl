# examples/media-projects runs, and prints what its reader should see.
use strict;
use warnings;

use NotionTest::Example;
use Test::More;

# Templates are made in Notion alone.
run_example('media-projects', prepare => sub {
    my (undef, $notion) = @_;
    $notion->control('POST', 'load', { workspace => 'Acme', databases => [ { title => 'Pitches',
        properties => { Pitch => 'title' }, templates => [
            { name => 'One page', is_default => JSON::PP::true, markdown => "# Why now\n" },
            { name => 'Series', markdown => "# Six nights\n" } ] } ] });
});
done_testing();
