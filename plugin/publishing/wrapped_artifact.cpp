#include "plugin/catalog/artifact_reader.hpp"
#include "plugin/publishing/publication.hpp"
#include "plugin/publishing/release_builder.hpp"

#include <utility>

namespace two_path::publishing {
namespace {

/// What of header-info must come along; the rest of `depends` stands in type-info.
json::object depends_of(const catalog::Artifact& artifact) {
    json::object depends;
    for (const auto* key : {"device_type", "artifact_name", "artifact_group"})
        if (const auto* value = artifact.depends.if_contains(key)) depends[key] = *value;
    return depends;
}

Origin origin_of(const catalog::Artifact& artifact) {
    Origin origin;
    origin.name = artifact.name;
    if (!artifact.group.empty()) origin.provides["artifact_group"] = artifact.group;
    origin.depends = depends_of(artifact);
    origin.type_info = artifact.type_info;
    origin.meta_data = artifact.meta_data;
    origin.installer = artifact.payload_type;
    origin.scripts = artifact.scripts;
    return origin;
}

/// `label: what` where the artifact itself is to blame.
Error in_file(const std::string& label, Error error) {
    switch (error.code) {
    case Errc::bad_request:
    case Errc::unsupported:
    case Errc::too_large:
    case Errc::bad_signature:
        error.detail = label + ": " + error.detail;
        break;
    default:
        break;
    }
    return error;
}

} // namespace

Result<Publication> wrap_artifact(const std::string& label, const catalog::ByteSource& source,
                                  const Judge& judge, const ReleaseOptions& options,
                                  const Destination& destination) {
    catalog::ArtifactReader reader(source);
    if (auto opened = reader.open(); !opened) return in_file(label, opened.error());
    if (auto judged = judge(reader.artifact()); !judged) return in_file(label, judged.error());
    if (reader.artifact().payload_type == "two-path")
        return fail(Errc::unsupported,
                    label + ": is a two-path release already; `publish --upload` uploads it");

    auto builder = ReleaseBuilder::begin(options, origin_of(reader.artifact()), destination);
    if (!builder) return builder.error();
    while (true) {
        const auto member = reader.next_file();
        if (!member) return in_file(label, member.error());
        if (!member->has_value()) return builder->finish();
        const auto added =
            builder->add((*member)->name, (*member)->size,
                         [&reader](std::span<std::uint8_t> buffer) { return reader.read(buffer); });
        if (!added) return in_file(label, added.error());
    }
}

} // namespace two_path::publishing
