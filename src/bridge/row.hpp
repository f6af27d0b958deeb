// One page as a row: its properties decoded into the columns that a query reads.
// A list that Notion cut at 25 references is asked for in full, property by property.
// Inside the bridge only. Refuses to guess: a property that is absent is an error, never NULL.
// scope: query.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridge/reader.hpp"
#include "bridge/scan.hpp"
#include "core/notion/answer.hpp"
#include "core/notion/codec.hpp"

namespace notion::bridge {

struct Column {
    std::string name;
    std::string property;
    Field field;
    bool by_name;
    Codec codec;
};

/// `zone` must outlive the column.
Column column_of(const ScanColumn& view, const Zone* zone);
/// The codec of what a field of the page itself holds; its property is unknown for the rest.
Codec codec_of(const ScanColumn& view, const Zone* zone);

class Row {
  public:
    Row(const Endpoint& endpoint, std::vector<Column> columns, std::string table, bool misfit_null);

    /// Takes up a page; it must stay until the row is handed out.
    void begin(const PageHead& head, const json::Value& page);
    /// row: the cells are there; asks, waits: a list is being completed; failed: `error`.
    Step turn(int64_t now_ms, Cell* cells, Error& error);

    /// A query that Notion refused because a property is gone: names the column.
    Error about_column(Error error) const;

    bool is_ready() const { return completion_.is_ready(); }
    const std::vector<Column>& columns() const { return columns_; }
    const Traffic& traffic() const { return completion_.traffic(); }
    std::string_view page_id() const { return head_.id; }
    const PageHead& head() const { return head_; }
    int64_t misfits() const { return misfits_; }

  private:
    Status decode_all();
    Status decode_into(size_t column, const json::Value& value);
    Result<Value> page_value(const Column& column) const;
    Status add_items(std::string body);
    void add_elements(const json::Value& results);
    Error located(Error error, const Column& column) const;
    void ask_items(std::string_view cursor);

    std::vector<Column> columns_;
    std::string table_;
    bool misfit_null_;
    int64_t misfits_ = 0;
    PageHead head_;
    const json::Value* page_ = nullptr;
    std::vector<Value> values_;
    std::vector<std::vector<std::string_view>> items_;
    size_t next_ = 0;              ///< column to be decoded next
    std::vector<unsigned> places_; ///< of the columns' properties in the page before

    Reader completion_;
    std::string cut_property_; ///< id of the one that is being completed
    std::string cut_type_;
    json::Document whole_; ///< the completed value
};

} // namespace notion::bridge
