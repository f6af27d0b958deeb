// The columns of a foreign table: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/datum.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/options.hpp"

namespace notion::pg {
namespace {

struct Named {
    const char* name;
    bridge::Field field;
};

constexpr Named fields[] = {
    {"page_id", bridge::Field::page_id},
    {"page_url", bridge::Field::page_url},
    {"page_created_at", bridge::Field::created_at},
    {"page_edited_at", bridge::Field::edited_at},
    {"page_created_by", bridge::Field::created_by},
    {"page_edited_by", bridge::Field::edited_by},
    {"page_icon", bridge::Field::icon},
    {"page_cover", bridge::Field::cover},
    {"page_template", bridge::Field::page_template},
    {"page_content", bridge::Field::content},
};

[[noreturn]] void refuse(Relation table, const char* column, Oid type, const char* reads) {
    ereport(ERROR,
            (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
             errmsg("column \"%s\" of foreign table \"%s\" cannot be of type %s", column,
                    RelationGetRelationName(table), format_type_be(type)),
             errdetail("It reads %s.", reads),
             errhint("docs/foreign-tables.md lists the types that each kind of property can have; "
                     "IMPORT FOREIGN SCHEMA writes them.")));
    pg_unreachable();
}

/// Typmods change a value, domains and enums may refuse one: then Notion's word is not ours.
Fit fit_of(Form_pg_attribute attribute) {
    Oid base = getBaseType(attribute->atttypid);
    Oid element = get_element_type(base);
    if (attribute->atttypmod >= 0)
        return Fit::change;
    if (base != attribute->atttypid || type_is_enum(base) ||
        (OidIsValid(element) && type_is_enum(element)))
        return Fit::refuse;
    return Fit::exact;
}

} // namespace

bridge::Field page_field(const char* name) {
    for (const Named& it : fields)
        if (strcmp(it.name, name) == 0)
            return it.field;
    return bridge::Field::property;
}

bridge::ScanColumn scan_column(Relation table, AttrNumber number) {
    Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), number - 1);
    const char* name = pstrdup(NameStr(attribute->attname));
    ColumnOptions options = column_options(RelationGetRelid(table), number);
    bridge::ScanColumn column;
    column.name = name;
    column.field = options.property_id == nullptr && options.property == nullptr
                       ? page_field(name)
                       : bridge::Field::property;
    // A column without options reads the property of its own name.
    column.by_name = options.property_id == nullptr;
    column.property = options.property_id != nullptr ? options.property_id
                      : options.property != nullptr  ? options.property
                                                     : name;
    column.type =
        options.type != nullptr ? bridge::scan_property_type(options.type) : PropertyType::unknown;
    column.part = options.is_end ? DatePart::end : DatePart::start;
    column.fit = fit_of(attribute);
    if (!column_type_of(attribute->atttypid, &column.column))
        refuse(table, name, attribute->atttypid, "from Notion");
    if (!bridge::scan_accepts(column.field, column.type, column.column))
        refuse(table, name, attribute->atttypid,
               column.field != bridge::Field::property
                   ? psprintf("%s of a page", name)
                   : psprintf("a property of type %s", options.type));
    return column;
}

List* used_columns(const Bitmapset* used, TupleDesc description) {
    List* numbers = NIL;
    const bool whole = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
    for (int number = 1; number <= description->natts; number++)
        if (!TupleDescAttr(description, number - 1)->attisdropped &&
            (whole || bms_is_member(number - FirstLowInvalidHeapAttributeNumber, used)))
            numbers = lappend_int(numbers, number);
    return numbers;
}

} // namespace notion::pg
