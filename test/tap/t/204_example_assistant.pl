# examples/governed-assistant runs, and prints what its reader should see.
use strict;
use warnings;

use NotionTest::Example;
use Test::More;

run_example('governed-assistant', settings => { 'notion.local_only' => 'on' });
done_testing();
