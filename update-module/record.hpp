/// What the device knows of its attempt to reach one release; survives a power cut and a change of software.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/error.hpp"
#include "protocol/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::device {

/// What is behind the device in this attempt. Names in the file, so that each release reads its neighbour's.
enum class Done : std::uint8_t {
    stored,           ///< the first certification information was stored, and the plugin told
    transferred,      ///< every block is in the store and verified
    invalidated,      ///< the certification is forgotten on both sides
    downloaded,       ///< the inner module has the files: `Download` ended well
    installed,        ///< `ArtifactInstall` ended well
    restart_asked,    ///< the client was answered to restart the device itself
    confirmed,        ///< the version read is the one that was sent
    compared_offline, ///< ... by the device alone, the plugin being away
    committing,       ///< the inner module's `ArtifactCommit` was about to begin
    committed,        ///< `ArtifactCommit` ended well
    rolled_back,      ///< the inner module went back
    failed,           ///< a failure is told or owed
};

[[nodiscard]] std::string_view name_of(Done done) noexcept;

/// One attempt. Written by RecordFile only.
struct Record {
    static constexpr std::uint64_t format = 1;

    std::string attempt; ///< a nonce, stored before the session is opened
    std::string session; ///< empty until it is open
    std::string release;
    std::string version; ///< that the descriptor expects; for people, never a source of the version reported
    std::string stream;
    std::uint64_t sequence{0};
    std::string installer;
    std::string reboot;             ///< `as-installer` or `always`
    std::string version_file;       ///< of the descriptor
    bool version_check{true};       ///< of the descriptor
    std::vector<std::string> files; ///< ids in the payload store
    /// None while the files are kept in the store; bytes that went straight to the installer, as last known.
    std::optional<std::uint64_t> streamed;
    std::string boot_id;           ///< of the boot in which the session was opened
    std::string confirmed_boot_id; ///< of the boot in which the version was confirmed
    std::string certification;     ///< secret; empty before `stored` and after `invalidated`
    std::optional<messages::TransferReport> transfer; ///< as the plugin was told, from `transferred` on
    std::string reason;                               ///< of the last failure: its stable name

    [[nodiscard]] bool is(Done done) const noexcept { return (done_ & bit(done)) != 0; }
    void set(Done done) noexcept { done_ |= bit(done); }
    void unset(Done done) noexcept { done_ &= ~bit(done); }
    /// Whether the new software stays. Where a kill hid how the commit ended, what the client made of it
    /// tells: it goes back from one that failed.
    [[nodiscard]] bool stays() const noexcept;
    /// The furthest of them, for people; `opening` at first.
    [[nodiscard]] std::string_view stage() const noexcept;

    /// bad_request for what is no record, unsupported for a format that is no neighbour's.
    [[nodiscard]] static Result<Record> parse(std::string_view text);
    [[nodiscard]] json::object to_json() const;

  private:
    [[nodiscard]] static constexpr std::uint32_t bit(Done done) noexcept {
        return std::uint32_t{1} << static_cast<unsigned>(done);
    }
    std::uint32_t done_{0};
};

/// A new attempt at the descriptor's release, in this boot.
[[nodiscard]] Record make_record(const Descriptor& descriptor, std::string boot_id);

/// `<state_dir>/record.json`.
class RecordFile {
  public:
    explicit RecordFile(const std::string& state_dir);

    /// None when there is none. What cannot be a record is set aside as `record.json.corrupt`, said in the
    /// log, and never believed. io_error when the storage fails.
    [[nodiscard]] Result<std::optional<Record>> read() const;
    /// Makes the record durable and only then starts `step`; gives what `step` gives, a Result.
    template<class Step>
    auto write_then(const Record& record, Step&& step) -> decltype(step()) {
        if (auto written = write(record); !written) return written.error();
        return step();
    }
    /// The attempt is over.
    [[nodiscard]] Result<void> remove();

  private:
    [[nodiscard]] Result<void> write(const Record& record);

    std::string path_;
};

} // namespace two_path::device
