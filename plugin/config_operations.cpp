// The settings of what goes on beside updates: results told, what is forgotten, log and audit trail.
#include "plugin/config_keys.hpp"
#include "plugin/config_values.hpp"

#include <array>

namespace two_path {
namespace {

using namespace config_values;

Wrong apply_log_format(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (value != "text" && value != "json") return wrong(value, "text or json");
    settings.json_log = value == "json";
    return std::nullopt;
}

Wrong apply_webhook_url(Settings& settings, const Values& values) {
    const auto& value = values.back();
    if (value.substr(0, 8) != "https://" || value.size() == 8 ||
        value.find_first_of(" #") != std::string::npos)
        return wrong(value, "https://HOST[:PORT][/PATH]");
    settings.webhook.url = value;
    return std::nullopt;
}

} // namespace

std::span<const ConfigKey> operations_keys() {
    static const std::array keys{
        ConfigKey{"webhook.url", "URL", "is told the result of each session [nobody is told]",
                  apply_webhook_url},
        ConfigKey{"webhook.secret_file", "FILE", "hex, signs what is told",
                  path_into([](Settings & s) -> auto& { return s.webhook.secret_file; })},
        ConfigKey{"webhook.ca", "FILE", "PEM, trusted for webhook.url [the system's]",
                  path_into([](Settings & s) -> auto& { return s.webhook.ca; })},
        ConfigKey{"webhook.timeout_seconds", "N", "of one request [30]",
                  number_into(
                      [](Settings & s) -> auto& { return s.webhook.timeout; }, 1, 300, as_seconds)},
        ConfigKey{
            "webhook.give_up_seconds", "N", "then a result goes to the dead letters [259200]",
            number_into(
                [](Settings & s) -> auto& { return s.webhook.give_up; }, 1, 30 * day_seconds, as_seconds)},
        ConfigKey{"retention.sessions_days", "N", "then a session that has ended is forgotten [365]",
                  number_into(
                      [](Settings & s) -> auto& { return s.retention.sessions; }, 1, 3660, as_days)},
        ConfigKey{
            "retention.sessions", "N", "beyond them the oldest are forgotten [100000]",
            number_into(
                [](Settings & s) -> auto& { return s.retention.most_sessions; }, 1, 100'000'000, as_count)},
        ConfigKey{"retention.unused_payload_days", "N", "then a payload without a release is removed [7]",
                  number_into(
                      [](Settings & s) -> auto& { return s.retention.unused_payloads; }, 1, 3660, as_days)},
        ConfigKey{
            "retention.payload_quota_mib", "N", "of all payloads; 0: no limit [0]",
            number_into(
                [](Settings & s) -> auto& { return s.retention.payload_quota; }, 0, 1U << 30U, as_mebibytes)},
        ConfigKey{"log.format", "text|json", "of the lines on standard error [text]", apply_log_format},
        ConfigKey{"audit.max_mib", "N", "of the audit trail, whose oldest lines go beyond it [64]",
                  number_into(
                      [](Settings & s) -> auto& { return s.audit_size; }, 1, 10'240, as_mebibytes)},
    };
    return keys;
}

std::optional<ConfigConflict> find_operations_conflict(const Settings& settings) {
    const auto& webhook = settings.webhook;
    if (webhook.url.empty() != webhook.secret_file.empty())
        return ConfigConflict{webhook.url.empty() ? "webhook.secret_file" : "webhook.url",
                              "url and secret_file belong together; set both or none"};
    return std::nullopt;
}

} // namespace two_path
