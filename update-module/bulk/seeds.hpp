/// Blocks that this device has already, outside the store: in the partition that an interrupted update has
/// half written, in the image that runs, in any file that its owner names.
#pragma once

#include "ftp/descriptor.hpp"
#include "update-module/bulk/payload.hpp"
#include "update-module/deadline.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::bulk {

/// Regular files and block devices, open for reading as long as this lives. Nothing in them is trusted: what
/// serves has the digest that the first path promised.
class Seeds {
  public:
    /// Those that can be read; of the others `note` hears why they serve nothing.
    Seeds(const std::vector<std::string>& paths, const std::function<void(std::string_view line)>& note);

    /// Gives `payloads`, which have digests of one kind and blocks of one size, each block they miss that
    /// lies in a seed, at a multiple of the block size. Reads each seed once from start to end, or until
    /// nothing is missing. A seed that fails in between is left there. time_limit, interrupted, or as
    /// Payload::put_found.
    [[nodiscard]] Result<void> search(Payloads payloads, Deadline deadline) const;

  private:
    struct Seed {
        std::string path;
        ftp::Descriptor file;
        std::uint64_t size;
    };
    [[nodiscard]] static Result<Seed> open(const std::string& path);

    std::vector<Seed> seeds_;
};

/// Reads a block back. False when it is not there any more, or has changed.
[[nodiscard]] bool read_back(const Place& place, BlockVerifier& verifier, std::size_t block,
                             std::span<std::uint8_t> into);

} // namespace two_path::bulk
