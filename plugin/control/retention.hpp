/// What is forgotten, and when: sessions that ended long ago, payloads that no release has. Never what a
/// release, and so a deployment, needs.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/state/store.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>

namespace two_path::control {

struct RetentionRules {
    std::chrono::hours sessions{365 * 24}; ///< then an ended session goes, with its events
    std::uint64_t most_sessions{100'000};  ///< beyond them the oldest go, but none of the last day
    std::chrono::hours unused{7 * 24};     ///< then a payload without a release goes
    std::uint64_t payload_quota{0};        ///< bytes of all payloads; 0: no limit
};

/// Used by the worker only.
class Retention {
  public:
    /// Younger than this, a payload without a release may be part of a publication under way.
    static constexpr std::chrono::hours publication{1};

    /// All referred to must outlive it.
    Retention(Executors executors, state::Store& store, const catalog::Payloads& payloads,
              RetentionRules rules);

    /// Tidies every hour, until stop(). Throws what the store throws.
    awaitable<void> run();
    void stop();

    /// One round; true when sessions are left that should go as well.
    bool tidy();
    /// Bytes that may still be stored; unused payloads that are older than `publication` go for them, oldest
    /// first. no_room when there are none, saying what to do; the largest number without a quota.
    [[nodiscard]] Result<std::uint64_t> room();

  private:
    [[nodiscard]] std::vector<catalog::Payload> unused_since(std::int64_t time);
    bool remove(const catalog::Payload& payload, const char* why);

    state::Store& store_;
    const catalog::Payloads& payloads_;
    RetentionRules rules_;
    boost::asio::steady_timer timer_;
    bool stopping_{false};
};

} // namespace two_path::control
