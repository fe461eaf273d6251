#include "update-module/bulk/payload_stream.hpp"

#include "update-module/bulk/seeds.hpp"

#include <algorithm>

namespace two_path::bulk {

/// What has gone into the pipe, and where the rest may lie.
class StreamedPayload final : public Payload {
  public:
    StreamedPayload(BlockVerifier verifier, PayloadStream& stream)
      : Payload(std::move(verifier))
      , stream_(stream) {}

    /// A copy from the network spares the one that a seed holds.
    [[nodiscard]] bool can_use(std::size_t block) const noexcept override { return block >= next_; }
    [[nodiscard]] bool has_turn() const noexcept override {
        return complete() || (stream_.is_next(*this) && !here_[next_]);
    }
    Result<void> pass_on(Deadline until) override { return stream_.pass_on(until); }

    /// `block` is the next one.
    Result<void> put(std::size_t block, ByteView bytes) override {
        if (!stream_.is_next(*this) || block != next_ || !stream_.offered_.empty())
            return fail(Errc::internal, "a block that is not the installer's next one");
        if (auto sent = stream_.pipe_.write(bytes, stream_.deadline_); !sent) return sent;
        here_[next_] = true;
        passed(bytes.size());
        return {};
    }

    Result<void> put_found(std::size_t block, const Place& place, ByteView) override {
        here_[block] = true;
        places_.resize(static_cast<std::size_t>(count()));
        places_[block] = place;
        return {};
    }

    Result<void> checkpoint() override { return {}; }

    /// Sends the following blocks that a seed still holds, until the pipe takes no more.
    Result<void> send_found(Deadline until) {
        auto& offered = stream_.offered_;
        while (next_ < count() && here_[next_]) {
            const std::span bytes(stream_.buffer_.data(), verifier_.length(next_));
            if (offered.empty()) {
                here_[next_] = read_back(places_[next_], verifier_, next_, bytes);
                if (!here_[next_]) return {};
                offered = bytes;
            }
            if (auto sent = stream_.pipe_.offer(offered, until); !sent) return sent;
            if (!offered.empty()) return {};
            kept_bytes_ += bytes.size();
            passed(bytes.size());
        }
        return {};
    }

  private:
    void passed(std::uint64_t bytes) noexcept {
        ++next_;
        verified_bytes_ += bytes;
    }

    PayloadStream& stream_;
    std::size_t next_{0};
    std::vector<Place> places_; ///< of those blocks to come that are here
};

PayloadStream::PayloadStream(std::vector<BlockVerifier> files, BytePipe& pipe, Deadline deadline)
  : pipe_(pipe)
  , deadline_(deadline) {
    std::size_t longest = 0;
    for (auto& file : files) {
        longest = std::max(longest, file.length(0));
        payloads_.push_back(std::make_unique<StreamedPayload>(std::move(file), *this));
    }
    buffer_.resize(longest);
}

Result<void> PayloadStream::pass_on(Deadline until) {
    for (const auto& payload : payloads_) {
        auto& next = static_cast<StreamedPayload&>(*payload);
        if (auto sent = next.send_found(until); !sent) return sent;
        if (!next.complete()) return {};
    }
    return {};
}

bool PayloadStream::is_next(const Payload& payload) const noexcept {
    const auto next = std::ranges::find_if(payloads_, [](const auto& each) { return !each->complete(); });
    return next != payloads_.end() && next->get() == &payload;
}

} // namespace two_path::bulk
