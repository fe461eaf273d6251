#include "plugin/config_keys.hpp"

#include "plugin/config_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace two_path {
using namespace config_values;

namespace {

/// A host name or an address, as it may stand in a URL or a certificate.
bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.' || c == ':' || c == '_' || c == '*';
    });
}

Wrong apply_names(Settings& settings, const Values& values) {
    for (const auto& name : values)
        if (!is_host(name)) return wrong(name, "a host name or an address");
    settings.https.names = values;
    return std::nullopt;
}

Wrong apply_advertise(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (!is_host(value) || value.find('*') != std::string::npos)
        return wrong(value, "the host name or address under which devices reach the FTP server");
    settings.ftp.advertise = value;
    return std::nullopt;
}

Wrong apply_push_from(Settings& settings, const Values& values) {
    constexpr std::size_t most = 5;
    for (const auto& value : values) {
        boost::system::error_code ec;
        const auto address = boost::asio::ip::make_address(value, ec);
        if (ec || address.is_unspecified() || address.is_multicast() ||
            (address.is_v6() && address.to_v6().is_v4_mapped()))
            return wrong(value, "an address, IPv4 as such");
    }
    if (values.size() > most) return wrong(values.back(), "not more than five addresses");
    settings.push.from = values;
    return std::nullopt;
}

template<class Target>
auto networks_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        auto& networks = target(settings);
        networks.clear();
        for (const auto& value : values) {
            const auto network = Network::parse(value);
            if (!network) return wrong(value, "ADDRESS/BITS, such as 192.0.2.0/24, without bits behind BITS");
            networks.push_back(*network);
        }
        return std::nullopt;
    };
}

Wrong apply_host_type(Settings& settings, const Values& values) {
    if (values.back() != "embedded" && values.back() != "mender")
        return wrong(values.back(), "embedded or mender");
    settings.host.type = values.back();
    return std::nullopt;
}

Wrong apply_accept(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (value != "manual" && value != "auto") return wrong(value, "manual or auto");
    settings.host.accept = value == "auto" ? Accept::automatic : Accept::manual;
    return std::nullopt;
}

Wrong apply_fallback(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (value != "https" && value != "fail") return wrong(value, "https or fail");
    settings.session.https_fallback = value == "https";
    return std::nullopt;
}

Wrong apply_hours(Settings& settings, const Values& values) {
    settings.turns.hours.clear();
    for (const auto& value : values) {
        const auto space = value.find(' ');
        const auto group = value.substr(0, space);
        const auto hours = space == std::string::npos
                               ? std::nullopt
                               : DayHours::parse(std::string_view(value).substr(space + 1));
        if (group.empty() || !hours)
            return wrong(value, "GROUP HH:MM-HH:MM, or * HH:MM-HH:MM for all other groups");
        settings.turns.hours.push_back({group, *hours});
    }
    return std::nullopt;
}

Wrong apply_update_requests(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (value != "never" && value != "accepted") return wrong(value, "never or accepted");
    settings.host.update_requests = value == "accepted";
    return std::nullopt;
}

Wrong apply_verify(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (value == "gateway")
        settings.mender.verify = Verify::gateway;
    else if (value == "deviceauth")
        settings.mender.verify = Verify::deviceauth;
    else if (value == "offline")
        settings.mender.verify = Verify::offline;
    else
        return wrong(value, "gateway, deviceauth or offline");
    return std::nullopt;
}

