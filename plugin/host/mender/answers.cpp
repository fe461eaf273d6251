#include "plugin/host/mender/answers.hpp"

#include "protocol/json.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>

namespace two_path::host::mender {
namespace {

/// Meta-data of foreign artifacts nests as it likes.
constexpr std::size_t max_depth = 64;

Error unreadable(std::string_view what, std::string_view why) {
    return fail(Errc::unavailable,
                "the Mender server's " + std::string(what) + " cannot be read: " + std::string(why));
}

Result<json::value> parse(std::string_view body, std::string_view what) {
    json::parse_options options;
    options.max_depth = max_depth;
    boost::system::error_code ec;
    auto value = json::parse(body, ec, {}, options);
    if (ec) return unreadable(what, ec.message());
    return value;
}

/// A list; what servers write in Go, they may write as null when it is empty.
Result<json::array> parse_list(std::string_view body, std::string_view what) {
    auto value = parse(body, what);
    if (!value) return value.error();
    if (value->is_null()) return json::array();
    if (!value->is_array()) return unreadable(what, "not a list");
    return std::move(value->get_array());
}

const json::object& object_at(const json::value& value, std::string_view name) {
    static const json::object none;
    const auto* object = value.if_object();
    const auto* found = object == nullptr ? nullptr : object->if_contains(name);
    return found != nullptr && found->is_object() ? found->get_object() : none;
}

const json::array& list_at(const json::object& object, std::string_view name) {
    static const json::array none;
    const auto* found = object.if_contains(name);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

std::string text_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string text_of(const json::value& value, std::string_view name) {
    return value.is_object() ? text_at(value.get_object(), name) : std::string();
}

bool flag_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found != nullptr && found->is_bool() && found->get_bool();
}

std::uint64_t count_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found != nullptr && found->is_int64() && found->get_int64() > 0
               ? static_cast<std::uint64_t>(found->get_int64())
               : 0;
}

std::vector<ArtifactFile> files_of(const json::object& image) {
    std::vector<ArtifactFile> files;
    for (const auto& update : list_at(image, "updates")) {
        if (!update.is_object()) continue;
        for (const auto& file : list_at(update.get_object(), "files"))
            files.push_back({text_of(file, "name"), text_of(file, "checksum")});
    }
    return files;
}

/// So that times of one form compare as text: the fraction of a second may be absent, or shorter.
std::string comparable(std::string time) {
    if (!time.empty() && time.back() == 'Z') time.pop_back();
    if (time.find('.') == std::string::npos) time.push_back('.');
    return time;
}

} // namespace

bool is_finished(const Part& part) {
    constexpr std::array ends{"success",           "failure", "noartifact",
                              "already-installed", "aborted", "decommissioned"};
    return std::ranges::find(ends, part.status) != ends.end();
}

