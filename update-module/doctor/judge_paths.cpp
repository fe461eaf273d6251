#include "update-module/doctor/judge_paths.hpp"

#include "protocol/messages.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>

namespace two_path::device {
namespace {

constexpr std::int64_t earliest_time = 1'767'225'600; ///< 2026-01-01: this program is younger
constexpr std::int64_t day = 24 * 60 * 60;
constexpr std::int64_t certificate_warning = 30 * day;
constexpr std::int64_t allowed_skew = 60; ///< seconds between two clocks that are nobody's trouble
constexpr const char* set_clock = "set this device's clock, and have it kept, such as by NTP or a battery";

/// gmtime(3) would end in 2038 where time_t has 32 bits.
std::string utc(std::int64_t seconds) {
    const std::chrono::sys_seconds time{std::chrono::seconds{seconds}};
    const auto midnight = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{midnight};
    const std::chrono::hh_mm_ss clock{time - midnight};
    std::tm broken{};
    broken.tm_year = int{date.year()} - 1900;
    broken.tm_mon = static_cast<int>(unsigned{date.month()}) - 1;
    broken.tm_mday = static_cast<int>(unsigned{date.day()});
    broken.tm_hour = static_cast<int>(clock.hours().count());
    broken.tm_min = static_cast<int>(clock.minutes().count());
    broken.tm_sec = static_cast<int>(clock.seconds().count());
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken);
    return {text.data(), size};
}

Finding failed(const char* check, const Error& error) {
    const auto& row = info(error.code);
    return {check, Health::failed, std::string(row.reason) + ": " + error.detail, std::string(row.advice)};
}

bool speaks(std::uint64_t protocol) {
    return messages::oldest_protocol <= protocol && protocol <= messages::protocol;
}

std::string names_of(const control::ServerCertificate& certificate) {
    std::string text;
    for (const auto& name : certificate.names)
        text.append(text.empty() ? "" : ", ").append(name);
    return text.empty() ? "no name" : text;
}

Finding judge_pushed_to(const SecondPathSight& sight) {
    const auto* const check = "second path";
    if (!sight.answer) return {check, Health::failed, sight.answer.error().detail, "correct `push_address`"};
    return {check,
            Health::ok,
            "the plugin comes to this device, " + *sight.answer + "; `push_ports` must be open to it",
            {}};
}

Finding judge_gone_to(const SecondPathSight& sight) {
    const auto* const check = "second path";
    const auto place = sight.told->host + " port " + std::to_string(sight.told->port);
    if (sight.answer && sight.answer->starts_with("220"))
        return {check, Health::ok, place + " answers as an FTP server", {}};
    const auto why = sight.answer ? "what answers is no FTP server" : sight.answer.error().detail;
    return {check, Health::failed, place + ": " + why,
            "open that port and the server's passive_ports to this device in the firewalls between, and look "
            "at the server's [ftp] advertise"};
}

} // namespace

Finding judge_clock(std::int64_t now, const CertificateSight& certificate) {
    if (now < earliest_time) return {"clock", Health::failed, "it shows " + utc(now), set_clock};
    if (!certificate || !*certificate) return {"clock", Health::ok, "it shows " + utc(now), {}};
    const auto& seen = **certificate;
    if (now < seen.begins)
        return {"clock", Health::failed,
                "it shows " + utc(now) + ", before the server's certificate begins: " + utc(seen.begins),
                set_clock};
    if (now > seen.ends)
        return {"clock", Health::warning,
                "it shows " + utc(now) + ", after the server's certificate ended: " + utc(seen.ends),
                "if it is wrong, set it; else see `certificate`"};
    return {"clock", Health::ok, "it shows " + utc(now) + ", within the server's certificate", {}};
}

Finding judge_certificate(std::int64_t now, const CertificateSight& certificate) {
    const auto* const check = "certificate";
    if (!certificate)
        return {check, Health::warning,
                "not looked at: neither `server_url` nor mender.conf names an https:// server",
                "set ServerURL in mender.conf"};
    if (!*certificate) return failed(check, certificate->error());
    const auto& seen = **certificate;
    const auto text = seen.server + ": for " + names_of(seen) + ", until " + utc(seen.ends);
    if (now < seen.begins)
        return {check, Health::failed, text + "; not valid before " + utc(seen.begins), "see `clock`"};
    if (now > seen.ends)
        return {check, Health::failed, text + "; it has expired",
                "have the server's replaced, or set this device's clock"};
    if (!seen.trouble.empty())
        return {check, Health::failed, text + "; " + seen.trouble,
                "give this device the server's certificate or its authority's: `server_certificate`, or "
                "ServerCertificate in mender.conf"};
    if (!seen.names_server)
        return {check, Health::failed, text + "; it is for another server",
                "use one of its names in the server's URL, or have the certificate made for this one"};
    if (seen.ends - now < certificate_warning)
        return {check, Health::warning, text, "have it replaced before it ends"};
    return {check, Health::ok, text, {}};
}

Finding judge_token(const TokenSight& sight) {
    const std::string source = sight.from_mender ? "the Mender client, over D-Bus" : "`token_command`";
    if (!sight.present) return failed("token", sight.present.error());
    if (!*sight.present)
        return {"token", Health::failed, source + ", which has none",
                "accept the device at the server, and see the Mender client's log"};
    return {"token", Health::ok, "from " + source, {}};
}

Finding judge_first_path(const TokenSight& token,
                         const std::optional<Result<messages::ServiceReply>>& answer) {
    const auto* const check = "first path";
    if (!answer) return {check, Health::warning, "not asked without a token", "see `token`"};
    if (!*answer && (answer->error().code == Errc::not_found))
        return {check, Health::warning,
                token.url +
                    " answers, but cannot tell where the second path is: it is older than this module",
                "upgrade two-path-server, or see whether an update goes through"};
    if (!*answer) return failed(check, answer->error());
    if (std::ranges::none_of((*answer)->protocols, speaks))
        return {check, Health::failed,
                token.url + " does not speak protocol " + std::to_string(messages::protocol),
                "upgrade the older one of server and device"};
    return {check, Health::ok, token.url + " answers and knows this device", {}};
}

Finding judge_clocks(std::int64_t now, const std::optional<messages::ServiceReply>& told) {
    if (!told) return {"clocks", Health::warning, "the server did not tell its time", "see `first path`"};
    const auto skew = std::abs(static_cast<std::int64_t>(told->time) - now);
    const auto text = "this device's and the server's differ by " + std::to_string(skew) + " s";
    if (skew > allowed_skew) return {"clocks", Health::warning, text, "set the one that is wrong"};
    return {"clocks", Health::ok, text, {}};
}

Finding judge_second_path(const SecondPathSight& sight) {
    const auto* const check = "second path";
    if (!sight.told)
        return {check, Health::warning, "not looked at: the server did not tell where it is",
                "see `first path`"};
    if (std::ranges::find(sight.told->modes, sight.mode) == sight.told->modes.end())
        return {check, Health::failed,
                "the server does not serve mode `" + std::string(name_of(sight.mode)) + "`",
                "switch on [ftp] push at the server, or set `mode` to pull"};
    return sight.mode == Mode::push ? judge_pushed_to(sight) : judge_gone_to(sight);
}

} // namespace two_path::device
