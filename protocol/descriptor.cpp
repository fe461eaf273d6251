#include "protocol/descriptor.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace two_path {
namespace {

constexpr std::array<std::string_view, 4> encoding_names{"none", "gzip", "xz", "zstd"};

bool is_file_name(std::string_view text) noexcept {
    return is_name(text) && text.find('/') == std::string_view::npos && text != "." && text != "..";
}

void read_blocks(Fields& wire, DescriptorFile& file) {
    for (const auto& [name, value] : wire.object("blocks")) {
        const auto kind = digest_from_name(name);
        if (!kind) continue;
        if (!value.is_string() || !is_sha256_hex(value.get_string()))
            wire.refuse("`blocks`: `" + std::string(name) + "` must be 64 hex digits");
        else
            file.blocks.emplace(*kind, value.get_string());
    }
    if (wire.ok() && file.blocks.empty()) wire.refuse("`blocks` has no digest that this release knows");
}

Result<DescriptorFile> read_file(const json::value& value) {
    if (!value.is_object()) return fail(Errc::bad_descriptor, "`files` must hold objects");
    Fields fields(value.get_object(), "file", Errc::bad_descriptor);
    DescriptorFile file;
    file.name = fields.text("name");
    file.size = fields.number("size");
    file.sha256 = fields.text("sha256");
    const auto encoding = fields.text_or("encoding", "none");
    const auto& wire_object = fields.object("wire");
    if (!fields.ok()) return fields.error();
    if (!is_file_name(file.name))
        return fail(Errc::bad_descriptor, "a file's `name` is not a plain file name");
    if (!is_sha256_hex(file.sha256))
        return fail(Errc::bad_descriptor, file.name + ": `sha256` must be 64 hex digits");
    const auto known = encoding_from_name(encoding);
    if (!known) return fail(Errc::unsupported, file.name + ": encoding `" + encoding + "`");
    file.encoding = *known;

    Fields wire(wire_object, file.name + ": wire", Errc::bad_descriptor);
    file.wire_size = wire.number("size");
    file.id = wire.text("sha256");
    if (wire.ok() && !is_sha256_hex(file.id)) wire.refuse("`sha256` must be 64 hex digits");
    if (wire.ok() && !file.empty()) read_blocks(wire, file);
    if (wire.ok() && !file.empty() && file.wire_size == 0)
        wire.refuse("`size` is 0 for a file that is not empty");
    if (wire.ok() && file.encoding == Encoding::none &&
        (file.size != file.wire_size || file.sha256 != file.id))
        wire.refuse("differs from a file that is not encoded");
    if (!wire.ok()) return wire.error();
    return file;
}

Result<Installer> read_installer(const json::object& object) {
    Fields fields(object, "installer", Errc::bad_descriptor);
    Installer installer;
    installer.type = fields.text("type");
    installer.type_info = fields.object_or_empty("type_info");
    installer.meta_data = fields.object_or_empty("meta_data");
    const auto reboot = fields.text_or("reboot", "as-installer");
    if (fields.ok() && !is_file_name(installer.type)) fields.refuse("`type` is not a module's name");
    if (fields.ok() && reboot != "as-installer" && reboot != "always")
        fields.refuse("`reboot` must be as-installer or always");
    if (!fields.ok()) return fields.error();
    if (installer.type == "two-path")
        return fail(Errc::unsupported, "a two-path release inside a two-path release");
    installer.reboot = reboot == "always" ? Reboot::always : Reboot::as_installer;
    return installer;
}

/// `00`, `01`, ...: in the order of the files.
std::string file_key(std::size_t index) {
    return {static_cast<char>('0' + index / 10), static_cast<char>('0' + index % 10)};
}

Result<void> check_files(const Descriptor& descriptor) {
    std::set<std::string_view> names;
    std::uint64_t total = 0;
    for (const auto& file : descriptor.files) {
        if (!names.insert(file.name).second)
            return fail(Errc::bad_descriptor, "two files are called " + file.name);
        total += file.wire_size + file.size;
    }
    if (total >= std::uint64_t{1} << 53U)
        return fail(Errc::bad_descriptor, "the files' sizes are beyond belief");
    return {};
}

} // namespace

std::string_view name_of(Encoding encoding) noexcept {
    return encoding_names[static_cast<std::size_t>(encoding)];
}

std::optional<Encoding> encoding_from_name(std::string_view name) noexcept {
    const auto* found = std::ranges::find(encoding_names, name);
    if (found == encoding_names.end()) return std::nullopt;
    return static_cast<Encoding>(found - encoding_names.begin());
}

