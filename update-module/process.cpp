#include "update-module/process.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/process_tree.hpp"
#include "update-module/watchdog.hpp"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace two_path::device {
namespace {

using ftp::Descriptor;

constexpr milliseconds term_time{3'000};

Exit exit_of(int status) {
    if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
    return {WEXITSTATUS(status), 0};
}

/// posix_spawn's two option objects, freed together.
class SpawnOptions {
  public:
    explicit SpawnOptions(const Command& command) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (command.output >= 0) posix_spawn_file_actions_adddup2(&actions_, command.output, STDOUT_FILENO);
        if (!command.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions_, command.folder.c_str());
        // We block and ignore signals that it must get.
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        sigset_t ours;
        sigemptyset(&ours);
        sigaddset(&ours, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes_, &ours);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnOptions(const SpawnOptions&) = delete;
    SpawnOptions& operator=(const SpawnOptions&) = delete;
    ~SpawnOptions() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

/// Takes what is there without waiting; false at the end.
Result<bool> take(int fd, std::string& output, std::size_t limit, const std::string& name) {
    char buffer[4096];
    for (;;) {
        const auto got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0;
        output.append(buffer, static_cast<std::size_t>(got));
        if (output.size() > limit)
            return fail(Errc::too_large, name + " wrote more than " + std::to_string(limit) + " bytes");
    }
}

} // namespace

std::string Exit::text() const {
    return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

Result<void> may_wait(Deadline deadline, const std::string& what) {
    if (told_to_stop()) return fail(Errc::interrupted, "told to stop while waiting for " + what);
    if (deadline.passed()) return fail(Errc::time_limit, "while waiting for " + what);
    return {};
}

Result<void> Pause::operator()(Deadline deadline, const std::string& what) {
    if (auto may = may_wait(deadline, what); !may) return may;
    std::this_thread::sleep_for(std::min(next_, deadline.left()));
    next_ = std::min(next_ * 2, milliseconds{32});
    return {};
}

Result<Process> Process::start(const Command& command) {
    std::vector<char*> argv;
    for (const auto& argument : command.arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    SpawnOptions options(command);
    pid_t pid = -1;
    const int error_number =
        ::posix_spawnp(&pid, argv[0], &options.actions_, &options.attributes_, argv.data(), environ);
    if (error_number != 0)
        return fail(Errc::io_error,
                    "cannot start " + command.arguments.front() + ": " + std::strerror(error_number));
    return Process(pid, command.arguments.front());
}

Process::Process(Process&& other) noexcept
  : pid_(std::exchange(other.pid_, -1))
  , name_(std::move(other.name_))
  , exit_(other.exit_) {}

Process::~Process() {
    end();
}

std::optional<Exit> Process::ended() {
    if (exit_ || pid_ < 0) return exit_;
    int status = 0;
    const auto got = ::waitpid(pid_, &status, WNOHANG);
    if (got == pid_) exit_ = exit_of(status);
    if (got < 0 && errno == ECHILD) exit_ = Exit{1, 0};
    return exit_;
}

Result<Exit> Process::wait(Deadline deadline) {
    for (Pause pause;;) {
        if (const auto exit = ended()) return *exit;
        if (auto waited = pause(deadline, name_); !waited) {
            end();
            return waited.error();
        }
    }
}

void Process::end() noexcept {
    if (pid_ < 0 || ended()) return;
    const auto all = stop_tree(pid_);
    signal_all(all, SIGTERM);
    signal_all(all, SIGCONT);
    const auto until = Deadline::in(term_time);
    while (!ended() && !until.passed())
        std::this_thread::sleep_for(milliseconds{10});
    signal_all(all, SIGKILL);
    if (ended()) return;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_ = exit_of(status);
}

Result<Captured> capture(Command command, std::size_t limit, Deadline deadline) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail(Errc::io_error, std::string("pipe: ") + std::strerror(errno));
    const Descriptor reader(ends[0]);
    Descriptor writer(ends[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    command.output = writer.get();
    auto process = Process::start(command);
    if (!process) return process.error();
    writer = Descriptor();

    Captured captured;
    const auto& name = command.arguments.front();
    for (bool open = true; open;) {
        // Its end is enough: something it left behind may hold its output open.
        const bool over = process->ended().has_value();
        auto more = take(reader.get(), captured.output, limit, name);
        if (!more) return more.error();
        open = *more && !over;
        if (!open) break;
        if (auto may = may_wait(deadline, name); !may) return may.error();
        pollfd wait{reader.get(), POLLIN, 0};
        ::poll(&wait, 1, 20);
    }
    auto exit = process->wait(deadline);
    if (!exit) return exit.error();
    captured.exit = *exit;
    return captured;
}

} // namespace two_path::device
