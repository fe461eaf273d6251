#include "plugin/catalog/manifest.hpp"

#include "protocol/encoding.hpp"

#include <utility>

namespace two_path::catalog {

Result<Manifest> Manifest::parse(std::string_view text) {
    Manifest manifest;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        if (line.size() < 67 || !is_sha256_hex(line.substr(0, 64)) || line.substr(64, 2) != "  ")
            return fail(Errc::bad_request,
                        "manifest: line " + std::to_string(number) + " is not `<sha256>  <name>`");
        const auto name = std::string(line.substr(66));
        if (!manifest.checksums_.emplace(name, line.substr(0, 64)).second)
            return fail(Errc::bad_request, "manifest: " + name + " comes twice");
    }
    return manifest;
}

void Manifest::add(std::string name, std::string sha256) {
    checksums_.emplace(std::move(name), std::move(sha256));
}

std::string Manifest::text() const {
    std::string text;
    for (const auto& [name, sha256] : checksums_)
        text += sha256 + "  " + name + "\n";
    return text;
}

Result<void> Manifest::check(const std::string& name, std::string_view sha256) {
    const auto listed = checksums_.find(name);
    if (listed == checksums_.end()) return fail(Errc::bad_request, name + ": not listed in the manifest");
    if (listed->second != sha256)
        return fail(Errc::bad_request, name + ": the checksum is not the manifest's; the file is damaged");
    if (!checked_.insert(name).second) return fail(Errc::bad_request, name + ": comes twice");
    return {};
}

Result<void> Manifest::complete() const {
    for (const auto& [name, sha256] : checksums_)
        if (!checked_.contains(name))
            return fail(Errc::bad_request, name + ": listed in the manifest but missing");
    return {};
}

} // namespace two_path::catalog
