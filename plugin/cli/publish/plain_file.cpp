#include "plugin/cli/publish/plain_file.hpp"

#include "plugin/cli/publish/open_file.hpp"
#include "plugin/publishing/release_builder.hpp"

#include <array>
#include <utility>

namespace two_path::cli {
namespace {

/// What mender-artifact would say of such a payload.
json::object type_info_of(const std::string& installer, const std::string& release) {
    if (installer == "rootfs-image")
        return {{"type", installer},
                {"artifact_provides", {{"rootfs-image.version", release}}},
                {"clears_artifact_provides",
                 json::array{"artifact_group", "rootfs_image_checksum", "rootfs-image.*"}}};
    return {{"type", installer},
            {"artifact_provides", {{"rootfs-image." + installer + ".version", release}}},
            {"clears_artifact_provides", json::array{"rootfs-image." + installer + ".*"}}};
}

std::string octal(unsigned mode) {
    std::string digits;
    for (; mode != 0 || digits.empty(); mode /= 8)
        digits.insert(digits.begin(), static_cast<char>('0' + mode % 8));
    return digits;
}

} // namespace

Result<publishing::Publication> publish_file(const std::filesystem::path& path, const PlainOptions& plain,
                                             const publishing::ReleaseOptions& options,
                                             const publishing::Destination& destination) {
    const auto file = open_file(path);
    if (!file) return file.error();

    auto named = options;
    if (named.name.empty()) named.name = path.stem().string() + "-" + options.version;
    publishing::Origin origin;
    origin.depends = {{"device_type", json::array(plain.device_types.begin(), plain.device_types.end())}};
    origin.type_info = type_info_of(plain.installer, named.name);
    origin.meta_data = plain.meta_data;
    origin.installer = plain.installer;
    auto builder = publishing::ReleaseBuilder::begin(named, std::move(origin), destination);
    if (!builder) return builder.error();

    const auto add_text = [&](std::string name, const std::string& line) {
        return builder->add(std::move(name), line + "\n");
    };
    auto name = path.filename().string();
    if (plain.installer == "directory") name = "update.tar";
    if (!plain.dest_dir.empty()) {
        if (auto added = add_text("dest_dir", plain.dest_dir); !added) return added.error();
    }
    if (plain.installer == "single-file") {
        if (auto added = add_text("filename", name); !added) return added.error();
        if (auto added = add_text("permissions", octal(file->mode)); !added) return added.error();
    }
    const auto added = builder->add(std::move(name), file->size, file->source(destination.progress));
    if (!added) return added.error();
    if (plain.installer == "rootfs-image") builder->provide("rootfs-image.checksum", added->sha256);
    return builder->finish();
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
