/// Blocks that go straight to the installer, where there is no room to keep them: in order, through one pipe.
#pragma once

#include "update-module/bulk/byte_pipe.hpp"
#include "update-module/bulk/payload.hpp"
#include "update-module/deadline.hpp"

#include <memory>
#include <vector>

namespace two_path::bulk {

class StreamedPayload;

/// The files of one transfer, one behind the other. The Seeds that found blocks for them must outlive it.
class PayloadStream {
  public:
    PayloadStream(std::vector<BlockVerifier> files, BytePipe& pipe, Deadline deadline);
    PayloadStream(const PayloadStream&) = delete;
    PayloadStream& operator=(const PayloadStream&) = delete;
    ~PayloadStream() = default;

    [[nodiscard]] Payloads payloads() const noexcept { return payloads_; }

  private:
    friend class StreamedPayload;
    [[nodiscard]] Result<void> pass_on(Deadline until);
    [[nodiscard]] bool is_next(const Payload& payload) const noexcept;

    std::vector<std::unique_ptr<Payload>> payloads_;
    BytePipe& pipe_;
    Deadline deadline_;
    Bytes buffer_;     ///< of one block that a seed holds
    ByteView offered_; ///< what the pipe has not taken of it
};

} // namespace two_path::bulk
