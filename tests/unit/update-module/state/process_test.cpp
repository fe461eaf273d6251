// Programs that we start are ended with all that they started.
#include "ftp/descriptor.hpp"
#include "update-module/process.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace two_path;
using device::Process;

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(what_is_being_started_meanwhile_is_ended_as_well) {
    for (int round = 0; round < 8; ++round) {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        const ftp::Descriptor reader(ends[0]);
        {
            const ftp::Descriptor writer(ends[1]);
            auto process = Process::start(
                {{"sh", "-c", "echo; i=0; while [ $((i+=1)) -lt 300 ]; do tail -f /dev/null & done; wait"},
                 {},
                 writer.get()});
            BOOST_REQUIRE(process);
            char line = 0;
            BOOST_REQUIRE(::read(reader.get(), &line, 1) == 1);
        }
        // Whoever is left holds the pipe open.
        pollfd wait{reader.get(), POLLIN, 0};
        BOOST_REQUIRE(::poll(&wait, 1, 5'000) == 1);
        BOOST_TEST((wait.revents & POLLHUP) != 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
