/// What is forgotten, and when: sessions that ended long ago, payloads that no release has. Never what a
/// release, and so a deployment, needs.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/state/store.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

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
    /// A payload on its way in. Its bytes count from the moment they come, so that many at a time are not
    /// over the quota together; the retention must outlive it.
    class Intake {
      public:
        /// `expected`: the payload's id where it is known before; the bytes of one that is stored already and
        /// comes again are not counted twice.
        Intake(Retention& retention, std::string_view expected);
        Intake(const Intake&) = delete;
        Intake& operator=(const Intake&) = delete;
        ~Intake();

        /// `more` bytes are about to be written. Unused payloads that are older than `publication` go for
        /// them, oldest first. no_room, saying what to do.
        [[nodiscard]] Result<void> take(std::uint64_t more);

      private:
        Retention& retention_;
        std::uint64_t stored_;   ///< of the same payload
        std::uint64_t taken_{0}; ///< of it so far
        std::uint64_t counted_{0};
    };

  private:
    [[nodiscard]] Result<void> look();
    [[nodiscard]] Error no_room_left() const;
    [[nodiscard]] std::vector<catalog::Payload> unused_since(std::int64_t time);
    bool remove(const catalog::Payload& payload, const char* why);

    state::Store& store_;
    const catalog::Payloads& payloads_;
    RetentionRules rules_;
    std::uint64_t on_their_way_{0}; ///< bytes of all intakes
    std::uint64_t free_{0};         ///< bytes that the stored payloads left at the last look
    boost::asio::steady_timer timer_;
    bool stopping_{false};
};

} // namespace two_path::control
