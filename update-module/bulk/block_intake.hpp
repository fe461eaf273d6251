/// What becomes of the blocks of a transfer, whichever way they come: verified, handed on, counted.
#pragma once

#include "update-module/bulk/block_stream.hpp"
#include "update-module/bulk/meter.hpp"
#include "update-module/bulk/payload.hpp"
#include "update-module/bulk/receive.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace two_path::bulk {

/// Blocks that lie together and come by one data connection.
struct Run {
    std::size_t first{0};
    std::size_t end{0}; ///< one behind the last
};

/// Of one transfer; all referred to must outlive it.
class BlockIntake {
  public:
    /// `way`: where the blocks come from, for people.
    BlockIntake(std::string way, Payloads payloads, const ReceiveCallbacks& callbacks);

    [[nodiscard]] bool complete() const;
    /// The first missing blocks that lie together; one that was bad before stays alone. Fewer than 4 MiB in
    /// between that are here are in the run as well: a new connection costs more. Of a payload that is not
    /// complete.
    [[nodiscard]] Run next_run(const Payload& payload) const;

    /// Hands on what is here already before the next block that must come, as far as it is taken until
    /// `until`: true when all is. After `stopped`, `fatal` says why.
    [[nodiscard]] Attempt<bool> pass_on(Deadline until);
    /// Whether some block must come.
    [[nodiscard]] bool misses_any() const;

    /// Hands on a block that is good, and counts one that is not: false, it must come again. tampered when
    /// that was its third time; or as Payload::put.
    Result<bool> take(Payload& payload, std::size_t block, bool good, ByteView bytes);

    /// Takes the blocks of `run` from a data connection that begins with the first of them; more than the
    /// file's bytes make its last block bad. After `stopped`, `fatal` says whether that was the reason.
    Attempt<void> read(ftp::Descriptor data, Payload& payload, Run run, const Patience& patience);
    [[nodiscard]] const std::optional<Error>& fatal() const noexcept { return fatal_; }

    [[nodiscard]] Payloads payloads() const noexcept { return payloads_; }
    [[nodiscard]] Meter& meter() noexcept { return meter_; }
    /// What is verified and kept, for people.
    [[nodiscard]] std::string state() const;
    /// One line to the log, with the way before it.
    void note(const std::string& what) const;

    /// A checkpoint of all that came, also when the transfer failed: it is worth keeping. `children_cpu`: as
    /// Meter::report has it.
    [[nodiscard]] Reception end(std::optional<Error> error, double children_cpu);

  private:
    Setback fatal(Error error);
    Attempt<void> read_blocks(BlockStream& stream, Payload& payload, Run run);
    [[nodiscard]] bool struck(const Payload& payload, std::size_t block) const;

    std::string way_;
    Payloads payloads_;
    const ReceiveCallbacks& callbacks_;
    Meter meter_;
    std::optional<BlockBuffer> buffer_;
    std::map<std::pair<std::string, std::size_t>, int> strikes_; ///< by file and block
    std::optional<Error> fatal_;
};

} // namespace two_path::bulk
