#include "plugin/backup_command.hpp"

#include "plugin/catalog/payloads.hpp"
#include "plugin/command_audit.hpp"
#include "plugin/guarded_folder.hpp"
#include "plugin/state/backup.hpp"
#include "plugin/state_folder.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path {
namespace fs = std::filesystem;
namespace {

constexpr const char* state_database = "two-path.db";
constexpr const char* host_database = "host.db";
/// Small files, copied as they are. Not `keys`: who finds a backup must not sign tokens with it, and the
/// server makes new ones.
constexpr const char* plain_folders[]{"tls", "audit"};

Error io_failed(const fs::path& path, const std::string& why) {
    return fail(Errc::io_error, path.string() + ": " + why);
}

Result<void> make_private_folder(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return io_failed(folder, std::strerror(errno));
}

/// What has been written under a folder is on the disk when this returns.
Result<void> sync_all(const fs::path& folder) {
    const ftp::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened || ::syncfs(opened.get()) != 0) return io_failed(folder, std::strerror(errno));
    return {};
}

Result<void> copy_payload(const catalog::Payloads& from, const catalog::Payloads& to, const std::string& id) {
    const auto source = from.open_payload(id);
    if (!source && source.error().code == Errc::not_found) return {}; // removed meanwhile
    if (!source) return source.error();
    auto incoming = to.receive();
    if (!incoming) return incoming.error();
    Bytes piece(std::size_t{1} << 20U);
    while (true) {
        const auto count = ::read(source->file.get(), piece.data(), piece.size());
        if (count < 0) return io_failed(id, std::strerror(errno));
        if (count == 0) break;
        const auto part = ByteView(piece).first(static_cast<std::size_t>(count));
        if (auto written = incoming->write(part); !written) return written;
    }
    if (auto whole = incoming->finish(id); !whole) return whole.error();
    return {};
}

/// Opened for reading only: nothing is cleared away there. What is copied has the digest that it is named by.
Result<void> copy_payloads(const GuardedFolder& from, const fs::path& to) {
    const auto there = from.folder("payloads");
    if (!there) return there.error();
    if (!*there) return {};
    if (auto made = make_private_folder(to); !made) return made;
    const auto source = catalog::Payloads::at(from.path());
    const auto target = catalog::Payloads::open(to);
    if (!target) return target.error();
    const auto all = source.list();
    if (!all) return all.error();
    for (const auto& payload : *all)
        if (auto copied = copy_payload(source, *target, payload.id); !copied) return copied;
    std::error_code ec;
    fs::remove(to / "incoming", ec);
    return {};
}

