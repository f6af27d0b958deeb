// A page's content: see the header. scope: its owner's.
#include "bridge/content.hpp"

#include "core/notion/content.hpp"
#include "core/notion/plain.hpp"

namespace notion::bridge {

struct Content {
    notion::Content content;
    std::string path;
    std::string saved;
};

Content* content_open(std::string_view page, Fault& fault) noexcept {
    Content* content = nullptr;
    guarded(fault, [&] {
        if (!page.starts_with('{')) {
            content = new Content{notion::Content(std::string(page)), {}, {}};
            return;
        }
        auto loaded = notion::Content::load(page);
        if (!loaded)
            return fill(fault, loaded.error());
        content = new Content{std::move(*loaded), {}, {}};
    });
    return content;
}

void content_shut(Content* content) noexcept {
    delete content;
}

bool content_is_whole(const Content* content) noexcept {
    return content->content.is_whole();
}

std::string_view content_path(Content* content) noexcept {
    Fault ignored;
    guarded(ignored, [&] { content->path = content->content.next().path; });
    return content->path;
}

bool content_take(Content* content, std::string_view answer, Fault& fault) noexcept {
    return guarded(fault, [&] {
        if (Status taken = content->content.take(answer); !taken)
            fill(fault, taken.error());
    });
}

bool content_skip(Content* content, int32_t status) noexcept {
    Fault ignored;
    bool skipped = false;
    return guarded(ignored, [&] { skipped = content->content.skip(status); }) && skipped;
}

std::string_view content_markdown(const Content* content) noexcept {
    return content->content.markdown();
}

bool content_is_lossy(const Content* content) noexcept {
    return content->content.is_lossy();
}

bool content_same_words(std::string_view one, std::string_view other) noexcept {
    bool same = false;
    Fault ignored;
    guarded(ignored, [&] {
        auto first = plain_text(one);
        auto second = plain_text(other);
        same = first && second && letters_of(*first) == letters_of(*second);
    });
    return same;
}

sync::ContentVerdict content_judge(const sync::ContentFacts& facts) noexcept {
    return sync::judge_content(facts);
}

std::string_view content_save(Content* content) noexcept {
    Fault ignored;
    guarded(ignored, [&] { content->saved = content->content.save(); });
    return content->saved;
}

} // namespace notion::bridge
