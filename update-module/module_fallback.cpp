#include "update-module/module_fallback.hpp"

#include "update-module/bulk/meter.hpp"
#include "update-module/process.hpp"

#include <algorithm>
#include <map>

namespace two_path::device {
namespace {

using bulk::StoredPayload;

constexpr std::size_t least_step = std::size_t{16} * 1024;
constexpr std::size_t first_step = std::size_t{256} * 1024;
constexpr std::size_t most_step = std::size_t{2} * 1024 * 1024;
constexpr milliseconds wanted_time{1'000}; ///< for one step; an exchange must be over within 4 s
constexpr milliseconds longest_pause{15'000};
constexpr int max_strikes = 3; ///< of one block

/// Whether the same question may be answered later.
bool passes(Errc code) noexcept {
    return code == Errc::plugin_unreachable || code == Errc::busy || code == Errc::unavailable ||
           code == Errc::no_token || code == Errc::unauthorized;
}

class Fallback {
  public:
    Fallback(control::Session& session, std::span<StoredPayload> payloads,
             const bulk::ReceiveOptions& options, const bulk::ReceiveCallbacks& callbacks)
      : session_(session)
      , payloads_(payloads)
      , options_(options)
      , callbacks_(callbacks)
      , meter_(payloads, callbacks.progress)
      , stalled_(Deadline::in(options.stall_time))
      , pause_(options.first_pause) {}

    bulk::Reception run() {
        auto fetched = fetch_all();
        for (auto& payload : payloads_)
            if (auto saved = payload.checkpoint(); !saved && fetched) fetched = saved.error();
        meter_.end();
        bulk::Reception reception{meter_.report(0), {}};
        if (!fetched) reception.error = fetched.error();
        return reception;
    }

  private:
    Result<void> fetch_all() {
        for (auto& payload : payloads_)
            while (!payload.complete()) {
                auto block = std::uint64_t{0};
                while (payload.has(block))
                    ++block;
                if (auto fetched = fetch_from(payload, block); !fetched) return fetched;
            }
        return {};
    }

    /// The blocks from a missing one on, up to one that is there or bad.
    Result<void> fetch_from(StoredPayload& payload, std::uint64_t block) {
        auto& verifier = payload.verifier();
        auto position = verifier.offset(block);
        std::string bytes; // of blocks that are not whole yet
        while (block < payload.count() && !payload.has(block)) {
            const auto left = payload.size() - position;
            auto part = next_part(payload.id(), position,
                                  static_cast<std::size_t>(std::min<std::uint64_t>(left, step_)));
            if (!part) return part.error();
            position += part->size();
            bytes += *part;
            std::size_t used = 0;
            while (block < payload.count() && !payload.has(block) &&
                   bytes.size() - used >= verifier.length(block)) {
                const auto whole = bytes_of(std::string_view(bytes).substr(used, verifier.length(block)));
                used += whole.size();
                if (!verifier.good(block, whole)) return strike(payload, block);
                if (auto put = payload.put(block, whole); !put) return put;
                meter_.stored(whole.size());
                ++block;
            }
            bytes.erase(0, used);
        }
        return {};
    }

    /// Asks until it comes, in smaller parts where one did not come in time.
    Result<std::string> next_part(const std::string& file, std::uint64_t offset, std::size_t size) {
        for (;;) {
            const auto start = Deadline::Clock::now();
            auto part = session_.part(file, offset, size, options_.deadline);
            if (part) {
                meter_.used("https");
                meter_.received(part->size());
                adapt(part->size(), Deadline::Clock::now() - start);
                stalled_ = Deadline::in(options_.stall_time);
                pause_ = options_.first_pause;
                if (auto kept = keep_rate(part->size(), start); !kept) return kept.error();
                return part;
            }
            if (!passes(part.error().code) || stalled_.passed()) return part;
            if (part.error().code == Errc::plugin_unreachable) step_ = std::max(step_ / 2, least_step);
            size = std::min(size, step_);
            if (auto waited = wait(); !waited) return waited.error();
        }
    }

    Result<void> keep_rate(std::size_t bytes, Deadline::Clock::time_point start) {
        if (options_.rate == 0) return {};
        const std::chrono::duration<double> due(static_cast<double>(bytes) /
                                                static_cast<double>(options_.rate));
        const Deadline until(start + std::chrono::duration_cast<Deadline::Clock::duration>(due));
        for (Pause pause; !until.passed();)
            if (auto waited = pause(options_.deadline, "the rate"); !waited) return waited;
        return {};
    }

    void adapt(std::size_t size, Deadline::Clock::duration took) {
        if (size < step_) return; // the end of a file tells nothing
        if (took < wanted_time / 2) step_ = std::min(step_ * 2, most_step);
        if (took > wanted_time) step_ = std::max(step_ / 2, least_step);
    }

    Result<void> wait() {
        const auto end = options_.deadline.within(pause_);
        pause_ = std::min(2 * pause_, longest_pause);
        for (Pause pause; !end.passed();)
            if (auto waited = pause(options_.deadline, "the plugin"); !waited) return waited;
        return {};
    }

    Result<void> strike(const StoredPayload& payload, std::uint64_t block) {
        const auto times = ++strikes_[{payload.id(), block}];
        const auto what = "first path: block " + std::to_string(block) + " of file " + payload.id() +
                          " does not match its digest";
        if (callbacks_.note) callbacks_.note(what);
        if (times < max_strikes) return {};
        return fail(Errc::tampered, what + ", " + std::to_string(times) + " times");
    }

    control::Session& session_;
    std::span<StoredPayload> payloads_;
    const bulk::ReceiveOptions& options_;
    const bulk::ReceiveCallbacks& callbacks_;
    bulk::Meter meter_;
    std::size_t step_{first_step};
    Deadline stalled_;
    milliseconds pause_;
    std::map<std::pair<std::string, std::uint64_t>, int> strikes_; ///< by file and block
};

} // namespace

bool may_fall_back(Errc why) noexcept {
    return why == Errc::tampered || why == Errc::truncated || why == Errc::second_path_unreachable ||
           why == Errc::certification_mismatch || why == Errc::certification_refused;
}

bulk::Reception fetch_over_first_path(control::Session& session, std::span<StoredPayload> payloads,
                                      const bulk::ReceiveOptions& options,
                                      const bulk::ReceiveCallbacks& callbacks) {
    return Fallback(session, payloads, options, callbacks).run();
}

} // namespace two_path::device
