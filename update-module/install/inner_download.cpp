#include "update-module/install/inner_download.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/install/inner_files.hpp"
#include "update-module/process.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path::install {
namespace {

using device::Pause;
using device::Process;
using device::storage_error;

constexpr std::size_t stream_buffer = 256 * 1024;
constexpr int pipe_size = 1024 * 1024;
constexpr milliseconds stop_time{2'000}; ///< for a module that stopped reading to end by itself

/// One run of the inner module's Download.
class Streaming {
  public:
    Streaming(const InnerModule& module, Process& process, bool with_sizes, Deadline deadline)
      : module_(module)
      , process_(process)
      , with_sizes_(with_sizes)
      , deadline_(deadline) {}

    /// False when the module ended without having opened stream-next: it wants files/.
    Result<bool> give_all(const std::vector<InnerFile>& files) {
        for (std::size_t i = 0; i <= files.size(); ++i) {
            const auto* file = i < files.size() ? &files[i] : nullptr;
            const auto announced = announce(file);
            if (!announced) return announced.error();
            if (!*announced && i == 0) return false;
            if (!*announced) return stopped("before it took every file");
            if (file == nullptr) break;
            if (auto given = give(*file); !given) return given.error();
        }
        return true;
    }

  private:
    [[nodiscard]] std::string path(const std::string& name) const { return module_.tree() + "/" + name; }

    [[nodiscard]] Error stopped(const std::string& when) const {
        return fail(Errc::inner_module_failed, "module " + module_.type() + " in Download stopped " + when);
    }

    /// Waits until the module opens the FIFO; an empty descriptor when it ended instead.
    Result<ftp::Descriptor> open_for(const std::string& fifo) {
        for (Pause pause;;) {
            // Looked at first: what it opened before its end still counts.
            const bool over = process_.ended().has_value();
            ftp::Descriptor end(::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
            if (end) return end;
            if (errno != ENXIO && errno != EINTR) return storage_error("open", fifo, errno);
            if (over) return ftp::Descriptor();
            if (auto waited = pause(deadline_, "module " + module_.type()); !waited) return waited.error();
        }
    }

    /// Tells the next file's name through stream-next, or with nullptr that there is none. False when the
    /// module ended instead.
    Result<bool> announce(const InnerFile* file) {
        std::string line;
        if (file != nullptr) {
            const auto name = "streams/" + file->name;
            if (::mkfifo(path(name).c_str(), 0600) != 0) return storage_error("create", path(name), errno);
            line = with_sizes_ ? name + " " + std::to_string(file->size) + "\n" : name + "\n";
        }
        auto next = open_for(path("stream-next"));
        if (!next) return next.error();
        if (!*next) return false;
        if (::write(next->get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
            return stopped("while it read stream-next");
        return true;
    }

    Result<void> give(const InnerFile& file) {
        auto end = open_for(path("streams/" + file.name));
        if (!end) return end.error();
        if (!*end) return stopped("before it took " + file.name);
        ::fcntl(end->get(), F_SETPIPE_SZ, pipe_size);
        if (file.size > 0)
            if (auto copied = copy(file, end->get()); !copied) {
                // It must not take the end of the pipe for the end of the file.
                if (copied.error().code != Errc::inner_module_failed) process_.end();
                return copied;
            }
        if (auto taken = wait_until_taken(file, end->get()); !taken) return taken;
        ::unlink(path("streams/" + file.name).c_str());
        return {};
    }

    Result<void> copy(const InnerFile& file, int fifo) {
        auto read = file.open();
        if (!read) return read.error();
        std::vector<std::uint8_t> buffer(stream_buffer);
        for (;;) {
            const auto got = (*read)(buffer);
            if (!got) return got.error();
            if (*got == 0) return {};
            if (auto written = write_all(file, fifo, std::span(buffer).first(*got)); !written) return written;
        }
    }

    Result<void> write_all(const InnerFile& file, int fifo, std::span<const std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const auto written = ::write(fifo, bytes.data(), bytes.size());
            if (written > 0) {
                bytes = bytes.subspan(static_cast<std::size_t>(written));
                continue;
            }
            if (errno == EPIPE) return stopped("in the middle of " + file.name);
            if (errno != EAGAIN && errno != EINTR) return storage_error("write", file.name, errno);
            if (auto may = device::may_wait(deadline_, "module " + module_.type()); !may) return may;
            pollfd wait{fifo, POLLOUT, 0};
            ::poll(&wait, 1, 200);
        }
        return {};
    }

    /// A reader that closes early leaves bytes in the FIFO: then it has not got the file.
    Result<void> wait_until_taken(const InnerFile& file, int fifo) {
        for (Pause pause;;) {
            int left = 0;
            if (::ioctl(fifo, FIONREAD, &left) != 0) return storage_error("look at", file.name, errno);
            if (left == 0) return {};
            pollfd wait{fifo, POLLOUT, 0};
            if (::poll(&wait, 1, 0) > 0 && (wait.revents & POLLERR) != 0)
                return stopped("in the middle of " + file.name);
            if (auto waited = pause(deadline_, "module " + module_.type()); !waited) return waited;
        }
    }

    const InnerModule& module_;
    Process& process_;
    bool with_sizes_;
    Deadline deadline_;
};

Result<bool> wants_sizes(const InnerModule& module, Deadline deadline) {
    const auto answer = module.query("ProvidePayloadFileSizes", deadline);
    if (!answer) return answer.error();
    if (*answer == "Yes") return true;
    if (*answer == "No" || answer->empty()) return false;
    return fail(Errc::inner_module_failed,
                "module " + module.type() + " answers `" + *answer + "` to ProvidePayloadFileSizes");
}

Result<void> make_fifos(const std::string& tree) {
    if (auto made = device::make_folder(tree + "/streams"); !made) return made;
    const auto next = tree + "/stream-next";
    if (::mkfifo(next.c_str(), 0600) != 0) return storage_error("create", next, errno);
    return {};
}

/// As the client does when the module is through with them, or never looked at them.
void remove_fifos(const std::string& tree) {
    std::error_code ec;
    std::filesystem::remove_all(tree + "/streams", ec);
    std::filesystem::remove(tree + "/stream-next", ec);
}

Result<bool> stream(const InnerModule& module, const std::vector<InnerFile>& files, bool with_sizes,
                    Deadline deadline) {
    const std::string state = with_sizes ? "DownloadWithFileSizes" : "Download";
    auto process = Process::start({{module.program(), state, module.tree()}, module.tree(), -1});
    if (!process) return process.error();
    auto given = Streaming(module, *process, with_sizes, deadline).give_all(files);
    if (!given && given.error().code != Errc::inner_module_failed) return given;
    const auto exit = process->wait(given ? deadline : deadline.within(stop_time));
    if (!given)
        return fail(Errc::inner_module_failed,
                    given.error().detail + (exit ? " (" + exit->text() + ")" : std::string()));
    if (!exit) return exit.error();
    if (!exit->ok())
        return fail(Errc::inner_module_failed,
                    "module " + module.type() + " in " + state + ": " + exit->text());
    return given;
}

} // namespace

Result<void> give_files(const InnerModule& module, const std::vector<InnerFile>& files, Deadline deadline) {
    const auto with_sizes = wants_sizes(module, deadline);
    if (!with_sizes) return with_sizes.error();
    if (auto made = make_fifos(module.tree()); !made) return made;
    const auto streamed = stream(module, files, *with_sizes, deadline);
    if (!streamed) return streamed.error();
    remove_fifos(module.tree());
    return *streamed ? Result<void>{} : store_files(module.tree() + "/files", files, deadline);
}

} // namespace two_path::install
