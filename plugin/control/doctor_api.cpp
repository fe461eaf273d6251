#include "plugin/control/doctor_api.hpp"

#include "plugin/control/one_line.hpp"
#include "plugin/control/session_view.hpp"
#include "plugin/control/tls.hpp"

#include <chrono>
#include <string_view>

namespace two_path::control {
namespace {

constexpr std::chrono::hours certificate_warning{90 * 24};
/// 2026-01-01: this program is younger.
constexpr std::int64_t earliest_time = 1'767'225'600'000;
constexpr std::uintmax_t least_room = std::uintmax_t{100} << 20U;
constexpr std::uintmax_t little_room = std::uintmax_t{1} << 30U;
/// Attempts for one result that are more than a hiccup.
constexpr std::uint64_t many_attempts = 3;

json::object check(std::string_view name, std::string_view state, const std::string& detail,
                   std::string_view advice = {}) {
    json::object object{{"check", name}, {"state", state}, {"detail", one_line(detail)}};
    if (!advice.empty()) object["advice"] = advice;
    return object;
}

json::object check_certificate(const DoctorFacts& facts) {
    const auto found = inspect_certificate(facts.certificate, {});
    if (!found)
        return check("certificate", "failed", found.error().detail,
                     "put the file back, or set [https] certificate and key");
    using namespace std::chrono;
    const auto end = duration_cast<milliseconds>(found->not_after.time_since_epoch()).count();
    const auto left = found->not_after - system_clock::now();
    const auto text = "valid until " + rfc3339(end).substr(0, 10) + ", SHA-256 " + found->fingerprint;
    if (left < seconds(0))
        return check("certificate", "failed", "it expired: " + text,
                     "replace it and restart; devices and operators refuse it");
    if (left < certificate_warning)
        return check("certificate", "warning", text, "give devices the next one before this one ends");
    return check("certificate", "ok", text);
}

json::object check_names(const DoctorFacts& facts) {
    const auto found = inspect_certificate(facts.certificate, facts.names);
    if (!found) return check("names", "failed", "the certificate cannot be read", "see `certificate`");
    std::string missing;
    for (const auto& name : found->uncovered)
        missing.append(missing.empty() ? "" : ", ").append(name);
    if (!missing.empty())
        return check("names", "failed", "the certificate does not name " + missing,
                     "make a new certificate, or correct [https] name");
    if (facts.names.empty())
        return check("names", "ok", "no [https] name is set; nothing to compare the certificate with");
    return check("names", "ok", "the certificate has all names of [https] name");
}

json::object check_clock(std::int64_t now) {
    if (now < earliest_time)
        return check("clock", "failed", "it shows " + rfc3339(now),
                     "set this machine's clock; certificates and tokens depend on it");
    return check("clock", "ok", rfc3339(now));
}

json::object check_disk(const std::filesystem::path& folder) {
    std::error_code ec;
    const auto space = std::filesystem::space(folder, ec);
    if (ec) return check("disk", "failed", folder.string() + ": " + ec.message(), "look at the file system");
    const auto text = std::to_string(space.available >> 20U) + " MiB are free at " + folder.string();
    const auto* advice = "remove releases and payloads that nobody needs, or give the state folder more room";
    if (space.available < least_room) return check("disk", "failed", text, advice);
    if (space.available < little_room) return check("disk", "warning", text, advice);
    return check("disk", "ok", text);
}

json::object check_host(const Result<std::optional<host::ActiveDeployment>>& answer) {
    if (answer) return check("host", "ok", "the device-management framework answers");
    const auto& row = info(answer.error().code);
    return check("host", "failed", std::string(row.reason) + ": " + answer.error().detail, row.advice);
}

json::object check_webhook(state::Store& store) {
    std::uint64_t dead = 0;
    std::uint64_t troubled = 0;
    std::string error;
    for (const auto& notice : store.notices(state::Store::max_dead_notices + 1000)) {
        dead += notice.dead ? 1 : 0;
        const bool in_trouble = !notice.dead && notice.attempts >= many_attempts;
        troubled += in_trouble ? 1 : 0;
        if (notice.dead || in_trouble) error = notice.error;
    }
    if (dead > 0)
        return check("webhook", "failed",
                     std::to_string(dead) + " results were given up, the last one: " + error,
                     "mend the receiver, then `two-path webhook retry --all`");
    if (troubled > 0)
        return check("webhook", "warning", std::to_string(troubled) + " results are owed for long: " + error,
                     "look at the receiver; `two-path webhook` lists what is owed");
    return check("webhook", "ok", "no result is owed for long");
}

} // namespace

awaitable<Response> diagnose(const OperatorContext& context, Request&) {
    // Of a device that there is not: every framework has to be asked to know that.
    const auto answer = co_await context.host.active_deployment("00000000-0000-0000-0000-000000000000");
    const auto& facts = *context.doctor;
    const auto now = context.store.clock().unix_time();
    json::array checks{check_certificate(facts),    check_names(facts), check_clock(now),
                       check_disk(facts.state_dir), check_host(answer), check_webhook(context.store)};
    json::object diagnosis{
        {"time", rfc3339(now)},
        {"second_path", json::object{{"host", facts.second_path_host}, {"port", facts.second_path_port}}},
        {"checks", std::move(checks)}};
    co_return Response::of(200, diagnosis);
}

} // namespace two_path::control
