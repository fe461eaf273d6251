// The plugin's configuration: the file's form, then what its settings mean.
#include "plugin/config.hpp"
#include "plugin/config_file.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fstream>

using namespace two_path;
using namespace two_path::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    const auto entries = parse_config(text, "two-path-server.conf");
    if (!entries) return 0;
    for (const auto& entry : *entries)
        promise(entry.line > 0 && !entry.name.empty(), "each entry has its line");
    static const tests::TemporaryFolder folder;
    const auto file = folder / "two-path-server.conf";
    std::ofstream(file, std::ios::binary) << text;
    const auto read = read_command_line({"--config", file.string()});
    if (!read) promise(read.error().detail.find('\n') == std::string::npos, "what is wrong is one line");
    return 0;
}
