# examples/notes-cockpit runs, and prints what its reader should see.
use strict;
use warnings;

use NotionTest::Example;
use Test::More;

run_example('notes-cockpit');
done_testing();
