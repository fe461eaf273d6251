#include "second_path.hpp"

#include <regex>

#include <sqlite3.h>

namespace two_path::bulk {
BOOST_AUTO_TEST_SUITE(pull)

namespace {

using tests::LoginScript;
using tests::PluginWorld;
using tests::SecondPath;
using tests::Ticket;

std::string id_of(const std::string& bytes) {
    return sha256_hex(bytes);
}

/// 0 for success, the code of the reply that refused it, -1 for any other failure.
template<class T>
int refused(const ftp::Outcome<T>& outcome) {
    if (outcome) return 0;
    return outcome.error().reply.code == 0 ? -1 : outcome.error().reply.code;
}

const std::regex challenge_form("certify [A-Za-z0-9_-]{22} [A-Za-z0-9_-]{43}");

/// Logs in with `script` on a connection of its own: the reply's code, 0 for success.
int attempt(SecondPath& path, const Ticket& ticket, LoginScript& script) {
    const auto client = path.connect();
    return refused(path.login(*client, ticket, script));
}

int attempt(SecondPath& path, const Ticket& ticket) {
    LoginScript right;
    return attempt(path, ticket, right);
}

std::string swap_first(std::string text) {
    text[0] = text[0] == 'A' ? 'B' : 'A';
    return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(C3_C4_the_plugin_s_proof_is_right_and_the_device_s_opens_its_files) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    const auto client = path.connect();
    LoginScript script;
    BOOST_REQUIRE(path.login(*client, ticket, script)); // the device has compared
    BOOST_TEST(std::regex_match(script.challenge, challenge_form), script.challenge);
    BOOST_TEST((path.session(ticket).state == SessionState::transferring));
    BOOST_TEST(path.drive(client->size(id_of("the payload"))).value() == 11U);
    BOOST_TEST(path.fetch(*client, id_of("the payload")).value() == "the payload");
    BOOST_TEST(path.fetch(*client, id_of("the payload"), 4).value() == "payload");
    BOOST_TEST(path.session(ticket).sent == 18U);
}

BOOST_AUTO_TEST_CASE(C4_a_wrong_second_certification_information_opens_nothing_and_harms_nothing) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    const auto other = path.ticket("device-2", "another payload");
    const auto last_word = [](const std::string& text) { return text.substr(text.rfind(' ') + 1); };
    using Password = std::function<std::string(const std::string&, std::string)>;
    const Password passwords[] = {
        [](const std::string&, std::string right) { return swap_first(std::move(right)); },
        [](const std::string&, const std::string& right) { return right + "A"; },
        [](const std::string&, const std::string&) { return std::string("x"); },
        // The plugin's own proof, sent back.
        [&](const std::string& challenge, const std::string&) { return last_word(challenge); },
        // The certification itself, as a plain login would send it.
        [&](const std::string&, const std::string&) { return ticket.certification.text(); },
        // Another session's secret.
        [&](const std::string&, const std::string&) {
            return other.certification.proof(Party::device, {Mode::pull, ticket.session, "n", "m"});
        }};
    for (const auto& password : passwords) {
        LoginScript script;
        script.password = password;
        const auto client = path.connect();
        BOOST_TEST(refused(path.login(*client, ticket, script)) == 530);
    }
    BOOST_TEST((path.session(ticket).state == SessionState::certified));
    BOOST_TEST(path.session(ticket).sent == 0U);
    BOOST_TEST(attempt(path, ticket) == 0);
}

BOOST_AUTO_TEST_CASE(a_recorded_login_is_worthless) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    LoginScript heard;
    BOOST_TEST(attempt(path, ticket, heard) == 0);
    LoginScript replay;
    replay.client_nonce = heard.client_nonce;
    replay.password = [&](const std::string&, const std::string&) { return heard.sent; };
    BOOST_TEST(attempt(path, ticket, replay) == 530);
    BOOST_TEST(replay.challenge != heard.challenge);
    BOOST_TEST(attempt(path, ticket) == 0); // fresh nonces: the device itself comes in again
}

