/// The payloads: files named by the SHA-256 of their bytes, whole or not there.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/digest.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::catalog {

/// A payload that is whole and on the disk.
struct Payload {
    std::string id; ///< SHA-256, hex
    std::uint64_t size{0};
    std::int64_t stored{0}; ///< UNIX time, ms: when its bytes came last
};

/// A payload opened for reading.
struct OpenPayload {
    ftp::Descriptor file; ///< regular file, read-only
    std::uint64_t size{0};
};

/// A payload on its way in: hashed while it is written, removed when destroyed unfinished. One thread at a
/// time; write() and finish() block on the disk.
class Incoming {
  public:
    Incoming(Incoming&&) noexcept = default;
    Incoming& operator=(Incoming&&) = delete;
    ~Incoming();

    /// no_room when the disk is full, io_error when it fails; the payload is then lost.
    [[nodiscard]] Result<void> write(ByteView bytes);
    /// Bytes written so far.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// Syncs, renames, syncs the folder: the payload is there when this returns. bad_request when `expected`
    /// (if not empty) is another id. The same content twice is one payload.
    [[nodiscard]] Result<Payload> finish(std::string_view expected);

  private:
    friend class Payloads;
    Incoming(std::filesystem::path folder, std::filesystem::path file, ftp::Descriptor descriptor);

    std::filesystem::path folder_;
    std::filesystem::path file_; ///< empty when moved from or finished
    ftp::Descriptor descriptor_;
    Digest digest_{DigestKind::sha256};
    std::uint64_t size_{0};
};

/// One payload compared with its name, step by step, so that others have their turn between. One thread at a
/// time; blocks on the disk.
class DamageSearch {
  public:
    /// Reads on, 1 MiB at most. None: there is more to read. True: its bytes are not those of its name, and
    /// it was put aside as `ID.damaged`. io_error.
    [[nodiscard]] Result<std::optional<bool>> go_on();

  private:
    friend class Payloads;
    DamageSearch(std::filesystem::path path, ftp::Descriptor file);
    [[nodiscard]] Result<bool> put_aside() const;

    std::filesystem::path path_;
    ftp::Descriptor file_;
    Digest digest_{DigestKind::sha256};
    std::uint64_t read_{0};
};

/// The folder of payloads. Every function asks the file system, so that any thread may call any of them.
class Payloads {
  public:
    /// Uses `folder`/payloads and `folder`/incoming, creates them, and removes what an earlier run left in
    /// the latter. bad_configuration when it cannot.
    [[nodiscard]] static Result<Payloads> open(const std::filesystem::path& folder);

    /// The same folder as it is, for reading only.
    [[nodiscard]] static Payloads at(const std::filesystem::path& folder) { return Payloads(folder); }

    /// io_error or no_room.
    [[nodiscard]] Result<Incoming> receive() const;
    /// not_found; io_error.
    [[nodiscard]] Result<OpenPayload> open_payload(std::string_view id) const;
    [[nodiscard]] std::optional<std::uint64_t> size_of(std::string_view id) const;
    /// not_found; io_error.
    [[nodiscard]] Result<DamageSearch> search_damage(std::string_view id) const;
    /// In the order of their ids.
    [[nodiscard]] Result<std::vector<Payload>> list() const;
    /// Transfers that have it open end well. The caller knows that nothing uses it. not_found; io_error.
    [[nodiscard]] Result<void> remove(std::string_view id) const;
    /// The same, unless its bytes came, or came again, at `time` or later (UNIX ms), be it at this moment on
    /// another thread. False: it stays.
    [[nodiscard]] Result<bool> remove_stored_before(std::string_view id, std::int64_t time) const;

  private:
    explicit Payloads(std::filesystem::path folder);
    std::filesystem::path payloads_;
    std::filesystem::path incoming_;
};

} // namespace two_path::catalog
