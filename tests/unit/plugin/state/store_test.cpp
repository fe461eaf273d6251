#include "plugin/state/store.hpp"

#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::state {
BOOST_AUTO_TEST_SUITE(store)

namespace {

using tests::PluginWorld;
using tests::TemporaryFolder;

Session session_of(const std::string& device, const std::string& release) {
    Session session;
    session.id = make_nonce();
    session.device = device;
    session.deployment = "deployment-1";
    session.request.module_version = "0.1.0";
    session.request.attempt = make_nonce();
    session.request.release = release;
    session.request.digests = {DigestKind::blake2b512, DigestKind::sha256};
    session.request.mode = Mode::push;
    session.request.issuer = Issuer::device;
    session.request.receiver = messages::Receiver{"2001:db8::1", 2121};
    session.request.version = "1.0";
    session.request.device_type = "board";
    session.request.boot_id = "boot-1";
    session.version = "2.0";
    session.version_check = false;
    session.reboot_always = true;
    session.block_size = 65536;
    session.total = 1000;
    return session;
}

void take_all(Store& store, Session& session, std::initializer_list<SessionStep> steps) {
    for (const auto step : steps)
        BOOST_REQUIRE_MESSAGE(store.take(session, step, "device", ""), name_of(step));
}

} // namespace

BOOST_AUTO_TEST_CASE(a_session_comes_back_as_it_was_opened) {
    PluginWorld world;
    auto session = session_of("device-1", "app-2.0");
    const auto certification = Certification::make();
    world.store().open_session(session, certification, world.time.unix_time + 5);
    world.restart();

    const auto found = world.store().session(session.id);
    BOOST_REQUIRE(found);
    BOOST_TEST(found->device == session.device);
    BOOST_TEST(found->deployment == session.deployment);
    BOOST_TEST(json::serialize(found->request.to_json()) == json::serialize([&] {
                   auto expected = session.request;
                   expected.formats = found->request.formats;
                   return expected.to_json();
               }()));
    BOOST_TEST(found->version == "2.0");
    BOOST_TEST(!found->version_check);
    BOOST_TEST(found->reboot_always);
    BOOST_TEST(found->block_size == 65536U);
    BOOST_TEST(found->total == 1000U);
    BOOST_TEST(found->opened == world.time.unix_time);
    BOOST_TEST((found->state == SessionState::opened));
    BOOST_TEST(!found->reason.has_value());
    BOOST_TEST(!found->transfer.has_value());
    const auto stored = world.store().certification(session.id);
    BOOST_REQUIRE(stored);
    BOOST_TEST(stored->certification.is(certification.text()));
    BOOST_TEST(stored->expires == world.time.unix_time + 5);
    BOOST_TEST(world.store().session_of_attempt("device-1", session.request.attempt).has_value());
    BOOST_TEST(!world.store().session_of_attempt("device-2", session.request.attempt).has_value());
}

BOOST_AUTO_TEST_CASE(a_step_writes_state_fields_and_event_together) {
    PluginWorld world;
    auto session = session_of("device-1", "app-2.0");
    world.store().open_session(session, Certification::make(), 0);
    take_all(world.store(), session, {SessionStep::stored, SessionStep::login});
    world.time.pass(std::chrono::seconds(3));
    session.transfer = messages::TransferReport{1000, 1, 2, 3.5, 0.25, "sha256", "ftp"};
    session.reported = "2.1";
    session.nonce = "nonce";
    session.nonce_boot_id = "boot-2";
    session.nonce_answered = true;
    session.reason = Errc::version_mismatch;
    session.detail = "what";
    session.stage = "where";
    const auto taken = world.store().take(session, SessionStep::transferred, "device", "ftp");
    BOOST_REQUIRE(taken);
    BOOST_TEST(*taken);
    world.restart();

    const auto found = world.store().session(session.id);
    BOOST_REQUIRE(found);
    BOOST_TEST((found->state == SessionState::transferred));
    BOOST_REQUIRE(found->transfer);
    BOOST_TEST(found->transfer->to_json() == session.transfer->to_json());
    BOOST_TEST((found->reported == session.reported));
    BOOST_TEST((found->nonce == session.nonce));
    BOOST_TEST(found->nonce_boot_id == "boot-2");
    BOOST_TEST(found->nonce_answered);
    BOOST_TEST((found->reason == Errc::version_mismatch));
    BOOST_TEST(found->detail == "what");
    BOOST_TEST(found->stage == "where");
    BOOST_TEST(found->changed == world.time.unix_time);
    const auto events = world.store().events(session.id);
    BOOST_REQUIRE_EQUAL(events.size(), 4U);
    BOOST_TEST(events[3].number == 4);
    BOOST_TEST(events[3].time == world.time.unix_time);
    BOOST_TEST(events[3].step == "transferred");
    BOOST_TEST((events[3].state == SessionState::transferred));
    BOOST_TEST(events[3].cause == "device");
    BOOST_TEST(events[3].detail == "ftp");
}

