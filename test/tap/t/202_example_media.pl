# examples/media-projects runs, and prints what its reader should see.
use strict;
use warnings;

use NotionTest::Example;
use Test::More;

run_example('media-projects');
done_testing();
