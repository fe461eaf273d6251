// What becomes of a release whose artifact the framework has no more.
#include "plugin/control/freeing.hpp"
#include "plugin/control/release_api.hpp"
#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(freeing)

namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct Published : tests::PluginWorld {
    Published()
      : descriptor(describe("app-2.0", "2.0", "the payload")) {
        publish(descriptor);
    }

    host::KeptArtifact artifact(const std::string& id) const {
        host::KeptArtifact kept{id, descriptor.release, {}};
        for (const auto& file : descriptor.files)
            for (const auto& [kind, digest] : file.blocks)
                kept.files.push_back({file.list_name(kind), digest});
        return kept;
    }
    void look() {
        Freeing freeing(store(), payloads(), host, hours(24));
        tests::run(freeing.look());
    }
    void look_after(seconds time_passed) {
        time.pass(time_passed);
        look();
    }
    /// As POST payloads and POST releases do.
    void publish_again() {
        store_now();
        const auto text = json::serialize(to_json(descriptor));
        BOOST_TEST_REQUIRE(register_release(store(), payloads(), text).has_value());
    }
    void store_now() {
        const auto id = add_payload("the payload");
        timespec times[2]{};
        times[0].tv_sec = times[1].tv_sec = time.unix_time / 1000;
        BOOST_REQUIRE(::utimensat(AT_FDCWD, (folder / "payloads" / id).c_str(), times, 0) == 0);
    }
    bool is_there() {
        const bool has_payload = payloads().size_of(descriptor.files[0].id).has_value();
        BOOST_TEST(has_payload == store().release("app-2.0").has_value());
        return has_payload;
    }

    Descriptor descriptor;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_deleted_release_goes_with_its_payload_after_the_grace_time) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.host.kept = {world.artifact("a-1")};
    world.look_after(hours(100));
    BOOST_TEST(!world.store().release("app-2.0")->gone.has_value());
    world.host.kept.clear();
    world.look();
    BOOST_TEST(world.store().release("app-2.0")->gone.has_value());
    world.look_after(hours(24) - seconds(1));
    BOOST_TEST(world.is_there());
    world.restart();
    world.look_after(seconds(1));
    BOOST_TEST(!world.is_there());
}

BOOST_AUTO_TEST_CASE(a_release_that_comes_back_stays) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.look();
    world.host.kept = {world.artifact("a-2")};
    world.look_after(hours(48));
    world.host.kept.clear();
    world.look();
    BOOST_TEST(world.is_there());
    BOOST_TEST(world.store().release("app-2.0")->artifact.value() == "a-2");
}

BOOST_AUTO_TEST_CASE(a_release_whose_artifact_was_never_seen_stays) {
    Published world;
    world.look();
    world.look_after(hours(1000));
    BOOST_TEST(world.is_there());
}

BOOST_AUTO_TEST_CASE(an_artifact_is_known_by_name_and_checksums_and_not_by_its_name_alone) {
    Published world;
    auto other = world.artifact("a-3");
    other.files[0].sha256 = std::string(64, '0');
    auto renamed = world.artifact("a-4");
    renamed.name = "app-3.0";
    world.host.kept = {other, renamed};
    world.look();
    BOOST_TEST(!world.store().release("app-2.0")->artifact.has_value());
    world.host.kept = {world.artifact("a-5")};
    world.look();
    BOOST_TEST(world.store().release("app-2.0")->artifact.value() == "a-5");
}

BOOST_AUTO_TEST_CASE(a_framework_that_does_not_answer_changes_nothing) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.host.failure = fail(Errc::unavailable, "as the test says");
    world.look();
    BOOST_TEST(!world.store().release("app-2.0")->gone.has_value());
    world.host.failure.reset();
    world.look();
    world.host.failure = fail(Errc::unavailable, "as the test says");
    world.look_after(hours(48));
    BOOST_TEST(world.is_there());
}

BOOST_AUTO_TEST_CASE(what_a_session_needs_stays_until_it_has_ended) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.deploy("device-1", world.descriptor, "deployment-1");
    BOOST_TEST_REQUIRE(world.open("device-1", tests::PluginWorld::request(world.descriptor)).has_value());
    world.look();
    world.look_after(hours(25));
    BOOST_TEST(world.is_there());
    world.host.aborted = {"deployment-1"};
    tests::run(world.sessions().poll_host());
    world.look();
    BOOST_TEST(!world.is_there());
}

BOOST_AUTO_TEST_CASE(a_payload_stays_with_another_release_that_has_it) {
    Published world;
    auto again = world.describe("app-2.1", "2.1", "the payload");
    world.publish(again);
    world.store().found_artifact("app-2.0", "a-1");
    world.look();
    world.look_after(hours(24));
    BOOST_TEST(!world.store().release("app-2.0").has_value());
    BOOST_TEST(world.payloads().size_of(again.files[0].id).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_published_again_stays) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.look();
    world.time.pass(hours(48));
    world.publish_again();
    world.look();
    BOOST_TEST(world.is_there());
    BOOST_TEST(!world.store().release("app-2.0")->gone.has_value());
    world.look_after(hours(48)); // its artifact is still on its way
    BOOST_TEST(world.is_there());
}

BOOST_AUTO_TEST_CASE(what_is_published_again_while_the_framework_answers_stays) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.look();
    world.host.while_asked = [&] {
        world.publish_again();
        world.store().found_artifact("app-2.0", "a-2");
    };
    world.look_after(hours(48));
    BOOST_TEST(world.is_there());
    BOOST_TEST(world.store().release("app-2.0")->artifact.value() == "a-2");
    BOOST_TEST(!world.store().release("app-2.0")->gone.has_value());
}

BOOST_AUTO_TEST_CASE(bytes_that_somebody_stores_for_another_release_stay_though_the_release_goes) {
    Published world;
    world.store().found_artifact("app-2.0", "a-1");
    world.look();
    world.time.pass(hours(48));
    world.store_now();
    world.look();
    BOOST_TEST(!world.store().release("app-2.0").has_value());
    auto next = world.descriptor;
    next.release = "app-2.1";
    const auto text = json::serialize(to_json(next));
    BOOST_TEST(register_release(world.store(), world.payloads(), text).has_value());
}

BOOST_AUTO_TEST_CASE(a_release_whose_payload_is_missing_is_not_registered_again) {
    Published world;
    BOOST_REQUIRE(world.payloads().remove(world.descriptor.files[0].id).has_value());
    const auto text = json::serialize(to_json(world.descriptor));
    const auto refused = register_release(world.store(), world.payloads(), text);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == Errc::payload_missing));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
