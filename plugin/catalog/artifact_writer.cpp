#include "plugin/catalog/artifact_writer.hpp"

#include "plugin/catalog/manifest.hpp"
#include "plugin/catalog/tar_writer.hpp"
#include "protocol/digest.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace two_path::catalog {
namespace {

constexpr std::string_view version = R"({"format":"mender","version":3})";

bool is_member_name(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,_-";
    return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

Result<void> check_names(const ArtifactContent& content) {
    std::set<std::string_view> seen;
    for (const auto& member : content.members) {
        if (!is_member_name(member.name))
            return fail(Errc::bad_request,
                        "data/" + member.name + ": a name may hold letters, digits and .,_- only");
        if (member.content.empty())
            return fail(Errc::bad_request, "data/" + member.name + ": a file without bytes");
        if (!seen.insert(member.name).second)
            return fail(Errc::bad_request, "data/" + member.name + ": comes twice");
    }
    for (const auto& script : content.scripts) {
        if (!is_name(script.name) || script.name.find('/') != std::string::npos)
            return fail(Errc::bad_request, "a script's name is not a plain file name");
        if (!seen.insert(script.name).second)
            return fail(Errc::bad_request, "scripts/" + script.name + ": comes twice");
    }
    return {};
}

std::string header_of(const ArtifactContent& content) {
    json::object type_info{{"type", content.payload_type}};
    for (const auto& [key, value] : content.type_info)
        if (key != "type") type_info[key] = value;
    const json::object header_info{{"payloads", json::array{json::object{{"type", content.payload_type}}}},
                                   {"artifact_provides", content.provides},
                                   {"artifact_depends", content.depends}};
    TarWriter tar(Encoding::gzip);
    tar.add("header-info", json::serialize(header_info));
    for (const auto& script : content.scripts)
        tar.add("scripts/" + script.name, script.content);
    tar.add("headers/0000/type-info", json::serialize(type_info));
    tar.add("headers/0000/meta-data", json::serialize(content.meta_data));
    return tar.finish();
}

} // namespace

Result<std::string> write_artifact(const ArtifactContent& content, const Signer& signer) {
    if (auto checked = check_names(content); !checked) return checked.error();

    Manifest manifest;
    const auto header = header_of(content);
    manifest.add("version", sha256_hex(version));
    manifest.add("header.tar.gz", sha256_hex(header));
    TarWriter data(Encoding::gzip);
    for (const auto& member : content.members) {
        manifest.add("data/0000/" + member.name, sha256_hex(member.content));
        data.add(member.name, member.content);
    }
    const auto manifest_text = manifest.text();

    TarWriter artifact(Encoding::none);
    artifact.add("version", version);
    artifact.add("manifest", manifest_text);
    if (signer) {
        const auto signature = signer(manifest_text);
        if (!signature) return signature.error();
        artifact.add("manifest.sig", *signature);
    }
    artifact.add("header.tar.gz", header);
    artifact.add("data/0000.tar.gz", data.finish());
    return artifact.finish();
}

} // namespace two_path::catalog
