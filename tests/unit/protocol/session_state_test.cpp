#include "protocol/session_state.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace two_path {
BOOST_AUTO_TEST_SUITE(session_state)

namespace {

using State = SessionState;
using Step = SessionStep;

constexpr int states = static_cast<int>(State::aborted) + 1;
constexpr int steps = static_cast<int>(Step::aborted) + 1;

/// The whole table, read from docs/protocol.md: from each state, by step, to which; what is absent is
/// refused.
const std::map<State, std::map<Step, State>> table{
    {State::opened, {{Step::stored, State::certified}}},
    {State::certified,
     {{Step::stored, State::certified},
      {Step::login, State::transferring},
      {Step::transferred, State::transferred}}},
    {State::transferring,
     {{Step::stored, State::transferring},
      {Step::login, State::transferring},
      {Step::transferred, State::transferred}}},
    {State::transferred, {{Step::transferred, State::transferred}, {Step::invalidated, State::invalidated}}},
    {State::invalidated,
     {{Step::transferred, State::invalidated},
      {Step::invalidated, State::invalidated},
      {Step::installed, State::installed},
      {Step::rolled_back, State::rolled_back}}},
    {State::installed,
     {{Step::installed, State::installed},
      {Step::restarted, State::restarted},
      {Step::version_equal, State::confirmed},
      {Step::version_differs, State::mismatch},
      {Step::committed, State::committed},
      {Step::rolled_back, State::rolled_back}}},
    {State::restarted,
     {{Step::installed, State::restarted},
      {Step::restarted, State::restarted},
      {Step::version_equal, State::confirmed},
      {Step::version_differs, State::mismatch},
      {Step::committed, State::committed},
      {Step::rolled_back, State::rolled_back}}},
    {State::confirmed,
     {{Step::restarted, State::confirmed},
      {Step::version_equal, State::confirmed},
      {Step::version_differs, State::mismatch},
      {Step::committed, State::committed},
      {Step::rolled_back, State::rolled_back}}},
    {State::mismatch,
     {{Step::restarted, State::mismatch},
      {Step::version_differs, State::mismatch},
      {Step::failed, State::mismatch},
      {Step::rolled_back, State::rolled_back}}},
    {State::committed, {{Step::committed, State::committed}}},
    {State::rolled_back, {{Step::rolled_back, State::rolled_back}, {Step::failed, State::rolled_back}}},
    {State::failed, {{Step::rolled_back, State::failed}, {Step::failed, State::failed}}},
    {State::expired, {{Step::rolled_back, State::expired}, {Step::failed, State::expired}}},
    {State::aborted, {{Step::rolled_back, State::aborted}, {Step::failed, State::aborted}}},
};

std::optional<State> expected(State from, Step step) {
    const auto& row = table.at(from);
    if (const auto found = row.find(step); found != row.end()) return found->second;
    if (is_final(from)) return std::nullopt;
    if (step == Step::failed) return State::failed;
    if (step == Step::expired) return State::expired;
    if (step == Step::aborted) return State::aborted;
    return std::nullopt;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_step_from_every_state_leads_where_the_protocol_says) {
    for (int from = 0; from < states; ++from)
        for (int step = 0; step < steps; ++step) {
            const auto state = static_cast<State>(from);
            const auto taken = static_cast<Step>(step);
            BOOST_TEST((next_state(state, taken) == expected(state, taken)),
                       name_of(taken) << " from " << name_of(state));
        }
}

BOOST_AUTO_TEST_CASE(a_step_taken_again_changes_nothing_more) {
    for (int from = 0; from < states; ++from)
        for (int step = 0; step < steps; ++step) {
            const auto taken = static_cast<Step>(step);
            const auto once = next_state(static_cast<State>(from), taken);
            if (!once || taken == Step::expired || taken == Step::aborted) continue; // those only we take
            BOOST_TEST((next_state(*once, taken) == *once), name_of(taken) << " from " << name_of(*once));
        }
}

BOOST_AUTO_TEST_CASE(nothing_leads_out_of_a_final_state) {
    for (int from = 0; from < states; ++from)
        for (int step = 0; step < steps; ++step) {
            const auto state = static_cast<State>(from);
            const auto to = next_state(state, static_cast<Step>(step));
            if (is_final(state) && to) BOOST_TEST((*to == state), name_of(state));
        }
}

BOOST_AUTO_TEST_CASE(C4_C5_the_bulk_crosses_only_between_the_storing_and_the_end_of_the_transfer) {
    for (int i = 0; i < states; ++i) {
        const auto state = static_cast<State>(i);
        BOOST_TEST(may_transfer(state) == (state == State::certified || state == State::transferring),
                   name_of(state));
    }
}

BOOST_AUTO_TEST_CASE(names_go_both_ways) {
    for (int i = 0; i < states; ++i)
        BOOST_TEST((session_state_from_name(name_of(static_cast<State>(i))) == static_cast<State>(i)));
    BOOST_TEST(name_of(State::rolled_back) == "rolled_back");
    BOOST_TEST(name_of(Step::version_differs) == "version_differs");
    BOOST_TEST(!session_state_from_name("Opened").has_value());
    BOOST_TEST(!session_state_from_name("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