std::string_view name_of(Reboot reboot) noexcept {
    return reboot == Reboot::always ? "always" : "as-installer";
}

std::string DescriptorFile::list_name(DigestKind kind) const {
    return id + "." + std::string(name_of(kind));
}

std::uint64_t Descriptor::wire_size() const noexcept {
    std::uint64_t total = 0;
    for (const auto& file : files)
        total += file.wire_size;
    return total;
}

bool is_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 255 && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

Result<Descriptor> parse_descriptor(std::string_view meta_data) {
    if (meta_data.size() > Descriptor::max_text)
        return fail(Errc::bad_descriptor, "meta-data of more than 32 KiB; put the files into a tar");
    const auto parsed = parse_object(meta_data, "meta-data");
    if (!parsed) return fail(Errc::bad_descriptor, parsed.error().detail);
    Fields outer(*parsed, "meta-data", Errc::bad_descriptor);
    Fields fields(outer.object("two_path"), "two_path", Errc::bad_descriptor);
    if (!outer.ok()) return outer.error();

    const auto format = fields.number("format");
    if (fields.ok() && format != Descriptor::format)
        return fail(Errc::unsupported, "descriptor format " + std::to_string(format));

    Descriptor descriptor;
    descriptor.release = fields.text("release");
    descriptor.version = fields.text("version");
    descriptor.stream = fields.text("stream");
    descriptor.sequence = fields.number("sequence");
    descriptor.allow_from = fields.texts_or_none("allow_from");
    descriptor.version_file = fields.text_or("version_file", "");
    descriptor.version_check = fields.boolean_or("version_check", true);
    descriptor.block_size = fields.number("block_size");
    const auto& installer_object = fields.object("installer");
    const auto& files = fields.object("files");
    if (fields.ok() &&
        !(is_name(descriptor.release) && is_name(descriptor.version) && is_name(descriptor.stream)))
        fields.refuse(
            "`release`, `version` and `stream` must have 1 to 255 bytes without control characters");
    if (fields.ok() &&
        (!std::has_single_bit(descriptor.block_size) || descriptor.block_size < Descriptor::min_block ||
         descriptor.block_size > Descriptor::max_block))
        fields.refuse("`block_size` must be a power of two from 64 KiB to 4 MiB");
    if (fields.ok() && files.size() > Descriptor::max_files)
        fields.refuse("more than 64 files; put them into a tar");
    if (!fields.ok()) return fields.error();

    auto installer = read_installer(installer_object);
    if (!installer) return installer.error();
    descriptor.installer = std::move(*installer);
    // JSON objects keep no order of their own; the keys tell it.
    std::map<std::string_view, const json::value*> in_order;
    for (const auto& [key, value] : files)
        in_order.emplace(key, &value);
    for (const auto& [key, value] : in_order) {
        auto file = read_file(*value);
        if (!file) return file.error();
        descriptor.files.push_back(std::move(*file));
    }
    if (auto checked = check_files(descriptor); !checked) return checked.error();
    return descriptor;
}

json::object to_json(const Descriptor& descriptor) {
    // An object and not a list: mender-artifact takes no list that holds objects.
    json::object files;
    for (const auto& file : descriptor.files) {
        json::object blocks;
        for (const auto& [kind, digest] : file.blocks)
            blocks[name_of(kind)] = digest;
        json::object wire{{"size", file.wire_size}, {"sha256", file.id}};
        if (!blocks.empty()) wire["blocks"] = std::move(blocks);
        files[file_key(files.size())] = json::object{{"name", file.name},
                                                     {"size", file.size},
                                                     {"sha256", file.sha256},
                                                     {"encoding", name_of(file.encoding)},
                                                     {"wire", std::move(wire)}};
    }
    json::object object{{"format", Descriptor::format},
                        {"release", descriptor.release},
                        {"version", descriptor.version},
                        {"stream", descriptor.stream},
                        {"sequence", descriptor.sequence},
                        {"installer",
                         {{"type", descriptor.installer.type},
                          {"type_info", descriptor.installer.type_info},
                          {"meta_data", descriptor.installer.meta_data},
                          {"reboot", name_of(descriptor.installer.reboot)}}},
                        {"block_size", descriptor.block_size},
                        {"files", std::move(files)}};
    if (!descriptor.allow_from.empty())
        object["allow_from"] = json::array(descriptor.allow_from.begin(), descriptor.allow_from.end());
    if (!descriptor.version_file.empty()) object["version_file"] = descriptor.version_file;
    if (!descriptor.version_check) object["version_check"] = false;
    return json::object{{"two_path", std::move(object)}};
}

} // namespace two_path
