/// The certifications that live now, in memory: what the second path asks before it lets a device in, and
/// what the first path takes back. The one thing that control and bulk share.
#pragma once

#include "plugin/state/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::state {

/// How long a certification lives (docs/protocol.md, "First path").
struct Lifetimes {
    std::chrono::seconds first_login{120}; ///< from `stored` to the first login
    std::chrono::seconds idle{3600};       ///< from then on, without a byte sent
};

/// What one live certification opens.
struct Pass {
    struct File {
        std::string id;
        std::uint64_t size{0}; ///< encoded bytes
    };
    /// None when it is not one of the session's.
    [[nodiscard]] const File* file(std::string_view id) const;

    Certification certification;
    Mode mode{Mode::pull};
    std::uint64_t block_size{0};
    std::vector<File> files;                    ///< in the descriptor's order
    std::optional<messages::Receiver> receiver; ///< push: where the device listens
};

/// Used by the worker only. A certification is here from the moment the device stored it until it dies.
class Admission {
  public:
    /// Takes up what lived when the plugin ended. `store` must outlive it.
    Admission(Store& store, Lifetimes lifetimes);

    // for the second path

    /// None when there is no such session, or its certification is not stored yet, or dead or expired. Valid
    /// until the next call that is not const.
    [[nodiscard]] const Pass* find(std::string_view session) const;
    /// The second certification information was compared and found equal: records the first login as a step,
    /// the later ones not at all. False when the certification died meanwhile.
    bool login(std::string_view session, std::string_view peer);
    /// A login was compared and not found equal.
    void refused() noexcept { ++refused_; }
    /// Bytes that went out; renews the certification. For one that is dead or expired they are only counted.
    void sent(std::string_view session, std::uint64_t bytes);
    /// Bytes of the bulk that a device was answered with on the first path. Kept while the certification
    /// lives, for display; the record counts the second path alone.
    void fell_back(std::string_view session, std::uint64_t bytes);

    // for the first path

    /// The device has stored it: logins are possible from now on. The session must be in `certified` or
    /// `transferring`.
    void admit(const Session& session);
    /// It is dead in the store: forget it, and tell the listener. Nothing happens for an unknown one.
    void revoke(const std::string& session, const std::string& why);
    /// Seconds until a live one ends; 0 for any other.
    [[nodiscard]] std::uint64_t expires_in(std::string_view session) const;
    /// Whether a transfer has begun, and no byte of it has moved for so long.
    [[nodiscard]] bool rests(std::string_view session, std::chrono::seconds time) const;
    /// Sessions whose certification has run out.
    [[nodiscard]] std::vector<std::string> expired() const;
    /// Bytes sent that are not yet in the session's record, for display.
    [[nodiscard]] std::uint64_t unsaved(std::string_view session) const;
    /// Bytes sent up to now, of a live one.
    [[nodiscard]] std::optional<Sent> sent_of(std::string_view session) const;
    /// Writes what is only in memory (the plugin ends).
    void flush();

    /// Called on the worker with the session and why, when a certification is revoked.
    void on_dead(std::function<void(const std::string& session, const std::string& why)> listener) {
        on_dead_ = std::move(listener);
    }
    /// Called on the worker with the session, when a certification is admitted.
    void on_live(std::function<void(const std::string& session)> listener) { on_live_ = std::move(listener); }
    /// Called on the worker with the session and what more of it went out.
    void on_sent(std::function<void(const std::string& session, const Sent& more)> listener) {
        on_sent_ = std::move(listener);
    }
    /// Since the plugin started.
    [[nodiscard]] std::uint64_t refused_logins() const noexcept { return refused_; }
    /// Sessions of this mode whose certification lives.
    [[nodiscard]] std::vector<std::string> live(Mode mode) const;
    [[nodiscard]] const Lifetimes& lifetimes() const noexcept { return lifetimes_; }

  private:
    struct Live {
        Pass pass;
        bool logged_in{false};
        std::int64_t ends{0};        ///< steady, ms
        std::int64_t stored_ends{0}; ///< what the store knows of it, on the same clock
        std::uint64_t unsaved{0};
        Sent sent{}; ///< in all
    };
    [[nodiscard]] bool lives(const Live& live) const;
    /// With the time that the store knows of.
    Live& put(const Session& session, const StoredCertification& stored);
    void renew(const std::string& session, Live& live, std::chrono::seconds life);
    void save(const std::string& session, Live& live);

    Store& store_;
    Lifetimes lifetimes_;
    std::map<std::string, Live, std::less<>> live_;
    std::function<void(const std::string&, const std::string&)> on_dead_;
    std::function<void(const std::string&)> on_live_;
    std::function<void(const std::string&, const Sent&)> on_sent_;
    std::uint64_t refused_{0};
};

} // namespace two_path::state
