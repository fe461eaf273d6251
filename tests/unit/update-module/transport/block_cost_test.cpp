// What a block costs beside its digest and its write: nothing that memory must be found for.
// OpenSSL 3.0 allocates a digest's state each time that one begins; that is the digest's.
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/allocations.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/block_intake.hpp"
#include "update-module/bulk/payload_store.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

#include <sys/socket.h>
#include <unistd.h>

using namespace two_path;
using tests::small_block;

BOOST_AUTO_TEST_SUITE(block_cost)

namespace {

/// A data connection on which a thread sends `bytes`.
class Sender {
  public:
    explicit Sender(ByteView bytes) {
        int ends[2];
        BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        reader_ = ftp::Descriptor(ends[0]);
        sending_ = std::jthread([writer = ftp::Descriptor(ends[1]), bytes]() mutable {
            while (!bytes.empty()) {
                const auto sent = ::send(writer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (sent <= 0) return;
                bytes = bytes.subspan(static_cast<std::size_t>(sent));
            }
        });
    }
    [[nodiscard]] ftp::Descriptor data() const { return ftp::Descriptor(::dup(reader_.get())); }

  private:
    std::jthread sending_; ///< ends once nobody reads any more
    ftp::Descriptor reader_;
};

std::uint64_t allocations_of_a_digest() {
    Digest digest(DigestKind::sha256);
    const auto before = tests::allocations();
    static_cast<void>(digest.finish());
    return tests::allocations() - before;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_block_allocates_and_throws_nothing_beside_its_digest) {
    const auto file = tests::release_file(tests::noise(40 * small_block + 100));
    const tests::TemporaryFolder folder;
    bulk::PayloadStore store((folder / "store").string());
    std::vector<std::unique_ptr<bulk::Payload>> payloads;
    payloads.push_back(store.open(file.verifier()).value());
    auto& payload = *payloads.front();
    const bulk::ReceiveCallbacks callbacks;
    bulk::BlockIntake intake("second path", payloads, callbacks);
    const bulk::Patience patience{
        Deadline::in(milliseconds(20'000)), milliseconds(1'000), milliseconds(5'000), {}};
    const Sender sender(file.bytes);

    BOOST_REQUIRE(bool(intake.read(sender.data(), payload, {0, 1}, patience))); // makes the buffer
    const auto before = tests::allocations();
    const auto read = intake.read(sender.data(), payload, {1, payload.count()}, patience);
    const auto after = tests::allocations();
    BOOST_REQUIRE(bool(read));
    BOOST_TEST(payload.complete());
    BOOST_TEST(before > 0U); // they are counted
    BOOST_TEST(after - before == (payload.count() - 1) * allocations_of_a_digest());
}

BOOST_AUTO_TEST_SUITE_END()
