// Rich text: from what clients send to what Notion answers.
// Refuses what exceeds Notion's limits, with the path of the offender.
// scope: call.
#pragma once

#include "json.hpp"
#include "store.hpp"

namespace emulator {

Text read_rich_text(const Json& items, const std::string& path, const Store& store,
                    const std::string& url_base);
/// One unformatted run.
Text plain_run(std::string_view content);
void write_text(Out& out, const Text& text);
/// The length that Notion counts: UTF-16 units.
size_t utf16_length(std::string_view text);
void write_user(Out& out, const User& user);
/// The full user, or only its id where nobody knows it.
void write_user(Out& out, const Store& store, Uuid id);
void write_partial_user(Out& out, Uuid id);
void write_date(Out& out, const DateValue& date);
DateValue read_date(const Json& value, const std::string& path);

/// Refuses an array of more than 100 items, or what is no array.
void require_array(const Json& value, const std::string& path, size_t most = 100);
void require_text(const Json& value, const std::string& path, size_t longest);

} // namespace emulator