/// With its permissions.
Result<void> copy_file(const ftp::Descriptor& from, const fs::path& to) {
    struct stat status {};
    if (::fstat(from.get(), &status) != 0) return io_failed(to, std::strerror(errno));
    const ftp::Descriptor file(
        ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return io_failed(to, std::strerror(errno));
    while (true) {
        const auto count = ::sendfile(file.get(), from.get(), nullptr, std::size_t{1} << 30U);
        if (count < 0) return io_failed(to, std::strerror(errno));
        if (count == 0) break;
    }
    if (::fchmod(file.get(), status.st_mode & 0777U) != 0) return io_failed(to, std::strerror(errno));
    return {};
}

Result<void> copy_plain(const GuardedFolder& from, const std::string& name, const fs::path& to) {
    const auto folder = from.folder(name);
    if (!folder) return folder.error();
    if (!*folder) return {};
    if (auto made = make_private_folder(to / name); !made) return made;
    const auto files = (*folder)->names();
    if (!files) return files.error();
    for (const auto& one : *files) {
        const auto file = (*folder)->file(one);
        if (!file && file.error().code == Errc::not_found) continue; // removed meanwhile
        if (!file) return file.error();
        if (auto copied = copy_file(*file, to / name / one); !copied) return copied;
    }
    return {};
}

Result<void> copy_files(const GuardedFolder& from, const fs::path& to) {
    if (auto copied = copy_payloads(from, to); !copied) return copied;
    const auto artifacts = from.folder("artifacts");
    if (!artifacts) return artifacts.error();
    if (*artifacts)
        if (auto copied = copy_payloads(**artifacts, to / "artifacts"); !copied) return copied;
    for (const auto* folder : plain_folders)
        if (auto copied = copy_plain(from, folder, to); !copied) return copied;
    return {};
}

Result<void> has_all(const Result<std::vector<std::string>>& wanted, const fs::path& folder,
                     const char* what) {
    if (!wanted) return wanted.error();
    const auto payloads = catalog::Payloads::at(folder);
    for (const auto& id : *wanted)
        if (!payloads.size_of(id))
            return fail(Errc::conflict,
                        std::string(what) + id + " was removed while the backup was made; make it again");
    return {};
}

/// A release or artifact that came after its database was copied is in neither; one that went since would be
/// there without its bytes.
Result<void> is_whole(const fs::path& backup) {
    const auto payloads = state::payloads_of_releases(backup / state_database);
    if (auto whole = has_all(payloads, backup, "payload "); !whole) return whole;
    std::error_code ec;
    if (!fs::exists(backup / host_database, ec)) return {};
    const auto artifacts = state::files_of_artifacts(backup / host_database);
    return has_all(artifacts, backup / "artifacts", "the artifact's file ");
}

/// False: there is none.
Result<bool> copy_database(const GuardedFolder& state, const char* name, const fs::path& backup,
                           const char* empty) {
    const auto own = state.file(name);
    if (!own && own.error().code == Errc::not_found) return false;
    if (!own) return own.error();
    const auto copied = state::copy_database(state.path() / name, backup / name, empty);
    if (!copied) return copied.error();
    return true;
}

Result<void> fill_backup(const GuardedFolder& state, const fs::path& backup) {
    // What ended since must not come to life again.
    auto database = copy_database(state, state_database, backup, "certifications");
    if (database) database = copy_database(state, host_database, backup, "user_tokens");
    if (!database) return database.error();
    if (auto copied = copy_files(state, backup); !copied) return copied;
    if (auto whole = is_whole(backup); !whole) return whole;
    return sync_all(backup);
}

Result<void> is_vacant(const fs::path& state) {
    std::error_code ec;
    fs::directory_iterator entries(state, ec);
    for (; !ec && entries != fs::directory_iterator(); entries.increment(ec))
        if (entries->path().filename() != "lock" && entries->path().filename() != lost_and_found)
            return fail(Errc::conflict,
                        state.string() + " is not empty; move it away first, or set another state_dir");
    if (ec) return io_failed(state, ec.message());
    return {};
}

} // namespace

Result<void> make_backup(const Settings& settings, const fs::path& folder) {
    const auto& state = settings.state_dir;
    std::error_code ec;
    if (!fs::exists(state / state_database, ec))
        return fail(Errc::bad_configuration,
                    settings.place_of("state_dir") + ": there is no state in " + state.string());
    if (fs::exists(fs::symlink_status(folder, ec)))
        return fail(Errc::conflict, folder.string() + " is there already; choose another folder");
    const auto own = GuardedFolder::open(state);
    if (!own) return own.error();
    auto partial = folder;
    partial += ".partial";
    const bool made = ::mkdir(partial.c_str(), 0700) == 0;
    if (!made && errno == EEXIST)
        return fail(Errc::conflict, partial.string() +
                                        " is there already; if it is what a backup left that was "
                                        "cut off, remove it");
    if (!made) return io_failed(partial, std::strerror(errno));
    auto filled = fill_backup(*own, partial);
    if (filled && ::rename(partial.c_str(), folder.c_str()) != 0)
        filled = io_failed(folder, std::strerror(errno));
    if (!filled) fs::remove_all(partial, ec);
    return filled;
}

Result<void> restore_backup(const Settings& settings, const fs::path& folder) {
    const auto user = system_user();
    const auto& state = settings.state_dir;
    std::error_code ec;
    if (!fs::exists(folder / state_database, ec))
        return fail(Errc::bad_configuration, folder.string() + " is no backup: it has no " + state_database);
    const auto backup = GuardedFolder::open(folder);
    if (!backup) return backup.error();
    if (auto prepared = prepare_state_folder(state); !prepared) return prepared;
    const auto lock = lock_state_folder(state);
    if (!lock) return lock.error();
    auto taken = TakenOver::take(state);
    if (!taken) return taken.error();
    if (auto vacant = is_vacant(state); !vacant) return vacant;
    if (auto copied = copy_files(*backup, state); !copied) return copied;
    note_command(settings, user, "state.restore", folder.string());
    // The databases last: without them the folder is no state, and may be filled again once it was emptied.
    for (const auto* name : {host_database, state_database}) {
        const auto file = backup->file(name);
        if (!file && file.error().code == Errc::not_found) continue; // no embedded host
        if (!file) return file.error();
        if (auto copied = copy_file(*file, state / name); !copied) return copied;
    }
    if (auto given = taken->give_back(); !given) return given;
    return sync_all(state);
}

} // namespace two_path