Result<std::vector<Part>> parse_parts(std::string_view body) {
    constexpr std::string_view what = "list of a device's deployments";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::vector<Part> parts;
    for (const auto& entry : *list) {
        const auto& deployment = object_at(entry, "deployment");
        const auto& device = object_at(entry, "device");
        const auto* image = device.if_contains("image");
        Part part;
        part.deployment = text_at(deployment, "id");
        part.artifact_name = text_at(deployment, "artifact_name");
        part.forced = flag_at(deployment, "force_installation");
        part.status = text_at(device, "status");
        part.created = text_at(device, "created");
        if (part.deployment.empty() || part.artifact_name.empty() || part.status.empty())
            return unreadable(what, "an entry lacks id, artifact_name or status");
        if (image != nullptr && image->is_object()) {
            part.assigned = true;
            part.artifact = text_at(image->get_object(), "id");
            part.files = files_of(image->get_object());
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

std::optional<ActiveDeployment> active_of(const std::vector<Part>& parts) {
    const Part* oldest = nullptr;
    for (const auto& part : parts) {
        if (is_finished(part) || !part.assigned) continue;
        if (oldest == nullptr || comparable(part.created) < comparable(oldest->created)) oldest = &part;
    }
    if (oldest == nullptr) return std::nullopt;
    return ActiveDeployment{oldest->deployment, oldest->artifact_name, oldest->files, {}, oldest->artifact};
}

Result<std::map<std::string, std::uint64_t>> parse_taken(std::string_view body) {
    constexpr std::string_view what = "statistics of deployments";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::map<std::string, std::uint64_t> taken;
    for (const auto& entry : *list) {
        const auto id = text_of(entry, "id");
        if (id.empty()) return unreadable(what, "an entry lacks its id");
        const auto& counters = object_at(entry, "stats");
        taken[id] = count_at(counters, "aborted") + count_at(counters, "decommissioned");
    }
    return taken;
}

Result<std::vector<std::string>> parse_ids(std::string_view body) {
    constexpr std::string_view what = "list of a deployment's devices";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::vector<std::string> ids;
    for (const auto& entry : *list) {
        ids.push_back(text_of(entry, "id"));
        if (ids.back().empty()) return unreadable(what, "an entry lacks its id");
    }
    return ids;
}

Result<std::vector<std::string>> parse_names(std::string_view body) {
    constexpr std::string_view what = "list of a deployment's devices";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::vector<std::string> names;
    for (const auto& entry : *list) {
        if (!entry.is_string()) return unreadable(what, "an entry is no id");
        names.emplace_back(entry.get_string());
    }
    return names;
}

Result<std::vector<std::string>> parse_accepted(std::string_view body) {
    constexpr std::string_view what = "list of devices";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::vector<std::string> accepted;
    for (const auto& entry : *list) {
        const auto id = text_of(entry, "id");
        const auto status = text_of(entry, "status");
        if (id.empty() || status.empty()) return unreadable(what, "an entry lacks id or status");
        if (status == "accepted" && !flag_at(entry.get_object(), "decommissioning")) accepted.push_back(id);
    }
    return accepted;
}

Result<Inventory> parse_inventory(std::string_view body) {
    constexpr std::string_view what = "inventory";
    const auto value = parse(body, what);
    if (!value) return value.error();
    if (!value->is_object()) return unreadable(what, "not an object");
    Inventory inventory;
    for (const auto& attribute : list_at(value->get_object(), "attributes")) {
        const auto name = text_of(attribute, "name");
        const auto scope = text_of(attribute, "scope");
        const auto text = text_of(attribute, "value");
        const bool reported = scope.empty() || scope == "inventory";
        if (name == "group" && scope == "system") inventory.group = text;
        if (name == "artifact_name" && reported) inventory.artifact_name = text;
        if (name == "device_type" && reported) inventory.device_type = text;
    }
    return inventory;
}

Result<std::vector<ListedDeployment>> parse_deployments(std::string_view body) {
    constexpr std::string_view what = "list of deployments";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::vector<ListedDeployment> deployments;
    for (const auto& entry : *list) {
        deployments.push_back({text_of(entry, "id"), text_of(entry, "artifact_name")});
        if (deployments.back().id.empty()) return unreadable(what, "an entry lacks its id");
    }
    return deployments;
}

Result<std::vector<ListedArtifact>> parse_artifacts(std::string_view body) {
    constexpr std::string_view what = "list of artifacts";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    std::vector<ListedArtifact> artifacts;
    for (const auto& entry : *list) {
        ListedArtifact artifact;
        artifact.id = text_of(entry, "id");
        artifact.name = text_of(entry, "name");
        if (artifact.id.empty() || artifact.name.empty())
            return unreadable(what, "an entry lacks id or name");
        const auto& object = entry.get_object();
        for (const auto& type : list_at(object, "device_types_compatible"))
            if (type.is_string()) artifact.device_types.emplace_back(type.get_string());
        const auto& updates = list_at(object, "updates");
        if (!updates.empty()) artifact.payload_type = text_at(object_at(updates.at(0), "type_info"), "type");
        artifact.files = files_of(object);
        artifact.size = count_at(object, "size");
        artifact.depends_on_name = object_at(entry, "artifact_depends").contains("artifact_name");
        artifacts.push_back(std::move(artifact));
    }
    return artifacts;
}

Result<ReleasePage> parse_releases(std::string_view body, std::string_view tag) {
    constexpr std::string_view what = "list of releases";
    const auto list = parse_list(body, what);
    if (!list) return list.error();
    ReleasePage page;
    page.listed = list->size();
    for (const auto& entry : *list) {
        auto name = text_of(entry, "name");
        if (name.empty()) return unreadable(what, "an entry lacks its name");
        const auto& tags = list_at(entry.get_object(), "tags");
        const auto is_it = [&](const json::value& one) { return one.is_string() && one.get_string() == tag; };
        if (std::ranges::any_of(tags, is_it)) page.tagged.push_back(std::move(name));
    }
    return page;
}

Result<std::string> parse_link(std::string_view body) {
    const auto value = parse(body, "download link");
    if (!value) return value.error();
    auto link = text_of(*value, "uri");
    if (link.empty()) return unreadable("download link", "it has no uri");
    return link;
}

Result<std::string> parse_user(std::string_view body) {
    const auto value = parse(body, "description of a user");
    if (!value) return value.error();
    auto email = text_of(*value, "email");
    if (email.empty()) email = text_of(*value, "id");
    if (email.empty()) return unreadable("description of a user", "it has neither email nor id");
    return email;
}

std::string id_at_end(std::string_view location) {
    return std::string(location.substr(location.rfind('/') + 1));
}

} // namespace two_path::host::mender
