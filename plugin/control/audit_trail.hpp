/// Who did what, and when: JSON Lines in files of the state folder, the oldest of which go when they grow too
/// many.
#pragma once

#include "ftp/descriptor.hpp"
#include "plugin/clock.hpp"
#include "plugin/control/http.hpp"
#include "plugin/rate_limiter.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::control {

/// One line. Never holds a secret.
struct AuditEntry {
    std::string actor;   ///< an operator's name, `device ID`, or `plugin`
    std::string address; ///< where the request came from; empty: from within
    std::string action;  ///< `deployment.create`, `login`, ...; a dot between what and how
    std::string about;   ///< a release, a device, ...
    unsigned status{0};  ///< of the answer; 0: there was no request
    std::string request; ///< the request's id
};

/// Used by the worker only.
class AuditTrail {
  public:
    static constexpr std::uint64_t parts = 8;

    struct File {
        std::string name;
        std::uint64_t size{0};
    };

    /// Goes on in the newest file of `folder`, which is made. bad_configuration when the folder cannot be
    /// used; no_room, io_error.
    [[nodiscard]] static Result<AuditTrail> open(const std::filesystem::path& folder,
                                                 std::uint64_t most_bytes, Clock clock);

    /// On the disk when it returns. Of what was refused for its login a hundred lines, then one every ten
    /// seconds: whoever guesses passwords must not push the others out. A disk that refuses is said in the
    /// log and holds up nobody.
    void add(const AuditEntry& entry);

    /// Oldest first; `parts` of them at most, and `most_bytes` together.
    [[nodiscard]] Result<std::vector<File>> files() const;
    /// not_found for any other name; io_error.
    [[nodiscard]] Result<FileBody> open_file(std::string_view name) const;

  private:
    AuditTrail(std::filesystem::path folder, std::uint64_t part_size, Clock clock);
    [[nodiscard]] std::vector<std::uint64_t> numbers() const;
    [[nodiscard]] Result<void> open_part(std::uint64_t number);
    [[nodiscard]] Result<void> write(std::string_view line);

    std::filesystem::path folder_;
    std::uint64_t part_size_;
    Clock clock_;
    ftp::Descriptor file_;
    std::uint64_t number_{1};
    std::uint64_t size_{0};
    RateLimiter refused_{100, 10'000};
};

/// What a request did, when it is one that the trail keeps: an operator's that changes something, a login
/// (also a refused one, under the name that was claimed), a deployment that a device had made; else none.
[[nodiscard]] std::optional<AuditEntry> audit_entry(const Request& request, const Response& response);

} // namespace two_path::control
