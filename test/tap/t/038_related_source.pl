# A relation names pages of one data source: a reference goes with it only where the table that is
# referred to is linked with that one. Known at notion.link without a request, by what IMPORT wrote;
# of a foreign table written by hand the first sync asks before anything is sent.
use strict;
use warnings;

use NotionTest;
use Test::More;

my $node = start_node('related', 'notion.settle' => '1s', 'notion.index_lag' => '0',
    'notion.poll_interval' => '1s', 'notion.schema_interval' => '0');
my $notion = start_emulator(budget => 0);
my %text = (Name => 'title', Mark => 'rich_text');
$notion->control('POST', 'load', { workspace => 'Acme',
    users => [{ name => 'Ada', email => 'ada@acme.test', type => 'person' }],
    databases => [
        { title => 'Customers', properties => { %text, Boss => { relation => 'Customers' } } },
        { title => 'Suppliers', properties => { %text, Rival => { relation => 'Customers' } } },
        { title => 'Orders', properties => { %text, Customer => { relation => 'Customers' } } },
    ] });
connect_workspace($node, $notion, options => ["budget_per_minute '-1'"]);
sql($node, q{CREATE SCHEMA crm; IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
    CREATE TABLE firms (id integer PRIMARY KEY, name text, boss integer REFERENCES firms);
    CREATE TABLE orders (id integer PRIMARY KEY, name text, customer integer REFERENCES firms);
    INSERT INTO firms VALUES (1, 'one', 1); INSERT INTO orders VALUES (7, 'seven', 1)});
my $customers = sql($node, q{SELECT notion.source_of('crm.customers')});

sub refused { return error_of($node, $_[0]); }
sub relate { # links orders
    my ($table, $more) = @_;
    return qq{SELECT notion.link('orders', '$table', direction => 'both',
        columns => '{"id": "mark", "name": "name", "customer": "customer"$more}');};
}
my $firms = q{SELECT notion.link('firms', '%s', direction => 'both',
    columns => '{"id": "mark", "name": "name"%s}');};

# ---- at notion.link, with all else that is wrong -----------------------------------------------

is(sql($node, q{SELECT notion.option(attfdwoptions, 'data_source') FROM pg_attribute
    WHERE attrelid = 'crm.orders'::regclass AND attname = 'customer'}), $customers,
    'IMPORT writes down where a relation leads');
sql($node, sprintf $firms, 'crm.suppliers', '');
my $requests = scalar $notion->journal(sub { 1 });
my $error = refused(relate('crm.orders', ', "gone": "name"'));
my $leads = qr/its property relates to data source $customers \(crm\.customers\)/;
my $not_with = qr/, but table public\.firms is linked with crm\.suppliers/;
like($error, qr/22023.*column customer: $leads$not_with/s,
    'a relation to another data source than that of the table');
like($error, qr/column gone: the table has no such column/, 'is named beside all else');
like(refused(q{SELECT notion.alter_link('firms', columns =>
    '{"id": "mark", "name": "name", "boss": "rival"}')}),
    qr/column boss: $leads$not_with/,
    'so is a reference to its own table, and by alter_link');
is(scalar $notion->journal(sub { 1 }), $requests, 'no request was made');

# ---- linked later, anew ------------------------------------------------------------------------

sql($node, q{SELECT notion.unlink('firms')});
sql($node, sprintf $firms, 'crm.customers', ', "boss": "boss"');
sql($node, relate('crm.orders', ''));
sql($node, q{SELECT notion.unlink('firms')});
like(refused(sprintf $firms, 'crm.suppliers', ''),
    qr/column customer of linked table public\.orders refers to this table, and $leads/s,
    'a table that others refer to is not linked with another data source');
is(sql($node, q{SELECT refers_to FROM notion.columns WHERE column_name = 'customer'}), 'firms',
    'the reference is what it was');
sql($node, sprintf $firms, 'crm.customers', ', "boss": "boss"');
sql($node, q{SELECT notion.unlink('orders')});

# ---- a foreign table that does not say: before the first sync ----------------------------------

sub by_hand { # a foreign table over the data source of another, without what IMPORT knows
    my ($table, $like) = @_;
    return sql($node, qq{DO \$\$ BEGIN EXECUTE (SELECT format(
        'CREATE FOREIGN TABLE %s (%s) SERVER acme OPTIONS (data_source %L)', '$table',
        string_agg(format('%I %s OPTIONS (property_id %L, type %L)', a.attname,
            format_type(a.atttypid, a.atttypmod), notion.option(a.attfdwoptions, 'property_id'),
            notion.option(a.attfdwoptions, 'type')), ', '),
        notion.source_of('$like')) FROM pg_attribute a WHERE a.attrelid = '$like'::regclass
            AND notion.option(a.attfdwoptions, 'property_id') IS NOT NULL); END \$\$});
}
sql($node, q{SELECT notion.unlink('firms')});
by_hand('crm.hand', 'crm.orders');
sql($node, sprintf $firms, 'crm.suppliers', '');
sql($node, relate('crm.hand', ''));
sql($node, q{SELECT notion.sync('orders')});
wait_until($node, q{SELECT state FROM notion.links WHERE table_id = 'orders'::regclass}, 'paused',
    'the first sync asks, and stops');
like(sql($node, q{SELECT reason FROM notion.links WHERE table_id = 'orders'::regclass}),
    qr/^column customer: $leads$not_with; mend it/,
    'and says why');
like(refused(q{CALL notion.flush('orders')}), qr/is paused: column customer: $leads/,
    'so does flush');
like(refused(q{SELECT notion.resume('orders')}), qr/55000.*column customer: $leads/s,
    'it is not resumed so');
is(scalar $notion->journal(sub {
    $_->{method} eq 'POST' && $_->{path} =~ m{^/v1/(pages|data_sources/.*/query)$} }), 0,
    'nothing was read of it, nor sent');
sql($node, q{SELECT notion.unlink('firms')});
sql($node, sprintf $firms, 'crm.customers', ', "boss": "boss"');
sql($node, q{SELECT notion.resume('orders'); SELECT notion.sync('firms')});
sql($node, "CALL notion.flush('$_', '50 s')") for qw(firms orders);
is(sql($node, q{SELECT o.name, c.name FROM crm.orders o JOIN crm.customers c
    ON c.page_id = ANY (o.customer)}), 'seven|one', 'mended, it goes on by itself');
is(sql($node, q{SELECT count(*) FROM notion.schemas}), 1, 'nothing else was asked for its schema');

# ---- a relation that is turned elsewhere in Notion ---------------------------------------------

my $suppliers = sql($node, q{SELECT notion.source_of('crm.suppliers')});
my $orders = sql($node, q{SELECT notion.source_of('crm.orders')});
$notion->person('ada', 'PATCH', "/v1/data_sources/$orders", { properties => {
    Customer => { relation => { data_source_id => $suppliers, single_property => {} } } } });
like(sql($node, q{SELECT difference FROM notion.drift('crm') WHERE column_name = 'customer'
    AND foreign_table = 'crm.hand'::regclass AND ddl IS NULL}),
    qr/^its property relates to data source $suppliers \(crm\.suppliers\), but table /,
    'is drift');
sql($node, q{SELECT notion.refresh('crm')});
is(sql($node, q{SELECT notion.option(attfdwoptions, 'data_source') FROM pg_attribute
    WHERE attrelid = 'crm.orders'::regclass AND attname = 'customer'}), $suppliers,
    'and notion.refresh follows it');
done_testing();
