/// A Mender Artifact taken to pieces, so that tests can damage each of them.
#pragma once

#include "plugin/catalog/artifact.hpp"
#include "plugin/catalog/manifest.hpp"
#include "plugin/catalog/tar_writer.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace two_path::tests {

using Members = std::vector<std::pair<std::string, std::string>>;

inline std::string tar_of(const Members& members, Encoding encoding = Encoding::none) {
    catalog::TarWriter tar(encoding);
    for (const auto& [name, content] : members)
        tar.add(name, content);
    return tar.finish();
}

/// What an artifact is packed from; bytes() makes a manifest that fits whatever stands here.
struct ArtifactParts {
    std::string version = R"({"format":"mender","version":3})";
    Members header{
        {"header-info", R"({"payloads":[{"type":"single-file"}],"artifact_provides":{"artifact_name":"r-1"},)"
                        R"("artifact_depends":{"device_type":["board"]}})"},
        {"scripts/ArtifactInstall_Enter_00", "#!/bin/sh\n"},
        {"headers/0000/type-info", R"({"type":"single-file","artifact_provides":{"a.b.version":"r-1"},)"
                                   R"("artifact_depends":{"k":"v"},"clears_artifact_provides":["a.b.*"]})"},
        {"headers/0000/meta-data", R"({"answer":42})"},
    };
    Members data{{"dest_dir", "/opt\n"}, {"app", std::string(200'000, 'x')}};
    std::string signature;
    Encoding encoding{Encoding::gzip};
    std::string suffix{".tar.gz"};

    /// The outer members, in order.
    [[nodiscard]] Members outer() const {
        const auto header_bytes = tar_of(header, encoding);
        catalog::Manifest manifest;
        const auto add = [&](const std::string& name, const std::string& content) {
            manifest.add(name, sha256_hex(content));
        };
        add("version", version);
        add("header" + suffix, header_bytes);
        for (const auto& [name, content] : data)
            add("data/0000/" + name, content);
        Members members{{"version", version}, {"manifest", manifest.text()}};
        if (!signature.empty()) members.emplace_back("manifest.sig", signature);
        members.emplace_back("header" + suffix, header_bytes);
        members.emplace_back("data/0000" + suffix, tar_of(data, encoding));
        return members;
    }
    [[nodiscard]] std::string bytes() const { return tar_of(outer()); }
};

inline std::string& content_of(Members& members, const std::string& name) {
    return std::ranges::find(members, name, &std::pair<std::string, std::string>::first)->second;
}

/// Gives the bytes in pieces of `piece`.
inline catalog::ByteSource source_of(std::string bytes, std::size_t piece = 5000) {
    return [bytes = std::move(bytes), piece,
            at = std::size_t{0}](std::span<std::uint8_t> buffer) mutable -> Result<std::size_t> {
        const auto count = std::min({piece, buffer.size(), bytes.size() - at});
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, buffer.begin());
        at += count;
        return count;
    };
}

inline Result<catalog::Artifact> read_bytes(const std::string& bytes) {
    return catalog::read_artifact(source_of(bytes));
}

} // namespace two_path::tests