BOOST_AUTO_TEST_CASE(C5_a_dead_certification_opens_nothing) {
    struct {
        const char* how;
        std::function<void(PluginWorld&, const Ticket&)> end;
    } const ends[] = {
        {"transferred",
         [](PluginWorld& world, const Ticket& ticket) {
             const messages::TransferReport report{11, 0, 0, 1, 1, "sha256", "ftp"};
             world.sessions().transferred(ticket.device, ticket.session, report).value();
         }},
        {"failed",
         [](PluginWorld& world, const Ticket& ticket) {
             world.sessions()
                 .failed(ticket.device, ticket.session, {"Download", {Errc::no_room, ""}})
                 .value();
         }},
        {"aborted", [](PluginWorld& world,
                       const Ticket& ticket) { world.sessions().abort(ticket.session, "someone").value(); }},
        {"expired", [](PluginWorld& world, const Ticket&) { world.time.pass(std::chrono::hours(1)); }},
        {"superseded",
         [](PluginWorld& world, const Ticket& ticket) {
             const auto release = world.store().release("release-of-" + ticket.device).value();
             world.open(ticket.device, PluginWorld::request(release.descriptor)).value();
         }},
    };
    for (const auto& one : ends) {
        BOOST_TEST_CONTEXT(one.how) {
            SecondPath path;
            const auto ticket = path.ticket("device-1", "the payload");
            BOOST_TEST(attempt(path, ticket) == 0);
            path.on_worker([&](PluginWorld& world) { one.end(world, ticket); });
            LoginScript script;
            script.password = [](const std::string&, std::string right) { return right; };
            BOOST_TEST(attempt(path, ticket, script) == 530);
            BOOST_TEST(std::regex_match(script.challenge, challenge_form));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_stored_by_the_device_opens_nothing) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload", false);
    LoginScript script;
    script.password = [](const std::string&, std::string right) { return right; };
    BOOST_TEST(attempt(path, ticket, script) == 530);
    BOOST_TEST((path.session(ticket).state == SessionState::opened));
}

BOOST_AUTO_TEST_CASE(who_is_unknown_or_malformed_is_challenged_like_the_known_and_refused) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    const auto nonce = make_nonce();
    for (const auto& user :
         {make_nonce() + "." + nonce, std::string("anonymous"), ticket.session, ticket.session + ".",
          ticket.session + "." + nonce + "A", ticket.session + "." + nonce.substr(1), "." + nonce,
          ticket.session + "." + nonce + "." + nonce, ticket.session + ".../../../etc/passwd_"}) {
        BOOST_TEST_CONTEXT(user) {
            LoginScript script;
            script.user = user;
            script.client_nonce = nonce;
            script.password = [](const std::string&, std::string right) { return right; };
            BOOST_TEST(attempt(path, ticket, script) == 530);
            BOOST_TEST(std::regex_match(script.challenge, challenge_form), script.challenge);
        }
    }
    BOOST_TEST((path.session(ticket).state == SessionState::certified));
}

BOOST_AUTO_TEST_CASE(only_the_session_s_own_files_exist) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    path.ticket("device-2", "another payload");
    const auto client = path.connect();
    BOOST_REQUIRE(path.login(*client, ticket));
    for (const auto& name : {id_of("another payload"), id_of("nothing"), std::string("two-path.db"),
                             std::string("../two-path.db"), id_of("the payload") + "/"}) {
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST(refused(path.drive(client->size(name))) == 550);
            BOOST_TEST(refused(path.fetch(*client, name)) == 550);
        }
    }
    BOOST_TEST(path.fetch(*client, id_of("the payload")).value() == "the payload");
}

BOOST_AUTO_TEST_CASE(a_payload_that_was_taken_from_the_catalog_is_refused_not_cut_short) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    path.on_worker([&](PluginWorld& world) { world.payloads().remove(id_of("the payload")).value(); });
    const auto client = path.connect();
    BOOST_REQUIRE(path.login(*client, ticket));
    BOOST_TEST(refused(path.fetch(*client, id_of("the payload"))) == 451);
}

