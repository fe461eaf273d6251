// One data connection: what comes, and how slowly it may.
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/block_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

#include <sys/socket.h>
#include <unistd.h>

using namespace two_path;
using bulk::Patience;
using tests::small_block;

BOOST_AUTO_TEST_SUITE(block_stream)

namespace {

/// Something that sends a few bytes now and then, never silent for long, until this ends.
class Drip {
  public:
    Drip() {
        int ends[2];
        BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        reader = ftp::Descriptor(ends[0]);
        dripping_ =
            std::async(std::launch::async, [writer = ftp::Descriptor(ends[1]), over = over_.get_future()] {
                const Bytes drop(drop_size);
                while (over.wait_for(interval) == std::future_status::timeout)
                    if (::send(writer.get(), drop.data(), drop.size(), MSG_NOSIGNAL) < 0) return;
            });
    }
    Drip(const Drip&) = delete;
    Drip& operator=(const Drip&) = delete;
    ~Drip() { over_.set_value(); }

    static constexpr std::size_t drop_size = 100;
    static constexpr milliseconds interval{10}; ///< at most 10 000 bytes per second
    ftp::Descriptor reader;

  private:
    std::promise<void> over_;
    std::future<void> dripping_;
};

Patience patience() {
    Patience patience{Deadline::in(milliseconds(20'000)), milliseconds(1'000), milliseconds(5'000), {}};
    patience.stall = milliseconds(300);
    return patience;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_connection_that_drips_is_left_though_it_is_never_silent) {
    Drip drip;
    auto with = patience();
    with.min_rate = 100'000;
    bulk::BlockStream stream(std::move(drip.reader), with);
    Bytes block(small_block);
    const auto start = Deadline::Clock::now();
    const auto read = stream.read(block);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == bulk::Setback::Kind::lost));
    BOOST_TEST(read.error().what.find("min_rate") != std::string::npos);
    BOOST_TEST((Deadline::Clock::now() - start < milliseconds(5'000)));
}

BOOST_AUTO_TEST_CASE(one_that_is_slow_and_fast_enough_is_read_block_by_block) {
    Drip drip;
    auto with = patience();
    with.min_rate = 100;
    bulk::BlockStream stream(std::move(drip.reader), with);
    Bytes block(2'000);
    for (int i = 0; i < 3; ++i) // each has its own time
        BOOST_TEST(bool(stream.read(block)));
}

BOOST_AUTO_TEST_CASE(a_block_has_the_time_that_its_size_and_the_rate_ask_for) {
    auto with = patience();
    with.min_rate = 1'000;
    BOOST_TEST((with.block_time(100) == with.stall));
    BOOST_TEST((with.block_time(100'000) == milliseconds(100'000)));
    with.rate = 1'000'000;
    BOOST_TEST((with.block_time(100'000) == milliseconds(100'000)));
    with.rate = 500;
    BOOST_TEST((with.block_time(100'000) == milliseconds(400'000)));
    with.rate = 1;
    BOOST_TEST((with.block_time(100) == milliseconds(100'000)));
}

BOOST_AUTO_TEST_SUITE_END()
