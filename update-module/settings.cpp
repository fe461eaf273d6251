#include "update-module/settings.hpp"

#include "protocol/json.hpp"
#include "update-module/durable_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <sys/stat.h>

namespace two_path::device {
namespace {

constexpr std::size_t max_settings_file = 64 * 1024;
constexpr std::array keys{"state_dir",
                          "modules_dir",
                          "mender_conf",
                          "server_url",
                          "server_certificate",
                          "token_command",
                          "version_command",
                          "confirm",
                          "confirm_timeout",
                          "allow_downgrade",
                          "connect_timeout",
                          "stall_timeout",
                          "min_rate",
                          "boot_id_file",
                          "issuer",
                          "store",
                          "seeds",
                          "hours",
                          "byte_rate",
                          "metered_limit_mib",
                          "metered_command",
                          "check_update_command",
                          "mode",
                          "push_address",
                          "push_listen",
                          "push_ports"};

/// Mender's modules that replace the root file system.
constexpr std::array<std::string_view, 2> root_installers{"rootfs-image", "mender-binary-delta"};

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

void check_url(Fields& fields, std::string& url) {
    while (url.ends_with('/'))
        url.pop_back();
    if (url.empty()) return;
    const bool https = url.starts_with("https://");
    const bool http = url.starts_with("http://");
    const auto rest = std::string_view(url).substr(https ? 8 : http ? 7 : 0);
    auto host = rest.substr(0, rest.find('/'));
    host = host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
    if (!(https || http) || host.empty())
        fields.refuse("`server_url` must be https://HOST[:PORT]");
    else if (http && !is_loopback(host))
        fields.refuse("`server_url`: http:// is for loopback addresses only; use https://");
}

void read_path(Fields& fields, std::string_view name, std::string& path) {
    path = fields.text_or(name, path);
    if (fields.ok() && !path.starts_with('/') && !path.empty())
        fields.refuse("`" + std::string(name) + "` must be an absolute path");
}

void read_seconds(Fields& fields, std::string_view name, std::chrono::seconds& value, std::uint64_t most) {
    const auto number = fields.number_or(name, static_cast<std::uint64_t>(value.count()));
    if (fields.ok() && (number == 0 || number > most))
        fields.refuse("`" + std::string(name) + "` must be 1 to " + std::to_string(most) + " seconds");
    value = std::chrono::seconds(number);
}

void read_min_rate(Fields& fields, Settings& settings) {
    constexpr std::uint64_t most = std::uint64_t{1} << 30U;
    settings.min_rate = fields.number_or("min_rate", settings.min_rate);
    if (fields.ok() && (settings.min_rate == 0 || settings.min_rate > most))
        fields.refuse("`min_rate` must be 1 to " + std::to_string(most) + " bytes per second");
}

void read_command(Fields& fields, std::string_view name, std::vector<std::string>& command) {
    command = fields.texts_or_none(name);
    if (fields.ok() && !command.empty() && command.front().empty())
        fields.refuse("`" + std::string(name) + "` must be a list: the program and its arguments");
}

void read_store(Fields& fields, Settings& settings) {
    constexpr std::array<std::string_view, 3> names{"required", "preferred", "never"};
    const auto text = fields.text_or("store", "preferred");
    const auto found = std::ranges::find(names, text);
    if (fields.ok() && found == names.end()) fields.refuse("`store` must be required, preferred or never");
    settings.store = static_cast<Store>(found - names.begin());
    settings.seeds = fields.texts_or_none("seeds");
    for (const auto& path : settings.seeds)
        if (!path.starts_with('/'))
            fields.refuse("`seeds` must be a list of absolute paths of files or block devices");
}

void read_hours(Fields& fields, std::vector<DayHours>& hours) {
    for (const auto& text : fields.texts_or_none("hours")) {
        const auto one = DayHours::parse(text);
        if (!one) fields.refuse("`hours` must be a list of texts such as 22:00-05:00");
        hours.push_back(one.value_or(DayHours{}));
    }
}

void read_metered(Fields& fields, Settings& settings) {
    constexpr std::uint64_t most = std::uint64_t{1} << 30U; // MiB
    const auto limit = fields.number_or("metered_limit_mib", 0);
    if (fields.ok() && limit > most)
        fields.refuse("`metered_limit_mib` must be at most " + std::to_string(most));
    settings.metered_limit = limit << 20U;
    read_command(fields, "metered_command", settings.metered_command);
    if (fields.ok() && (limit == 0) != settings.metered_command.empty())
        fields.refuse("`metered_limit_mib` and `metered_command` go together");
}

/// `FIRST-LAST`
void read_push_ports(Fields& fields, Settings& settings) {
    const auto text = fields.text_or("push_ports", "");
    if (text.empty()) return;
    constexpr std::uint16_t least = 1024;
    const auto* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, settings.push_first_port);
    const bool dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
    const auto last = std::from_chars(dash ? first.ptr + 1 : end, end, settings.push_last_port);
    if (!dash || last.ec != std::errc() || last.ptr != end || settings.push_first_port < least ||
        settings.push_last_port <= settings.push_first_port)
        fields.refuse("`push_ports` must be FIRST-LAST, two ports or more from 1024 on, such as 40000-40009");
}

void read_push(Fields& fields, Settings& settings) {
    const auto mode = mode_from_name(fields.text_or("mode", name_of(settings.mode)));
    if (fields.ok() && !mode) fields.refuse("`mode` must be pull or push");
    settings.mode = mode.value_or(settings.mode);
    settings.push_address = fields.text_or("push_address", "");
    settings.push_listen = fields.text_or("push_listen", "");
    read_push_ports(fields, settings);
    if (fields.ok() && settings.mode == Mode::push && settings.push_address.empty())
        fields.refuse("`mode` push needs `push_address`: where the plugin finds this device, an address or a "
                      "network interface such as eth0");
}

Result<Settings> read_settings(const json::object& object, const std::string& path) {
    Fields fields(object, path, Errc::bad_configuration);
    for (const auto& [name, value] : object)
        if (std::ranges::find(keys, std::string_view(name)) == keys.end())
            fields.refuse("unknown key `" + std::string(name) + "`");

    Settings settings;
    read_path(fields, "state_dir", settings.state_dir);
    read_path(fields, "modules_dir", settings.modules_dir);
    read_path(fields, "mender_conf", settings.mender_conf);
    read_path(fields, "server_certificate", settings.server_certificate);
    read_path(fields, "boot_id_file", settings.boot_id_file);
    settings.server_url = fields.text_or("server_url", "");
    if (fields.ok()) check_url(fields, settings.server_url);
    read_command(fields, "token_command", settings.token_command);
    read_command(fields, "version_command", settings.version_command);
    if (fields.has("check_update_command"))
        read_command(fields, "check_update_command", settings.check_update_command);
    const auto confirm = fields.text_or("confirm", "fallback");
    if (fields.ok() && confirm != "required" && confirm != "fallback")
        fields.refuse("`confirm` must be required or fallback");
    settings.confirm_required = confirm == "required";
    const auto issuer = issuer_from_name(fields.text_or("issuer", name_of(settings.issuer)));
    if (fields.ok() && !issuer) fields.refuse("`issuer` must be plugin or device");
    settings.issuer = issuer.value_or(settings.issuer);
    settings.allow_downgrade = fields.boolean_or("allow_downgrade", false);
    read_seconds(fields, "confirm_timeout", settings.confirm_timeout, 86'400);
    read_seconds(fields, "connect_timeout", settings.connect_timeout, 600);
    read_seconds(fields, "stall_timeout", settings.stall_timeout, 3'600);
    read_min_rate(fields, settings);
    read_push(fields, settings);
    read_store(fields, settings);
    read_hours(fields, settings.hours);
    settings.byte_rate = fields.number_or("byte_rate", 0);
    read_metered(fields, settings);
    if (fields.ok() && settings.server_url.empty() != settings.token_command.empty())
        fields.refuse("`server_url` and `token_command` go together; without both, the Mender client is "
                      "asked over D-Bus");
    if (fields.ok() && (settings.state_dir.empty() || settings.state_dir == "/"))
        fields.refuse("`state_dir` must name a folder");
    if (!fields.ok()) return fields.error();
    return settings;
}

/// mender.conf belongs to Mender: keys that are not ours are left alone.
Result<void> read_mender_conf(Settings& settings) {
    const auto text = read_small_file(settings.mender_conf, max_settings_file);
    if (!text) return fail(Errc::bad_configuration, text.error().detail);
    if (!*text) return {};
    const auto object = parse_object(**text, settings.mender_conf);
    if (!object) return fail(Errc::bad_configuration, object.error().detail);
    Fields fields(*object, settings.mender_conf, Errc::bad_configuration);
    if (settings.server_certificate.empty())
        settings.server_certificate = fields.text_or("ServerCertificate", "");
    const auto seconds = fields.number_or("ModuleTimeoutSeconds", 0);
    if (!fields.ok()) return fields.error();
    if (seconds > 0) settings.module_timeout = std::chrono::seconds(seconds);
    return {};
}

} // namespace

Result<Settings> load_settings() {
    if (const char* path = std::getenv("TWO_PATH_CONF"); path != nullptr && *path != '\0')
        return load_settings(path, true);
    return load_settings("/etc/two-path/two-path.conf", false);
}

Result<Settings> load_settings(const std::string& path, bool required) {
    const auto text = read_small_file(path, max_settings_file);
    if (!text) return fail(Errc::bad_configuration, text.error().detail);
    if (!*text && required) return fail(Errc::bad_configuration, "there is no file " + path);
    json::object object;
    if (*text) {
        auto parsed = parse_object(**text, path);
        if (!parsed) return fail(Errc::bad_configuration, parsed.error().detail);
        object = std::move(*parsed);
    }
    auto settings = read_settings(object, path);
    if (!settings) return settings;
    if (auto read = read_mender_conf(*settings); !read) return read.error();
    return settings;
}

Result<void> check_survives(const Settings& settings, const std::string& installer) {
    if (std::ranges::find(root_installers, installer) == root_installers.end()) return {};
    struct stat state {};
    struct stat root {};
    if (::stat(settings.state_dir.c_str(), &state) != 0)
        return storage_error("look at", settings.state_dir, errno);
    if (::stat("/", &root) != 0) return storage_error("look at", "/", errno);
    if (state.st_dev != root.st_dev) return {};
    return fail(Errc::bad_configuration, "state_dir " + settings.state_dir +
                                             " lies on the root file system, which `" + installer +
                                             "` replaces; put it on the data partition, such as "
                                             "/data/two-path");
}

} // namespace two_path::device
