// Gives a target every file of the folders that are named: a corpus as an ordinary test, without a fuzzer.
#include "tests/fuzz/target.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

std::size_t replay(const std::filesystem::path& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string input((std::istreambuf_iterator<char>(file)), {});
        if (!file) throw std::runtime_error("cannot read " + entry.path().string());
        std::cerr << entry.path().filename().string() << '\n'; // the last one named is the one that fails
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
        ++count;
    }
    return count;
}

} // namespace

int main(int count, char** arguments) try {
    std::size_t inputs = 0;
    for (int i = 1; i < count; ++i)
        inputs += replay(arguments[i]);
    std::cout << inputs << " inputs\n";
    return inputs == 0 ? 1 : 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
