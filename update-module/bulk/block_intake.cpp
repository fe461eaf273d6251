#include "update-module/bulk/block_intake.hpp"

#include <algorithm>

namespace two_path::bulk {
namespace {

using Kind = Setback::Kind;

constexpr int max_strikes = 3; ///< of one block
constexpr std::uint64_t worth_a_connection = std::uint64_t{4} * 1024 * 1024;

std::size_t largest_block(Payloads payloads) {
    std::size_t size = 1;
    for (const auto& payload : payloads)
        size = std::max(size, payload->verifier().length(0));
    return size;
}

} // namespace

BlockIntake::BlockIntake(std::string way, Payloads payloads, const ReceiveCallbacks& callbacks)
  : way_(std::move(way))
  , payloads_(payloads)
  , callbacks_(callbacks)
  , meter_(payloads, callbacks.progress) {}

bool BlockIntake::complete() const {
    return std::ranges::all_of(payloads_, [](const auto& payload) { return payload->complete(); });
}

bool BlockIntake::misses_any() const {
    return std::ranges::any_of(payloads_, [](const auto& payload) { return payload->missing_bytes() > 0; });
}

Attempt<bool> BlockIntake::pass_on(Deadline until) {
    for (const auto& payload : payloads_) {
        if (payload->complete()) continue;
        if (const auto passed = payload->pass_on(until); !passed) return fatal(passed.error());
        meter_.look();
        if (!payload->complete()) return payload->has_turn();
    }
    return true;
}

bool BlockIntake::struck(const Payload& payload, std::size_t block) const {
    return !strikes_.empty() && strikes_.contains({payload.id(), block});
}

Run BlockIntake::next_run(const Payload& payload) const {
    const auto count = payload.count();
    const auto most_between = worth_a_connection / payload.block_size();
    Run run;
    while (payload.has(run.first))
        ++run.first;
    run.end = run.first + 1;
    if (struck(payload, run.first)) return run;
    for (auto block = run.end; block < count && block - run.end < most_between; ++block) {
        if (payload.has(block)) continue;
        if (struck(payload, block)) break;
        run.end = block + 1;
    }
    return run;
}

Result<bool> BlockIntake::take(Payload& payload, std::size_t block, bool good, ByteView bytes) {
    if (good) {
        if (auto put = payload.put(block, bytes); !put) return put.error();
        meter_.taken(bytes.size());
        return true;
    }
    const auto times = ++strikes_[{payload.id(), block}];
    const auto what =
        "block " + std::to_string(block) + " of file " + payload.id() + " does not match its digest";
    note(what);
    if (times < max_strikes) return false;
    return fail(Errc::tampered, way_ + ": " + what + ", " + std::to_string(times) + " times");
}

Setback BlockIntake::fatal(Error error) {
    fatal_ = std::move(error);
    return {Kind::stopped, {}};
}

Attempt<void> BlockIntake::read(ftp::Descriptor data, Payload& payload, Run run, const Patience& patience) {
    meter_.used("ftp");
    BlockStream stream(std::move(data), patience);
    auto read = read_blocks(stream, payload, run);
    meter_.received(stream.bytes());
    return read;
}

Attempt<void> BlockIntake::read_blocks(BlockStream& stream, Payload& payload, Run run) {
    if (!buffer_) buffer_.emplace(largest_block(payloads_));
    auto& verifier = payload.verifier();
    for (auto block = run.first; block < run.end; ++block) {
        const auto bytes = buffer_->first(verifier.length(block));
        if (auto read = stream.read(bytes); !read) return read.error();
        if (!payload.can_use(block)) continue; // in between
        bool good = verifier.good(block, bytes);
        // The last block counts only if the file ends with it.
        if (good && block + 1 == verifier.count()) {
            const auto ends = stream.at_end();
            if (!ends && ends.error().kind == Kind::stopped) return ends.error();
            good = !ends || *ends;
        }
        const auto taken = take(payload, block, good, bytes);
        if (!taken) return fatal(taken.error());
        if (!*taken) return Setback{Kind::bad_block, "a block does not match its digest"};
    }
    return {};
}

std::string BlockIntake::state() const {
    return std::to_string(meter_.verified()) + " of " + std::to_string(meter_.total()) +
           " bytes are verified and kept";
}

void BlockIntake::note(const std::string& what) const {
    if (callbacks_.note) callbacks_.note(way_ + ": " + what);
}

Reception BlockIntake::end(std::optional<Error> error, double children_cpu) {
    for (auto& payload : payloads_)
        if (auto saved = payload->checkpoint(); !saved && !error) error = saved.error();
    meter_.end();
    auto report = meter_.report(children_cpu);
    if (!payloads_.empty()) report.digest = name_of(payloads_.front()->verifier().kind());
    return {std::move(report), std::move(error)};
}

} // namespace two_path::bulk
