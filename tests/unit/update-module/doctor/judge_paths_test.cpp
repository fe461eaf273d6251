// What the doctor says of both paths, case by case: nothing is looked at here.
#include "update-module/doctor/judge_paths.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path;
using namespace two_path::device;

BOOST_AUTO_TEST_SUITE(doctor_judges_the_paths)

namespace {

constexpr std::int64_t now = 1'800'000'000;
constexpr std::int64_t day = 24 * 60 * 60;

void check(const Finding& finding, const char* name, Health health, const std::string& part) {
    BOOST_TEST_CONTEXT(finding.check + ": " + finding.detail + "; " + finding.advice) {
        BOOST_TEST(finding.check == name);
        BOOST_TEST((finding.health == health));
        BOOST_TEST((finding.detail.find(part) != std::string::npos ||
                    finding.advice.find(part) != std::string::npos),
                   part);
        BOOST_TEST(finding.advice.empty() == (health == Health::ok));
    }
}

control::ServerCertificate good() {
    return {"updates.example.com:8443",
            {"updates.example.com", "192.0.2.1"},
            now - day,
            now + 365 * day,
            true,
            {}};
}

template<class Change>
CertificateSight changed(Change change) {
    auto certificate = good();
    change(certificate);
    return Result<control::ServerCertificate>(certificate);
}

CertificateSight unreached() {
    return Result<control::ServerCertificate>(fail(Errc::plugin_unreachable, "connection: refused"));
}

messages::ServiceReply service(std::vector<Mode> modes = {Mode::pull}) {
    return {{1}, std::move(modes), "192.0.2.1", 2121, now};
}

SecondPathSight second_path(Mode mode, std::vector<Mode> served, Result<std::string> answer) {
    return {mode, service(std::move(served)), std::move(answer)};
}

} // namespace

BOOST_AUTO_TEST_CASE(the_clock_is_held_against_the_server_s_certificate) {
    const auto seen = changed([](auto&) {});
    check(judge_clock(now, seen), "clock", Health::ok, "within the server's certificate");
    check(judge_clock(now, std::nullopt), "clock", Health::ok, "2027-01-15T08:00:00Z");
    check(judge_clock(now, unreached()), "clock", Health::ok, "2027");
    check(judge_clock(0, seen), "clock", Health::failed, "1970-01-01");
    check(judge_clock(now - 2 * day, seen), "clock", Health::failed,
          "before the server's certificate begins");
    check(judge_clock(now + 366 * day, seen), "clock", Health::warning,
          "after the server's certificate ended");
}

BOOST_AUTO_TEST_CASE(the_server_s_certificate) {
    const struct {
        CertificateSight seen;
        Health health;
        const char* part;
    } cases[] = {
        {changed([](auto&) {}), Health::ok, "updates.example.com, 192.0.2.1, until 2028-01-15"},
        {changed([](auto& one) { one.ends = now + 29 * day; }), Health::warning, "replaced"},
        {changed([](auto& one) { one.ends = now - 1; }), Health::failed, "has expired"},
        {changed([](auto& one) { one.begins = now + 1; }), Health::failed, "not valid before"},
        {changed([](auto& one) { one.trouble = "self-signed certificate"; }), Health::failed,
         "ServerCertificate"},
        {changed([](auto& one) { one.names_server = false; }), Health::failed, "for another server"},
        {changed([](auto& one) { one.names = {}; }), Health::ok, "no name"},
        {unreached(), Health::failed, "connection: refused"},
        {std::nullopt, Health::warning, "ServerURL"},
    };
    for (const auto& one : cases)
        check(judge_certificate(now, one.seen), "certificate", one.health, one.part);
}

BOOST_AUTO_TEST_CASE(the_token_s_source) {
    check(judge_token({true, "http://127.0.0.1:1", true}), "token", Health::ok, "D-Bus");
    check(judge_token({false, "https://h", true}), "token", Health::ok, "token_command");
    check(judge_token({true, "", false}), "token", Health::failed, "accept the device");
    check(judge_token({true, "", fail(Errc::no_token, "no Mender client runs")}), "token", Health::failed,
          "no_token: no Mender client runs");
}

BOOST_AUTO_TEST_CASE(the_first_path) {
    const TokenSight token{false, "https://h", true};
    using Answer = Result<messages::ServiceReply>;
    check(judge_first_path(token, Answer(service())), "first path", Health::ok, "https://h answers");
    check(judge_first_path(token, std::nullopt), "first path", Health::warning, "see `token`");
    check(judge_first_path(token, Answer(fail(Errc::not_found, "no such path"))), "first path",
          Health::warning, "older than this module");
    check(judge_first_path(token, Answer(fail(Errc::no_route, "HTTP 404"))), "first path", Health::failed,
          "no_route: HTTP 404");
    check(judge_first_path(token, Answer(fail(Errc::unauthorized, "expired"))), "first path", Health::failed,
          "unauthorized");
    auto newer = service();
    newer.protocols = {7, 8};
    check(judge_first_path(token, Answer(newer)), "first path", Health::failed, "does not speak protocol 1");
}

BOOST_AUTO_TEST_CASE(the_two_clocks) {
    check(judge_clocks(now, service()), "clocks", Health::ok, "differ by 0 s");
    check(judge_clocks(now + 60, service()), "clocks", Health::ok, "60 s");
    check(judge_clocks(now + 61, service()), "clocks", Health::warning, "61 s");
    check(judge_clocks(now - 61, service()), "clocks", Health::warning, "61 s");
    check(judge_clocks(now, std::nullopt), "clocks", Health::warning, "first path");
}

BOOST_AUTO_TEST_CASE(the_second_path) {
    const auto refused = fail(Errc::second_path_unreachable, "connection: refused");
    const struct {
        SecondPathSight sight;
        Health health;
        const char* part;
    } cases[] = {
        {second_path(Mode::pull, {Mode::pull}, std::string("220 ready")), Health::ok,
         "192.0.2.1 port 2121 answers"},
        {second_path(Mode::pull, {Mode::pull}, std::string("SSH-2.0-x")), Health::failed, "no FTP server"},
        {second_path(Mode::pull, {Mode::pull}, std::string("421 full")), Health::failed, "no FTP server"},
        {second_path(Mode::pull, {Mode::pull}, refused), Health::failed, "connection: refused"},
        {second_path(Mode::push, {Mode::pull}, std::string("192.0.2.9")), Health::failed, "[ftp] push"},
        {second_path(Mode::push, {Mode::pull, Mode::push}, std::string("192.0.2.9")), Health::ok,
         "192.0.2.9"},
        {second_path(Mode::push, {Mode::push}, fail(Errc::bad_configuration, "eth0 has no address")),
         Health::failed, "eth0 has no address"},
        {{Mode::pull, std::nullopt, std::string()}, Health::warning, "see `first path`"},
    };
    for (const auto& one : cases)
        check(judge_second_path(one.sight), "second path", one.health, one.part);
}

BOOST_AUTO_TEST_SUITE_END()
