// notion-emulator: Notion's API on 127.0.0.1, for tests, demos and development.
// Prints `listening on 127.0.0.1:PORT` when ready; ends on SIGINT and SIGTERM.
// Refuses unknown options and seeds that do not load.
// scope: program.
#include "seed.hpp"
#include "server.hpp"

#include <charconv>
#include <csignal>
#include <curl/curl.h>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

constexpr const char* usage =
    "usage: notion-emulator [--port N] [--seed FILE] [--budget REQUESTS/SECONDS | 0]\n"
    "                       [--latency-ms N] [--query-limit N] [--random-seed N] [--no-journal]\n";

struct Options {
    int port = 0;
    std::string seed;
};

emulator::Server* running = nullptr;

void end(int) {
    if (running)
        running->stop();
}

bool read_number(std::string_view text, int64_t& into) {
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && rest == text.data() + text.size() && into >= 0;
}

bool read_budget(std::string_view text, emulator::Limits& limits) {
    const auto slash = text.find('/');
    if (slash == text.npos)
        return read_number(text, limits.budget);
    int64_t seconds = 0;
    if (!read_number(text.substr(0, slash), limits.budget) ||
        !read_number(text.substr(slash + 1), seconds))
        return false;
    limits.window_ms = seconds * 1000;
    return seconds > 0;
}

bool read_option(std::string_view name, std::string_view value, Options& options,
                 emulator::World& world) {
    int64_t number = 0;
    if (name == "--seed") {
        options.seed = value;
        return true;
    }
    if (name == "--budget")
        return read_budget(value, world.limits);
    if (!read_number(value, number))
        return false;
    if (name == "--port")
        options.port = static_cast<int>(number);
    else if (name == "--latency-ms")
        world.limits.latency_ms = number;
    else if (name == "--query-limit")
        world.limits.query_results = number;
    else if (name == "--random-seed")
        world.store.seed_random(static_cast<uint64_t>(number));
    else
        return false;
    return true;
}

bool read_options(int count, char** arguments, Options& options, emulator::World& world) {
    for (int i = 1; i < count; ++i) {
        const std::string_view name = arguments[i];
        if (name == "--no-journal") {
            world.journal.enabled = false;
            continue;
        }
        if (i + 1 == count || !read_option(name, arguments[i + 1], options, world))
            return false;
        ++i;
    }
    return true;
}

bool load_seed(const std::string& file, emulator::World& world) {
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    emulator::Document document;
    if (!stream.is_open() || !emulator::parse(text, document)) {
        std::cerr << "notion-emulator: cannot read " << file << " as JSON\n";
        return false;
    }
    try {
        emulator::load_workspace(world, document);
    } catch (const emulator::Refusal& refusal) {
        std::cerr << "notion-emulator: " << file << ": " << refusal.message << "\n";
        return false;
    }
    return true;
}

} // namespace

int main(int count, char** arguments) {
    emulator::World world;
    Options options;
    if (!read_options(count, arguments, options, world)) {
        std::cerr << usage;
        return 2;
    }
    if (!options.seed.empty() && !load_seed(options.seed, world))
        return 1;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    try {
        emulator::Server server(world, options.port);
        running = &server;
        std::signal(SIGINT, end);
        std::signal(SIGTERM, end);
        std::signal(SIGPIPE, SIG_IGN);
        std::cout << "listening on 127.0.0.1:" << server.port() << std::endl;
        server.run();
        running = nullptr;
    } catch (const std::exception& error) {
        std::cerr << "notion-emulator: " << error.what() << "\n";
        return 1;
    }
    curl_global_cleanup();
    return 0;
}
