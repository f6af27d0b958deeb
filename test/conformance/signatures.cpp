// judged-signatures: for each line "token TAB signature TAB body", all in hexadecimal, whether our
// listener would take the body: 1 or 0. What the official SDK says of the same is compared with it.
// scope: one run.
#include <iostream>
#include <string>

#include "bridge/sync.hpp"

namespace {

std::string bytes_of(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

} // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        const std::size_t first = line.find('\t');
        const std::size_t second = line.find('\t', first + 1);
        const std::string token = bytes_of(line.substr(0, first));
        const std::string signature = bytes_of(line.substr(first + 1, second - first - 1));
        const std::string body = bytes_of(line.substr(second + 1));
        std::cout << notion::bridge::webhook_signed(body, signature, token) << '\n';
    }
}
