// What a Mender server, or somebody in its place, answers to the plugin, and the tokens that devices bring.
// The first byte chooses which.
#include "plugin/host/mender/answers.hpp"
#include "plugin/host/mender/bearer.hpp"
#include "tests/fuzz/target.hpp"

using namespace two_path;
using namespace two_path::fuzz;
using namespace two_path::host::mender;

namespace {

void read_parts(std::string_view body) {
    const auto parts = parse_parts(body);
    if (!parts) return;
    if (const auto active = active_of(*parts)) promise(!active->id.empty(), "a deployment has an id");
}

void read_token(std::string_view token) {
    for (const auto kind : {TokenKind::device, TokenKind::user})
        if (const auto claims = read_bearer(token, kind))
            promise(!claims->subject.empty(), "a token is somebody's");
}

using Reader = void (*)(std::string_view);
constexpr Reader readers[] = {
    read_parts,
    read_token,
    [](std::string_view body) { (void)parse_taken(body); },
    [](std::string_view body) { (void)parse_ids(body); },
    [](std::string_view body) { (void)parse_names(body); },
    [](std::string_view body) { (void)parse_accepted(body); },
    [](std::string_view body) { (void)parse_inventory(body); },
    [](std::string_view body) { (void)parse_deployments(body); },
    [](std::string_view body) { (void)parse_artifacts(body); },
    [](std::string_view body) { (void)parse_releases(body, "two-path"); },
    [](std::string_view body) { (void)parse_link(body); },
    [](std::string_view body) { (void)parse_user(body); },
    [](std::string_view location) { (void)id_at_end(location); },
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    readers[data[0] % std::size(readers)](text_of(data + 1, size - 1));
    return 0;
}
