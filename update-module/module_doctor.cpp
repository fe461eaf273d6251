#include "update-module/module_doctor.hpp"

#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/greeting.hpp"
#include "update-module/control/https_client.hpp"
#include "update-module/control/mender_bus.hpp"
#include "update-module/control/token_command.hpp"
#include "update-module/control/verdict.hpp"
#include "update-module/doctor/judge_device.hpp"
#include "update-module/doctor/judge_paths.hpp"
#include "update-module/doctor/look_device.hpp"
#include "update-module/log.hpp"
#include "update-module/own_address.hpp"
#include "update-module/resolve.hpp"

#include <cstdio>
#include <ctime>

namespace two_path::device {
namespace {

constexpr milliseconds whole_time{30'000};
constexpr milliseconds token_time{8'000};
constexpr milliseconds answer_time{6'000}; ///< resolving included

using Service = std::optional<Result<messages::ServiceReply>>;

/// As it is: nothing has the Mender client authenticate anew.
Result<control::Access> take_token(const Settings& settings, Deadline deadline) {
    if (!settings.server_url.empty())
        return control::TokenCommand(settings.server_url, settings.token_command).current(deadline);
    auto bus = control::MenderBus::open(deadline);
    if (!bus) return bus.error();
    return bus->get_token(deadline);
}

TokenSight sight_of(const Settings& settings, const Result<control::Access>& access) {
    TokenSight sight;
    sight.from_mender = settings.server_url.empty();
    if (!access) {
        sight.url = settings.server_url;
        sight.present = access.error();
        return sight;
    }
    sight.url = access->url;
    sight.present = !access->token.empty();
    return sight;
}

CertificateSight look_at_server(const Settings& settings, Deadline deadline) {
    // Behind a forwarder on loopback the server is the one that the Mender client goes to.
    const auto url = settings.server_url.starts_with("https://")
                         ? settings.server_url
                         : mender_server_url(settings, MenderFolders::from_environment());
    if (!url.starts_with("https://")) return std::nullopt;
    return control::look_at_certificate(url, settings.server_certificate, deadline);
}

Service ask_service(const Settings& settings, const Result<control::Access>& access, Deadline deadline) {
    if (!access || access->token.empty()) return std::nullopt;
    constexpr unsigned ok = 200;
    control::HttpsClient client(settings.server_certificate);
    auto reply = client.exchange(access->url, access->token, {"GET", messages::service_path(), {}},
                                 deadline.within(answer_time));
    if (!reply) return reply.error();
    const auto body = control::body_of(std::move(*reply), {ok});
    if (!body) return body.error();
    auto told = messages::ServiceReply::parse(*body);
    if (!told) return fail(Errc::no_route, "the answer is not the plugin's: " + told.error().detail);
    return told;
}

Result<std::string> greeting_of(const messages::ServiceReply& place, Deadline deadline) {
    const auto addresses = resolve(place.host, deadline.within(answer_time));
    if (!addresses) return addresses.error();
    return bulk::read_greeting(*addresses, place.port, deadline);
}

SecondPathSight look_at_second_path(const Settings& settings, const Service& service, Deadline deadline) {
    SecondPathSight sight;
    sight.mode = settings.mode;
    if (!service || !*service) return sight;
    sight.told = **service;
    sight.answer =
        settings.mode == Mode::push ? own_address(settings.push_address) : greeting_of(*sight.told, deadline);
    return sight;
}

/// Why an update with one of these takes the state with it; empty when none does.
std::string replaced_by(const Settings& settings, const std::vector<std::string>& installers) {
    for (const auto& name : installers)
        if (const auto survives = check_survives(settings, name);
            !survives && survives.error().code == Errc::bad_configuration)
            return survives.error().detail;
    return {};
}

/// As an attempt starts it.
Result<std::string> look_at_confinement() {
    const auto helper = bulk::ConnectionHelper::start();
    if (!helper) return helper.error();
    return helper->lacking();
}

void look_at_device(const Settings& settings, Findings& findings) {
    const auto mender = MenderFolders::from_environment();
    const auto installers = look_at_installers(settings.modules_dir);
    auto state_folder = look_at_folder(settings.state_dir);
    state_folder.replaced = replaced_by(settings, installers.names);
    findings.push_back(judge_module(look_at_module(settings.modules_dir)));
    findings.push_back(judge_scripts(look_at_scripts(mender)));
    findings.push_back(judge_installers(installers));
    findings.push_back(judge_state_folder(state_folder));
    findings.push_back(judge_room(look_at_room(settings.state_dir), settings.store));
    findings.push_back(judge_mender_room(look_at_room(mender.data_store)));
    findings.push_back(judge_confinement(look_at_confinement()));
}

void look_along_paths(const Settings& settings, Findings& findings, Deadline deadline) {
    const auto certificate = look_at_server(settings, deadline);
    const std::int64_t now = std::time(nullptr);
    findings.push_back(judge_clock(now, certificate));
    findings.push_back(judge_certificate(now, certificate));
    const auto access = take_token(settings, deadline.within(token_time));
    const auto token = sight_of(settings, access);
    findings.push_back(judge_token(token));
    const auto service = ask_service(settings, access, deadline);
    const std::int64_t answered = std::time(nullptr);
    const auto second_path = look_at_second_path(settings, service, deadline);
    findings.push_back(judge_first_path(token, service));
    findings.push_back(judge_clocks(answered, second_path.told));
    findings.push_back(judge_second_path(second_path));
}

Findings look() {
    const auto deadline = Deadline::in(whole_time);
    const auto settings = load_settings();
    Findings findings{judge_configuration(settings)};
    if (!settings) return findings;
    look_at_device(*settings, findings);
    look_along_paths(*settings, findings, deadline);
    return findings;
}

} // namespace

int run_doctor(const std::vector<std::string>& arguments) {
    const bool as_json = arguments.size() == 1 && arguments[0] == "--json";
    if (!arguments.empty() && !as_json) {
        say("`doctor` takes nothing but --json; see two-path-device --help");
        return info(Errc::bad_request).exit_code;
    }
    const auto findings = look();
    const auto text = as_json ? to_json(findings) : to_text(findings);
    const bool printed =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!printed) say("standard output cannot be written");
    return printed && !any_failed(findings) ? 0 : 1;
}

} // namespace two_path::device
