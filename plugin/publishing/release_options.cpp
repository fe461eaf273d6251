#include "plugin/publishing/release_options.hpp"

namespace two_path::publishing {

json::object to_json(const ReleaseOptions& options) {
    json::object object{{"version", options.version},
                        {"sequence", options.sequence},
                        {"allow_from", json::array(options.allow_from.begin(), options.allow_from.end())},
                        {"version_check", options.version_check},
                        {"reboot", name_of(options.reboot)},
                        {"encoding", name_of(options.encoding)},
                        {"block_size", options.block_size},
                        {"ask_device", options.ask_device}};
    if (!options.name.empty()) object["name"] = options.name;
    if (!options.stream.empty()) object["stream"] = options.stream;
    if (!options.version_file.empty()) object["version_file"] = options.version_file;
    return object;
}

Result<ReleaseOptions> parse_release_options(const json::object& object) {
    const ReleaseOptions usual;
    Fields fields(object, "options");
    ReleaseOptions options;
    options.name = fields.text_or("name", "");
    options.version = fields.text("version");
    options.stream = fields.text_or("stream", "");
    options.sequence = fields.number("sequence");
    options.allow_from = fields.texts_or_none("allow_from");
    options.version_file = fields.text_or("version_file", "");
    options.version_check = fields.boolean_or("version_check", usual.version_check);
    options.block_size = fields.number_or("block_size", usual.block_size);
    options.ask_device = fields.boolean_or("ask_device", usual.ask_device);
    const auto reboot = fields.text_or("reboot", name_of(usual.reboot));
    if (reboot == name_of(Reboot::always))
        options.reboot = Reboot::always;
    else if (reboot != name_of(usual.reboot))
        fields.refuse("`reboot` must be as-installer or always");
    const auto encoding = encoding_from_name(fields.text_or("encoding", name_of(usual.encoding)));
    if (encoding)
        options.encoding = *encoding;
    else
        fields.refuse("`encoding` must be none, gzip, xz or zstd");
    if (!fields.ok()) return fields.error();
    return options;
}

} // namespace two_path::publishing
