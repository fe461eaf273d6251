#include "update-module/bulk/confinement.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/bulk/call_filter.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TWO_PATH_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define TWO_PATH_SANITIZED
#endif
#endif
#ifdef TWO_PATH_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

namespace two_path::bulk {
namespace {

/// Everywhere `nobody`, where systemd is and where it is not.
constexpr unsigned nobody = 65534;

bool become_nobody() noexcept {
    if (::geteuid() != 0) return true; // whose rights are few already
    const bool alone = ::setgroups(0, nullptr) == 0;
    const bool group = ::setresgid(nobody, nobody, nobody) == 0;
    const bool user = ::setresuid(nobody, nobody, nobody) == 0;
    return alone && group && user;
}

/// While it still has the right to.
void narrow_bounding_set() noexcept {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
        ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

bool drop_capabilities() noexcept {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    return ::syscall(SYS_capset, &header, none.data()) == 0;
}

/// A root that is a folder of the kernel's in which nothing can be made, and that is closed to others than
/// root once this process is no more to be looked into.
bool leave_files_by_chroot() noexcept {
    return ::chroot("/proc/self/fdinfo") == 0 && ::chdir("/") == 0;
}

/// Landlock, of whatever age: every access that it knows is handled, and allowed nowhere.
bool leave_files_by_landlock() noexcept {
    constexpr unsigned ask_version = 1; // LANDLOCK_CREATE_RULESET_VERSION
    const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version);
    if (version < 1) return false;
    // linux/landlock.h of the newest version; what the older ones do not know stays 0.
    struct {
        std::uint64_t files;
        std::uint64_t ports;
        std::uint64_t scopes;
    } handled{};
    constexpr std::array<std::uint64_t, 5> files_known{0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
    const auto known = std::min<std::size_t>(static_cast<std::size_t>(version), files_known.size());
    handled.files = files_known[known - 1];
    constexpr int with_scopes = 6;
    if (version >= with_scopes) handled.scopes = 0x3; // abstract UNIX sockets, signals
    const ftp::Descriptor rules(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
    return rules && ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

void limit(int resource, rlim_t most) noexcept {
    const rlimit limit{most, most};
    ::setrlimit(resource, &limit);
}

void limit_resources() noexcept {
    constexpr rlim_t descriptors = 64;
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, descriptors);
    if (is_sanitized()) return;
    constexpr rlim_t most_memory = rlim_t{64} << 20U;
    limit(RLIMIT_DATA, most_memory);
    limit(RLIMIT_FSIZE, 0);
    ::signal(SIGXFSZ, SIG_IGN); // an error is enough
}

} // namespace

bool is_sanitized() noexcept {
#ifdef TWO_PATH_SANITIZED
    return true;
#else
    return false;
#endif
}

std::string give_up_rights() {
#ifdef TWO_PATH_SANITIZED
    __sanitizer_sandbox_on_notify(nullptr); // reads what a report needs of files
#endif
    std::string lacking;
    const auto expect = [&lacking](bool there, const char* what) {
        if (!there) lacking.append(lacking.empty() ? "" : ", ").append(what);
    };
    limit_resources();
    const bool rootless = leave_files_by_chroot();
    narrow_bounding_set();
    expect(become_nobody(), "the user `nobody`");
    expect(drop_capabilities(), "an empty set of capabilities");
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    expect(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    const bool landlocked = leave_files_by_landlock();
    expect(rootless || landlocked, "a closed file system");
    expect(can_filter_calls(), "a filter of system calls (seccomp)");
    return lacking;
}

void give_up_processes() noexcept {
    limit(RLIMIT_NPROC, 0);
}

} // namespace two_path::bulk
