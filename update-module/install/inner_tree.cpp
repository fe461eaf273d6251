#include "update-module/install/inner_tree.hpp"

#include "update-module/durable_file.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <filesystem>

namespace two_path::install {
namespace {

using device::make_folder;
using device::read_small_file;
using device::replace_file;

constexpr std::size_t max_header_file = 4 * 1024 * 1024;

/// As the client wrote it; what this client does not write, the inner module does not get either.
Result<void> copy_if_there(const std::string& from, const std::string& to) {
    const auto content = read_small_file(from, max_header_file);
    if (!content) return content.error();
    if (!*content) return {};
    return replace_file(to, **content);
}

/// The outer one, saying that the payload is the inner type's.
Result<std::string> header_info(const std::string& outer_tree, const std::string& type) {
    const auto text = read_small_file(outer_tree + "/header/header-info", max_header_file);
    if (!text) return text.error();
    auto object = parse_object(*text ? **text : std::string("{}"), "header-info");
    if (!object) return fail(Errc::bad_descriptor, object.error().detail);
    (*object)["payloads"] = json::array{json::object{{"type", type}}};
    return json::serialize(*object);
}

Result<void> write_header(const std::string& outer_tree, const std::string& header,
                          const Installer& installer) {
    for (const char* name : {"artifact_name", "artifact_group"})
        if (auto copied = copy_if_there(outer_tree + "/header/" + name, header + "/" + name); !copied)
            return copied;
    auto info = header_info(outer_tree, installer.type);
    if (!info) return info.error();
    auto type_info = installer.type_info;
    type_info["type"] = installer.type;
    const std::array<std::pair<std::string, std::string>, 4> files{{
        {"payload_type", installer.type},
        {"header-info", std::move(*info)},
        {"type-info", json::serialize(type_info)},
        {"meta-data", json::serialize(installer.meta_data)},
    }};
    for (const auto& [name, content] : files)
        if (auto written = replace_file(header + "/" + name, content); !written) return written;
    return {};
}

} // namespace

std::string inner_tree_of(const std::string& outer_tree) {
    return outer_tree + "/inner";
}

Result<void> make_inner_tree(const std::string& outer_tree, const Descriptor& descriptor) {
    const auto tree = inner_tree_of(outer_tree);
    std::error_code ec;
    std::filesystem::remove_all(tree, ec);
    if (ec) return fail(Errc::io_error, "cannot clear " + tree + ": " + ec.message());
    for (const char* folder : {"/header", "/tmp"})
        if (auto made = make_folder(tree + folder); !made) return made;
    for (const char* name :
         {"/version", "/current_artifact_name", "/current_artifact_group", "/current_device_type"})
        if (auto copied = copy_if_there(outer_tree + name, tree + name); !copied) return copied;
    return write_header(outer_tree, tree + "/header", descriptor.installer);
}

} // namespace two_path::install
