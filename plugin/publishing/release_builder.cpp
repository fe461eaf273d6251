#include "plugin/publishing/release_builder.hpp"

#include "ask_scripts.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace two_path::publishing {
namespace {

/// Bytes; less only grows by a packing's own header.
constexpr std::uint64_t worth_packing = 4096;

/// Of Mender's own modules: those that answer SupportsRollback with No.
constexpr std::array<std::string_view, 3> without_rollback{"deb", "rpm", "script"};

Result<void> add_ask_scripts(std::vector<catalog::StateScript>& scripts) {
    for (const auto& [name, content] : ask_scripts) {
        if (std::ranges::any_of(scripts,
                                [&wanted = name](const auto& script) { return script.name == wanted; }))
            return fail(Errc::bad_request,
                        "--ask-device: the artifact has a state script " + std::string(name) + " of its own");
        scripts.push_back({std::string(name), std::string(content)});
    }
    return {};
}

/// Refuses what a device would refuse; here it is the publisher's input that is wrong.
Result<void> check_descriptor(const json::object& meta_data) {
    const auto parsed = parse_descriptor(json::serialize(meta_data));
    if (parsed) return {};
    if (parsed.error().code == Errc::unsupported) return parsed.error();
    return fail(Errc::bad_request, parsed.error().detail);
}

} // namespace

Result<ReleaseBuilder> ReleaseBuilder::begin(const ReleaseOptions& options, Origin origin,
                                             const Destination& destination) {
    ReleaseBuilder builder(destination);
    auto& descriptor = builder.publication_.descriptor;
    descriptor.release = options.name.empty() ? origin.name : options.name;
    descriptor.version = options.version;
    descriptor.stream = options.stream.empty() ? origin.installer : options.stream;
    descriptor.sequence = options.sequence;
    descriptor.allow_from = options.allow_from;
    descriptor.version_file = options.version_file;
    descriptor.version_check = options.version_check;
    descriptor.block_size = options.block_size;
    descriptor.installer = {origin.installer, origin.type_info, std::move(origin.meta_data), options.reboot};
    if (!is_name(descriptor.release))
        return fail(Errc::bad_request, "--name: must have 1 to 255 bytes without control characters");

    auto& artifact = builder.publication_.artifact;
    artifact.payload_type = "two-path";
    artifact.provides = std::move(origin.provides);
    artifact.provides["artifact_name"] = descriptor.release;
    artifact.depends = std::move(origin.depends);
    artifact.type_info = std::move(origin.type_info);
    artifact.scripts = std::move(origin.scripts);
    if (options.ask_device) {
        if (auto added = add_ask_scripts(artifact.scripts); !added) return added.error();
    }
    // A trial of what is known already, so that nothing is stored for a release that cannot be.
    if (auto tried = check_descriptor(to_json(descriptor)); !tried) return tried.error();

    if (auto begun = destination.begin(descriptor); !begun) return begun.error();
    if (std::ranges::find(without_rollback, descriptor.installer.type) != without_rollback.end())
        builder.publication_.warnings.push_back("the installer `" + descriptor.installer.type +
                                                "` cannot roll back: a device that reports another version "
                                                "stays with it");
    builder.encoding_ = options.encoding;
    return builder;
}

Result<DescriptorFile> ReleaseBuilder::add(std::string name, std::uint64_t size, catalog::ByteSource plain) {
    auto& descriptor = publication_.descriptor;
    if (descriptor.files.size() == Descriptor::max_files)
        return fail(Errc::bad_request, "more than 64 files; put them into a tar");
    if (!is_name(name) || name.find('/') != std::string::npos)
        return fail(Errc::bad_request, name + ": not a plain file name of 1 to 255 bytes");
    if (std::ranges::any_of(descriptor.files, [&](const auto& file) { return file.name == name; }))
        return fail(Errc::bad_request, name + ": the installer needs a file of its own with this name");
    if (size == 0) {
        descriptor.files.push_back(empty_file(std::move(name)));
        return descriptor.files.back();
    }
    const auto encoding = size < worth_packing ? Encoding::none : encoding_;
    WireStream stream(std::move(name), size, std::move(plain), encoding, descriptor.block_size);
    if (auto stored = destination_->store(stream); !stored) return stored.error();
    const auto& wire = stream.sent();
    for (const auto& list : wire.lists)
        lists_.emplace(wire.file.list_name(list.kind()),
                       std::string(list.bytes().begin(), list.bytes().end()));
    descriptor.files.push_back(wire.file);
    return descriptor.files.back();
}

Result<DescriptorFile> ReleaseBuilder::add(std::string name, std::string content) {
    const auto size = content.size();
    auto source = [text = std::move(content),
                   at = std::size_t{0}](std::span<std::uint8_t> buffer) mutable -> Result<std::size_t> {
        const auto count = text.copy(reinterpret_cast<char*>(buffer.data()), buffer.size(), at);
        at += count;
        return count;
    };
    return add(std::move(name), size, std::move(source));
}

void ReleaseBuilder::provide(std::string key, std::string value) {
    for (auto* type_info : {&publication_.artifact.type_info, &publication_.descriptor.installer.type_info}) {
        auto& provides = (*type_info)["artifact_provides"];
        if (!provides.is_object()) provides.emplace_object();
        provides.get_object()[key] = value;
    }
}

Result<Publication> ReleaseBuilder::finish() {
    publication_.artifact.meta_data = to_json(publication_.descriptor);
    if (auto checked = check_descriptor(publication_.artifact.meta_data); !checked) return checked.error();
    for (auto& [name, content] : lists_)
        publication_.artifact.members.push_back({name, std::move(content)});
    return std::move(publication_);
}

} // namespace two_path::publishing
