/// One file on its way to the installer: which of its blocks are here, and what becomes of a good one.
#pragma once

#include "update-module/bulk/block_verifier.hpp"
#include "update-module/deadline.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace two_path::bulk {

/// A block that lies somewhere on this device. The file is open as long as the Seeds that found it.
struct Place {
    int file{-1};
    std::uint64_t offset{0};
};

/// Used by one thread.
class Payload {
  public:
    Payload(const Payload&) = delete;
    Payload& operator=(const Payload&) = delete;
    virtual ~Payload() = default;

    [[nodiscard]] const std::string& id() const noexcept { return verifier_.id(); }
    [[nodiscard]] std::uint64_t size() const noexcept { return verifier_.size(); }
    [[nodiscard]] std::size_t count() const noexcept { return verifier_.count(); } ///< blocks
    [[nodiscard]] std::uint64_t block_size() const noexcept { return verifier_.block_size(); }
    [[nodiscard]] BlockVerifier& verifier() noexcept { return verifier_; }

    /// Whether this block need not be fetched.
    [[nodiscard]] bool has(std::size_t block) const noexcept { return here_[block]; }
    [[nodiscard]] bool complete() const noexcept { return verified_bytes_ == size(); }
    [[nodiscard]] std::uint64_t verified_bytes() const noexcept { return verified_bytes_; }
    /// Those of them that were on this device already and matched again.
    [[nodiscard]] std::uint64_t kept_bytes() const noexcept { return kept_bytes_; }
    /// Of the blocks that must be fetched.
    [[nodiscard]] std::uint64_t missing_bytes() const noexcept;
    /// Whether a copy of this block that comes along unasked is of use.
    [[nodiscard]] virtual bool can_use(std::size_t block) const noexcept { return !has(block); }
    /// False while another file, or a block of this one that is here, must go first: see pass_on().
    [[nodiscard]] virtual bool has_turn() const noexcept { return true; }
    /// Hands on what is here of the next blocks, of the files before too, as far as it is taken until
    /// `until`. Fails as put().
    [[nodiscard]] virtual Result<void> pass_on(Deadline) { return {}; }

    /// Takes a block that the verifier found good. Fails as the place it goes to does.
    virtual Result<void> put(std::size_t block, ByteView bytes) = 0;
    /// The same of a missing block that lies at `place`.
    virtual Result<void> put_found(std::size_t block, const Place& place, ByteView bytes) = 0;
    /// Makes durable what was taken, where it is kept.
    virtual Result<void> checkpoint() = 0;

  protected:
    explicit Payload(BlockVerifier verifier)
      : verifier_(std::move(verifier))
      , here_(verifier_.count()) {}

    BlockVerifier verifier_;
    std::vector<bool> here_; ///< by block
    std::uint64_t verified_bytes_{0};
    std::uint64_t kept_bytes_{0};
};

inline std::uint64_t Payload::missing_bytes() const noexcept {
    std::uint64_t bytes = 0;
    for (std::size_t block = 0; block < count(); ++block)
        if (!has(block)) bytes += verifier_.length(block);
    return bytes;
}

using Payloads = std::span<const std::unique_ptr<Payload>>;

} // namespace two_path::bulk
