// The content of pages: blocks, and Markdown as another face of them.
// Refuses what exceeds Notion's limits: 100 children a request, two levels of nesting.
// scope: call.
#pragma once

#include "edit.hpp"

namespace emulator {

/// Where new blocks go: after this block, or first; nothing means last.
struct Place {
    bool at_start = false;
    Uuid after;
};

void check_children(const Json& children, const std::string& path, int depth);
/// The ids of the new blocks at the top.
Ids append_blocks(Edit& edit, Parent parent, const Json& children, std::optional<Place> place);
Ids append_markdown(Edit& edit, Parent parent, std::string_view markdown,
                    std::optional<Place> place);
void erase_content(Edit& edit, PageRecord& record);
std::string markdown_of(const World& world, const Ids& blocks);

/// The blocks under a page or a block, to be changed; null where there is no such parent.
Ids* children_of(World& world, Uuid id);
/// New content for an existing block.
void refill(Edit& edit, Block& block, const Json& content, const std::string& path);
void raise_content_event(Edit& edit, Uuid page, const Ids& blocks);
/// The page that a block stands on.
Uuid page_of(const World& world, Uuid block);

} // namespace emulator
