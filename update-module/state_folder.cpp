#include "update-module/state_folder.hpp"

#include "update-module/durable_file.hpp"
#include "update-module/process.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace two_path::device {
namespace {

std::string busy_file(const std::string& state_dir) {
    return state_dir + "/busy";
}

} // namespace

Result<StateLock> StateLock::take(const std::string& state_dir, Deadline deadline) {
    if (auto made = make_folder(state_dir); !made) return made.error();
    const auto path = state_dir + "/lock";
    ftp::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return storage_error("open", path, errno);
    for (Pause pause; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;) {
        if (errno != EWOULDBLOCK && errno != EINTR) return storage_error("lock", path, errno);
        if (auto waited = pause(deadline, path); !waited)
            return fail(waited.error().code == Errc::time_limit ? Errc::conflict : waited.error().code,
                        "another two-path process is at work in " + state_dir);
    }
    return StateLock(std::move(file));
}

bool is_busy(const std::string& state_dir) {
    return ::access(busy_file(state_dir).c_str(), F_OK) == 0;
}

Result<void> set_busy(const std::string& state_dir, bool busy) {
    if (!busy) return remove_file(busy_file(state_dir));
    if (auto made = make_folder(state_dir); !made) return made;
    return replace_file(busy_file(state_dir), "");
}

} // namespace two_path::device
