/// A folder whose owner is not trusted, read or filled by root all the same.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace two_path {

/// Reads only what is the owner's own: who owns a folder could else have root read any file for him, by a
/// link to it.
class GuardedFolder {
  public:
    /// A path that root trusts, links included.
    [[nodiscard]] static Result<GuardedFolder> open(const std::filesystem::path& folder);

    /// A folder in this one; none when there is none. forbidden: it is a link, or another user's; io_error.
    [[nodiscard]] Result<std::optional<GuardedFolder>> folder(const std::string& name) const;
    /// A regular file, for reading. not_found; forbidden: it is anything else, or another user's; io_error.
    [[nodiscard]] Result<ftp::Descriptor> file(const std::string& name) const;
    /// Of all that is in it.
    [[nodiscard]] Result<std::vector<std::string>> names() const;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  private:
    GuardedFolder(std::filesystem::path path, ftp::Descriptor descriptor, uid_t owner);
    std::filesystem::path path_; ///< for messages
    ftp::Descriptor descriptor_;
    uid_t owner_;
};

/// The file system's own, in its uppermost folder; may hold anybody's files.
inline constexpr const char* lost_and_found = "lost+found";

/// While root fills a folder, it is root's and closed to everybody else, its owner included, who could put a
/// link where a file shall go. Does nothing for other users.
class TakenOver {
  public:
    /// io_error.
    [[nodiscard]] static Result<TakenOver> take(const std::filesystem::path& folder);
    TakenOver(TakenOver&&) noexcept = default;
    TakenOver& operator=(TakenOver&&) = delete;
    /// Gives the folder back, if that was not done.
    ~TakenOver();

    /// Gives it to its owner, with all that is in it. io_error.
    [[nodiscard]] Result<void> give_back();

  private:
    explicit TakenOver(std::filesystem::path folder);
    std::filesystem::path folder_;
    ftp::Descriptor descriptor_; ///< of the folder, while it is root's
    uid_t owner_{0};
    gid_t group_{0};
};

} // namespace two_path
