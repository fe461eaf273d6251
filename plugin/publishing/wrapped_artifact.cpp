#include "plugin/catalog/artifact_reader.hpp"
#include "plugin/cli/publish/open_file.hpp"
#include "plugin/cli/publish/publication.hpp"
#include "plugin/cli/publish/release_builder.hpp"

#include <array>
#include <utility>

namespace two_path::cli {
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

/// `file: what` where the artifact itself is to blame.
Error in_file(const std::filesystem::path& file, Error error) {
    switch (error.code) {
    case Errc::bad_request:
    case Errc::unsupported:
    case Errc::too_large:
    case Errc::bad_signature:
        error.detail = file.string() + ": " + error.detail;
        break;
    default:
        break;
    }
    return error;
}

} // namespace

Result<Publication> wrap_artifact(const std::filesystem::path& path,
                                  const std::optional<catalog::SignatureKey>& verify,
                                  const ReleaseOptions& options, const Destination& destination) {
    const auto file = open_file(path);
    if (!file) return file.error();
    const auto source = file->source(destination.progress);
    catalog::ArtifactReader reader(source);
    if (auto opened = reader.open(); !opened) return in_file(path, opened.error());
    if (verify) {
        if (auto checked = verify->verify(reader.artifact()); !checked) return in_file(path, checked.error());
    }
    if (reader.artifact().payload_type == "two-path")
        return fail(Errc::unsupported,
                    path.string() + ": is a two-path release already; `publish --upload` uploads it");

    auto builder = ReleaseBuilder::begin(options, origin_of(reader.artifact()), destination);
    if (!builder) return builder.error();
    while (true) {
        const auto member = reader.next_file();
        if (!member) return in_file(path, member.error());
        if (!member->has_value()) return builder->finish();
        const auto added =
            builder->add((*member)->name, (*member)->size,
                         [&reader](std::span<std::uint8_t> buffer) { return reader.read(buffer); });
        if (!added) return in_file(path, added.error());
    }
}

bool looks_like_artifact(const std::filesystem::path& path) {
    const auto file = open_file(path);
    if (!file) return false;
    // A tar whose first member is called `version` (POSIX ustar: name at 0, magic at 257).
    std::array<std::uint8_t, 512> block{};
    const auto got = file->source({})(block);
    const std::string_view text(reinterpret_cast<const char*>(block.data()), block.size());
    return got && *got == block.size() && text.substr(0, 8) == std::string_view("version\0", 8) &&
           text.substr(257, 5) == "ustar";
}

} // namespace two_path::cli
