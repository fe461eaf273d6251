// What becomes of payloads that imports left in the catalog.
#include "plugin/importing/leftovers.hpp"

#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace two_path::importing {
namespace {

using state::ImportState;
using std::chrono::hours;
using std::chrono::seconds;

constexpr const char* full = "app-2.0";

/// An import of `full` that has stored its payload.
struct Imported : tests::PluginWorld {
    Imported()
      : descriptor(describe(twin_of(full), "2.0", "the payload"))
      , payload(descriptor.files[0].id) {
        store().order_import(full, "{}");
        store().add_import_payloads(full, {payload});
    }

    void fails() { end_in_failure(store(), full, fail(Errc::too_large, "as the test says")); }
    void look_after(seconds passed) {
        time.pass(passed);
        free_leftovers(store(), payloads(), hours(24));
    }
    bool has_payload() { return payloads().size_of(payload).has_value(); }
    ImportState state() { return store().import(full)->state; }
    /// As if somebody had stored the same bytes now.
    void store_again() {
        add_payload("the payload");
        timespec times[2]{};
        times[0].tv_sec = times[1].tv_sec = time.unix_time / 1000 + 1;
        BOOST_REQUIRE(::utimensat(AT_FDCWD, (folder / "payloads" / payload).c_str(), times, 0) == 0);
    }

    Descriptor descriptor;
    std::string payload;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(leftovers, Imported)

BOOST_AUTO_TEST_CASE(a_failed_imports_payload_goes_after_the_grace_time_and_the_reason_stays) {
    fails();
    look_after(hours(24) - seconds(1));
    BOOST_TEST(has_payload());
    restart();
    look_after(seconds(1));
    BOOST_TEST(!has_payload());
    BOOST_TEST(store().import_payloads(full).empty());
    BOOST_TEST((store().import(full)->reason == Errc::too_large));
    BOOST_TEST(store().import(full)->detail == "as the test says");
}

BOOST_AUTO_TEST_CASE(the_twin_that_a_failed_import_registered_goes_with_it) {
    publish(descriptor);
    store().forget_import_payload(full, payload); // an attempt was killed before it could say
    store().registered_by_import(full);
    fails();
    BOOST_TEST(!store().release(twin_of(full)).has_value());
    look_after(hours(24));
    BOOST_TEST(!has_payload());
}

BOOST_AUTO_TEST_CASE(a_release_that_the_import_did_not_register_stays) {
    publish(descriptor);
    fails();
    look_after(hours(100));
    BOOST_TEST(store().release(twin_of(full)).has_value());
    BOOST_TEST(has_payload());
}

BOOST_AUTO_TEST_CASE(a_twin_that_mender_has_stays) {
    publish(descriptor);
    store().registered_by_import(full);
    store().found_artifact(twin_of(full), "a-1");
    fails();
    look_after(hours(100));
    BOOST_TEST(has_payload());
}

BOOST_AUTO_TEST_CASE(a_payload_that_a_release_has_goes_with_the_release) {
    auto other = descriptor;
    other.release = "other-2.0";
    publish(other);
    fails();
    look_after(hours(24));
    BOOST_TEST(has_payload());
    BOOST_TEST(store().import_payloads(full).empty());
}

BOOST_AUTO_TEST_CASE(what_somebody_stored_again_is_left_to_him) {
    fails();
    time.pass(hours(24));
    store_again();
    look_after(seconds(0));
    BOOST_TEST(has_payload());
    BOOST_TEST(store().import_payloads(full).empty());
}

BOOST_AUTO_TEST_CASE(what_is_under_way_keeps_its_payload) {
    look_after(hours(100));
    BOOST_TEST(has_payload());
    BOOST_TEST((state() == ImportState::running));
    const auto why = fail(Errc::unavailable, "as the test says");
    store().end_import(full, ImportState::waiting, &why);
    look_after(hours(100));
    BOOST_TEST(has_payload());
}

BOOST_AUTO_TEST_CASE(what_awaits_its_signature_stays_until_it_is_cancelled) {
    publish(descriptor);
    store().registered_by_import(full);
    store().keep_unsigned(twin_of(full), "artifact");
    store().end_import(full, ImportState::awaits_signature, nullptr);
    look_after(hours(1000));
    BOOST_TEST(has_payload());
    BOOST_TEST((state() == ImportState::awaits_signature));
    BOOST_TEST(store().remove_release(twin_of(full)));
    look_after(seconds(0));
    BOOST_TEST((state() == ImportState::failed));
    BOOST_TEST((store().import(full)->reason == Errc::aborted));
    look_after(hours(24) - seconds(1));
    BOOST_TEST(has_payload());
    look_after(seconds(1));
    BOOST_TEST(!has_payload());
}

BOOST_AUTO_TEST_CASE(what_was_signed_and_uploaded_is_done) {
    publish(descriptor);
    store().registered_by_import(full);
    store().keep_unsigned(twin_of(full), "artifact");
    store().end_import(full, ImportState::awaits_signature, nullptr);
    store().found_artifact(twin_of(full), "a-1");
    look_after(seconds(0));
    BOOST_TEST((state() == ImportState::done));
    look_after(hours(100));
    BOOST_TEST(has_payload());
}

BOOST_AUTO_TEST_CASE(a_new_order_keeps_what_the_one_before_left) {
    fails();
    store().order_import(full, "{}");
    BOOST_TEST(store().import(full)->attempts == 1U);
    look_after(hours(100));
    BOOST_TEST(has_payload());
    store().try_import(full);
    BOOST_TEST(store().import(full)->attempts == 2U);
    store().end_import(full, ImportState::done, nullptr);
    look_after(hours(24));
    BOOST_TEST(!has_payload());
}

BOOST_AUTO_TEST_CASE(of_those_that_ended_the_newest_are_kept_and_those_that_left_something) {
    fails();
    for (std::uint64_t i = 0; i <= state::Store::max_ended_imports; ++i) {
        time.pass(seconds(1));
        const auto name = "app-" + std::to_string(100 + i);
        store().order_import(name, "{}");
        store().end_import(name, ImportState::done, nullptr);
    }
    BOOST_TEST(!store().import("app-100").has_value());
    BOOST_TEST(store().import("app-101").has_value());
    BOOST_TEST(store().import(full).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::importing
