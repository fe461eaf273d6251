#include "fake_server.hpp"
#include "plugin/cli/publish/time_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace two_path::tests {
namespace {

using cli::TimeLimit;
using cli::warning_of;
using std::chrono::seconds;

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t gib = 1024 * mib;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

struct TimedPublishing : Operator {
    std::string file{(folder / "run.sh").string()};

    TimedPublishing() {
        logged_in();
        std::ofstream(file) << "echo hello\n"; // 11 bytes
    }
    int publish(const std::vector<std::string>& more) {
        std::vector<std::string> words{"publish",       file,    "--version",   "2",     "--version-command",
                                       "--device-type", "board", "--installer", "script"};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(time_limit, TimedPublishing)

BOOST_AUTO_TEST_CASE(a_transfer_gets_the_clients_time_less_a_minute_and_at_least_half) {
    const std::pair<long, long> table[] = {{2, 1},    {65, 32},  {119, 59},
                                           {120, 60}, {121, 61}, {14'400, 14'340}};
    for (const auto& [timeout, transfer] : table)
        BOOST_TEST((TimeLimit{seconds(timeout), 0}.of_transfer().count()) == transfer, timeout);
}

BOOST_AUTO_TEST_CASE(a_warning_comes_when_one_attempt_is_too_short) {
    struct Row {
        long timeout;
        std::uint64_t rate;
        std::uint64_t bytes;
        std::string_view part; ///< of the warning; empty: there is none
    };
    const Row table[] = {
        {14'400, 0, 0, ""},
        {14'400, 0, 1'792'500'000, ""}, // what 1 Mbit/s brings in 14 340 s
        {14'400, 0, 1'792'500'001, "a device needs 122.1 KiB a second"},
        {14'400, 0, 10 * gib,
         "to take 10.0 GiB in the 3 h 59 min of an attempt (ModuleTimeoutSeconds 14400), "},
        {600, 0, 100 * mib,
         "in the 9 min of an attempt (ModuleTimeoutSeconds 600), a device needs 189.6 KiB"},
        {14'400, mib, 14'340 * mib, ""},
        {14'400, mib, 14'340 * mib + 1, "take 4 h 0 min, longer than the 3 h 59 min of an attempt"},
        {14'400, mib, 14'340 * mib + 1,
         "That takes 2 attempts: let `redeploy` be 1 or more, or "
         "ModuleTimeoutSeconds more than 14401"},
        {14'400, 10 * mib, 10 * gib, ""}, // without a rate it would be told of
        {14'400, 1024, gib, "1.0 GiB at 1.0 KiB a second take 291 h 17 min"},
        {14'400, 1024, gib, "That takes 74 attempts: let `redeploy` be 73 or more"},
        {2, 1, ~std::uint64_t{0}, "attempts"}, // as large as numbers are
    };
    for (const auto& row : table) {
        const auto warning = warning_of({seconds(row.timeout), row.rate}, row.bytes);
        BOOST_TEST(warning.has_value() == !row.part.empty(), warning.value_or("no warning") << row.bytes);
        if (warning) BOOST_TEST(has(*warning, row.part), *warning);
    }
}

BOOST_AUTO_TEST_CASE(the_rate_has_the_usual_units) {
    // 11 bytes in the one second of `--module-timeout 2`
    const std::pair<const char*, bool> table[] = {{"10", true},    {"11", false},    {"1KiB", false},
                                                  {"1MiB", false}, {"1kbit", false}, {"1Mbit", false}};
    for (const auto& [rate, warned] : table) {
        BOOST_TEST(publish({"--module-timeout", "2", "--device-rate", rate}) == 0, err.str());
        BOOST_TEST(has(err.str(), "ModuleTimeoutSeconds") == warned, rate << ": " << err.str());
    }
}

BOOST_AUTO_TEST_CASE(publishing_warns_on_standard_error_and_publishes) {
    const std::string line =
        "two-path: warning: 11 B at 1 B a second take 11 s, longer than the 5 s of an attempt "
        "(ModuleTimeoutSeconds 10): an attempt that runs out of time ends with `time_limit`, "
        "keeps its blocks and is ordered again, at most `[session] redeploy` times, and the "
        "next one goes on. That takes 3 attempts: let `redeploy` be 2 or more, or "
        "ModuleTimeoutSeconds more than 71\n";
    BOOST_TEST(publish({"--module-timeout", "10", "--device-rate", "1", "--json"}) == 0);
    BOOST_TEST(has(err.str(), line), err.str());
    BOOST_TEST(json_out().as_object().contains("artifact"));
    BOOST_TEST(publish({}) == 0);
    BOOST_TEST(!has(err.str(), "ModuleTimeoutSeconds"), err.str());
}

BOOST_AUTO_TEST_CASE(what_was_written_for_signing_warns_when_it_is_uploaded) {
    const auto output = (folder / "out.mender").string();
    BOOST_TEST(publish({"--output", output}) == 0);
    BOOST_TEST(run({"publish", "--upload", output, "--device-rate", "1", "--module-timeout", "10"}) == 0);
    BOOST_TEST(has(err.str(), "warning: 11 B at 1 B a second take 11 s"), err.str());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
