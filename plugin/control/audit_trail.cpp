#include "plugin/control/audit_trail.hpp"

#include "plugin/control/one_line.hpp"
#include "plugin/control/session_view.hpp"
#include "plugin/disk_full.hpp"
#include "plugin/log.hpp"

#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace two_path::control {
namespace {

constexpr std::size_t max_field = 300;
constexpr std::string_view name_prefix = "audit-";
constexpr std::string_view name_suffix = ".jsonl";

std::string file_name(std::uint64_t number) {
    std::array<char, 48> name{};
    std::snprintf(name.data(), name.size(), "audit-%08llu.jsonl", static_cast<unsigned long long>(number));
    return name.data();
}

std::optional<std::uint64_t> number_of(std::string_view name) {
    if (!name.starts_with(name_prefix) || !name.ends_with(name_suffix)) return std::nullopt;
    const auto digits =
        name.substr(name_prefix.size(), name.size() - name_prefix.size() - name_suffix.size());
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (ec != std::errc() || end != digits.data() + digits.size() || name != file_name(number))
        return std::nullopt;
    return number;
}

Error disk_error(const std::filesystem::path& path, const char* what) {
    const int number = errno;
    const auto reason = is_disk_full(number) ? Errc::no_room
                        : number == EIO      ? Errc::io_error
                                             : Errc::bad_configuration;
    return fail(reason,
                "the audit trail " + path.string() + " cannot be " + what + ": " + std::strerror(number));
}

std::string line_of(const AuditEntry& entry, std::int64_t now) {
    json::object line{{"time", rfc3339(now)},
                      {"actor", one_line(entry.actor, max_field)},
                      {"action", one_line(entry.action, max_field)}};
    if (!entry.about.empty()) line["about"] = one_line(entry.about, max_field);
    if (entry.status != 0) line["status"] = entry.status;
    if (!entry.address.empty()) line["address"] = entry.address;
    if (!entry.request.empty()) line["request_id"] = entry.request;
    return json::serialize(line) + "\n";
}

bool ends_a_line(int file, std::uint64_t size) {
    char last = '\n';
    return size == 0 || ::pread(file, &last, 1, static_cast<off_t>(size) - 1) != 1 || last == '\n';
}

} // namespace

AuditTrail::AuditTrail(std::filesystem::path folder, std::uint64_t part_size, Clock clock)
  : folder_(std::move(folder))
  , part_size_(part_size)
  , clock_(std::move(clock)) {}

Result<AuditTrail> AuditTrail::open(const std::filesystem::path& folder, std::uint64_t most_bytes,
                                    Clock clock) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return disk_error(folder, "made");
    AuditTrail trail(folder, most_bytes / parts, std::move(clock));
    const auto numbers = trail.numbers();
    if (auto opened = trail.open_part(numbers.empty() ? 1 : numbers.back()); !opened) return opened.error();
    return trail;
}

std::vector<std::uint64_t> AuditTrail::numbers() const {
    std::vector<std::uint64_t> all;
    std::error_code ec;
    std::filesystem::directory_iterator entries(folder_, ec);
    for (; !ec && entries != std::filesystem::directory_iterator(); entries.increment(ec))
        if (const auto number = number_of(entries->path().filename().string())) all.push_back(*number);
    std::ranges::sort(all);
    return all;
}

/// The oldest make room for it.
Result<void> AuditTrail::open_part(std::uint64_t number) {
    const auto path = folder_ / file_name(number);
    ftp::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return disk_error(path, "opened");
    file_ = std::move(file);
    number_ = number;
    size_ = static_cast<std::uint64_t>(status.st_size);
    const auto all = numbers();
    for (std::size_t i = 0; i + parts < all.size(); ++i)
        ::unlink((folder_ / file_name(all[i])).c_str());
    const ftp::Descriptor opened(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened || ::fsync(opened.get()) != 0) return disk_error(folder_, "synced");
    return {};
}

Result<void> AuditTrail::write(std::string_view line) {
    const auto path = folder_ / file_name(number_);
    const auto written = ::write(file_.get(), line.data(), line.size());
    if (written > 0) size_ += static_cast<std::uint64_t>(written);
    if (written != static_cast<ssize_t>(line.size())) return disk_error(path, "written");
    if (::fdatasync(file_.get()) != 0) return disk_error(path, "synced");
    return {};
}

void AuditTrail::add(const AuditEntry& entry) {
    if (entry.status == 401 && refused_.admit({}, clock_.steady()) > 0) return;
    const auto line = line_of(entry, clock_.unix_time());
    // Another process, such as `create-user`, may have written meanwhile.
    struct stat status {};
    if (::fstat(file_.get(), &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
    auto added = size_ > 0 && size_ + line.size() > part_size_ ? open_part(number_ + 1) : Result<void>();
    // What a power cut or a full disk cut off is no line; the next one begins anew.
    if (added && !ends_a_line(file_.get(), size_)) added = write("\n");
    if (added) added = write(line);
    if (!added) log(Level::error, added.error().detail + "; not kept: " + line);
}

Result<std::vector<AuditTrail::File>> AuditTrail::files() const {
    std::vector<File> all;
    for (const auto number : numbers()) {
        const auto name = file_name(number);
        std::error_code ec;
        const auto size = std::filesystem::file_size(folder_ / name, ec);
        if (ec) return fail(Errc::io_error, (folder_ / name).string() + ": " + ec.message());
        all.push_back({name, size});
    }
    return all;
}

Result<FileBody> AuditTrail::open_file(std::string_view name) const {
    if (!number_of(name)) return fail(Errc::not_found, "the audit trail has no such file");
    const auto path = folder_ / name;
    ftp::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file && errno == ENOENT) return fail(Errc::not_found, "the audit trail has no such file any more");
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return disk_error(path, "read");
    return FileBody::of(std::move(file), static_cast<std::uint64_t>(status.st_size));
}

} // namespace two_path::control