/// What the host `mender` cannot do without.
std::optional<ConfigConflict> find_missing(const Settings::Mender& mender) {
    if (mender.url.empty())
        return ConfigConflict{"mender.url", "host.type is mender; set the URL of the Mender server"};
    if (mender.token_file.empty())
        return ConfigConflict{"mender.token_file", "host.type is mender; name the file that holds a personal "
                                                   "access token of the Mender server"};
    if (mender.verify == Verify::deviceauth && mender.verify_url.empty())
        return ConfigConflict{"mender.verify_url",
                              "mender.verify is deviceauth; set the URL of its endpoint, "
                              "such as http://deviceauth:8080/api/internal/v1/devauth/"
                              "tokens/verify"};
    if (mender.verify == Verify::offline && mender.verify_key.empty())
        return ConfigConflict{"mender.verify_key",
                              "mender.verify is offline; name the file with deviceauth's public key"};
    if (!mender.sign_command.empty() && mender.artifact_key.empty())
        return ConfigConflict{
            "mender.sign_command",
            "without mender.artifact_key, whatever anybody signed would be signed anew; name "
            "the public key that must have signed it"};
    return std::nullopt;
}

} // namespace

std::span<const ConfigKey> config_keys() {
    static const std::array basic{
        ConfigKey{"state_dir", "DIR", "keeps everything [/var/lib/two-path-server]",
                  path_into([](Settings & s) -> auto& { return s.state_dir; })},
        ConfigKey{"https.listen", "ADDRESS:PORT", "the first path [[::]:8443]",
                  listen_into([](Settings & s) -> auto& { return s.https.listen; })},
        ConfigKey{"https.certificate", "FILE", "PEM, the chain; with https.key [made in state_dir]",
                  path_into([](Settings & s) -> auto& { return s.https.certificate; })},
        ConfigKey{"https.key", "FILE", "PEM, without a password",
                  path_into([](Settings & s) -> auto& { return s.https.key; })},
        ConfigKey{"https.name", "HOST", "goes into a certificate that is made; repeatable", apply_names,
                  true},
        ConfigKey{"https.trusted_proxies", "ADDRESS/BITS",
                  "whose X-Forwarded-For says who the client is; repeatable",
                  networks_into([](Settings & s) -> auto& { return s.https.trusted_proxies; }), true},
        ConfigKey{"ftp.listen", "ADDRESS:PORT", "the second path [[::]:2121]",
                  listen_into([](Settings & s) -> auto& { return s.ftp.listen; })},
        ConfigKey{"ftp.advertise", "HOST", "the FTP server's host, told to devices [as they reached HTTPS]",
                  apply_advertise},
        ConfigKey{"ftp.passive_ports", "FIRST-LAST", "ports of data connections [any]",
                  ports_into([](Settings & s) -> auto& { return s.ftp.passive_ports; })},
        ConfigKey{"ftp.push", "true|false", "go to devices that listen [false]",
                  flag_into([](Settings & s) -> auto& { return s.push.served; })},
        ConfigKey{"ftp.push_from", "ADDRESS",
                  "where pushes come from, told to devices; repeatable [as they reached HTTPS]",
                  apply_push_from, true},
        ConfigKey{"ftp.push_networks", "ADDRESS/BITS",
                  "where devices may listen beside their own address; repeatable",
                  networks_into([](Settings & s) -> auto& { return s.push.networks; }), true},
        ConfigKey{"ftp.push_ports", "FIRST-LAST", "where devices may listen [1024-65535]",
                  ports_into([](Settings & s) -> auto& { return s.push.ports; })},
        ConfigKey{"ftp.plain_login", "true|false", "the certification itself as password [false]",
                  flag_into([](Settings & s) -> auto& { return s.ftp.plain_login; })},
        ConfigKey{"ftp.same_data_peer", "true|false",
                  "data connections only from the control connection's address [true]",
                  flag_into([](Settings & s) -> auto& { return s.ftp.same_data_peer; })},
        ConfigKey{"host.type", "TYPE", "device-management framework: embedded or mender [embedded]",
                  apply_host_type},
        ConfigKey{"host.accept", "manual|auto", "new devices wait for the operator, or not [manual]",
                  apply_accept},
        ConfigKey{"host.token_lifetime_hours", "N", "of bearer tokens [168]",
                  number_into(
                      [](Settings & s) -> auto& { return s.host.token_lifetime; }, 1, 8784, as_hours)},
        ConfigKey{"host.update_requests", "never|accepted", "updates that devices order themselves [never]",
                  apply_update_requests},
        ConfigKey{"host.public_url", "URL", "begins download links [as the device called us]",
                  https_url_into([](Settings & s) -> auto& { return s.host.public_url; })},
        ConfigKey{
            "host.max_artifact_mib", "N", "of an uploaded artifact [10240]",
            number_into(
                [](Settings & s) -> auto& { return s.host.max_artifact_size; }, 1, 1U << 20U, as_mebibytes)},
        ConfigKey{"host.release_poll_seconds", "N", "between two looks for deleted releases [60]",
                  number_into(
                      [](Settings & s) -> auto& { return s.host.release_poll; }, 1, 86'400, as_seconds)},
        ConfigKey{
            "host.free_after_seconds", "N", "from a release's deletion until its payload goes [86400]",
            number_into(
                [](Settings & s) -> auto& { return s.host.free_after; }, 0, 366 * day_seconds, as_seconds)},
        ConfigKey{"mender.url", "URL", "the Mender server's, https://HOST[:PORT]",
                  https_url_into([](Settings & s) -> auto& { return s.mender.url; })},
        ConfigKey{"mender.token_file", "FILE", "holds a personal access token of that server",
                  path_into([](Settings & s) -> auto& { return s.mender.token_file; })},
        ConfigKey{"mender.ca_file", "FILE", "PEM, whom to trust for it [the system's authorities]",
                  path_into([](Settings & s) -> auto& { return s.mender.ca_file; })},
        ConfigKey{"mender.verify", "gateway|deviceauth|offline",
                  "who says whether a device's token holds [gateway]", apply_verify},
        ConfigKey{"mender.verify_url", "URL", "of deviceauth's verify endpoint, also http://",
                  text_into([](Settings & s) -> auto& { return s.mender.verify_url; })},
        ConfigKey{"mender.verify_key", "FILE", "PEM, the public half of deviceauth's key, for offline",
                  path_into([](Settings & s) -> auto& { return s.mender.verify_key; })},
        ConfigKey{"mender.storage_ca_file", "FILE",
                  "PEM, whom to trust where artifacts come from other hosts [the system's authorities]",
                  path_into([](Settings & s) -> auto& { return s.mender.storage_ca_file; })},
        ConfigKey{"mender.artifact_key", "FILE", "PEM, public: must have signed what is imported signed",
                  path_into([](Settings & s) -> auto& { return s.mender.artifact_key; })},
        ConfigKey{"mender.sign_command", "FILE",
                  "signs what was signed when it was imported [people do]; with mender.artifact_key",
                  path_into([](Settings & s) -> auto& { return s.mender.sign_command; })},
        ConfigKey{"mender.auto_import_tag", "TAG", "releases with this tag are imported [no release is]",
                  text_into([](Settings & s) -> auto& { return s.mender.auto_import_tag; })},
        ConfigKey{"mender.auto_import_version_file", "PATH[:KEY]",
                  "where their devices read the version [the version is not checked]",
                  text_into([](Settings & s) -> auto& { return s.mender.auto_import_version_file; })},
        ConfigKey{"session.first_login_seconds", "N", "from the certification to the first login [120]",
                  number_into(
                      [](Settings & s) -> auto& { return s.session.first_login; }, 5, 3600, as_seconds)},
        ConfigKey{
            "session.lifetime_seconds", "N", "of a certification without progress [3600]",
            number_into(
                [](Settings & s) -> auto& { return s.session.lifetime; }, 60, 30 * day_seconds, as_seconds)},
        ConfigKey{"session.abort_poll_seconds", "N", "between two looks for aborted deployments [15]",
                  number_into(
                      [](Settings & s) -> auto& { return s.session.abort_poll; }, 1, 3600, as_seconds)},
        ConfigKey{"session.abandoned_after_days", "N", "then a silent session is expired [30]",
                  number_into(
                      [](Settings & s) -> auto& { return s.session.abandoned_after; }, 1, 366, as_days)},
        ConfigKey{"session.fallback", "https|fail", "what follows when the second path fails [fail]",
                  apply_fallback},
        ConfigKey{"session.hours", "GROUP HH:MM-HH:MM",
                  "when the devices of a group (* for all others) may begin; repeatable [always]",
                  apply_hours, true},
        ConfigKey{"session.redeploy", "N", "orders again after transfers that failed on the way [3]",
                  number_into(
                      [](Settings & s) -> auto& { return s.session.redeploy; }, 0, 100, as_count)},
        ConfigKey{"metrics.token_file", "FILE",
                  "its content lets into the metrics, as a bearer token [operators' tokens only]",
                  path_into([](Settings & s) -> auto& { return s.metrics.token_file; })},
        ConfigKey{"limits.https_connections", "N", "in all [2000]",
                  number_into(
                      [](Settings & s) -> auto& { return s.limits.https_connections; }, 1, most_connections,
                      as_count)},
        ConfigKey{"limits.https_connections_per_address", "N", "of one client address [200]",
                  number_into(
                      [](Settings & s) -> auto& { return s.limits.https_connections_per_address; }, 1,
                      most_connections, as_count)},
        ConfigKey{"limits.ftp_connections", "N", "in all [2000]",
                  number_into(
                      [](Settings & s) -> auto& { return s.limits.ftp_connections; }, 1, most_connections,
                      as_count)},
        ConfigKey{"limits.ftp_connections_per_address", "N", "of one client address [64]",
                  number_into(
                      [](Settings & s) -> auto& { return s.limits.ftp_connections_per_address; }, 1,
                      most_connections, as_count)},
        ConfigKey{
            "limits.transfers", "N", "devices that transfer at a time; 0: any number [0]",
            number_into(
                [](Settings & s) -> auto& { return s.turns.most_transfers; }, 0, most_connections, as_count)},
        ConfigKey{"limits.rate_kbit", "N", "of the second path in all, in 1000 bits a second; 0: none [0]",
                  number_into(
                      [](Settings & s) -> auto& { return s.limits.rate; }, 0, most_rate, as_rate)},
        ConfigKey{"limits.session_rate_kbit", "N", "of one session; 0: none [0]",
                  number_into(
                      [](Settings & s) -> auto& { return s.limits.session_rate; }, 0, most_rate, as_rate)},
        ConfigKey{
            "limits.fallbacks", "N", "sessions whose bulk goes over HTTPS at a time [8]",
            number_into(
                [](Settings & s) -> auto& { return s.limits.fallbacks; }, 1, most_connections, as_count)},
    };
    static const auto keys = [] {
        std::vector<ConfigKey> all(basic.begin(), basic.end());
        const auto more = operations_keys();
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return keys;
}

std::optional<ConfigConflict> find_conflict(const Settings& settings) {
    const auto& https = settings.https;
    if (https.certificate.empty() != https.key.empty())
        return ConfigConflict{https.certificate.empty() ? "https.key" : "https.certificate",
                              "certificate and key belong together; set both or none"};
    const auto& ftp = settings.ftp;
    if (https.listen.port != 0 && https.listen.port == ftp.listen.port &&
        https.listen.address == ftp.listen.address)
        return ConfigConflict{"ftp.listen", "the same as https.listen; choose another port"};
    if (https.listen.port != 0 && ftp.passive_ports && ftp.passive_ports->first <= https.listen.port &&
        https.listen.port <= ftp.passive_ports->last)
        return ConfigConflict{"ftp.passive_ports", "the port of https.listen is among them; move one"};
    if (settings.host.type == "mender")
        if (auto missing = find_missing(settings.mender)) return missing;
    return find_operations_conflict(settings);
}

} // namespace two_path
