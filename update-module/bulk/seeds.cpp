#include "update-module/bulk/seeds.hpp"

#include "update-module/durable_file.hpp"
#include "update-module/process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path::bulk {
namespace {

using ftp::Descriptor;

/// All of `into`, or false.
bool read_whole(const Place& place, std::span<std::uint8_t> into) {
    auto offset = place.offset;
    while (!into.empty()) {
        const auto got = ::pread(place.file, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        into = into.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return true;
}

/// The missing blocks of full length, to be found by digest.
class Wanted {
  public:
    explicit Wanted(Payloads payloads) {
        for (const auto& payload : payloads)
            for (std::size_t block = 0; block < payload->count(); ++block)
                if (!payload->has(block) && payload->verifier().length(block) == payload->block_size())
                    blocks_.push_back({payload.get(), block});
        std::ranges::sort(blocks_, less, digest_of_block);
        missing_ = blocks_.size();
    }

    [[nodiscard]] bool none() const noexcept { return missing_ == 0; }

    /// Gives these bytes to every block that has their digest.
    Result<void> serve(const DigestValue& digest, const Place& place, ByteView bytes) {
        auto found = std::ranges::lower_bound(blocks_, digest, less, digest_of_block);
        for (; found != blocks_.end() && digest_of_block(*found) == digest; ++found) {
            if (found->payload->has(found->block)) continue;
            if (auto put = found->payload->put_found(found->block, place, bytes); !put) return put;
            --missing_;
        }
        return {};
    }

  private:
    struct Block {
        Payload* payload;
        std::size_t block;
    };
    static DigestValue digest_of_block(const Block& block) {
        return block.payload->verifier().expected(block.block);
    }
    static bool less(const DigestValue& a, const DigestValue& b) {
        return std::ranges::lexicographical_compare(a.view(), b.view());
    }

    std::vector<Block> blocks_; ///< by digest
    std::size_t missing_;
};

/// A file's last block, most often shorter than those that are looked for everywhere: where it would lie.
Result<void> serve_end(Payload& payload, int file, std::span<std::uint8_t> buffer) {
    const auto last = payload.count() - 1;
    if (payload.has(last)) return {};
    const Place place{file, payload.verifier().offset(last)};
    const auto bytes = buffer.first(payload.verifier().length(last));
    if (!read_back(place, payload.verifier(), last, bytes)) return {};
    return payload.put_found(last, place, bytes);
}

} // namespace

bool read_back(const Place& place, BlockVerifier& verifier, std::size_t block, std::span<std::uint8_t> into) {
    return read_whole(place, into) && verifier.good(block, into);
}

Seeds::Seeds(const std::vector<std::string>& paths, const std::function<void(std::string_view)>& note) {
    for (const auto& path : paths) {
        auto seed = open(path);
        if (seed)
            seeds_.push_back(std::move(*seed));
        else if (note)
            note("seed " + path + " serves nothing: " + seed.error().detail);
    }
}

Result<Seeds::Seed> Seeds::open(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (!file || ::fstat(file.get(), &about) != 0) return fail(Errc::io_error, std::strerror(errno));
    if (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode))
        return fail(Errc::io_error, "not a regular file or a block device");
    const auto size = ::lseek(file.get(), 0, SEEK_END); // fstat tells nothing of a block device's
    if (size < 0) return fail(Errc::io_error, std::strerror(errno));
    return Seed{path, std::move(file), static_cast<std::uint64_t>(size)};
}

Result<void> Seeds::search(Payloads payloads, Deadline deadline) const {
    if (payloads.empty() || seeds_.empty()) return {};
    Wanted wanted(payloads);
    Digest digest(payloads.front()->verifier().kind());
    Bytes buffer(static_cast<std::size_t>(payloads.front()->block_size()));
    for (const auto& seed : seeds_) {
        Place place{seed.file.get(), 0};
        for (; !wanted.none() && place.offset + buffer.size() <= seed.size; place.offset += buffer.size()) {
            if (auto may = device::may_wait(deadline, "seed " + seed.path); !may) return may;
            if (!read_whole(place, buffer)) break;
            digest.update(buffer);
            if (auto served = wanted.serve(digest.finish(), place, buffer); !served) return served;
        }
        for (const auto& payload : payloads)
            if (auto served = serve_end(*payload, seed.file.get(), buffer); !served) return served;
    }
    return {};
}

} // namespace two_path::bulk
