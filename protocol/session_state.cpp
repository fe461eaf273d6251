#include "protocol/session_state.hpp"

#include <algorithm>
#include <array>

namespace two_path {
namespace {

using State = SessionState;
using Step = SessionStep;

constexpr std::array<std::string_view, 14> state_names{
    "opened",    "certified", "transferring", "transferred", "invalidated", "installed", "restarted",
    "confirmed", "committed", "mismatch",     "rolled_back", "failed",      "expired",   "aborted"};

constexpr std::array<std::string_view, 13> step_names{
    "stored",          "login",     "transferred", "invalidated", "installed", "restarted", "version_equal",
    "version_differs", "committed", "rolled_back", "failed",      "expired",   "aborted"};

struct Transition {
    Step step;
    State from;
    State to;
};

// A step taken again leaves the state it led to as it is.
constexpr Transition transitions[] = {
    {Step::stored, State::opened, State::certified},
    {Step::stored, State::certified, State::certified},
    {Step::stored, State::transferring, State::transferring},

    {Step::login, State::certified, State::transferring},
    {Step::login, State::transferring, State::transferring},

    // Straight from certified when every block was kept from an earlier run.
    {Step::transferred, State::certified, State::transferred},
    {Step::transferred, State::transferring, State::transferred},
    {Step::transferred, State::transferred, State::transferred},
    {Step::transferred, State::invalidated, State::invalidated},

    {Step::invalidated, State::transferred, State::invalidated},
    {Step::invalidated, State::invalidated, State::invalidated},

    {Step::installed, State::invalidated, State::installed},
    {Step::installed, State::installed, State::installed},
    {Step::installed, State::restarted, State::restarted},

    {Step::restarted, State::installed, State::restarted},
    {Step::restarted, State::restarted, State::restarted},
    {Step::restarted, State::confirmed, State::confirmed},
    {Step::restarted, State::mismatch, State::mismatch},

    // From installed when the installer needed no restart.
    {Step::version_equal, State::installed, State::confirmed},
    {Step::version_equal, State::restarted, State::confirmed},
    {Step::version_equal, State::confirmed, State::confirmed},
    {Step::version_differs, State::installed, State::mismatch},
    {Step::version_differs, State::restarted, State::mismatch},
    // The device started again before it committed, and fell back by itself.
    {Step::version_differs, State::confirmed, State::mismatch},
    {Step::version_differs, State::mismatch, State::mismatch},

    {Step::committed, State::confirmed, State::committed},
    {Step::committed, State::committed, State::committed},
    // The plugin was away: the device compared the version with the signed descriptor itself.
    {Step::committed, State::installed, State::committed},
    {Step::committed, State::restarted, State::committed},

    {Step::rolled_back, State::invalidated, State::rolled_back},
    {Step::rolled_back, State::installed, State::rolled_back},
    {Step::rolled_back, State::restarted, State::rolled_back},
    {Step::rolled_back, State::confirmed, State::rolled_back},
    {Step::rolled_back, State::mismatch, State::rolled_back},
    {Step::rolled_back, State::rolled_back, State::rolled_back},
    // Why it failed or was aborted says more than that the old software is back.
    {Step::rolled_back, State::failed, State::failed},
    {Step::rolled_back, State::aborted, State::aborted},
    {Step::rolled_back, State::expired, State::expired},

    {Step::failed, State::mismatch, State::mismatch},
    {Step::failed, State::failed, State::failed},
    {Step::failed, State::aborted, State::aborted},
    {Step::failed, State::expired, State::expired},
    {Step::failed, State::rolled_back, State::rolled_back},
};

bool ends_from_anywhere(Step step) noexcept {
    return step == Step::failed || step == Step::expired || step == Step::aborted;
}

State end_of(Step step) noexcept {
    if (step == Step::failed) return State::failed;
    return step == Step::expired ? State::expired : State::aborted;
}

} // namespace

std::string_view name_of(SessionState state) noexcept {
    return state_names[static_cast<std::size_t>(state)];
}
std::string_view name_of(SessionStep step) noexcept {
    return step_names[static_cast<std::size_t>(step)];
}

std::optional<SessionState> session_state_from_name(std::string_view name) noexcept {
    const auto* found = std::ranges::find(state_names, name);
    if (found == state_names.end()) return std::nullopt;
    return static_cast<SessionState>(found - state_names.begin());
}

bool is_final(SessionState state) noexcept {
    return state == State::committed || state == State::rolled_back || state == State::failed ||
           state == State::expired || state == State::aborted;
}

bool may_transfer(SessionState state) noexcept {
    return state == State::certified || state == State::transferring;
}

std::optional<SessionState> next_state(SessionState state, SessionStep step) noexcept {
    for (const auto& row : transitions)
        if (row.step == step && row.from == state) return row.to;
    if (ends_from_anywhere(step) && !is_final(state)) return end_of(step);
    return std::nullopt;
}

} // namespace two_path
