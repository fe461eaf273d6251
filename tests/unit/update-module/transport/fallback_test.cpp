// The bulk over the first path: in parts that the link and the rate bear.
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/http_site.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/payload_store.hpp"
#include "update-module/module_fallback.hpp"
#include "update-module/part_size.hpp"
#include "update-module/process.hpp"

#include <boost/test/unit_test.hpp>

#include <charconv>

using namespace two_path;
using device::PartSize;
using tests::http_answer;
using tests::release_file;

namespace {

constexpr std::size_t kibi = 1024;
constexpr std::uint64_t plenty = std::uint64_t{1} << 40U;

class OneToken : public control::TokenSource {
  public:
    explicit OneToken(std::string url)
      : url_(std::move(url)) {}
    Result<control::Access> current(Deadline) override {
        control::Access access;
        access.token = "token";
        access.url = url_;
        return access;
    }
    Result<control::Access> renewed(const control::Access&, Deadline deadline) override {
        return current(deadline);
    }

  private:
    std::string url_;
};

/// Of a session that has ended, which is heard of when the time is over.
class RefusedAfter : public control::TokenSource {
  public:
    explicit RefusedAfter(Deadline end)
      : end_(end) {}
    Result<control::Access> current(Deadline) override {
        for (device::Pause pause; pause(end_, "the end");) {
        }
        return fail(Errc::aborted, "the session was aborted");
    }
    Result<control::Access> renewed(const control::Access&, Deadline deadline) override {
        return current(deadline);
    }

  private:
    Deadline end_;
};

/// A plugin that serves one file in parts.
struct PartsPath {
    tests::HttpSite site;
    OneToken tokens{site.url()};
    control::HttpsClient client;
    control::Session session{tokens, client, make_nonce()};
    tests::TemporaryFolder folder;
    bulk::PayloadStore store{(folder / "store").string()};
    tests::ReleaseFile file = release_file(tests::noise(6 * tests::small_block + 100));
    std::vector<std::unique_ptr<bulk::Payload>> payloads;
    std::vector<std::size_t> asked; ///< bytes of each part
    bulk::ReceiveOptions options{.deadline = Deadline::in(milliseconds(20'000)),
                                 .stall_time = milliseconds(1),
                                 .first_pause = milliseconds(1)};

    PartsPath() { payloads.push_back(store.open(file.verifier()).value()); }

    void then_parts(int count) {
        for (; count > 0; --count)
            site.then([this](const std::string& request) { return part(request); });
    }
    std::string part(const std::string& request) {
        const std::string head = "bytes=";
        const auto* const at = request.data() + request.find(head) + head.size();
        std::size_t first = 0;
        std::size_t last = 0;
        const auto* const dash = std::from_chars(at, request.data() + request.size(), first).ptr;
        std::from_chars(dash + 1, request.data() + request.size(), last);
        asked.push_back(last - first + 1);
        const auto bytes = ByteView(file.bytes).subspan(first, last - first + 1);
        return http_answer("206 Partial Content", std::string(bytes.begin(), bytes.end()),
                           "Content-Type: application/octet-stream\r\n");
    }
    bulk::Reception fetch() {
        auto reception = device::fetch_over_first_path(session, payloads, options, {});
        if (reception.error) BOOST_ERROR(reception.error->message());
        return reception;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(part_size)

BOOST_AUTO_TEST_CASE(grows_while_parts_come_at_once_and_no_further) {
    PartSize size(0);
    BOOST_TEST(size.of(plenty) == 256 * kibi);
    for (int i = 0; i < 10; ++i)
        size.came(size.of(plenty), milliseconds(100));
    BOOST_TEST(size.of(plenty) == 2048 * kibi);
    BOOST_TEST(size.of(7) == 7U);
}

BOOST_AUTO_TEST_CASE(shrinks_on_a_slow_link_and_where_nothing_came) {
    PartSize size(0);
    size.came(256 * kibi, milliseconds(3'000));
    BOOST_TEST(size.of(plenty) == 128 * kibi);
    size.came(128 * kibi, milliseconds(700)); // about a second: as it should be
    BOOST_TEST(size.of(plenty) == 128 * kibi);
    size.missed();
    BOOST_TEST(size.of(plenty) == 64 * kibi);
    for (int i = 0; i < 10; ++i)
        size.missed();
    BOOST_TEST(size.of(plenty) == 16 * kibi);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_file_says_nothing_of_the_link) {
    PartSize size(0);
    size.came(100, milliseconds(1));
    BOOST_TEST(size.of(plenty) == 256 * kibi);
}

BOOST_AUTO_TEST_CASE(is_never_more_than_two_seconds_of_the_rate) {
    for (const std::uint64_t rate : {std::uint64_t{100}, std::uint64_t{30'000}, std::uint64_t{900'000}}) {
        PartSize size(rate);
        for (int i = 0; i < 10; ++i)
            size.came(size.of(plenty), milliseconds(1));
        BOOST_TEST(size.of(plenty) == 2 * rate);
        size.missed();
        BOOST_TEST(size.of(plenty) <= 2 * rate);
    }
    PartSize fast(std::uint64_t{1} << 60U);
    for (int i = 0; i < 10; ++i)
        fast.came(fast.of(plenty), milliseconds(1));
    BOOST_TEST(fast.of(plenty) == 2048 * kibi);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(fallback, PartsPath)

BOOST_AUTO_TEST_CASE(brings_a_file_in_parts) {
    then_parts(2);
    const auto report = fetch().report;
    BOOST_TEST(payloads[0]->complete());
    BOOST_TEST(report.path == "https");
    BOOST_TEST(report.fetched_twice == 0U);
    BOOST_TEST(asked.size() == 2U);
}

// Longer than `stall_time`: others are served, and nothing has failed.
BOOST_AUTO_TEST_CASE(waits_for_a_plugin_that_serves_others_now) {
    for (int i = 0; i < 5; ++i)
        site.then(tests::refusal("429 Too Many Requests", "busy", "Retry-After: 60\r\n"));
    then_parts(2);
    fetch();
    BOOST_TEST(payloads[0]->complete());
}

BOOST_AUTO_TEST_CASE(a_plugin_that_is_silent_until_the_time_is_over_is_no_other_reason) {
    options.deadline = Deadline::in(milliseconds(300));
    site.then(tests::HttpSite::Answer([](const std::string&) { return std::string(); }));
    const auto reception = device::fetch_over_first_path(session, payloads, options, {});
    BOOST_REQUIRE(reception.error);
    BOOST_TEST((reception.error->code == Errc::time_limit), reception.error->message());
}

BOOST_AUTO_TEST_CASE(a_reason_that_does_not_pass_is_told_when_the_time_is_over_too) {
    options.deadline = Deadline::in(milliseconds(20));
    RefusedAfter refused(options.deadline);
    control::Session ended(refused, client, make_nonce());
    const auto reception = device::fetch_over_first_path(ended, payloads, options, {});
    BOOST_REQUIRE(reception.error);
    BOOST_TEST((reception.error->code == Errc::aborted), reception.error->message());
}

BOOST_AUTO_TEST_CASE(keeps_to_a_rate_in_small_parts) {
    options.rate = 100'000;
    then_parts(3);
    const auto start = Deadline::Clock::now();
    fetch();
    BOOST_TEST(payloads[0]->complete());
    BOOST_TEST((Deadline::Clock::now() - start > milliseconds(3'500)));
    BOOST_TEST(asked == (std::vector<std::size_t>{200'000, 193'316}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
