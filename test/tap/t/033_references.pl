# Foreign keys as relations, both ways: parents before children, cycles and self references, keys of
# several columns, arrays of keys; what is not there yet waits, and nothing else does.
use strict;
use warnings;

use NotionTest;
use NotionTest::Link;
use Test::More;

my $node = start_node('references', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s', 'notion.trash_grace' => '100ms', restart_after_crash => 'on');
my $notion = start_emulator(budget => 0);
my %text = (Name => 'title', Mark => 'rich_text');
$notion->control('POST', 'load', { workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [
        { title => 'Customers', properties => { %text, Chief => { relation => 'Customers' } } },
        { title => 'Tags', properties => {%text} },
        { title => 'Orders', properties => { %text, Total => 'number',
            Customer => { relation => 'Customers' }, Tags => { relation => 'Tags' } } },
        { title => 'Lines', properties => { %text, Order => { relation => 'Orders' } } },
        { title => 'Sites', properties => { %text, Main => { relation => 'Rooms' } } },
        { title => 'Rooms', properties => { %text, Site => { relation => 'Sites' } } },
    ] });
connect_workspace($node, $notion, options => ["budget_per_minute '-1'"]);
sql($node, 'CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');

sub flush { sql($node, "CALL notion.flush('$_', '50 s')") for @_; return; }
sub refused { my (undef, undef, $error) = $node->psql('postgres', $_[0]); return $error; }
sub page_of { return sql($node, "SELECT page FROM notion.rows WHERE link = '$_[0]'::regclass
    AND key = '$_[1]'"); }
sub set_relation { # as a person does
    my ($page, $name, @to) = @_;
    return $notion->person('ada', 'PATCH', "/v1/pages/$page",
        { properties => { $name => { relation => [ map { { id => $_ } } @to ] } } });
}
# "child>parent" of the pages of a foreign table, by their names.
sub related {
    my ($table, $column, $parents) = @_;
    return sql($node, qq{SELECT string_agg(c.name || '>' || coalesce((SELECT string_agg(p.name, '+'
            ORDER BY p.name) FROM crm.$parents p WHERE p.page_id = ANY (c.$column)), ''), ' '
        ORDER BY c.name) FROM crm.$table c});
}
sub requests { # of one page, by method
    my ($page, $method) = @_;
    return scalar $notion->journal(
        sub { $_->{method} eq $method && $_->{path} eq "/v1/pages/$page" });
}

# ---- what notion.link refuses, and says -------------------------------------------------------

sql($node, q{
    CREATE TABLE customers (id int PRIMARY KEY, name text UNIQUE, chief int REFERENCES customers);
    CREATE TABLE tags (id bigint PRIMARY KEY, name text);
    CREATE TABLE orders (id bigint PRIMARY KEY, name text, total float8, tags bigint[],
        customer int REFERENCES customers ON UPDATE CASCADE ON DELETE SET NULL,
        by_name text REFERENCES customers (name), other int)});
my $orders = q{"id": "mark", "name": "name", "total": "total"};
like(refused(qq{SELECT notion.link('orders', 'crm.orders', direction => 'both',
    columns => '{$orders, "customer": "customer"}')}),
    qr/column customer: it refers to table public\.customers, which is not linked: link that first/,
    'a parent that is not linked');
sql($node, q{SELECT notion.link('customers', 'crm.customers', direction => 'both',
    columns => '{"id": "mark", "name": "name", "chief": "chief"}')});
my $error = refused(qq{SELECT notion.link('orders', 'crm.orders', direction => 'both', columns =>
    '{$orders, "by_name": "customer", "tags": "tags", "other": {"property": "name",
      "references": "customers"}}')});
like($error, qr/column by_name: it does not hold the key \(id\) of the link of table/,
    'a foreign key to another key');
like($error, qr/column tags: a relation needs a foreign key .*"references"/, 'an array of keys');
like($error, qr/column other: only a property of type relation can be a reference/,
    'a property of another type');
$error = refused(qq{SELECT notion.link('orders', 'crm.orders', direction => 'both', columns =>
    '{$orders, "tags": {"property": "tags", "references": "tags"},
      "customer": {"property": "customer", "rule": "public.f"}}')});
like($error, qr/column tags: no linked table is called "tags"/, 'and what references names');
like($error, qr/the rule of a reference cannot be a function/, 'and a rule');
sql($node, qq{
    SELECT notion.link('tags', 'crm.tags', direction => 'both',
        columns => '{"id": "mark", "name": "name"}');
    SELECT notion.link('orders', 'crm.orders', direction => 'both', columns => '{$orders,
        "customer": "customer", "tags": {"property": "tags", "references": "tags"}}')});
is(sql($node, q{SELECT string_agg(column_name || ' ' || refers_to, ', ' ORDER BY column_name)
    FROM notion.columns WHERE refers_to IS NOT NULL}),
    'chief customers, customer customers, tags tags', 'references are shown');

# ---- the first sync: parents before children --------------------------------------------------

sql($node, q{INSERT INTO customers VALUES (1, 'boss', NULL), (2, 'two', 1), (3, 'own', 3);
    INSERT INTO customers VALUES (4, 'four', NULL), (5, 'five', 4);
    UPDATE customers SET chief = 5 WHERE id = 4;
    INSERT INTO tags VALUES (7, 'red'), (8, 'blue');
    INSERT INTO orders VALUES (1, 'o1', 10, '{8,7}', 2), (2, 'o2', 20, '{}', NULL)});
sql($node, "SELECT notion.sync('orders'); SELECT notion.sync('customers');
    SELECT notion.sync('tags')");
flush(qw(orders customers tags));
is(related('customers', 'chief', 'customers'),
    'boss> five>four four>five own>own two>boss', 'self references, cycles among them');
is(related('orders', 'customer', 'customers'), 'o1>two o2>', 'a foreign key is a relation');
is(related('orders', 'tags', 'tags'), 'o1>blue+red o2>', 'an array of keys, too');
is(requests(page_of('orders', 1), 'PATCH'), 0, 'a child is created once its parents are there');
is(requests(page_of('customers', 2), 'PATCH'), 0, 'in its own table, too');
is(requests(page_of('customers', 3), 'PATCH'), 1, 'who refers to itself in a second pass');
is(requests(page_of('customers', 4), 'PATCH') + requests(page_of('customers', 5), 'PATCH'), 1,
    'and of a cycle only one');
is(sql($node, 'SELECT count(*) FROM notion.waits'), 0, 'nothing waits');
is(sql($node, q{SELECT string_agg(action, ' ') FROM notion.plan('orders')}), 'total',
    'plan sees no difference');

# ---- changes, both ways -----------------------------------------------------------------------

sql($node, q{UPDATE orders SET customer = 1, tags = '{7}' WHERE id = 1;
    UPDATE orders SET customer = 3 WHERE id = 2});
flush('orders');
is(related('orders', 'customer', 'customers'), 'o1>boss o2>own', 'another parent');
is(related('orders', 'tags', 'tags'), 'o1>red o2>', 'another array');
my $one = page_of('orders', 1);
set_relation($one, 'Customer', page_of('customers', 4));
set_relation($one, 'Tags', page_of('tags', 8), page_of('tags', 7));
wait_until($node, 'SELECT customer, tags FROM orders WHERE id = 1', '4|{8,7}',
    'a relation becomes the key');
set_relation($one, 'Customer');
wait_until($node, 'SELECT customer IS NULL FROM orders WHERE id = 1', 't', 'an empty one NULL');
$notion->person('ada', 'PATCH', "/v1/pages/$one", { properties => {
    Total => { number => 11 }, Customer => { relation =>
        [ { id => page_of('customers', 1) }, { id => page_of('customers', 2) } ] } } });
wait_until($node, 'SELECT total FROM orders WHERE id = 1', '11', 'beside several pages');
is(sql($node, q{SELECT key, reason FROM notion.failures}),
    '1|misfit: a value of the Notion property does not fit a column of type uuid',
    'which do not fit, and are listed') or diag(sql($node, 'TABLE notion.failures'));
set_relation($one, 'Customer', page_of('customers', 2));
wait_until($node, 'SELECT customer FROM orders WHERE id = 1', '2', 'until one is left');

# A person makes a parent and a child that nobody here knows; the child may come first.
my $source = sub { return sql($node,
    "SELECT data_source FROM notion.links WHERE table_id = '$_[0]'::regclass") };
my $made = sub {
    my ($table, $name, %more) = @_;
    return $notion->person('ada', 'POST', '/v1/pages', {
        parent => { type => 'data_source_id', data_source_id => $source->($table) },
        properties => { Name => { title => [{ text => { content => $name } }] }, %more } })->{id};
};
sql($node, q{CREATE SEQUENCE ids START 100;
    ALTER TABLE customers ALTER id SET DEFAULT nextval('ids');
    ALTER TABLE orders ALTER id SET DEFAULT nextval('ids');
    SELECT notion.pause('customers')});
my $ann = $made->('customers', 'Ann');
my $anns = $made->('orders', 'of Ann', Customer => { relation => [{ id => $ann }] },
    Total => { number => 5 });
wait_until($node, q{SELECT total, customer IS NULL FROM orders WHERE name = 'of Ann'}, '5|t',
    'a child whose parent is no row yet is one already');
wait_until($node, qq{SELECT state, reason LIKE 'customer waits for the row of page %'
    FROM notion.rows WHERE page = '$anns'}, 'waiting|t', 'and is listed as waiting');
sql($node, q{SELECT notion.resume('customers')});
wait_until($node, q{SELECT c.name FROM orders o JOIN customers c ON c.id = o.customer
    WHERE o.name = 'of Ann'}, 'Ann', 'and gets it when it comes');
flush(qw(orders customers));
is(related('orders', 'customer', 'customers'), 'o1>two o2>own of Ann>Ann', 'nothing went back');

# ---- parents that are not there ---------------------------------------------------------------

# A parent that Notion refuses holds up neither its children nor their other columns.
my %refusal = (method => 'POST', path => '/v1/pages', kind => 'status', status => 400, count => 1);
$notion->fault({%refusal});
sql($node, q{INSERT INTO customers VALUES (20, 'refused', NULL)});
my $row = sub { return "FROM notion.rows WHERE link = '$_[0]'::regclass AND key = '$_[1]'" };
wait_until($node, 'SELECT state ' . $row->('customers', 20), 'failed',
    'a parent that Notion refuses');
sql($node, q{INSERT INTO orders VALUES (3, 'o3', 30, '{}', 20)});
flush('orders');
is(sql($node, 'SELECT state, reason ' . $row->('orders', 3)),
    'waiting|customer waits for the page of row 20 of public.customers',
    'its child is there without it');
sql($node, q{UPDATE orders SET total = 31, customer = 20 WHERE id IN (2, 3)});
flush('orders');
is(sql($node, q{SELECT string_agg(total::text, ' ') FROM crm.orders WHERE mark IN ('2', '3')}),
    '31 31', 'and changes like any other');
is(related('orders', 'customer', 'customers'), 'o1>two o2>own o3> of Ann>Ann',
    'what it showed stays meanwhile');
sql($node, q{SELECT notion.retry('customers', '20')});
wait_for('the relations follow when the parent comes', sub {
    related('orders', 'customer', 'customers') eq 'o1>two o2>refused o3>refused of Ann>Ann' });

# One that fails while its child is queued behind it.
$notion->fault({ %refusal, delay_ms => 500 });
sql($node, q{BEGIN; INSERT INTO customers VALUES (21, 'fails later', NULL);
    INSERT INTO orders VALUES (4, 'o4', 40, '{}', 21); COMMIT});
wait_for('a child is not held up by a parent that fails later',
    sub { related('orders', 'customer', 'customers') =~ /o4> / });
sql($node, q{DELETE FROM orders WHERE id = 4; SELECT notion.discard('customers', '21');
    DELETE FROM customers WHERE id = 21});
flush(qw(orders customers));

# A parent's key changes: its page stays, and so do the relations.
my $before = requests($one, 'PATCH');
sql($node, q{UPDATE customers SET id = 22 WHERE id = 2});
flush(qw(customers orders));
is(sql($node, 'SELECT customer FROM orders WHERE id = 1'), 22, 'a cascade gives children the key');
is(requests($one, 'PATCH'), $before, 'and needs no request: the page is the same');

# A parent is deleted here.
sql($node, 'DELETE FROM customers WHERE id = 20');
flush(qw(customers orders));
is(related('orders', 'customer', 'customers'), 'o1>two o2> o3> of Ann>Ann', 'ON DELETE SET NULL');

# A parent's page goes to the trash. Whether relations then still name it, nobody has recorded.
for my $shows (1, 0) {
    $notion->control('POST', 'semantics', { trashed_leave_relations => $shows ? JSON::PP::false
        : JSON::PP::true });
    my $two = page_of('customers', 22);
    $notion->person('ada', 'PATCH', "/v1/pages/$two", { in_trash => JSON::PP::true });
    $notion->person('ada', 'PATCH', "/v1/pages/$one",
        { properties => { Total => { number => 50 + $shows } } });
    wait_until($node, 'SELECT total, customer FROM orders WHERE id = 1', (50 + $shows) . '|22',
        "a parent in the trash takes no reference with it ($shows)");
    wait_for("its child is read again ($shows)", sub { sql($node,
        q{SELECT count(*) FROM notion.due_pages WHERE why LIKE '%left%'}) eq '0' });
    is(sql($node, 'SELECT customer FROM orders WHERE id = 1'), 22, "still not ($shows)");
    $notion->person('ada', 'PATCH', "/v1/pages/$two", { in_trash => JSON::PP::false });
    sql($node, q{SELECT notion.sync('customers', key => '22')});
    wait_until($node, qq{SELECT state FROM notion.rows WHERE page = '$two'}, 'in step',
        "until it is back ($shows)");
    flush('orders');
}
set_relation($one, 'Customer');
wait_until($node, 'SELECT customer IS NULL FROM orders WHERE id = 1', 't',
    'but a person may take it out');

# A parent's link is paused, then gone: its pages stay what they are.
sql($node, q{SELECT notion.pause('customers'); UPDATE orders SET customer = 1 WHERE id = 1;
    INSERT INTO customers VALUES (30, 'late', NULL);
    INSERT INTO orders VALUES (5, 'o5', 1, '{}', 30)});
flush('orders');
is(related('orders', 'customer', 'customers'), 'o1>boss o2> o3> o5> of Ann>Ann',
    'a paused link holds nobody up');
sql($node, q{SELECT notion.resume('customers')});
wait_for('and its rows arrive later', sub {
    related('orders', 'customer', 'customers') =~ /o5>late/ });
flush(qw(customers orders));
sql($node, q{SELECT notion.unlink('customers'); UPDATE orders SET customer = 3, total = 60
    WHERE id = 1});
flush('orders');
is(related('orders', 'customer', 'customers'), 'o1>boss o2> o3> o5>late of Ann>Ann',
    'without the link of its table a reference stays as it is');
is(sql($node, q{SELECT total FROM crm.orders WHERE mark = '1'}), 60, 'and the rest goes on');
is(refused(q{SELECT notion.alter_link('orders', rule => 'postgres')}), '', 'and can be altered');
sql($node, q{SELECT notion.link('customers', 'crm.customers', direction => 'both',
    columns => '{"id": "mark", "name": "name", "chief": "chief"}');
    SELECT notion.sync('customers', prefer => 'postgres')});
wait_for('linked again, it is followed', sub {
    related('orders', 'customer', 'customers') =~ /^o1>own/ });
flush(qw(customers orders));

# ---- keys of several columns ------------------------------------------------------------------

sql($node, q{
    CREATE TABLE rooms (site int, no int, name text, PRIMARY KEY (site, no));
    CREATE TABLE sites (id int PRIMARY KEY, name text, main_site int, main_no int,
        CONSTRAINT main FOREIGN KEY (main_no, main_site) REFERENCES rooms (no, site)
        DEFERRABLE INITIALLY DEFERRED);
    ALTER TABLE rooms ADD FOREIGN KEY (site) REFERENCES sites DEFERRABLE INITIALLY DEFERRED;
    SELECT notion.link('rooms', 'crm.rooms', direction => 'both', marker => 'mark',
        columns => '{"name": "name"}');
    SELECT notion.link('sites', 'crm.sites', direction => 'both',
        columns => '{"id": "mark", "name": "name", "(main_no, main_site)": "main"}');
    SELECT notion.alter_link('rooms', columns => '{"name": "name", "site": "site"}');
    BEGIN; INSERT INTO sites VALUES (1, 's1', 1, 11); INSERT INTO rooms VALUES (1, 11, 'r11'),
        (1, 12, 'r12'); COMMIT;
    SELECT notion.sync('rooms'); SELECT notion.sync('sites')});
flush(qw(rooms sites));
is(related('sites', 'main', 'rooms') . ' ' . related('rooms', 'site', 'sites'),
    's1>r11 r11>s1 r12>s1', 'keys of several columns, in a cycle of two tables');
set_relation(page_of('sites', 1), 'Main', page_of('rooms', '{"no": "12", "site": "1"}'));
wait_until($node, 'SELECT main_site, main_no FROM sites', '1|12', 'and inward');
sql($node, 'ALTER TABLE sites RENAME main_no TO main_number; UPDATE sites SET main_number = 11');
flush('sites');
is(related('sites', 'main', 'rooms'), 's1>r11', 'a column of it may be renamed');
set_relation(page_of('sites', 1), 'Main');
wait_until($node, 'SELECT main_site IS NULL, main_number IS NULL FROM sites', 't|t', 'and emptied');
sql($node, 'UPDATE sites SET main_site = 1');
flush('sites');
is(related('sites', 'main', 'rooms'), 's1>', 'half a key is none');

done_testing();
