// What an operator looks after the plugin with: the audit trail and the doctor.
#include "fake_server.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
namespace {

struct LoggedIn : Operator {
    LoggedIn() {
        logged_in();
        shell.greet = [this](const std::string& host, std::uint16_t port) {
            asked = host + " " + std::to_string(port);
            return greeting;
        };
        now = 1'800'000'000; // 2027-01-15T08:00:00Z
    }
    void diagnose(const std::string& checks, const std::string& host = "",
                  const std::string& time = "2027-01-15T08:00:30.000Z") {
        server.answer("GET " + own_api + "/doctor",
                      {200,
                       R"({"time":")" + time + R"(","second_path":{"host":")" + host +
                           R"(","port":2121},"checks":[)" + checks + "]}",
                       {}});
    }
    Result<std::string> greeting{"220 two-path"};
    std::string asked;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(operations, LoggedIn)

BOOST_AUTO_TEST_CASE(the_audit_trail_is_written_out_oldest_first) {
    const std::string older = R"({"time":"2027-01-14T08:00:00.000Z","actor":"a","action":"login"})";
    const std::string newer = R"({"time":"2027-01-15T08:00:00.000Z","actor":"b","action":"login"})";
    server.answer("GET " + own_api + "/audit",
                  {200,
                   R"([{"name":"audit-00000001.jsonl","size":1},{"name":"audit-00000002.jsonl","size":1},)"
                   R"({"name":"audit-00000003.jsonl","size":1}])",
                   {}});
    // The first has gone meanwhile; a power cut left half a line.
    server.answer("GET " + own_api + "/audit/audit-00000002.jsonl",
                  {200, older + "\n{\"time\":\"2027-\n", {}});
    server.answer("GET " + own_api + "/audit/audit-00000003.jsonl", {200, newer + "\n", {}});
    BOOST_TEST(run({"audit", "export"}) == 0);
    BOOST_TEST(out.str() == older + "\n" + newer + "\n");
    BOOST_TEST(run({"audit", "export", "--since", "2027-01-15"}) == 0);
    BOOST_TEST(out.str() == newer + "\n");
    for (const auto& wrong : std::vector<std::vector<std::string>>{
             {"audit"}, {"audit", "show"}, {"audit", "export", "--since", "yesterday"}})
        BOOST_TEST(run(wrong) == 2);
}

BOOST_AUTO_TEST_CASE(a_healthy_server_ends_the_doctor_well) {
    diagnose(R"({"check":"disk","state":"ok","detail":"9 MiB are free"})");
    BOOST_TEST(run({"doctor"}) == 0);
    BOOST_TEST(out.str() ==
               "ok       first path: https://mender.example answers, is trusted, and takes the login\n"
               "ok       clocks: this machine's and the server's differ by 30 s\n"
               "ok       second path: mender.example port 2121 answers from here\n"
               "ok       disk: 9 MiB are free\n");
    BOOST_TEST(asked == "mender.example 2121");
    BOOST_TEST(run({"doctor", "--json"}) == 0);
    BOOST_TEST(json_out().as_array().size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_warning_is_no_failure_and_a_failure_is) {
    diagnose(R"({"check":"certificate","state":"warning","detail":"ends soon","advice":"renew it"})",
             "ftp.example", "2027-01-15T09:00:00.000Z");
    BOOST_TEST(run({"doctor"}) == 0);
    BOOST_TEST(asked == "ftp.example 2121");
    BOOST_TEST(
        out.str().find("warning  clocks: this machine's and the server's differ by 3600 s\n         set") !=
        std::string::npos);
    BOOST_TEST(out.str().find("warning  certificate: ends soon\n         renew it\n") != std::string::npos);

    greeting = fail(Errc::plugin_unreachable, "Connection refused");
    BOOST_TEST(run({"doctor"}) == 1);
    BOOST_TEST(
        out.str().find("FAILED   second path: ftp.example port 2121: Connection refused\n         open") !=
        std::string::npos);
    greeting = std::string("SSH-2.0-x");
    BOOST_TEST(run({"doctor"}) == 1);

    greeting = std::string("220 x");
    FakeServer other;
    server = other;
    diagnose(R"({"check":"host","state":"failed","detail":"unavailable: away","advice":"wait"})");
    BOOST_TEST(run({"doctor"}) == 1);
    BOOST_TEST(out.str().find("FAILED   host: unavailable: away\n         wait\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_reached_is_a_finding_too) {
    shell.connect = [](const cli::Account&) {
        return Result<cli::Transport>([](control::ClientRequest) -> Result<control::ClientResponse> {
            return fail(Errc::plugin_unreachable, "mender.example: no connection: Connection refused");
        });
    };
    BOOST_TEST(run({"doctor"}) == 1);
    BOOST_TEST(out.str().starts_with("FAILED   first path: plugin_unreachable"));
    BOOST_TEST(run({"doctor", "now"}) == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