BOOST_AUTO_TEST_CASE(a_newer_login_takes_the_place_of_the_older_one) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    const auto other = path.ticket("device-2", "another payload");
    const auto bystander = path.connect();
    BOOST_REQUIRE(path.login(*bystander, other));
    const auto older = path.connect();
    BOOST_REQUIRE(path.login(*older, ticket));
    // A wrong login does not put anyone out.
    LoginScript wrong;
    wrong.password = [](const std::string&, std::string right) { return swap_first(std::move(right)); };
    BOOST_TEST(attempt(path, ticket, wrong) == 530);
    BOOST_TEST(path.drive(older->size(id_of("the payload"))).value() == 11U);

    const auto newer = path.connect();
    BOOST_REQUIRE(path.login(*newer, ticket));
    BOOST_TEST(!path.drive(older->size(id_of("the payload"))));
    BOOST_TEST(path.drive(newer->size(id_of("the payload"))).value() == 11U);
    BOOST_TEST(path.drive(bystander->size(id_of("another payload"))).value() == 15U);
}

BOOST_AUTO_TEST_CASE(an_abort_cuts_the_running_transfer_and_only_that) {
    SecondPath path;
    const std::string large(64 * 1024 * 1024, 'x'); // more than the connection's buffers hold
    const auto ticket = path.ticket("device-1", large);
    const auto other = path.ticket("device-2", "another payload");
    const auto bystander = path.connect();
    BOOST_REQUIRE(path.login(*bystander, other));
    const auto client = path.connect();
    BOOST_REQUIRE(path.login(*client, ticket));
    const auto data = path.drive(client->retrieve(id_of(large), 0)); // and nothing is read from it
    BOOST_REQUIRE(data);

    path.on_worker([&](PluginWorld& world) { world.sessions().abort(ticket.session, "someone").value(); });
    const auto ended = path.drive(client->finish());
    BOOST_REQUIRE(!ended);
    path.await_connections(1);
    BOOST_TEST(path.session(ticket).sent < large.size());
    BOOST_TEST(path.fetch(*bystander, id_of("another payload")).value() == "another payload");
}

BOOST_AUTO_TEST_CASE(a_state_that_fails_under_a_transfer_ends_neither_the_transfer_nor_the_plugin) {
    SecondPath path;
    const auto ticket = path.ticket("device-1", "the payload");
    const auto client = path.connect();
    BOOST_REQUIRE(path.login(*client, ticket));
    path.on_worker([](PluginWorld& world) {
        world.time.pass(std::chrono::minutes(30)); // so that the next bytes are written
        sqlite3* database = nullptr;
        BOOST_REQUIRE_EQUAL(sqlite3_open((world.folder / "two-path.db").c_str(), &database), SQLITE_OK);
        sqlite3_exec(database, "ALTER TABLE sessions RENAME COLUMN sent TO gone", nullptr, nullptr, nullptr);
        sqlite3_close(database);
    });
    BOOST_TEST(path.fetch(*client, id_of("the payload")).value() == "the payload");
    BOOST_CHECK_THROW(path.session(ticket), std::runtime_error);
    BOOST_TEST(path.on_worker(
        [&](PluginWorld& world) { return world.admission().find(ticket.session) != nullptr; }));
}

BOOST_AUTO_TEST_CASE(plain_login_works_where_it_is_switched_on_and_only_there) {
    for (const bool allowed : {false, true}) {
        SecondPath path(PullSettings{allowed});
        const auto ticket = path.ticket("device-1", "the payload");
        LoginScript wrong;
        wrong.user = ticket.session;
        wrong.password = [](const std::string&, const std::string&) { return Certification::make().text(); };
        BOOST_TEST(attempt(path, ticket, wrong) == 530);
        LoginScript plain = wrong;
        plain.password = [&](const std::string&, const std::string&) { return ticket.certification.text(); };
        BOOST_TEST(attempt(path, ticket, plain) == (allowed ? 0 : 530));
        BOOST_TEST(attempt(path, ticket) == 0); // the proof is understood in any case
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::bulk
