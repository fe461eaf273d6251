/// Verified blocks on disk, by content, outside Mender's tree: what survives a kill and a power cut.
#pragma once

#include "ftp/descriptor.hpp"
#include "update-module/bulk/payload.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace two_path::bulk {

/// One file in the store, opened by one process at a time (a lock that dies with it).
class StoredPayload final : public Payload {
  public:
    static constexpr std::uint64_t checkpoint_bytes = std::uint64_t{16} * 1024 * 1024;

    /// Of the data, for reading; as long as this object lives.
    [[nodiscard]] int descriptor() const noexcept { return data_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// A checkpoint follows each 16 MiB. Fails with no_room or io_error.
    Result<void> put(std::size_t block, ByteView bytes) override;
    Result<void> put_found(std::size_t block, const Place& place, ByteView bytes) override;
    /// Data to disk, then the map that says so; nothing when nothing came since the last one.
    Result<void> checkpoint() override;

  private:
    friend class PayloadStore;
    StoredPayload(std::string path, ftp::Descriptor data, BlockVerifier verifier);
    Result<void> recall();
    Result<void> save();

    std::string path_;
    ftp::Descriptor data_;
    std::uint64_t since_checkpoint_{0};
};

/// The folder `<state_dir>/store`: `<id>` with its `<id>.map`, mode 0600.
class PayloadStore {
  public:
    explicit PayloadStore(std::string folder)
      : folder_(std::move(folder)) {}

    /// Opens or creates a file. Blocks of an earlier run are digested again here before they count; with a
    /// map that is missing, damaged (it is set aside as `<id>.map.corrupt`) or of another block list, every
    /// block that the data can hold is tried. Fails with io_error, no_room, or conflict when another process
    /// has it.
    Result<std::unique_ptr<StoredPayload>> open(BlockVerifier verifier);

    /// Where a file of this id lies, there or not.
    [[nodiscard]] std::string path_of(const std::string& id) const { return folder_ + "/" + id; }

    /// Bytes of disk that these files will still take here; empty files take none.
    [[nodiscard]] std::uint64_t missing(const std::vector<DescriptorFile>& files) const;
    /// Verified bytes that the file's last checkpoint says are here; 0 for what is not here or unreadable.
    [[nodiscard]] std::uint64_t kept(const std::string& id) const;
    /// Sees to it that the store's file system has `bytes` (and 1 MiB for maps) free for us: removes what was
    /// written longest ago, `keep` excepted, and no more than needed; nothing when all would not do. no_room.
    Result<void> make_room(std::uint64_t bytes, const std::set<std::string>& keep);

    /// Data, map and what was set aside or left half written; nothing there is success.
    Result<void> remove(const std::string& id);
    /// Removes what nobody has written for `age`, `keep` excepted.
    void reclaim(const std::set<std::string>& keep, std::chrono::seconds age);

  private:
    struct Held {
        std::string id;
        std::filesystem::file_time_type written; ///< last
        std::uint64_t bytes{0};                  ///< of disk
    };
    /// Of each id that has any file here and that nobody uses, the longest unwritten first.
    [[nodiscard]] std::vector<Held> held(const std::set<std::string>& keep) const;

    std::string folder_;
};

} // namespace two_path::bulk
