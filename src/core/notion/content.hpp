// Content: a page's body as Markdown, from one answer, or from several where the page is larger
// than Notion renders at once: then the answer names the blocks that it left out, which are asked
// for by themselves and put where they belong. Parts that are not shared stay marked, as Notion
// marks them. Refuses what cannot be made complete (law 2). scope: its owner's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/endpoint.hpp"

namespace notion {

class Content {
  public:
    explicit Content(std::string page);

    /// The request for the next answer. requires: !is_whole().
    Call next() const;
    bool is_whole() const { return wanted_.empty(); }
    bool is_first() const { return !has_body_; } ///< the page itself is asked for
    /// Takes an answer to it. Errors: malformed, incomplete.
    Status take(std::string_view answer);
    /// Notion says that the part is not there, or not shared. requires: !is_first().
    void skip();

    const std::string& markdown() const { return markdown_; } ///< requires: is_whole()
    /// Parts are marked that Markdown cannot hold, or that are not shared: what replaces it would
    /// destroy them. requires: is_whole().
    bool is_lossy() const;

    /// All of it as a text, for a process that asks step by step.
    std::string save() const;
    static Result<Content> load(std::string_view saved);

  private:
    void put(const std::string& id, std::string_view part);

    std::vector<std::string> wanted_; ///< ids; the next one first
    std::string markdown_;
    bool has_body_ = false;
    int64_t parts_ = 0;
};

/// PATCH that replaces the content. Child pages are never deleted by it: Notion refuses.
Call replace_content(std::string_view page, std::string_view markdown);

} // namespace notion
