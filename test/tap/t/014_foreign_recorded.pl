# Real pages, recorded from Notion, through the emulator into typed columns: every data source can
# be imported, every page is a row, and every value that is there comes out. The recordings are no
# part of the project: NOTION_RECORDINGS names their file; without it this test says so and skips.
use strict;
use warnings;
use lib 'test/tap/lib';
use NotionTest;
use Test::More;

my $file = $ENV{NOTION_RECORDINGS};
plan skip_all => 'no recordings of real exchanges (NOTION_RECORDINGS)' unless $file && -r $file;

# Every whole object that any answer holds, by kind and id, as it was last seen outside the trash.
my %found;
sub is_alive { return !$_[0]{in_trash} && !$_[0]{archived}; }
sub look {
    my ($value) = @_;
    if (ref $value eq 'ARRAY') { look($_) for @$value; return; }
    return unless ref $value eq 'HASH';
    $found{ $value->{object} }{ $value->{id} } = $value
      if $value->{id} && $value->{created_time} && is_alive($value)
      && ($value->{object} // '') =~ /^(?:page|data_source)$/;
    look($_) for values %$value;
    return;
}

open(my $recordings, '<:raw', $file) or die "$file: $!";
while (my $line = <$recordings>) {
    look(json($line)->{resp}) if $line =~ /"data_source/;
}
my %sources = %{ $found{data_source} };
my @pages = grep { $sources{ $_->{parent}{data_source_id} // '' } } values %{ $found{page} };
note(scalar(keys %sources) . ' data sources, ' . @pages . ' pages');

my $node = start_node('main');
my $emulator = start_emulator(budget => 0);
$emulator->control('POST', 'load',
    { data_sources => [ values %sources ], pages => \@pages, newest_first => \1 });
connect_workspace($node, $emulator, options => ["budget_per_minute '-1'"]);
$node->safe_psql('postgres', 'CREATE SCHEMA crm;
    IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm');

# By data source: the table, and the column of each property.
my (%table, %column);
for (split /\n/, sql($node, q{
        SELECT t.ftrelid::regclass, s.option_value, quote_ident(a.attname), p.option_value,
               format_type(a.atttypid, a.atttypmod)
          FROM pg_foreign_table t, pg_options_to_table(t.ftoptions) s, pg_attribute a,
               pg_options_to_table(a.attfdwoptions) p
         WHERE s.option_name = 'data_source' AND a.attrelid = t.ftrelid
           AND p.option_name = 'property_id'})) {
    my ($table, $source, $name, $property, $type) = split /\|/;
    $table{$source} = $table;
    $column{$source}{$property} = { name => $name =~ s/^"(.*)"$/$1/r =~ s/""/"/gr, type => $type };
}
is(scalar(grep { !$table{$_} } keys %sources), 0, 'each recorded data source became a table');

# Whether a property holds nothing.
sub is_empty {
    my ($property) = @_;
    my $value = $property->{ $property->{type} };
    return 1 unless defined $value;
    return !grep { length $_->{plain_text} } @$value
      if $property->{type} =~ /^(?:title|rich_text)$/;
    return !@$value if ref $value eq 'ARRAY';
    return !defined $value->{number} if $property->{type} eq 'unique_id';
    return ($value->{type} // '') ne 'array'
      && (!defined $value->{ $value->{type} } || $value->{ $value->{type} } eq '')
      if $property->{type} =~ /^(?:formula|rollup)$/;
    return !length $value unless ref $value;
    return 0;
}

my %by_type;
my @wrong;
my $rows = 0;
for my $source (sort keys %table) {
    my $text = sql($node, "SELECT coalesce(jsonb_object_agg(page_id, to_jsonb(t)), '{}')
                             FROM $table{$source} t");
    my $read = json($text);
    $rows += keys %$read;
    for my $page (grep { $_->{parent}{data_source_id} eq $source } @pages) {
        my $row = $read->{ $page->{id} };
        push @wrong, "$page->{id} is no row" and next unless $row;
        for my $name (sort keys %{ $page->{properties} }) {
            my $property = $page->{properties}{$name};
            my $column = $column{$source}{ $property->{id} } or next;
            my $value = $row->{ $column->{name} };
            my $nothing = !defined $value || (ref $value eq 'ARRAY' && !@$value);
            $by_type{ $property->{type} }++;
            # A two-way relation may have been recorded before its other end was set.
            next if $property->{type} eq 'relation' && is_empty($property);
            push @wrong, "$table{$source}.$column->{name} ($property->{type} as $column->{type}) "
              . "of $page->{id}: " . json($property) . ' became ' . json($value)
              if $column->{type} ne 'jsonb' && !!$nothing != !!is_empty($property);
        }
    }
}
is($rows, scalar @pages, 'each recorded page is a row');
is(scalar @wrong, 0, 'every value came out') 
  or diag(join "\n", @wrong > 20 ? @wrong[ 0 .. 19 ] : @wrong);
note(join ', ', map { "$_ $by_type{$_}" } sort keys %by_type);
cmp_ok(scalar(keys %by_type), '>=', 20, 'of twenty types of properties and more');
$node->stop;
done_testing();
