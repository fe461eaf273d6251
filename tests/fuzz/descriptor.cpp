// The descriptor: all that a device is asked to trust of a release.
#include "protocol/descriptor.hpp"
#include "tests/fuzz/target.hpp"

#include <boost/json/serialize.hpp>

using namespace two_path;
using namespace two_path::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto descriptor = parse_descriptor(text_of(data, size));
    if (!descriptor) return 0;
    promise(!descriptor->files.empty() && descriptor->files.size() <= Descriptor::max_files,
            "there are files, not too many");
    for (const auto& file : descriptor->files) {
        promise(is_name(file.name) && file.name.find('/') == std::string::npos && file.name != "..",
                "a file's name is no path");
        for (const auto& [kind, digest] : file.blocks)
            promise(digest.size() == 64 && file.list_name(kind).find('/') == std::string::npos,
                    "a list's name is no path");
    }
    promise(descriptor->installer.type != "two-path" &&
                descriptor->installer.type.find('/') == std::string::npos,
            "an installer is another module of that folder");
    promise(descriptor->block_size >= Descriptor::min_block &&
                descriptor->block_size <= Descriptor::max_block,
            "a block has bounds");
    const auto said = boost::json::serialize(to_json(*descriptor));
    const auto again = parse_descriptor(said);
    promise(again && boost::json::serialize(to_json(*again)) == said, "what is said is understood the same");
    return 0;
}
