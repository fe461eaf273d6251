#include "plugin/catalog/payloads.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace two_path::catalog {
namespace {

Error disk_error(const std::filesystem::path& file, const char* what, int code) {
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        return fail(Errc::no_room, "the plugin's disk is full at " + file.parent_path().string() +
                                       "; free room there, or remove payloads that no release uses");
    return fail(Errc::io_error,
                "the plugin cannot " + std::string(what) + " " + file.string() + ": " + std::strerror(code));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const ftp::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened || ::fsync(opened.get()) != 0) return disk_error(folder, "sync", errno);
    return {};
}

std::int64_t stored_time(const struct stat& status) {
    return std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

Error folder_error(const std::filesystem::path& folder, const std::string& why) {
    return fail(Errc::bad_configuration, "the folder " + folder.string() + " cannot be used: " + why);
}

} // namespace

Incoming::Incoming(std::filesystem::path folder, std::filesystem::path file, ftp::Descriptor descriptor)
  : folder_(std::move(folder))
  , file_(std::move(file))
  , descriptor_(std::move(descriptor)) {}

Incoming::~Incoming() {
    if (descriptor_) ::unlink(file_.c_str());
}

Result<void> Incoming::write(ByteView bytes) {
    digest_.update(bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
        const auto written = ::write(descriptor_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return disk_error(file_, "write", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<Payload> Incoming::finish(std::string_view expected) {
    Payload payload{digest_.finish().hex(), size_, 0};
    if (!expected.empty() && expected != payload.id)
        return fail(Errc::bad_request, "what arrived has SHA-256 " + payload.id + ", announced was " +
                                           std::string(expected) + "; send it again");
    struct stat status {};
    if (::fsync(descriptor_.get()) != 0 || ::fstat(descriptor_.get(), &status) != 0)
        return disk_error(file_, "sync", errno);
    payload.stored = stored_time(status);
    // Over the same content, if it is there: renaming is atomic, and who reads the old one goes on reading
    // it.
    if (::rename(file_.c_str(), (folder_ / payload.id).c_str()) != 0)
        return disk_error(file_, "rename", errno);
    descriptor_ = {};
    if (auto synced = sync_folder(folder_); !synced) return synced.error();
    return payload;
}

Payloads::Payloads(std::filesystem::path folder)
  : payloads_(folder / "payloads")
  , incoming_(folder / "incoming") {}

Result<Payloads> Payloads::open(const std::filesystem::path& folder) {
    const Payloads payloads(folder);
    std::error_code ec;
    std::filesystem::remove_all(payloads.incoming_, ec);
    if (ec) return folder_error(payloads.incoming_, ec.message());
    for (const auto& part : {payloads.payloads_, payloads.incoming_}) {
        std::filesystem::create_directories(part, ec);
        if (ec) return folder_error(part, ec.message());
        std::filesystem::permissions(part, std::filesystem::perms::owner_all, ec);
        if (ec) return folder_error(part, ec.message());
    }
    if (auto synced = sync_folder(folder); !synced) return folder_error(folder, synced.error().detail);
    return payloads;
}

Result<Incoming> Payloads::receive() const {
    auto name = (incoming_ / "XXXXXX").string();
    ftp::Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return disk_error(name, "create", errno);
    return Incoming(payloads_, name, std::move(file));
}

Result<OpenPayload> Payloads::open_payload(std::string_view id) const {
    if (!is_sha256_hex(id)) return fail(Errc::not_found, "no payload has such a name");
    const auto path = payloads_ / id;
    ftp::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file && errno == ENOENT) return fail(Errc::not_found, "payload " + std::string(id));
    if (!file) return disk_error(path, "open", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return disk_error(path, "read", errno);
    if (!S_ISREG(status.st_mode)) return fail(Errc::io_error, path.string() + " is no plain file");
    return OpenPayload{std::move(file), static_cast<std::uint64_t>(status.st_size)};
}

std::optional<std::uint64_t> Payloads::size_of(std::string_view id) const {
    const auto opened = open_payload(id);
    if (!opened) return std::nullopt;
    return opened->size;
}

Result<std::vector<Payload>> Payloads::list() const {
    std::vector<Payload> all;
    std::error_code ec;
    std::filesystem::directory_iterator entries(payloads_, ec);
    for (; !ec && entries != std::filesystem::directory_iterator(); entries.increment(ec)) {
        auto id = entries->path().filename().string();
        const auto payload = open_payload(id);
        struct stat status {};
        if (!payload || ::fstat(payload->file.get(), &status) != 0) continue;
        all.push_back({std::move(id), payload->size, stored_time(status)});
    }
    if (ec) return fail(Errc::io_error, "the plugin cannot list " + payloads_.string() + ": " + ec.message());
    std::ranges::sort(all, {}, &Payload::id);
    return all;
}

Result<DamageSearch> Payloads::search_damage(std::string_view id) const {
    auto opened = open_payload(id);
    if (!opened) return opened.error();
    return DamageSearch(payloads_ / id, std::move(opened->file));
}

DamageSearch::DamageSearch(std::filesystem::path path, ftp::Descriptor file)
  : path_(std::move(path))
  , file_(std::move(file)) {}

Result<std::optional<bool>> DamageSearch::go_on() {
    Bytes buffer(std::size_t{1} << 20U);
    ssize_t got = 0;
    do {
        got = ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(read_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return disk_error(path_, "read", errno);
    const ByteView bytes(buffer.data(), static_cast<std::size_t>(got));
    digest_.update(bytes);
    read_ += bytes.size();
    if (!bytes.empty()) return std::optional<bool>();
    if (digest_.finish().hex() == path_.filename().string()) return std::optional(false);
    const auto moved = put_aside();
    if (!moved) return moved.error();
    return std::optional(*moved);
}

/// Unless whoever published it again meanwhile has put another file there.
Result<bool> DamageSearch::put_aside() const {
    struct stat read {};
    struct stat there {};
    if (::fstat(file_.get(), &read) != 0 || ::stat(path_.c_str(), &there) != 0 || read.st_ino != there.st_ino)
        return false;
    auto aside = path_;
    aside += ".damaged";
    if (::rename(path_.c_str(), aside.c_str()) != 0) return disk_error(path_, "put aside", errno);
    if (auto synced = sync_folder(path_.parent_path()); !synced) return synced.error();
    return true;
}

Result<void> Payloads::remove(std::string_view id) const {
    if (!size_of(id)) return fail(Errc::not_found, "payload " + std::string(id));
    const auto path = payloads_ / id;
    if (::unlink(path.c_str()) != 0) return disk_error(path, "remove", errno);
    return sync_folder(payloads_);
}

/// Takes it away before looking at it: what is judged is then what goes, and whoever brings the same bytes
/// meanwhile puts a file of his own in its place.
Result<bool> Payloads::remove_stored_before(std::string_view id, std::int64_t time) const {
    if (!size_of(id)) return fail(Errc::not_found, "payload " + std::string(id));
    const auto path = payloads_ / id;
    const auto aside = incoming_ / std::string(id).append(".removed");
    if (::rename(path.c_str(), aside.c_str()) != 0) return disk_error(path, "remove", errno);
    struct stat status {};
    const bool judged = ::stat(aside.c_str(), &status) == 0;
    if (judged && stored_time(status) < time) {
        if (::unlink(aside.c_str()) != 0) return disk_error(aside, "remove", errno);
        if (auto synced = sync_folder(payloads_); !synced) return synced.error();
        return true;
    }
    if (::rename(aside.c_str(), path.c_str()) != 0) return disk_error(path, "put back", errno);
    if (auto synced = sync_folder(payloads_); !synced) return synced.error();
    return false;
}

} // namespace two_path::catalog
