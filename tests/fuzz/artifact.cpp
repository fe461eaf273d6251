// A Mender Artifact: nested archives, manifest, header, checksums.
#include "plugin/catalog/artifact.hpp"
#include "plugin/catalog/manifest.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

using namespace two_path;
using namespace two_path::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::size_t at = 0;
    const auto artifact = catalog::read_artifact([&](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
        const auto count = std::min(buffer.size(), size - at);
        std::copy_n(data + at, count, buffer.begin());
        at += count;
        return count;
    });
    if (artifact)
        for (const auto& file : artifact->files)
            promise(file.sha256.size() == 64 && file.name.find('/') == std::string::npos,
                    "each file was checked");
    if (const auto manifest = catalog::Manifest::parse(text_of(data, size))) {
        const auto said = manifest->text();
        const auto again = catalog::Manifest::parse(said);
        promise(again && again->text() == said, "what is said is understood the same");
    }
    return 0;
}
