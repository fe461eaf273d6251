#include "update-module/bulk/receive.hpp"

#include "update-module/bulk/block_stream.hpp"
#include "update-module/bulk/connection.hpp"
#include "update-module/bulk/meter.hpp"

#include <algorithm>
#include <map>
#include <poll.h>

namespace two_path::bulk {
namespace {

using Kind = Setback::Kind;

constexpr int max_strikes = 3; ///< of one block
constexpr milliseconds longest_pause{15'000};
constexpr milliseconds look_around{1'000};

/// Blocks that lie together and are fetched by one RETR.
struct Run {
    std::uint64_t first{0};
    std::uint64_t end{0}; ///< one behind the last
};

class Transfer {
  public:
    Transfer(ConnectionHelper& helper, const SecondPath& path, std::span<StoredPayload> payloads,
             const ReceiveOptions& options, const ReceiveCallbacks& callbacks)
      : helper_(helper)
      , path_(path)
      , payloads_(payloads)
      , options_(options)
      , callbacks_(callbacks)
      , patience_{options.deadline, options.connect_time, options.silence_time, callbacks.interrupted,
                  options.rate}
      , meter_(payloads, callbacks.progress)
      , buffer_(buffer_size(payloads))
      , stalled_(Deadline::in(options.stall_time)) {}

    Reception run();

  private:
    static std::size_t buffer_size(std::span<StoredPayload> payloads);

    std::optional<Error> fetch_all();
    std::optional<Error> after_setback(const Setback& setback);
    Attempt<void> use_one_connection();
    Attempt<void> fetch_run(Connection& connection, StoredPayload& payload, Run run);
    Attempt<void> take_blocks(BlockStream& stream, StoredPayload& payload, Run run);
    Attempt<void> judge(StoredPayload& payload, std::uint64_t block, bool good,
                        std::span<std::uint8_t> bytes);
    Run next_run(const StoredPayload& payload) const;
    bool struck(const StoredPayload& payload, std::uint64_t block) const;
    bool complete() const;
    bool pause();
    std::optional<Error> checkpoint_all();
    Error stopped() const;
    Error at_server(Errc code, const std::string& what) const {
        return fail(code, path_.name() + ": " + what);
    }
    std::optional<Error> refused(Errc otherwise, const std::string& what) const;

    ConnectionHelper& helper_;
    const SecondPath& path_;
    std::span<StoredPayload> payloads_;
    const ReceiveOptions& options_;
    const ReceiveCallbacks& callbacks_;
    const Patience patience_;
    Meter meter_;
    BlockBuffer buffer_;

    std::map<std::pair<std::string, std::uint64_t>, int> strikes_; ///< by file and block
    std::optional<Error> fatal_;                                   ///< found while blocks were taken
    std::uint64_t at_last_setback_{0};                             ///< verified bytes
    Deadline stalled_;
    milliseconds pause_{0};
};

std::size_t Transfer::buffer_size(std::span<StoredPayload> payloads) {
    std::size_t size = 1;
    for (auto& payload : payloads)
        size = std::max(size, payload.verifier().length(0));
    return size;
}

Reception Transfer::run() {
    auto error = fetch_all();
    helper_.end_worker();
    // What came is worth keeping also when the transfer failed.
    const auto unsaved = checkpoint_all();
    if (!error) error = unsaved;
    meter_.end();
    auto report = meter_.report(helper_.cpu_seconds());
    if (!payloads_.empty()) report.digest = name_of(payloads_.front().verifier().kind());
    return {std::move(report), std::move(error)};
}

std::optional<Error> Transfer::fetch_all() {
    pause_ = options_.first_pause;
    at_last_setback_ = meter_.verified();
    while (!complete()) {
        if (options_.deadline.passed() || (patience_.stop && patience_.stop())) return stopped();
        const auto used = use_one_connection();
        helper_.end_worker();
        if (fatal_) return fatal_;
        if (used || complete()) continue;
        if (auto error = after_setback(used.error())) return error;
    }
    return std::nullopt;
}

/// Whether to give up; waits before the next try when there was no progress.
std::optional<Error> Transfer::after_setback(const Setback& setback) {
    switch (setback.kind) {
    case Kind::stopped:
        return stopped();
    case Kind::mismatch:
        return refused(Errc::certification_mismatch, setback.what);
    case Kind::login_refused:
        return refused(Errc::certification_refused, setback.what);
    case Kind::file_refused:
        return at_server(Errc::payload_refused, setback.what);
    case Kind::no_process:
        return fail(Errc::io_error, setback.what);
    case Kind::bad_block:
        return std::nullopt; // fetched again at once, from a new connection
    case Kind::lost:
    case Kind::ended_early:
        break;
    }
    if (callbacks_.note) callbacks_.note("second path " + path_.name() + ": " + setback.what);
    if (meter_.verified() > at_last_setback_) {
        at_last_setback_ = meter_.verified();
        stalled_ = Deadline::in(options_.stall_time);
        pause_ = options_.first_pause;
        return std::nullopt;
    }
    if (stalled_.passed()) {
        const bool cut = setback.kind == Kind::ended_early;
        return at_server(cut ? Errc::truncated : Errc::second_path_unreachable, setback.what);
    }
    if (!pause()) return stopped();
    return std::nullopt;
}

/// Fetches as many runs as one connection can serve.
Attempt<void> Transfer::use_one_connection() {
    auto connection = Connection::start(helper_, patience_);
    if (!connection) return connection.error();
    if (auto login = connection->login(path_); !login) return login.error();
    for (auto& payload : payloads_) {
        if (payload.complete()) continue;
        const auto size = connection->size(payload.id());
        if (!size) return size.error();
        if (*size != payload.size())
            return Setback{Kind::file_refused, "the server's file " + payload.id() + " has " +
                                                   std::to_string(*size) + " bytes instead of " +
                                                   std::to_string(payload.size())};
        const auto run = next_run(payload);
        if (auto fetched = fetch_run(*connection, payload, run); !fetched) return fetched.error();
        // RETR cannot be told to stop: a run that ends within the file ends its connection.
        if (run.end < payload.count() || !payload.complete()) return {};
    }
    connection->quit();
    return {};
}

Attempt<void> Transfer::fetch_run(Connection& connection, StoredPayload& payload, Run run) {
    auto& verifier = payload.verifier();
    auto data = connection.fetch(verifier.id(), verifier.offset(run.first));
    if (!data) return data.error();
    meter_.used("ftp");
    BlockStream stream(std::move(*data), patience_);
    auto taken = take_blocks(stream, payload, run);
    meter_.received(stream.bytes());
    if (!taken || run.end < verifier.count()) return taken;
    // The blocks are whole and good: a lost or late goodbye changes nothing about them.
    return payload.complete() ? connection.finish() : Attempt<void>();
}

Attempt<void> Transfer::take_blocks(BlockStream& stream, StoredPayload& payload, Run run) {
    auto& verifier = payload.verifier();
    for (auto block = run.first; block < run.end; ++block) {
        const auto bytes = buffer_.first(verifier.length(block));
        if (auto read = stream.read(bytes); !read) return read.error();
        bool good = verifier.good(block, bytes);
        // The last block counts only if the file ends with it.
        if (good && block + 1 == verifier.count()) {
            const auto ends = stream.at_end();
            if (!ends && ends.error().kind == Kind::stopped) return ends.error();
            good = !ends || *ends;
        }
        if (auto judged = judge(payload, block, good, bytes); !judged) return judged.error();
    }
    return {};
}

/// Stores a good block; counts a bad one.
Attempt<void> Transfer::judge(StoredPayload& payload, std::uint64_t block, bool good,
                              std::span<std::uint8_t> bytes) {
    if (good) {
        if (auto put = payload.put(block, bytes); !put) {
            fatal_ = put.error();
            return Setback{Kind::stopped, {}};
        }
        meter_.stored(bytes.size());
        return {};
    }
    const auto& id = payload.id();
    const auto times = ++strikes_[{id, block}];
    const auto what = "block " + std::to_string(block) + " of file " + id + " does not match its digest";
    if (callbacks_.note) callbacks_.note("second path " + path_.name() + ": " + what);
    if (times >= max_strikes)
        fatal_ = at_server(Errc::tampered, what + ", " + std::to_string(times) + " times");
    return Setback{Kind::bad_block, what};
}

bool Transfer::struck(const StoredPayload& payload, std::uint64_t block) const {
    return !strikes_.empty() && strikes_.contains({payload.id(), block});
}

/// The first missing blocks that lie together; one that was bad before stays alone.
Run Transfer::next_run(const StoredPayload& payload) const {
    const auto count = payload.count();
    Run run;
    while (payload.has(run.first))
        ++run.first;
    run.end = run.first + 1;
    if (struck(payload, run.first)) return run;
    while (run.end < count && !payload.has(run.end) && !struck(payload, run.end))
        ++run.end;
    return run;
}

bool Transfer::complete() const {
    return std::all_of(payloads_.begin(), payloads_.end(),
                       [](const StoredPayload& payload) { return payload.complete(); });
}

/// False when the transfer shall end.
bool Transfer::pause() {
    const auto end = options_.deadline.within(pause_);
    pause_ = std::min(2 * pause_, longest_pause);
    while (!end.passed()) {
        if (patience_.stop && patience_.stop()) return false;
        ::poll(nullptr, 0, static_cast<int>(end.within(look_around).left().count()) + 1);
    }
    return !options_.deadline.passed();
}

std::optional<Error> Transfer::checkpoint_all() {
    std::optional<Error> error;
    for (auto& payload : payloads_)
        if (auto saved = payload.checkpoint(); !saved) error = saved.error();
    return error;
}

Error Transfer::stopped() const {
    const auto state = std::to_string(meter_.verified()) + " of " + std::to_string(meter_.total()) +
                       " bytes are verified and kept";
    return fail(options_.deadline.passed() ? Errc::time_limit : Errc::interrupted, state);
}

/// The second path says only "no"; the first one knows why.
std::optional<Error> Transfer::refused(Errc otherwise, const std::string& what) const {
    if (callbacks_.why_refused)
        if (auto why = callbacks_.why_refused()) return why;
    return at_server(otherwise, what);
}

} // namespace

Reception receive(ConnectionHelper& helper, const SecondPath& path, std::span<StoredPayload> payloads,
                  const ReceiveOptions& options, const ReceiveCallbacks& callbacks) {
    return Transfer(helper, path, payloads, options, callbacks).run();
}

} // namespace two_path::bulk