BOOST_AUTO_TEST_CASE(a_step_out_of_order_or_taken_before_writes_nothing) {
    PluginWorld world;
    auto session = session_of("device-1", "app-2.0");
    world.store().open_session(session, Certification::make(), 0);
    const auto early = world.store().take(session, SessionStep::installed, "device", "");
    BOOST_REQUIRE(!early);
    BOOST_TEST((early.error().code == Errc::out_of_order));
    take_all(world.store(), session, {SessionStep::stored});
    const auto again = world.store().take(session, SessionStep::stored, "device", "");
    BOOST_REQUIRE(again);
    BOOST_TEST(!*again);
    BOOST_TEST(world.store().events(session.id).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_note_that_says_the_same_again_is_written_once) {
    PluginWorld world;
    auto session = session_of("device-1", "app-2.0");
    world.store().open_session(session, Certification::make(), 0);
    for (const auto* boot : {"boot-2", "boot-2", "boot-3"})
        world.store().note(session, "started", "device", boot);
    BOOST_TEST(world.store().events(session.id).size() == 3U);
}

BOOST_AUTO_TEST_CASE(notes_end_at_200_events_and_steps_do_not) {
    PluginWorld world;
    auto session = session_of("device-1", "app-2.0");
    world.store().open_session(session, Certification::make(), 0);
    for (int i = 0; i < 220; ++i)
        world.store().note(session, "started", "device", "boot-" + std::to_string(i));
    BOOST_TEST(world.store().events(session.id).size() == 200U);
    take_all(world.store(), session, {SessionStep::failed});
    BOOST_TEST(world.store().events(session.id).back().step == "failed");
}

// What a power cut leaves is the files as they are, with nothing closed: SQLite syncs them at each commit.
BOOST_AUTO_TEST_CASE(C5_a_power_cut_after_the_transfer_does_not_revive_the_certification) {
    PluginWorld world;
    auto session = session_of("device-1", "app-2.0");
    const auto certification = Certification::make();
    world.store().open_session(session, certification, 0);
    take_all(world.store(), session, {SessionStep::stored, SessionStep::login});

    const auto after_cut = [&] {
        const TemporaryFolder copy;
        for (const auto* file : {"two-path.db", "two-path.db-wal"})
            std::filesystem::copy_file(world.folder / file, copy / file);
        auto store = Store::open(copy.path(), world.time.clock());
        BOOST_REQUIRE(store);
        const auto found = store->session(session.id);
        BOOST_REQUIRE(found);
        return std::pair{found->state, store->certification(session.id).has_value()};
    };
    BOOST_TEST((after_cut() == std::pair{SessionState::transferring, true}));
    take_all(world.store(), session, {SessionStep::transferred});
    BOOST_TEST((after_cut() == std::pair{SessionState::transferred, false}));
    take_all(world.store(), session, {SessionStep::invalidated});
    BOOST_TEST((after_cut() == std::pair{SessionState::invalidated, false}));
}

BOOST_AUTO_TEST_CASE(the_certification_dies_with_every_step_that_ends_its_use) {
    for (const auto end : {SessionStep::failed, SessionStep::aborted, SessionStep::expired}) {
        PluginWorld world;
        auto session = session_of("device-1", "app-2.0");
        world.store().open_session(session, Certification::make(), 0);
        BOOST_TEST(world.store().certifications().size() == 1U);
        take_all(world.store(), session, {end});
        BOOST_TEST(world.store().certifications().empty(), name_of(end));
    }
}

BOOST_AUTO_TEST_CASE(sessions_are_listed_newest_first_and_filtered) {
    PluginWorld world;
    std::vector<std::string> ids;
    for (const auto& [device, release] : {std::pair{"a", "app-1"}, {"b", "app-1"}, {"a", "app-2"}}) {
        auto session = session_of(device, release);
        world.store().open_session(session, Certification::make(), 0);
        ids.push_back(session.id);
        world.time.pass(std::chrono::seconds(1));
    }
    auto failed = *world.store().session(ids[1]);
    take_all(world.store(), failed, {SessionStep::failed});

    const auto listed = [&](const SessionFilter& filter) {
        std::vector<std::string> found;
        for (const auto& session : world.store().sessions(filter))
            found.push_back(session.id);
        return found;
    };
    using Ids = std::vector<std::string>;
    BOOST_TEST(listed({}) == (Ids{ids[2], ids[1], ids[0]}));
    BOOST_TEST(listed({"a", "", {}, 100}) == (Ids{ids[2], ids[0]}));
    BOOST_TEST(listed({"a", "app-1", {}, 100}) == (Ids{ids[0]}));
    BOOST_TEST(listed({"", "", SessionState::failed, 100}) == (Ids{ids[1]}));
    BOOST_TEST(listed({"", "", {}, 1}) == (Ids{ids[2]}));
    BOOST_TEST(world.store().unfinished().size() == 2U);
    BOOST_TEST(world.store().unfinished("a").size() == 2U);
    BOOST_TEST(world.store().unfinished("b").empty());
    BOOST_TEST(world.store().unfinished_parts().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_release_comes_back_whole_and_names_its_payloads) {
    PluginWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.restart();
    const auto found = world.store().release("app-2.0");
    BOOST_REQUIRE(found);
    BOOST_TEST(to_json(found->descriptor) == to_json(descriptor));
    BOOST_TEST(world.store().releases().size() == 1U);
    BOOST_TEST(world.store().releases_with(descriptor.files[0].id) == std::vector<std::string>{"app-2.0"});
    BOOST_TEST(world.store().remove_release("app-2.0"));
    BOOST_TEST(!world.store().remove_release("app-2.0"));
    BOOST_TEST(world.store().releases_with(descriptor.files[0].id).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
