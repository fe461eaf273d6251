#include "plugin/backup_command.hpp"

#include "plugin/catalog/payloads.hpp"
#include "plugin/state/backup.hpp"
#include "plugin/state_folder.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path {
namespace fs = std::filesystem;
namespace {

constexpr const char* state_database = "two-path.db";
constexpr const char* host_database = "host.db";
/// Small files, copied as they are.
constexpr const char* plain_folders[]{"keys", "tls", "audit"};
/// Where there is a `payloads/`, whose files are named by their digest.
constexpr const char* payload_parents[]{"", "artifacts"};

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

/// Opened for reading only: nothing is cleared away there.
Result<void> copy_payloads(const fs::path& from, const fs::path& to) {
    std::error_code ec;
    if (!fs::is_directory(from / "payloads", ec)) return {};
    if (auto made = make_private_folder(to); !made) return made;
    const auto source = catalog::Payloads::at(from);
    const auto target = catalog::Payloads::open(to);
    if (!target) return target.error();
    const auto all = source.list();
    if (!all) return all.error();
    for (const auto& payload : *all)
        if (auto copied = copy_payload(source, *target, payload.id); !copied) return copied;
    fs::remove(to / "incoming", ec);
    return {};
}

Result<void> copy_plain(const fs::path& from, const fs::path& to) {
    std::error_code ec;
    if (!fs::is_directory(from, ec)) return {};
    if (auto made = make_private_folder(to); !made) return made;
    fs::directory_iterator entries(from, ec);
    for (; !ec && entries != fs::directory_iterator(); entries.increment(ec)) {
        if (!entries->is_regular_file(ec)) continue;
        fs::copy_file(entries->path(), to / entries->path().filename(), ec);
        if (ec) return io_failed(entries->path(), ec.message());
    }
    if (ec) return io_failed(from, ec.message());
    return {};
}

Result<void> copy_files(const fs::path& from, const fs::path& to) {
    for (const auto* parent : payload_parents)
        if (auto copied = copy_payloads(from / parent, to / parent); !copied) return copied;
    for (const auto* folder : plain_folders)
        if (auto copied = copy_plain(from / folder, to / folder); !copied) return copied;
    return {};
}

/// A release that was registered after the database was copied is in neither; one whose payload was removed
/// since would be a release without bytes.
Result<void> has_all_payloads(const fs::path& backup) {
    const auto wanted = state::payloads_of_releases(backup / state_database);
    if (!wanted) return wanted.error();
    const auto payloads = catalog::Payloads::at(backup);
    for (const auto& id : *wanted)
        if (!payloads.size_of(id))
            return fail(Errc::conflict,
                        "payload " + id + " was removed while the backup was made; make it again");
    return {};
}

Result<void> fill_backup(const fs::path& state, const fs::path& backup) {
    auto copied = state::copy_database(state / state_database, backup / state_database, "certifications");
    if (!copied) return copied;
    std::error_code ec;
    if (fs::exists(state / host_database, ec))
        copied = state::copy_database(state / host_database, backup / host_database);
    if (!copied) return copied;
    if (copied = copy_files(state, backup); !copied) return copied;
    if (copied = has_all_payloads(backup); !copied) return copied;
    return sync_all(backup);
}

/// For root: what it made belongs to whom the folder does.
Result<void> give_to_owner(const fs::path& folder) {
    struct stat status {};
    if (::geteuid() != 0) return {};
    if (::stat(folder.c_str(), &status) != 0) return io_failed(folder, std::strerror(errno));
    std::error_code ec;
    fs::recursive_directory_iterator entries(folder, ec);
    for (; !ec && entries != fs::recursive_directory_iterator(); entries.increment(ec))
        if (::lchown(entries->path().c_str(), status.st_uid, status.st_gid) != 0)
            return io_failed(entries->path(), std::strerror(errno));
    if (ec) return io_failed(folder, ec.message());
    return {};
}

Result<void> is_vacant(const fs::path& state) {
    std::error_code ec;
    fs::directory_iterator entries(state, ec);
    for (; !ec && entries != fs::directory_iterator(); entries.increment(ec))
        if (entries->path().filename() != "lock")
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
    auto partial = folder;
    partial += ".partial";
    fs::remove_all(partial, ec); // of a run that was cut off
    if (::mkdir(partial.c_str(), 0700) != 0) return io_failed(partial, std::strerror(errno));
    auto filled = fill_backup(state, partial);
    if (filled && ::rename(partial.c_str(), folder.c_str()) != 0)
        filled = io_failed(folder, std::strerror(errno));
    if (!filled) fs::remove_all(partial, ec);
    return filled;
}

Result<void> restore_backup(const Settings& settings, const fs::path& folder) {
    const auto& state = settings.state_dir;
    std::error_code ec;
    if (!fs::exists(folder / state_database, ec))
        return fail(Errc::bad_configuration, folder.string() + " is no backup: it has no " + state_database);
    if (auto prepared = prepare_state_folder(state); !prepared) return prepared;
    const auto lock = lock_state_folder(state);
    if (!lock) return lock.error();
    if (auto vacant = is_vacant(state); !vacant) return vacant;
    if (auto copied = copy_files(folder, state); !copied) return copied;
    // The databases last: without them the folder is no state, and may be filled again once it was emptied.
    for (const auto* name : {host_database, state_database})
        if (fs::exists(folder / name, ec)) {
            fs::copy_file(folder / name, state / name, ec);
            if (ec) return io_failed(state / name, ec.message());
        }
    if (auto given = give_to_owner(state); !given) return given;
    return sync_all(state);
}

} // namespace two_path
