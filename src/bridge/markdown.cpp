// Markdown's plain text: see the header. scope: call.
#include "bridge/markdown.hpp"

#include "core/notion/plain.hpp"

namespace notion::bridge {

struct Plain {
    std::string text;
};

Plain* plain_of(std::string_view markdown, Fault& fault) noexcept {
    Plain* plain = nullptr;
    guarded(fault, [&] {
        Result<std::string> text = plain_text(markdown);
        if (!text)
            return fill(fault, text.error());
        plain = new Plain{std::move(*text)};
    });
    return plain;
}

std::string_view plain_view(const Plain* plain) noexcept {
    return plain->text;
}

void plain_free(Plain* plain) noexcept {
    delete plain;
}

} // namespace notion::bridge
