// Content: a page's body as Markdown, from one answer, or from several where an answer names blocks
// that it left out: they are asked for by themselves and put where they belong. What cannot be had
// (not shared, nothing that Markdown holds) stays marked, as Notion marks it. Refuses what is cut
// without a name (law 2). scope: its owner's.
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
    /// Notion refuses a part by this status: not there, not shared, nothing that it renders by
    /// itself. The part stays marked. False: the page itself is refused, or the answer is another.
    bool skip(int32_t status);

    const std::string& markdown() const { return markdown_; } ///< requires: is_whole()
    /// Parts are marked that Markdown cannot hold, or that are not shared: what replaces it would
    /// destroy them. requires: is_whole().
    bool is_lossy() const;

    /// All of it as a text, for a process that asks step by step.
    std::string save() const;
    static Result<Content> load(std::string_view saved);

  private:
    void put(const std::string& id, std::string_view part);
    void mark(const std::string& id); ///< unless it is

    std::vector<std::string> wanted_; ///< ids; the next one first
    std::string markdown_;
    bool has_body_ = false;
    int64_t parts_ = 0;
};

/// PATCH that replaces the content. Child pages are never deleted by it: Notion refuses.
Call replace_content(std::string_view page, std::string_view markdown);

} // namespace notion
