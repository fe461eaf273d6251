#include "update-module/module_fallback.hpp"

#include "update-module/bulk/block_intake.hpp"
#include "update-module/part_size.hpp"
#include "update-module/process.hpp"

#include <algorithm>

namespace two_path::device {
namespace {

using bulk::longest_pause;
using bulk::look_around;
using bulk::Payload;

/// Whether the same question may be answered later.
bool passes(Errc code) noexcept {
    return code == Errc::plugin_unreachable || code == Errc::busy || code == Errc::unavailable ||
           code == Errc::no_token || code == Errc::unauthorized;
}

class Fallback {
  public:
    Fallback(control::Session& session, bulk::Payloads payloads, const bulk::ReceiveOptions& options,
             const bulk::ReceiveCallbacks& callbacks)
      : session_(session)
      , options_(options)
      , intake_("first path", payloads, callbacks)
      , size_(options.rate) {}

    bulk::Reception run() {
        const auto fetched = fetch_all();
        return intake_.end(fetched ? std::nullopt : std::optional(fetched.error()), 0);
    }

  private:
    Result<void> fetch_all() {
        for (const auto& payload : intake_.payloads())
            while (!payload->complete()) {
                if (auto passed = pass_on(payload->id()); !passed) return passed;
                if (payload->complete()) break;
                const auto run = intake_.next_run(*payload);
                if (auto fetched = fetch_run(*payload, run); !fetched) return fetched;
            }
        return {};
    }

    /// Hands on what is here and comes first. Meanwhile a byte is asked for now and then, which renews the
    /// certification.
    Result<void> pass_on(const std::string& file) {
        for (auto renew = Deadline::in(milliseconds(0));;) {
            const auto passed = intake_.pass_on(options_.deadline.within(look_around));
            if (!passed) return *intake_.fatal();
            if (*passed) return {};
            if (auto may = may_wait(options_.deadline, "the installer"); !may) return may;
            if (!renew.passed()) continue;
            const auto part = session_.part(file, 0, 1, options_.deadline);
            if (!part && !passes(part.error().code)) return part.error();
            intake_.meter().received(part ? part->size() : 0);
            renew = Deadline::in(options_.renew_time);
        }
    }

    /// Up to a block that is bad.
    Result<void> fetch_run(Payload& payload, bulk::Run run) {
        auto& verifier = payload.verifier();
        auto position = verifier.offset(run.first);
        const auto end = std::min(verifier.offset(run.end), payload.size());
        std::string bytes; // of blocks that are not whole yet
        for (auto block = run.first; block < run.end;) {
            auto part = next_part(payload.id(), position, end - position);
            if (!part) return part.error();
            position += part->size();
            bytes += *part;
            std::size_t used = 0;
            while (block < run.end && bytes.size() - used >= verifier.length(block)) {
                const auto whole = bytes_of(std::string_view(bytes).substr(used, verifier.length(block)));
                used += whole.size();
                const auto taken = intake_.take(payload, block, verifier.good(block, whole), whole);
                if (!taken) return taken.error();
                if (!*taken) return {};
                ++block;
            }
            bytes.erase(0, used);
        }
        return {};
    }

    /// Asks until it comes, in smaller parts where one did not come in time. Where the plugin serves others
    /// now, as long as there is time.
    Result<std::string> next_part(const std::string& file, std::uint64_t offset, std::uint64_t left) {
        const auto stalled = Deadline::in(options_.stall_time);
        for (auto time = options_.first_pause;; time = std::min(2 * time, longest_pause)) {
            const auto size = size_.of(left);
            const auto start = Deadline::Clock::now();
            auto part = session_.part(file, offset, size, options_.deadline);
            if (part) {
                intake_.meter().used("https");
                intake_.meter().received(part->size());
                size_.came(size, Deadline::Clock::now() - start);
                if (auto kept = keep_rate(part->size(), start); !kept) return kept.error();
                return part;
            }
            const auto code = part.error().code;
            if (!passes(code)) return part;
            if (options_.deadline.passed()) return fail(Errc::time_limit, intake_.state());
            if (code != Errc::busy && stalled.passed()) return part;
            if (code == Errc::plugin_unreachable) size_.missed();
            if (auto waited = wait(options_.deadline.within(time)); !waited) return waited.error();
        }
    }

    Result<void> keep_rate(std::size_t bytes, Deadline::Clock::time_point start) {
        if (options_.rate == 0) return {};
        const std::chrono::duration<double> due(static_cast<double>(bytes) /
                                                static_cast<double>(options_.rate));
        return wait(Deadline(start + std::chrono::duration_cast<Deadline::Clock::duration>(due)));
    }

    Result<void> wait(Deadline until) {
        for (Pause pause; !until.passed();)
            if (auto waited = pause(options_.deadline, "the plugin"); !waited) return waited;
        return {};
    }

    control::Session& session_;
    const bulk::ReceiveOptions& options_;
    bulk::BlockIntake intake_;
    PartSize size_;
};

} // namespace

bool may_fall_back(Errc why) noexcept {
    return why == Errc::tampered || why == Errc::truncated || why == Errc::second_path_unreachable ||
           why == Errc::certification_mismatch || why == Errc::certification_refused;
}

bulk::Reception fetch_over_first_path(control::Session& session, bulk::Payloads payloads,
                                      const bulk::ReceiveOptions& options,
                                      const bulk::ReceiveCallbacks& callbacks) {
    return Fallback(session, payloads, options, callbacks).run();
}

} // namespace two_path::device
