#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/ftp_site.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "tests/unit/update-module/transport/worker_process.hpp"
#include "update-module/bulk/payload_store.hpp"
#include "update-module/bulk/receive.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <set>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace two_path;
using bulk::Reception;
using tests::FtpSite;
using tests::noise;
using tests::release_file;
using tests::small_block;

namespace {

/// A device and a plugin on either side of loopback; the module's processes start before any thread or
/// secret.
struct SecondPathWorld {
    bulk::ConnectionHelper helper = bulk::ConnectionHelper::start().value();
    FtpSite site;
    tests::TemporaryFolder folder;
    bulk::PayloadStore store{(folder / "store").string()};
    bulk::ReceiveOptions options{.deadline = Deadline::in(milliseconds(30'000)),
                                 .stall_time = milliseconds(400),
                                 .silence_time = milliseconds(2'000),
                                 .first_pause = milliseconds(20)};
    bulk::ReceiveCallbacks callbacks;
    std::string host = "127.0.0.1";
    std::vector<std::string> notes;
    std::vector<std::unique_ptr<bulk::Payload>> payloads;
    tests::ReleaseFile file = release_file(noise(6 * small_block + 100));

    SecondPathWorld() {
        callbacks.note = [this](std::string_view line) { notes.emplace_back(line); };
        add(file);
    }

    void add(const tests::ReleaseFile& one) {
        site.files[one.file.id] = one.bytes;
        payloads.push_back(store.open(one.verifier()).value());
    }
    void instead_of_the_file(const tests::ReleaseFile& other) {
        payloads.clear();
        site.files.clear();
        add(other);
    }

    Reception receive(std::uint16_t port = 0) {
        const bulk::SecondPath path{host, port != 0 ? port : site.port(), site.session, site.certification};
        return bulk::receive(helper, path, payloads, options, callbacks);
    }

    void check_whole(const tests::ReleaseFile& one) {
        std::ifstream stream(store.path_of(one.file.id), std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(stream), {});
        BOOST_TEST((content == std::string(one.bytes.begin(), one.bytes.end())));
    }
};

/// Drops every SYN, as a firewall does: a listener whose backlog is full.
class DeafPort {
  public:
    DeafPort() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        BOOST_REQUIRE_EQUAL(::bind(listener_.get(), any, size), 0);
        BOOST_REQUIRE_EQUAL(::listen(listener_.get(), 0), 0);
        BOOST_REQUIRE_EQUAL(::getsockname(listener_.get(), any, &size), 0);
        BOOST_REQUIRE_EQUAL(::connect(only_.get(), any, size), 0);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    ftp::Descriptor listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    ftp::Descriptor only_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port_{0};
};

void check_error(const Reception& reception, Errc code) {
    BOOST_REQUIRE(reception.error);
    BOOST_TEST((reception.error->code == code), reception.error->message());
}

void check_success(const Reception& reception) {
    if (reception.error) BOOST_ERROR(reception.error->message());
}

/// The file with block `block` changed.
Bytes with_bad_block(Bytes bytes, std::uint64_t block) {
    bytes[block * small_block + 5] ^= 1;
    return bytes;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(receive, SecondPathWorld)

BOOST_AUTO_TEST_CASE(brings_every_block_of_every_file_over_one_connection) {
    const auto second = release_file(noise(2 * small_block, 2));
    add(second);
    std::vector<bulk::Progress> told;
    callbacks.progress = [&told](const bulk::Progress& progress) { told.push_back(progress); };
    const auto reception = receive();
    check_success(reception);
    check_whole(file);
    check_whole(second);
    const auto total = file.bytes.size() + second.bytes.size();
    BOOST_TEST(reception.report.bytes == total);
    BOOST_TEST(reception.report.fetched_twice == 0U);
    BOOST_TEST(reception.report.resumed == 0U);
    BOOST_TEST(reception.report.path == "ftp");
    BOOST_TEST(reception.report.digest == "sha256");
    BOOST_TEST(reception.report.seconds > 0);
    BOOST_TEST(reception.report.cpu_seconds > 0);
    BOOST_TEST(site.connections == 1);
    BOOST_TEST(site.transfers == 2);
    BOOST_REQUIRE(!told.empty());
    BOOST_TEST(told.back().bytes == total);
    BOOST_TEST(told.back().total == total);
    BOOST_TEST(notes.empty());
}

BOOST_AUTO_TEST_CASE(fetches_nothing_that_is_there) {
    for (std::uint64_t block = 0; block < payloads[0]->count(); ++block)
        payloads[0]->put(block, file.block(block)).value();
    payloads[0]->checkpoint().value();
    payloads.clear();
    payloads.push_back(store.open(file.verifier()).value());
    const auto reception = receive();
    check_success(reception);
    BOOST_TEST(reception.report.path == "kept");
    BOOST_TEST(reception.report.resumed == file.bytes.size());
    BOOST_TEST(site.connections == 0);
}

BOOST_AUTO_TEST_CASE(fetches_only_what_an_earlier_run_left_out) {
    const auto large = release_file(noise(80 * small_block + 100, 4));
    instead_of_the_file(large);
    for (std::uint64_t block = 1; block < 70; ++block)
        payloads[0]->put(block, large.block(block)).value();
    payloads[0]->put(80, large.block(80)).value();
    payloads[0]->checkpoint().value();
    payloads.clear();
    payloads.push_back(store.open(large.verifier()).value());
    const auto reception = receive();
    check_success(reception);
    check_whole(large);
    BOOST_TEST(reception.report.resumed == 69 * small_block + 100);
    BOOST_TEST(reception.report.bytes == large.bytes.size());
    BOOST_TEST(reception.report.fetched_twice == 0U);
    BOOST_TEST(reception.report.path == "kept+ftp");
    BOOST_TEST(site.transfers == 2); // block 0, then 70 to 79
}

BOOST_AUTO_TEST_CASE(reads_through_a_few_blocks_that_are_here_rather_than_connecting_anew) {
    for (const std::uint64_t block : {0U, 3U, 6U})
        payloads[0]->put(block, file.block(block)).value();
    payloads[0]->checkpoint().value();
    payloads.clear();
    payloads.push_back(store.open(file.verifier()).value());
    const auto reception = receive();
    check_success(reception);
    check_whole(file);
    BOOST_TEST(reception.report.resumed == 2 * small_block + 100);
    BOOST_TEST(reception.report.fetched_twice == small_block); // block 3, between 2 and 4
    BOOST_TEST(site.transfers == 1);
}

// Claim C3: the device compares the second certification information with the first.
BOOST_AUTO_TEST_CASE(leaves_a_server_whose_proof_is_wrong_without_giving_its_own) {
    const auto stranger = Certification::make();
    site.challenge = [&](const std::string& user) {
        const auto nonce = make_nonce();
        const std::string client_nonce = user.substr(user.find('.') + 1);
        const ProofInput input{Mode::pull, site.session, client_nonce, nonce};
        return "certify " + nonce + " " + stranger.proof(Party::plugin, input);
    };
    check_error(receive(), Errc::certification_mismatch);
    BOOST_TEST(site.connections == 1);
    BOOST_TEST(site.proofs == 0);
    BOOST_TEST(site.transfers == 0);
    BOOST_TEST(payloads[0]->verified_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(does_not_take_its_own_proof_or_an_old_one_as_the_servers) {
    std::string recorded;
    const std::vector<std::function<std::string(const std::string&)>> servers{
        // the device's proof, which the server cannot know, for the server's
        [&](const std::string& user) {
            const auto nonce = make_nonce();
            const std::string client_nonce = user.substr(user.find('.') + 1);
            const ProofInput input{Mode::pull, site.session, client_nonce, nonce};
            return "certify " + nonce + " " + site.certification.proof(Party::device, input);
        },
        // a good challenge of another login
        [&](const std::string&) {
            const auto nonce = make_nonce();
            const auto other = make_nonce();
            const ProofInput input{Mode::pull, site.session, other, nonce};
            return "certify " + nonce + " " + site.certification.proof(Party::plugin, input);
        },
        [](const std::string&) { return std::string("Password required."); },
        [](const std::string&) { return std::string("certify "); },
        [](const std::string&) { return std::string("certify ") + std::string(400, 'A'); },
    };
    for (const auto& server : servers) {
        site.challenge = server;
        check_error(receive(), Errc::certification_mismatch);
        BOOST_TEST(site.proofs == 0);
    }
}

BOOST_AUTO_TEST_CASE(asks_the_first_path_why_a_login_is_refused) {
    site.admit = [](int) { return false; };
    check_error(receive(), Errc::certification_refused);
    callbacks.why_refused = [] { return fail(Errc::aborted, "by the operator"); };
    check_error(receive(), Errc::aborted);
    BOOST_TEST(site.transfers == 0);
    BOOST_TEST(site.proofs == 2);
}

BOOST_AUTO_TEST_CASE(logs_in_with_fresh_nonces_each_time) {
    std::set<std::string> users;
    site.challenge = [&](const std::string& user) {
        users.insert(user);
        return std::string("no");
    };
    check_error(receive(), Errc::certification_mismatch);
    check_error(receive(), Errc::certification_mismatch);
    BOOST_TEST(users.size() == 2U);
}

BOOST_AUTO_TEST_CASE(heals_a_tampered_block) {
    site.serve = [&](const std::string&, int nth) {
        return FtpSite::Serving{nth == 0 ? with_bad_block(file.bytes, 2) : file.bytes};
    };
    const auto reception = receive();
    check_success(reception);
    check_whole(file);
    BOOST_TEST(reception.report.bytes == file.bytes.size());
    BOOST_TEST(reception.report.fetched_twice == small_block);
    BOOST_TEST(site.connections == 3); // broken off, the block alone, the rest
    BOOST_REQUIRE_EQUAL(notes.size(), 1U);
    BOOST_TEST(notes[0].find("block 2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_block_bad_three_times_ends_the_second_path) {
    site.serve = [&](const std::string&, int) { return FtpSite::Serving{with_bad_block(file.bytes, 2)}; };
    const auto reception = receive();
    check_error(reception, Errc::tampered);
    BOOST_TEST(site.transfers == 3);
    BOOST_TEST(payloads[0]->verified_bytes() == 2 * small_block);
    BOOST_TEST(!payloads[0]->has(2));
    BOOST_TEST(reception.report.fetched_twice == 3 * small_block);
}

BOOST_AUTO_TEST_CASE(a_server_that_sends_more_than_the_file_is_refused) {
    auto longer = file.bytes;
    longer.push_back(0);
    site.serve = [&](const std::string&, int) { return FtpSite::Serving{longer}; };
    check_error(receive(), Errc::tampered);
    BOOST_TEST(!payloads[0]->complete());
}

BOOST_AUTO_TEST_CASE(a_file_of_another_size_is_refused_before_a_byte_moves) {
    site.files[file.file.id].push_back(0);
    check_error(receive(), Errc::payload_refused);
    BOOST_TEST(site.transfers == 0);
}

BOOST_AUTO_TEST_CASE(a_file_that_the_server_does_not_give_is_refused) {
    site.files.clear();
    check_error(receive(), Errc::payload_refused);
    BOOST_TEST(site.connections == 1);
}

BOOST_AUTO_TEST_CASE(a_transfer_that_breaks_goes_on_where_it_broke) {
    site.serve = [&](const std::string&, int nth) {
        auto bytes = file.bytes;
        if (nth < 3) bytes.resize((static_cast<std::size_t>(nth) + 1) * 2 * small_block + 1000);
        if (bytes.size() > file.bytes.size()) bytes = file.bytes;
        return FtpSite::Serving{bytes};
    };
    const auto reception = receive();
    check_success(reception);
    check_whole(file);
    BOOST_TEST(reception.report.fetched_twice == 2 * 1000U);
    BOOST_TEST(site.transfers == 3);
}

BOOST_AUTO_TEST_CASE(a_transfer_that_always_ends_early_is_truncated) {
    site.serve = [&](const std::string&, int) {
        auto bytes = file.bytes;
        bytes.resize(2 * small_block + 1000);
        return FtpSite::Serving{bytes};
    };
    const auto reception = receive();
    check_error(reception, Errc::truncated);
    BOOST_TEST(payloads[0]->verified_bytes() == 2 * small_block);
    BOOST_TEST(site.transfers > 2);
    // What came is on disk for the next attempt.
    payloads.clear();
    BOOST_TEST(store.open(file.verifier()).value()->kept_bytes() == 2 * small_block);
}

BOOST_AUTO_TEST_CASE(a_superseded_session_says_so) {
    instead_of_the_file(release_file(noise(24U << 20U), 1U << 20U));
    bool superseded = false;
    site.sent = [&](int, std::uint64_t bytes, const ftp::ConnectionHandle& connection) {
        if (bytes < (2U << 20U) || superseded) return;
        superseded = true;
        // From now on the plugin answers with a decoy.
        site.challenge = [](const std::string&) {
            return "certify " + make_nonce() + " " + std::string(43, 'A');
        };
        connection.close("superseded");
    };
    callbacks.why_refused = [] { return fail(Errc::superseded, "session"); };
    check_error(receive(), Errc::superseded);
    BOOST_TEST(site.proofs == 1);
}

BOOST_AUTO_TEST_CASE(a_server_that_never_speaks_is_given_up_in_time) {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::acceptor silent(loop, {boost::asio::ip::make_address("127.0.0.1"), 0});
    options.silence_time = milliseconds(200);
    const auto start = Deadline::Clock::now();
    check_error(receive(silent.local_endpoint().port()), Errc::second_path_unreachable);
    BOOST_TEST((Deadline::Clock::now() - start < std::chrono::seconds(5)));
}

BOOST_AUTO_TEST_CASE(a_port_that_nobody_listens_on_is_unreachable) {
    std::uint16_t port = 0;
    {
        boost::asio::io_context loop;
        boost::asio::ip::tcp::acceptor free(loop, {boost::asio::ip::make_address("127.0.0.1"), 0});
        port = free.local_endpoint().port();
    }
    check_error(receive(port), Errc::second_path_unreachable);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_blocked_is_given_up_in_time_for_what_may_take_its_place) {
    const DeafPort blocked;
    options.first_login = Deadline::in(milliseconds(700));
    options.stall_time = milliseconds(60'000);
    const auto start = Deadline::Clock::now();
    check_error(receive(blocked.port()), Errc::second_path_unreachable);
    BOOST_TEST((Deadline::Clock::now() - start < std::chrono::seconds(5)));
    callbacks.why_refused = [] { return fail(Errc::certification_expired, "session"); };
    check_error(receive(blocked.port()), Errc::certification_expired);
}

BOOST_AUTO_TEST_CASE(after_the_first_login_its_time_means_nothing) {
    options.first_login = Deadline::in(milliseconds(700));
    options.stall_time = milliseconds(5'000);
    options.silence_time = milliseconds(800);
    site.serve = [&](const std::string&, int nth) { return FtpSite::Serving{file.bytes, nth > 0}; };
    check_success(receive());
    BOOST_TEST(options.first_login.passed());
}

BOOST_AUTO_TEST_CASE(goes_to_the_address_of_a_name_that_answers) {
    host = "localhost"; // whose first address may be of IPv6, where nobody listens
    check_success(receive());
    check_whole(file);
    BOOST_TEST(notes.empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_falls_silent_is_left_and_tried_again) {
    options.silence_time = milliseconds(300);
    options.stall_time = milliseconds(5'000);
    site.serve = [&](const std::string&, int nth) { return FtpSite::Serving{file.bytes, nth > 0}; };
    check_success(receive());
    check_whole(file);
    BOOST_TEST(site.transfers == 2);
}

BOOST_AUTO_TEST_CASE(ends_at_its_deadline_and_keeps_its_blocks) {
    options.deadline = Deadline::in(milliseconds(600));
    options.stall_time = milliseconds(60'000);
    site.serve = [&](const std::string&, int nth) {
        auto bytes = file.bytes;
        bytes.resize(small_block);
        return FtpSite::Serving{bytes, nth == 0};
    };
    check_error(receive(), Errc::time_limit);
    BOOST_TEST(payloads[0]->verified_bytes() == small_block);
}

BOOST_AUTO_TEST_CASE(stops_when_told_to) {
    options.stall_time = milliseconds(60'000);
    site.serve = [&](const std::string&, int) { return FtpSite::Serving{file.bytes, false}; };
    callbacks.interrupted = [this] { return site.transfers > 0; };
    check_error(receive(), Errc::interrupted);
}

namespace {

/// Ends the process that talks FTP by a signal, once, in the middle of a transfer that is to succeed.
void check_survives(SecondPathWorld& world, int signal) {
    world.instead_of_the_file(release_file(noise(24U << 20U), 1U << 20U));
    world.options.stall_time = milliseconds(60'000); // on a busy machine the first block is late
    bool killed = false;
    world.site.sent = [&](int, std::uint64_t bytes, const ftp::ConnectionHandle&) {
        if (killed || bytes < (2U << 20U)) return;
        killed = true;
        const auto worker = tests::find_worker();
        if (worker > 0) ::kill(worker, signal);
    };
    check_success(world.receive());
    BOOST_TEST(killed);
    BOOST_TEST(world.payloads[0]->complete());
    BOOST_TEST(world.site.logins >= 2);
}

} // namespace

BOOST_AUTO_TEST_CASE(survives_the_death_of_the_process_that_talks_ftp) {
    check_survives(*this, SIGKILL);
    BOOST_TEST(!notes.empty());
}

BOOST_AUTO_TEST_CASE(a_call_that_the_process_that_talks_ftp_may_not_make_is_told) {
    check_survives(*this, SIGSYS); // as the kernel does
    BOOST_TEST(notes.size() == 1);
    BOOST_TEST(notes.front().find("system call") != std::string::npos, notes.front());
}

BOOST_AUTO_TEST_CASE(the_process_that_talks_ftp_never_has_the_certification) {
    options.silence_time = milliseconds(60'000); // a sanitizer's memory is large
    options.deadline = Deadline::in(milliseconds(90'000));
    const bool may_look = ::geteuid() == 0; // it is closed to all others
    bool looked = false;
    bool here = false;
    bool there = true;
    const auto text = site.certification.text();
    const auto secret = from_base64url(text).value();
    const std::string raw(secret.begin(), secret.end());
    site.sent = [&](int, std::uint64_t, const ftp::ConnectionHandle&) {
        if (looked) return;
        const auto worker = tests::find_worker();
        // Its environment: we look right.
        looked = worker > 0 && tests::memory_holds(worker, "PATH=") == may_look;
        here = tests::memory_holds(::getpid(), raw) && tests::memory_holds(::getpid(), text);
        there = tests::memory_holds(worker, raw) || tests::memory_holds(worker, text);
    };
    check_success(receive());
    BOOST_TEST(looked);
    BOOST_TEST(here);
    BOOST_TEST(!there);
}

BOOST_AUTO_TEST_CASE(no_process_is_left_behind) {
    check_success(receive());
    BOOST_TEST(tests::find_worker() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(the_connection_helper_ends_with_a_module_that_is_killed) {
    int ends[2];
    BOOST_REQUIRE_EQUAL(::pipe2(ends, O_CLOEXEC), 0);
    const ftp::Descriptor ready(ends[0]);
    ftp::Descriptor done(ends[1]);
    const auto module = ::fork();
    BOOST_REQUIRE(module >= 0);
    if (module == 0) {
        const auto helper = bulk::ConnectionHelper::start();
        const bool told = helper && ::write(done.get(), "x", 1) == 1;
        while (told)
            ::pause();
        ::_exit(1);
    }
    char byte = 0;
    BOOST_TEST(::read(ready.get(), &byte, 1) == 1);
    const auto helper = tests::find_worker();
    const ftp::Descriptor watch(static_cast<int>(::syscall(SYS_pidfd_open, helper, 0)));
    ::kill(module, SIGKILL);
    ::waitpid(module, nullptr, 0);
    BOOST_REQUIRE(helper > 0);
    pollfd end{watch.get(), POLLIN, 0};
    BOOST_TEST(::poll(&end, 1, 5'000) == 1);
}
