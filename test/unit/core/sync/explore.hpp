// How the models of the sync are driven: every state that a model's steps lead to, each once.
// Assumes that a State is all bytes, without padding.
// scope: none.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace notion::sync {

template <typename State>
struct BytesHash {
    static_assert(std::has_unique_object_representations_v<State>);
    size_t operator()(const State& state) const {
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(&state), sizeof state});
    }
};

/// steps: the states that may follow a state. visit: told of each state, and of these.
template <typename State, typename Steps, typename Visit>
size_t visit_all(const State& start, Steps steps, Visit visit) {
    std::unordered_set<State, BytesHash<State>> known{start};
    std::vector<State> open{start};
    while (!open.empty()) {
        const State state = open.back();
        open.pop_back();
        const std::vector<State> next = steps(state);
        visit(state, next);
        for (const State& to : next)
            if (known.insert(to).second)
                open.push_back(to);
    }
    return known.size();
}

} // namespace notion::sync
