#include "plugin/catalog/artifact_header.hpp"

#include "plugin/catalog/tar_reader.hpp"

#include <algorithm>

namespace two_path::catalog {
namespace {

ByteSource text_source(std::string_view text) {
    return [text](std::span<std::uint8_t> buffer) mutable -> Result<std::size_t> {
        const auto count = std::min(text.size(), buffer.size());
        std::copy_n(text.begin(), count, buffer.begin());
        text.remove_prefix(count);
        return count;
    };
}

void add_all(json::object& to, const json::object& from) {
    for (const auto& [key, value] : from)
        to[key] = value;
}

Result<void> read_header_info(const json::object& object, Artifact& artifact) {
    Fields fields(object, "header-info");
    const auto& payloads = fields.array("payloads");
    const auto& provides = fields.object("artifact_provides");
    const auto& depends = fields.object("artifact_depends");
    if (!fields.ok()) return fields.error();
    if (payloads.size() > 1) return fail(Errc::unsupported, "header-info: several payloads in one artifact");
    if (payloads.empty() || !payloads[0].is_object())
        return fail(Errc::bad_request, "header-info: `payloads` must hold one object");
    const auto* type = payloads[0].get_object().if_contains("type");
    if (type == nullptr || type->is_null())
        return fail(Errc::unsupported, "header-info: an artifact without a payload");
    if (!type->is_string() || !is_name(type->get_string()))
        return fail(Errc::bad_request, "header-info: the payload's `type` is not a name");
    artifact.payload_type = type->get_string();

    Fields names(provides, "header-info: artifact_provides");
    artifact.name = names.text("artifact_name");
    artifact.group = names.text_or("artifact_group", "");
    if (names.ok() && !is_name(artifact.name))
        names.refuse("`artifact_name` must have 1 to 255 bytes without control characters");
    if (!names.ok()) return names.error();

    Fields fits(depends, "header-info: artifact_depends");
    artifact.device_types = fits.texts("device_type");
    if (fits.ok() && (artifact.device_types.empty() || !std::ranges::all_of(artifact.device_types, is_name)))
        fits.refuse("`device_type` must hold names");
    if (!fits.ok()) return fits.error();
    artifact.provides = provides;
    artifact.depends = depends;
    return {};
}

Result<void> read_type_info(const json::object& object, Artifact& artifact) {
    Fields fields(object, "type-info");
    const auto type = fields.text_or("type", ""); // mender-artifact 3.9 leaves it empty for rootfs-image
    const auto provides = fields.object_or_empty("artifact_provides");
    const auto depends = fields.object_or_empty("artifact_depends");
    artifact.has_clears = fields.has("clears_artifact_provides");
    artifact.clears_provides = fields.texts_or_none("clears_artifact_provides");
    if (fields.ok() && !type.empty() && type != artifact.payload_type)
        fields.refuse("`type` is not header-info's");
    if (!fields.ok()) return fields.error();
    add_all(artifact.provides, provides);
    add_all(artifact.depends, depends);
    artifact.type_info = object;
    return {};
}

/// One header, member by member: header-info, scripts, type-info, meta-data.
class HeaderParts {
  public:
    explicit HeaderParts(Artifact& artifact)
      : artifact_(artifact) {}

    Result<void> take(const std::string& name, std::string content) {
        constexpr std::string_view scripts = "scripts/";
        if (name == "header-info") return object(Part::info, "header-info", content, &read_header_info);
        if (name.starts_with(scripts)) return script(name.substr(scripts.size()), std::move(content));
        if (name == "headers/0000/type-info")
            return object(Part::type, "type-info", content, &read_type_info);
        if (name == "headers/0000/meta-data") return meta_data(content);
        if (name.starts_with("headers/") && !name.starts_with("headers/0000/"))
            return fail(Errc::unsupported, "header: " + name + ": several payloads in one artifact");
        return fail(Errc::bad_request, "header: " + name + " does not belong there");
    }

    Result<void> end() const {
        if (seen_ < Part::type) return fail(Errc::bad_request, "header: headers/0000/type-info is missing");
        return {};
    }

  private:
    enum class Part : std::uint8_t { none, info, scripts, type, meta };

    Result<void> enter(Part part, std::string_view name) {
        const bool again = part == Part::scripts && seen_ == Part::scripts;
        if ((part <= seen_ && !again) || (part > Part::info && seen_ == Part::none) ||
            (part == Part::meta && seen_ != Part::type))
            return fail(Errc::bad_request,
                        "header: " + std::string(name) + " is out of order or comes twice");
        seen_ = part;
        return {};
    }

    Result<void> object(Part part, std::string_view name, std::string_view content,
                        Result<void> (*read)(const json::object&, Artifact&)) {
        if (auto entered = enter(part, name); !entered) return entered;
        const auto parsed = parse_object(content, name);
        if (!parsed) return parsed.error();
        return read(*parsed, artifact_);
    }

    Result<void> script(std::string name, std::string content) {
        if (auto entered = enter(Part::scripts, "scripts/" + name); !entered) return entered;
        if (!is_name(name) || name.find('/') != std::string::npos)
            return fail(Errc::bad_request, "header: a script's name is not a plain file name");
        artifact_.scripts.push_back({std::move(name), std::move(content)});
        return {};
    }

    Result<void> meta_data(std::string_view content) {
        if (auto entered = enter(Part::meta, "meta-data"); !entered) return entered;
        if (content.empty()) return {};
        auto parsed = parse_object(content, "meta-data");
        if (!parsed) return parsed.error();
        artifact_.meta_data = std::move(*parsed);
        return {};
    }

    Artifact& artifact_;
    Part seen_{Part::none};
};

} // namespace

Result<void> read_header(const std::string& name, std::string_view bytes, Artifact& artifact) {
    const auto encoding = tar_encoding(name, "header");
    if (!encoding) return fail(Errc::bad_request, name + ": a packing that is not known");
    TarReader reader(text_source(bytes), *encoding, name);
    HeaderParts parts(artifact);
    std::size_t left = max_header;
    while (true) {
        auto member = reader.next();
        if (!member) return member.error();
        if (!member->has_value()) return parts.end();
        auto content = reader.read_all(left);
        if (!content) return content.error();
        left -= content->size();
        if (auto taken = parts.take((*member)->name, std::move(*content)); !taken) return taken;
    }
}

} // namespace two_path::catalog
