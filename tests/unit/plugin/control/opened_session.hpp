/// A session of device-1, opened, and brought as far as a test wants.
#pragma once

#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

namespace two_path::tests {

struct OpenedSession : PluginWorld {
    Descriptor descriptor;
    std::string id;
    std::string nonce;

    explicit OpenedSession(bool version_check = true, Reboot reboot = Reboot::as_installer) {
        descriptor = describe("app-2.0", "2.0", "some bytes");
        descriptor.version_check = version_check;
        descriptor.installer.reboot = reboot;
        publish(descriptor);
        deploy("device-1", descriptor, "deployment-1");
        id = open("device-1", request(descriptor)).value().session;
    }

    OpenedSession& to(SessionState state) {
        const auto order = {SessionState::certified,   SessionState::transferring, SessionState::transferred,
                            SessionState::invalidated, SessionState::installed,    SessionState::restarted};
        for (const auto next : order) {
            step(next);
            if (next == state) return *this;
        }
        throw std::logic_error("not on the way");
    }

    void step(SessionState next) {
        if (next == SessionState::certified) sessions().stored("device-1", id).value();
        if (next == SessionState::transferring) BOOST_REQUIRE(admission().login(id, "192.0.2.9"));
        if (next == SessionState::transferred) transferred().value();
        if (next == SessionState::invalidated) sessions().invalidated("device-1", id).value();
        if (next == SessionState::installed) progress(SessionStep::installed).value();
        if (next == SessionState::restarted) nonce = start("boot-2").value().nonce;
        BOOST_REQUIRE_MESSAGE(session().state == next, name_of(next));
    }

    Result<void> transferred(std::uint64_t bytes = 10) {
        return sessions().transferred("device-1", id, {bytes, 0, 0, 2.5, 0.5, "blake2b512", "ftp"});
    }
    Result<void> progress(SessionStep step, bool compared_offline = false) {
        return sessions().progress("device-1", id, {step, compared_offline});
    }
    Result<messages::VersionRequest> start(const std::string& boot) {
        return sessions().start("device-1", id, {boot});
    }
    Result<messages::Verdict> version(const std::string& version, const std::string& boot = "boot-2") {
        return sessions().version("device-1", id, {version, nonce, boot});
    }
    Result<void> failed(Errc code, const std::string& detail) {
        return sessions().failed("device-1", id, {"Download", {code, detail}});
    }
    state::Session session() { return store().session(id).value(); }
    std::vector<state::Event> events() { return store().events(id); }
};

template<class T>
Errc code_of(const Result<T>& result) {
    BOOST_REQUIRE(!result);
    return result.error().code;
}

} // namespace two_path::tests
