#include "update-module/control/mender_token.hpp"

#include "update-module/control/mender_bus.hpp"
#include "update-module/process.hpp"

namespace two_path::control {
namespace {

constexpr milliseconds fetch_time{30'000}; ///< one authentication of the Mender client
constexpr milliseconds ask_again{500};

/// FetchJwtToken, then waits for a token that is not `refused`.
Result<Access> fetch(MenderBus& bus, const std::string& refused, Deadline deadline) {
    const auto end = deadline.within(fetch_time);
    if (auto listening = bus.subscribe(end); !listening) return listening.error();
    if (auto asked = bus.fetch_token(end); !asked) return asked.error();
    // The signal alone would do, but a client that authenticated just before we listened sends none.
    for (bool changed = false;;) {
        changed = bus.token_changed(std::min(ask_again, end.left())) || changed;
        auto access = bus.get_token(end);
        if (!access && !end.passed()) return access; // else no time was left for an answer
        if (access && !access->token.empty() && (changed || access->token != refused)) return access;
        if (auto may = device::may_wait(end, "a token"); !may) {
            if (may.error().code == Errc::interrupted) return may.error();
            return fail(Errc::no_token, refused.empty()
                                            ? "the Mender client is not authenticated (yet)"
                                            : "the Mender client keeps a token that the server refuses");
        }
    }
}

} // namespace

Result<Access> MenderToken::current(Deadline deadline) {
    auto bus = MenderBus::open(deadline);
    if (!bus) return bus.error();
    auto access = bus->get_token(deadline);
    if (!access || !access->token.empty()) return access;
    return fetch(*bus, {}, deadline);
}

Result<Access> MenderToken::renewed(const Access& refused, Deadline deadline) {
    auto bus = MenderBus::open(deadline);
    if (!bus) return bus.error();
    auto access = bus->get_token(deadline);
    // It may have authenticated anew between the refusal and now.
    if (!access || (!access->token.empty() && access->token != refused.token)) return access;
    return fetch(*bus, refused.token, deadline);
}

} // namespace two_path::control
